//! A filter made ready for one table: every test is an interval of ranks, a set of codes, a range of numbers, a set
//! of rows or, where nothing better is known, a look at the text.

use std::borrow::Cow;
use std::sync::Arc;

use roaring::RoaringBitmap;
use search::Test;
use search::text::fold;

use crate::column::{
    Allowed, CodeSet, Coded, Dictionary, FlagField, Flags, HostColumn, HostSet, Ints, Ranks, TextColumn,
};

/// A guess at the part of the rows with the rarest pair of letters of a text that contain all of it.
const PARTS_HIT: f64 = 0.3;

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
    /// These rows.
    Rows(RoaringBitmap),
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
            Self::Rows(rows) => rows.contains(row),
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
            Self::Rows(rows) => Some(rows.len() as usize),
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
            Self::Text { column, test } => part_of(test)
                .and_then(|part| column.at_most(&part))
                .map_or(0.1, |most| PARTS_HIT * most as f64 / rows.max(1) as f64),
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
            Self::Rows(rows) => Some(rows.len() as usize),
            Self::Few(few) => Some(few.len()),
            Self::And(parts) => parts.iter().filter_map(|p| p.listable()).min(),
            Self::Or(parts) => parts.iter().map(|p| p.listable()).sum(),
            _ => None,
        }
    }

    /// Calls `each` for rows that contain all that pass (so the caller has to test), in any order; a row may come
    /// twice where plans are joined by "or". Only for listable plans: others list nothing.
    pub(crate) fn list(&self, each: &mut dyn FnMut(u32)) {
        match self {
            Self::Interval { ranks, low, high } => {
                ranks.order()[*low as usize..*high as usize].iter().for_each(|&row| each(row));
            }
            Self::Codes { column, allowed, .. } => column.list(allowed, each),
            Self::Hosts { column, hosts } => {
                hosts.iter().for_each(|host| column.rows().rows(host).for_each(&mut *each));
            }
            Self::Rows(rows) => rows.iter().for_each(each),
            Self::Few(few) => few.iter().for_each(|&row| each(row)),
            Self::And(parts) => {
                let smallest = parts.iter().filter_map(|p| Some((p.listable()?, p)));
                if let Some((_, part)) = smallest.min_by_key(|(size, _)| *size) {
                    part.list(each);
                }
            }
            Self::Or(parts) => parts.iter().for_each(|p| p.list(each)),
            Self::All | Self::Nothing | Self::Range { .. } | Self::Numbers { .. } => {}
            Self::Text { .. } | Self::Coded { .. } | Self::Flag { .. } | Self::Not(_) => {}
        }
    }

    /// Whether listing gives exactly the rows that pass, so that none has to be tested.
    pub(crate) fn lists_exactly(&self) -> bool {
        matches!(
            self,
            Self::Interval { .. } | Self::Rows(_) | Self::Few(_) | Self::Codes { .. } | Self::Hosts { .. }
        )
    }

    /// Whether a plan joined by "or" is part of it, so that listing may repeat rows.
    pub(crate) fn repeats(&self) -> bool {
        match self {
            Self::Or(_) => true,
            Self::And(parts) => parts.iter().any(Plan::repeats),
            _ => false,
        }
    }
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
