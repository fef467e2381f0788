//! A filter made ready to judge single rows, for those of the delta: means what `search::Filter::matches` means.

use std::borrow::Cow;

use memchr::memmem::Finder;
use search::text::fold;
use search::{Field, Filter, Row, Test, text_of};

/// A filter over rows of any kind.
pub(crate) enum Check<'a> {
    All,
    None,
    And(Vec<Check<'a>>),
    Or(Vec<Check<'a>>),
    Not(Box<Check<'a>>),
    /// The folded text contains a part; finders are made once, not for every row.
    Part(Field, Box<Finder<'a>>),
    Test(Field, &'a Test),
}

impl<'a> Check<'a> {
    /// Prepares a filter; trees that are too deep find nothing.
    pub(crate) fn new(filter: &'a Filter, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else { return Self::None };
        let all = |parts: &'a [Filter]| parts.iter().map(|part| Self::new(part, depth)).collect();
        match filter {
            Filter::All => Self::All,
            Filter::None => Self::None,
            Filter::And(parts) => Self::And(all(parts)),
            Filter::Or(parts) => Self::Or(all(parts)),
            Filter::Not(inner) => Self::Not(Box::new(Self::new(inner, depth))),
            Filter::Test { field, test: Test::Contains(part) } if field.is_text() => {
                Self::Part(*field, Box::new(Finder::new(part.as_str())))
            }
            Filter::Test { field, test } => Self::Test(*field, test),
        }
    }

    /// Whether a row passes.
    pub(crate) fn passes<R: Row>(&self, row: &R) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::And(parts) => parts.iter().all(|part| part.passes(row)),
            Self::Or(parts) => parts.iter().any(|part| part.passes(row)),
            Self::Not(inner) => !inner.passes(row),
            Self::Part(field, finder) => text_of(row, *field).is_some_and(|text| {
                let folded: Cow<'_, str> = fold(text);
                finder.find(folded.as_bytes()).is_some()
            }),
            Self::Test(field, test) => test.passes(row, *field),
        }
    }
}
