//! The filter tree: the one meaning of a query. Its evaluation against single rows here is the reference that the
//! roster (and SQL made from the same tree) must agree with.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::text::{Folded, Number, contains};
use crate::{Field, Row, int_of, text_of};

/// Deepest nesting a tree may have; what the parsers of this crate make stays far below.
pub const MAX_DEPTH: usize = 16;
/// Most nodes a tree may have.
pub const MAX_NODES: usize = 4096;

/// A tree of conditions on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Every row.
    All,
    /// No row.
    None,
    /// Rows that match all; every row when empty.
    And(Vec<Filter>),
    /// Rows that match any; no row when empty.
    Or(Vec<Filter>),
    /// Rows that do not match. A row without a value fails every test on it, so it matches the negation.
    Not(Box<Filter>),
    /// Rows whose attribute passes a test.
    Test {
        /// Attribute.
        field: Field,
        /// Condition.
        test: Test,
    },
}

/// A condition on one attribute. A missing value fails all of them, as does one of the other kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// There is a value.
    HasValue,
    /// The text is exactly this.
    Is(String),
    /// The text starts with this, whatever the case.
    Prefix(Folded),
    /// The text contains this, whatever the case.
    Contains(Folded),
    /// The text contains exactly this.
    ContainsExact(String),
    /// The text lies between the bounds by code point; case matters.
    TextRange(Bound<String>, Bound<String>),
    /// The text is a plain decimal number between the bounds; other texts fail.
    NumberRange(Bound<Number>, Bound<Number>),
    /// The whole number lies between the two, both included; none does when the first is greater.
    IntRange(i64, i64),
    /// The whole number is one of these.
    IntIn(Vec<i64>),
}

/// A tree is deeper than [`MAX_DEPTH`] or has more than [`MAX_NODES`] nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the filter is deeper than {MAX_DEPTH} or has more than {MAX_NODES} conditions")]
pub struct TooBig;

impl Filter {
    /// Rows whose `field` passes `test`.
    pub fn test(field: Field, test: Test) -> Self {
        Self::Test { field, test }
    }

    /// Rows whose whole number `field` is `value`.
    pub fn int(field: Field, value: i64) -> Self {
        Self::test(field, Test::IntRange(value, value))
    }

    /// Rows whose text `field` is exactly `value`.
    pub fn is(field: Field, value: impl Into<String>) -> Self {
        Self::test(field, Test::Is(value.into()))
    }

    /// Rows that have a value for `field`.
    pub fn has(field: Field) -> Self {
        Self::test(field, Test::HasValue)
    }

    /// Rows that match all of `filters`, without needless nodes.
    pub fn all_of(filters: impl IntoIterator<Item = Filter>) -> Self {
        let mut parts = Vec::new();
        for filter in filters {
            match filter {
                Self::All => {}
                Self::None => return Self::None,
                Self::And(inner) => parts.extend(inner),
                other => parts.push(other),
            }
        }
        if parts.len() > 1 { Self::And(parts) } else { parts.pop().unwrap_or(Self::All) }
    }

    /// Rows that match any of `filters`, without needless nodes.
    pub fn any_of(filters: impl IntoIterator<Item = Filter>) -> Self {
        let mut parts = Vec::new();
        for filter in filters {
            match filter {
                Self::All => return Self::All,
                Self::None => {}
                Self::Or(inner) => parts.extend(inner),
                other => parts.push(other),
            }
        }
        if parts.len() > 1 { Self::Or(parts) } else { parts.pop().unwrap_or(Self::None) }
    }

    /// Rows that `self` does not match.
    pub fn negate(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Checks the bounds of the tree. Anything that builds trees other than the parsers of this crate has to ask.
    pub fn check(&self) -> Result<(), TooBig> {
        let mut nodes = 0;
        self.count(1, &mut nodes)
    }

    fn count(&self, depth: usize, nodes: &mut usize) -> Result<(), TooBig> {
        *nodes += 1;
        if depth > MAX_DEPTH || *nodes > MAX_NODES {
            return Err(TooBig);
        }
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(|p| p.count(depth + 1, nodes)),
            Self::Not(inner) => inner.count(depth + 1, nodes),
            Self::All | Self::None | Self::Test { .. } => Ok(()),
        }
    }

    /// Whether `row` matches: the reference evaluator.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::And(parts) => parts.iter().all(|p| p.matches(row)),
            Self::Or(parts) => parts.iter().any(|p| p.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Test { field, test } => test.passes(row, *field),
        }
    }
}

impl Test {
    /// Whether the value that `row` has for `field` passes.
    pub fn passes<R: Row + ?Sized>(&self, row: &R, field: Field) -> bool {
        if field.is_text() {
            text_of(row, field).is_some_and(|text| self.passes_text(text))
        } else {
            int_of(row, field).is_some_and(|int| self.passes_int(int))
        }
    }

