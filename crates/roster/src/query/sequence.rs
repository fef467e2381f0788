//! All rows of a table, or a stretch of one of its orders, in the order that a sort asks for.

use std::ops::Range;

use search::{Direction, Missing, Sort};

use crate::column::Ranks;
use crate::table::Table;

/// Rows in sorted order, by position or by key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sequence<'a> {
    /// The order; `None` is the order of rows.
    ranks: Option<&'a Ranks>,
    /// Places of the order that take part.
    low: u32,
    high: u32,
    descending: bool,
    /// How many rows the table has.
    rows: u32,
    /// How many rows without value go behind the others although they are first in the order.
    moved: u32,
}

impl<'a> Sequence<'a> {
    /// All rows of a table as `sort` wants them.
    pub(crate) fn new(table: &'a Table, sort: &Sort) -> Self {
        let ranks = table.ranks(sort.key);
        let descending = sort.direction == Direction::Descending;
        let moved = match (ranks, descending, sort.missing) {
            (Some(ranks), false, Missing::Last) => ranks.missing(),
            _ => 0,
        };
        Self { ranks, low: 0, high: table.rows(), descending, rows: table.rows(), moved }
    }

    /// Only the rows at the places `low` to `high` of the order, when `ranks` is the order of this sequence.
    pub(crate) fn within(self, ranks: &Ranks, low: u32, high: u32) -> Option<Self> {
        let own = self.ranks.is_some_and(|own| std::ptr::eq(own, ranks));
        (own && low >= self.moved).then_some(Self { low, high, moved: 0, ..self })
    }

    /// The order, whether it is walked from its end, and how many rows without value are moved behind the others.
    pub(crate) fn parts(&self) -> (Option<&'a Ranks>, bool, u32) {
        (self.ranks, self.descending, self.moved)
    }

    /// The places of the order that take part, those that come behind them although they are before them in the order,
    /// and whether it goes from the end.
    pub(super) fn places(&self) -> (Range<u32>, Range<u32>, bool) {
        let values = self.low + self.moved;
        (values..self.high, self.low..values, self.descending)
    }

    /// How many rows take part.
    pub(crate) fn len(&self) -> u32 {
        self.high - self.low
    }

    /// A number for each row: rows with smaller keys come first. The lower half is the row itself, the upper half at
    /// most the number of rows.
    #[inline]
    pub(crate) fn key(&self, row: u32) -> u64 {
        self.key_of(row, self.group(row))
    }

    /// The keys of `count` rows.
    pub(crate) fn keys(&self, rows: impl Iterator<Item = u32>, count: usize) -> Vec<u64> {
        let mut keys = Vec::with_capacity(count);
        match self.ranks.map(Ranks::groups) {
            // Nothing but reads of one array: the processor waits for many of them at once.
            Some(Some(groups)) => keys.extend(rows.map(|row| self.key_of(row, groups[row as usize]))),
            _ => keys.extend(rows.map(|row| self.key(row))),
        }
        keys
    }

    #[inline]
    fn key_of(&self, row: u32, group: u32) -> u64 {
        let place = if self.descending {
            self.rows - group
        } else if group < self.moved {
            self.rows
        } else {
            group
        };
        u64::from(place) << 32 | u64::from(row)
    }

    #[inline]
    fn group(&self, row: u32) -> u32 {
        self.ranks.map_or(row, |ranks| ranks.group(row))
    }

    fn row(&self, place: u32) -> u32 {
        self.ranks.map_or(place, |ranks| ranks.order()[place as usize])
    }

    /// The rows from position `from` on.
    pub(crate) fn walk(self, from: u32) -> Walk<'a> {
        let from = from.min(self.len());
        if self.descending {
            return self.walk_down(from);
        }
        // Values first, then the rows without one that were moved behind them.
        let (values, moved) = (self.low + self.moved..self.high, self.low..self.low + self.moved);
        let skipped = from.min(values.len() as u32);
        let rest = moved.start + (from - skipped)..moved.end;
        Walk { sequence: self, block: values.start + skipped..values.end, rest, down: false }
    }

    fn walk_down(self, from: u32) -> Walk<'a> {
        if from == self.len() {
            return Walk { sequence: self, block: 0..0, rest: 0..0, down: true };
        }
        let last = self.high - 1 - from;
        let start = self.group(self.row(last));
        // All of the group lies within the stretch: it is made of whole groups.
        let end = match self.ranks {
            Some(ranks) => {
                let behind = &ranks.order()[last as usize..self.high as usize];
                last + behind.partition_point(|&row| ranks.group(row) == start) as u32
            }
            None => last + 1,
        };
        let skipped = from - (self.high - end);
        Walk { sequence: self, block: start + skipped..end, rest: self.low..start, down: true }
    }
}

/// Rows of a sequence, one after the other.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    sequence: Sequence<'a>,
    /// Places to visit in ascending order.
    block: Range<u32>,
    /// Places to visit after that: ascending, or group by group from the end.
    rest: Range<u32>,
    down: bool,
}

impl Iterator for Walk<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.block.is_empty() {
            if self.rest.is_empty() {
                return None;
            }
            let start = match self.down {
                true => self.sequence.group(self.sequence.row(self.rest.end - 1)),
                false => self.rest.start,
            };
            self.block = start..self.rest.end;
            self.rest = if self.down { self.rest.start..start } else { 0..0 };
        }
        self.block.next().map(|place| self.sequence.row(place))
    }
}
