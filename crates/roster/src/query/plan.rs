//! A filter made ready for one table: every test is an interval of ranks, a set of codes, a range of numbers, an
//! intersection of sets of rows or, where nothing better is known, a look at the text.

use std::borrow::Cow;
use std::sync::Arc;

use search::Test;
use search::text::fold;

use super::part::Part;
use crate::column::{
    Allowed, CodeSet, Coded, Dictionary, FlagField, Flags, HostColumn, HostSet, Ints, Ranks, TextColumn,
};

/// A filter over the rows of one table.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// Rows at the places `low` to `high` (excluded) of an order; whole groups of equal values only.
    Interval { ranks: &'a Ranks, low: u32, high: u32 },
    /// Rows whose code is allowed, and how many they are.
    Codes { column: &'a Dictionary, allowed: CodeSet, count: u32 },
    /// The same of whole numbers.
    Coded { column: &'a Coded, allowed: CodeSet, count: u32 },
    /// Rows whose flag is allowed, and how many they are.
    Flag { flags: &'a Flags, field: FlagField, allowed: Allowed, count: u32 },
    /// Rows of these hosts.
    Hosts { column: &'a HostColumn, hosts: Arc<HostSet> },
    /// Rows whose number lies between the two.
    Range { column: &'a Ints, low: i64, high: i64 },
    /// Rows whose number is in the list.
    Numbers { column: &'a Ints, values: &'a [i64] },
    /// Rows whose text passes the test: the slow way that always works.
    Text { column: &'a TextColumn, test: &'a Test },
    /// Rows with a part of text.
    Part(Box<Part<'a>>),
    /// These few rows, ascending.
    Few(Vec<u32>),
    /// Rows that pass all.
    And(Vec<Plan<'a>>),
    /// Rows that pass any.
    Or(Vec<Plan<'a>>),
    /// Rows that do not pass.
    Not(Box<Plan<'a>>),
}

impl Plan<'_> {
    /// Whether a row passes.
    pub(crate) fn test(&self, row: u32) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Interval { ranks, low, high } => (*low..*high).contains(&ranks.group(row)),
            Self::Codes { column, allowed, .. } => allowed.contains(column.code(row)),
            Self::Coded { column, allowed, .. } => allowed.contains(column.codes().get(row)),
            Self::Flag { flags, field, allowed, .. } => flags.passes(*field, *allowed, row),
            Self::Hosts { column, hosts } => hosts.contains(column.rows().host(row)),
            Self::Range { column, low, high } => column.get(row).is_some_and(|n| (*low..=*high).contains(&n)),
            Self::Numbers { column, values } => column.get(row).is_some_and(|n| values.contains(&n)),
            Self::Text { column, test } => text_passes(column, test, row),
            Self::Part(part) => part.test(row),
            Self::Few(rows) => rows.binary_search(&row).is_ok(),
            Self::And(parts) => parts.iter().all(|p| p.test(row)),
            Self::Or(parts) => parts.iter().any(|p| p.test(row)),
            Self::Not(inner) => !inner.test(row),
        }
    }

    /// How many of the `rows` rows of the table pass, when that is known without looking.
    pub(crate) fn count(&self, rows: usize) -> Option<usize> {
        match self {
            Self::All => Some(rows),
            Self::Nothing => Some(0),
            Self::Interval { low, high, .. } => Some((high - low) as usize),
            Self::Codes { count, .. } | Self::Coded { count, .. } | Self::Flag { count, .. } => {
                Some(*count as usize)
            }
            Self::Hosts { hosts, .. } => Some(hosts.count() as usize),
            Self::Part(part) if part.certain() => Some(part.at_most() as usize),
            Self::Few(few) => Some(few.len()),
            Self::Not(inner) => inner.count(rows).map(|count| rows - count),
            _ => None,
        }
    }

    /// A guess at the part of the rows that pass, 0 to 1.
    pub(crate) fn share(&self, rows: usize) -> f64 {
        if let Some(count) = self.count(rows) {
            return count as f64 / rows.max(1) as f64;
        }
        match self {
            Self::Part(part) => part.guess() / rows.max(1) as f64,
            Self::Text { .. } => 0.1,
            Self::And(parts) => parts.iter().map(|p| p.share(rows)).product(),
            Self::Or(parts) => parts.iter().map(|p| p.share(rows)).sum::<f64>().min(1.0),
            Self::Not(inner) => 1.0 - inner.share(rows),
            _ => 0.3,
        }
    }

    /// Rows that contain all that pass, when they can be listed: how many, at most.
    pub(crate) fn listable(&self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Interval { low, high, .. } => Some((high - low) as usize),
            Self::Codes { column, count, .. } if column.ranks().is_some() => Some(*count as usize),
            Self::Hosts { hosts, .. } => Some(hosts.count() as usize),
            Self::Part(part) => Some(part.at_most() as usize),
            Self::Few(few) => Some(few.len()),
            Self::And(parts) => parts.iter().filter_map(|p| p.listable()).min(),
            Self::Or(parts) => parts.iter().map(|p| p.listable()).sum(),
            _ => None,
        }
    }

    /// What testing a row costs, in nanoseconds.
    pub(crate) fn test_cost(&self) -> f64 {
        match self {
            Self::All | Self::Nothing => 0.0,
            Self::Interval { .. } | Self::Codes { .. } | Self::Coded { .. } | Self::Flag { .. } => cost::TEST,
            Self::Hosts { .. } | Self::Range { .. } | Self::Numbers { .. } => cost::TEST,
            Self::Text { .. } => cost::LOOK,
            Self::Part(part) => part.test_cost(),
            Self::Few(_) => cost::TEST,
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Plan::test_cost).sum(),
            Self::Not(inner) => inner.test_cost(),
        }
    }
}

/// Rough costs in nanoseconds, measured at a million rows: what matters is how they compare.
pub(super) mod cost {
    /// Next row of an order.
    pub(crate) const STEP: f64 = 3.0;
    /// Next row of an order, and whether it is in a set of bits, for many rows in turn.
    pub(crate) const STROLL: f64 = 1.6;
    /// A test of a row at random against a set of bits.
    pub(crate) const BIT: f64 = 2.0;
    /// A test of a row at random.
    pub(crate) const TEST: f64 = 6.0;
    /// A test of one row of many in turn.
    pub(crate) const SCAN: f64 = 0.7;
    /// A look at the text of a row.
    pub(crate) const LOOK: f64 = 60.0;
    /// Taking a row from a list.
    pub(crate) const LIST: f64 = 1.5;
    /// A set of rows, for each row of the table.
    pub(crate) const WORD: f64 = 0.1;
    /// Bringing a row that was found into order.
    pub(crate) const KEY: f64 = 8.0;
}

/// The folded text that a test looks for as a part; `None` for other tests, and for the empty part.
pub(super) fn part_of(test: &Test) -> Option<Cow<'_, str>> {
    match test {
        Test::Contains(part) => Some(Cow::Borrowed(part.as_str())),
        Test::ContainsExact(part) => Some(fold(part)),
        _ => None,
    }
    .filter(|part| !part.is_empty())
}

pub(super) fn text_passes(column: &TextColumn, test: &Test, row: u32) -> bool {
    let text = column.texts().get(row);
    match test {
        _ if text.is_empty() => false,
        Test::Contains(part) => search::text::contains(&column.folded(row), part.as_str()),
        Test::Prefix(prefix) => column.folded(row).starts_with(prefix.as_str()),
        _ => test.passes_text(text),
    }
}
