//! The condition that a text contains a part.

use search::Test;

use super::look::Look;
use super::plan::{cost, part_of};
use crate::bits::Bits;
use crate::column::{RowSet, TextColumn};

/// A guess at the share of the rows with the rarest pair of letters of a part that contain all of it.
const PARTS_HIT: f64 = 0.3;

/// Rows whose text contains a part.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// Sets that all such rows are in, smallest first; at least one.
    sets: Vec<&'a RowSet>,
    /// How to look closer; `None` when the rows of all sets are exactly those.
    look: Option<Look<'a>>,
}

impl<'a> Part<'a> {
    /// The condition of a test; `None` when it is not on a part, or the column is not searched for such. `Some(None)`
    /// when no row can pass.
    pub(super) fn new(column: &'a TextColumn, test: &'a Test) -> Option<Option<Self>> {
        let part = part_of(test)?;
        let sets = column.sets(&part)?;
        if sets.is_empty() {
            return Some(None);
        }
        let look = match test {
            Test::Contains(_) if part.len() <= 2 => None,
            Test::Contains(part) => Some(Look::new(column.plain()?, part.as_str())),
            Test::ContainsExact(part) => Some(Look::new(column.texts(), part)),
            _ => return None,
        };
        Some(Some(Self { sets, look }))
    }

    /// Whether the sets tell all: no text has to be looked at.
    pub(super) fn certain(&self) -> bool {
        self.look.is_none()
    }

    /// How many rows pass at most, and exactly when that is certain.
    pub(super) fn at_most(&self) -> u32 {
        self.sets.first().map_or(0, |set| set.len())
    }

    /// A guess at how many pass.
    pub(super) fn guess(&self) -> f64 {
        f64::from(self.at_most()) * if self.certain() { 1.0 } else { PARTS_HIT }
    }

    /// Whether a row passes.
    pub(super) fn test(&self, row: u32) -> bool {
        self.may(row) && self.look(row)
    }

    /// Whether a row is in all sets.
    pub(super) fn may(&self, row: u32) -> bool {
        self.sets.iter().all(|set| set.contains(row))
    }

    /// Whether a row that is in all sets passes.
    #[inline]
    pub(super) fn look(&self, row: u32) -> bool {
        self.look.as_ref().is_none_or(|look| look.at(row))
    }

    /// Reads what looking at a row reads first. Doing so for several rows, and only then looking at them, the
    /// processor waits for all of their texts at once.
    #[inline]
    pub(super) fn touch(&self, row: u32) -> u8 {
        self.look.as_ref().map_or(0, |look| look.touch(row))
    }

    /// What testing a row costs, in nanoseconds.
    pub(super) fn test_cost(&self) -> f64 {
        match self.look {
            None => cost::TEST,
            Some(_) => cost::TEST * self.sets.len() as f64 + 0.1 * cost::LOOK,
        }
    }

    /// What finding the rows of all sets costs, in nanoseconds.
    pub(super) fn find_cost(&self, rows: f64) -> f64 {
        match self.sets.first() {
            Some(RowSet::List(_)) => f64::from(self.at_most()) * cost::TEST,
            _ => rows * cost::WORD * self.sets.len() as f64,
        }
    }

    /// The rows in all sets: as a list when the smallest is one, or when they are few.
    pub(super) fn rows(&self) -> Result<Vec<u32>, Bits> {
        let Some((first, others)) = self.sets.split_first() else { return Ok(Vec::new()) };
        let (first, count) = match first {
            RowSet::List(list) => {
                let mut rows = Vec::with_capacity(list.len());
                rows.extend(list.iter());
                others.iter().for_each(|set| set.retain(&mut rows));
                return Ok(rows);
            }
            RowSet::Bits(first, count) => (first, *count),
        };
        // Where the first has its bits, all others have theirs too: a list is never the larger.
        let others: Vec<&Bits> = others.iter().filter_map(|set| set.bits()).collect();
        if others.is_empty() || count as usize > first.words().len() * 8 {
            let mut all = first.clone();
            others.iter().for_each(|set| all.and(set));
            return Err(all);
        }
        Ok(first.in_all(&others))
    }
}
