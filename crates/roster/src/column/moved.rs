//! How the rows of one table went into its successor, so that the successor need not sort again what was in order.

use std::cmp::Ordering;

use super::Ranks;

/// Stands for "not in the new table".
const GONE: u32 = u32::MAX;

/// The way of all rows from an old table into a new one. Rows that stay keep their order.
#[derive(Debug)]
pub(crate) struct Moved {
    /// New number of each old row, or [`GONE`].
    to: Vec<u32>,
    /// New rows that were in no table.
    added: Vec<u32>,
}

impl Moved {
    /// Nothing of an old table of `rows` rows has come over yet.
    pub(crate) fn new(rows: u32) -> Self {
        Self { to: vec![GONE; rows as usize], added: Vec::new() }
    }

    /// Old row `from` has become row `to`.
    pub(crate) fn keep(&mut self, from: u32, to: u32) {
        self.to[from as usize] = to;
    }

    /// Row `row` is new.
    pub(crate) fn add(&mut self, row: u32) {
        self.added.push(row);
    }

    /// The new number of an old row; `None` when it is gone.
    #[inline]
    pub(crate) fn to(&self, row: u32) -> Option<u32> {
        Some(self.to[row as usize]).filter(|&to| to != GONE)
    }

    /// The new order made of the old one. `compare` is the same order for new rows, and never equal; `same` tells
    /// whether two new rows have the same value, or both none, and `missing` whether one has none.
    pub(crate) fn ranks(
        &self,
        old: &Ranks,
        compare: impl Fn(u32, u32) -> Ordering,
        same: impl Fn(u32, u32) -> bool,
        missing: impl Fn(u32) -> bool,
    ) -> Ranks {
        // The rows that stay, and whether each has another value than the one before.
        let mut kept = Vec::with_capacity(old.order().len());
        let mut last = None;
        for &row in old.order() {
            if let Some(to) = self.to(row) {
                let group = Some(old.group(row));
                kept.push((to, group != last));
                last = group;
            }
        }
        let mut added = self.added.clone();
        added.sort_unstable_by(|&a, &b| compare(a, b));
        let mut making = Making::new(kept.len() + added.len());
        let mut rest = &kept[..];
        for row in added {
            let (before, behind) =
                rest.split_at(rest.partition_point(|&(kept, _)| compare(kept, row).is_lt()));
            making.extend(before, &same);
            making.push(row, making.last().is_none_or(|last| !same(last, row)));
            rest = behind;
        }
        making.extend(rest, &same);
        let missing = making.order.partition_point(|&row| missing(row));
        Ranks::grouped(making.order, making.groups, missing as u32)
    }
}

/// An order in the making.
struct Making {
    order: Vec<u32>,
    groups: Vec<u32>,
    start: u32,
}

impl Making {
    fn new(rows: usize) -> Self {
        Self { order: Vec::with_capacity(rows), groups: vec![0; rows], start: 0 }
    }

    fn last(&self) -> Option<u32> {
        self.order.last().copied()
    }

    /// Adds a row; `begins` when its value is not that of the last.
    fn push(&mut self, row: u32, begins: bool) {
        if begins {
            self.start = self.order.len() as u32;
        }
        self.order.push(row);
        self.groups[row as usize] = self.start;
    }

    /// Adds rows that stood together before; the first may have the value of the last.
    fn extend(&mut self, rows: &[(u32, bool)], same: impl Fn(u32, u32) -> bool) {
        let Some((&(first, begins), rest)) = rows.split_first() else { return };
        let joins = self.last().is_some_and(|last| same(last, first));
        self.push(first, begins && !joins);
        rest.iter().for_each(|&(row, begins)| self.push(row, begins));
    }
}