    /// Whether a text (present, not empty) passes.
    pub fn passes_text(&self, text: &str) -> bool {
        match self {
            Self::HasValue => true,
            Self::Is(value) => text == value,
            Self::Prefix(prefix) => prefix.is_prefix_of(text),
            Self::Contains(part) => part.is_within(text),
            Self::ContainsExact(part) => contains(text, part),
            Self::TextRange(low, high) => within(low, high, |bound| Some(text.cmp(bound.as_str()))),
            Self::NumberRange(low, high) => {
                Number::parse(text).is_some() && within(low, high, |bound| bound.compare_with(text))
            }
            Self::IntRange(..) | Self::IntIn(_) => false,
        }
    }

    /// Whether a whole number (present) passes.
    pub fn passes_int(&self, int: i64) -> bool {
        match self {
            Self::HasValue => true,
            Self::IntRange(low, high) => (*low..=*high).contains(&int),
            Self::IntIn(values) => values.contains(&int),
            _ => false,
        }
    }
}

/// Whether a value lies between two bounds, given how it compares with one.
fn within<T>(low: &Bound<T>, high: &Bound<T>, compare: impl Fn(&T) -> Option<Ordering>) -> bool {
    let above = match low {
        Bound::Unbounded => true,
        Bound::Included(bound) => compare(bound).is_some_and(Ordering::is_ge),
        Bound::Excluded(bound) => compare(bound).is_some_and(Ordering::is_gt),
    };
    above
        && match high {
            Bound::Unbounded => true,
            Bound::Included(bound) => compare(bound).is_some_and(Ordering::is_le),
            Bound::Excluded(bound) => compare(bound).is_some_and(Ordering::is_lt),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{CREATED, EMAIL, USER_NAME};

    struct One(&'static str, Option<i64>);

    impl Row for One {
        fn text(&self, field: Field) -> Option<&str> {
            (field == USER_NAME).then_some(self.0)
        }

        fn int(&self, field: Field) -> Option<i64> {
            if field == CREATED { self.1 } else { None }
        }
    }

    fn name(test: Test) -> Filter {
        Filter::test(USER_NAME, test)
    }

    #[test]
    fn tests_on_text() {
        let row = One("Alice", None);
        assert!(name(Test::Is("Alice".into())).matches(&row));
        assert!(!name(Test::Is("alice".into())).matches(&row), "exact means exact");
        assert!(name(Test::Prefix(Folded::new("aLI"))).matches(&row));
        assert!(name(Test::Contains(Folded::new("IC"))).matches(&row));
        assert!(!name(Test::ContainsExact("IC".into())).matches(&row));
        assert!(name(Test::ContainsExact("ic".into())).matches(&row));
        let range = |low, high| name(Test::TextRange(low, high)).matches(&row);
        assert!(range(Bound::Included("Alice".into()), Bound::Included("Alice".into())));
        assert!(!range(Bound::Excluded("Alice".into()), Bound::Unbounded));
        assert!(!range(Bound::Included("a".into()), Bound::Unbounded), "capitals come first");
    }

    #[test]
    fn numeric_ranges_skip_what_is_no_number() {
        let above =
            name(Test::NumberRange(Bound::Excluded(Number::parse("20").expect("number")), Bound::Unbounded));
        for (text, expected) in [("21", true), ("0100", true), ("20", false), ("9", false), ("abc", false)] {
            assert_eq!(above.matches(&One(text, None)), expected, "{text}");
        }
    }

    #[test]
    fn missing_fails_tests_and_matches_their_negation() {
        let row = One("", Some(i64::MIN));
        for filter in
            [Filter::has(USER_NAME), Filter::has(EMAIL), Filter::has(CREATED), Filter::is(USER_NAME, "")]
        {
            assert!(!filter.matches(&row));
            assert!(filter.negate().matches(&row));
        }
        assert!(!Filter::int(USER_NAME, 1).matches(&row), "a test of the other kind fails");
    }

    #[test]
    fn tests_on_whole_numbers() {
        let row = One("", Some(5));
        assert!(Filter::int(CREATED, 5).matches(&row));
        assert!(!Filter::test(CREATED, Test::IntRange(6, 4)).matches(&row));
        assert!(Filter::test(CREATED, Test::IntIn(vec![1, 5])).matches(&row));
    }

    #[test]
    fn empty_joins_and_simplification() {
        let row = One("x", None);
        assert!(Filter::And(vec![]).matches(&row));
        assert!(!Filter::Or(vec![]).matches(&row));
        assert_eq!(Filter::all_of([Filter::All, Filter::has(EMAIL)]), Filter::has(EMAIL));
        assert_eq!(Filter::all_of([Filter::None, Filter::has(EMAIL)]), Filter::None);
        assert_eq!(Filter::any_of([]), Filter::None);
        assert_eq!(Filter::has(EMAIL).negate().negate(), Filter::has(EMAIL));
    }

    #[test]
    fn trees_beyond_the_bounds_are_refused() {
        let mut deep = Filter::All;
        for _ in 0..MAX_DEPTH {
            deep = Filter::Not(Box::new(deep));
        }
        assert_eq!(deep.check(), Err(TooBig));
        assert_eq!(Filter::And(vec![Filter::All; MAX_NODES]).check(), Err(TooBig));
        assert_eq!(Filter::And(vec![Filter::All; MAX_NODES - 1]).check(), Ok(()));
    }
}
