//! How the rows of one table went into its successor, so that the successor need not sort again what was in order.

use std::cmp::Ordering;

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

    /// The new order made of the old one: `compare` is the same order for new rows, and never equal.
    pub(crate) fn order(&self, old: &[u32], compare: impl Fn(u32, u32) -> Ordering) -> Vec<u32> {
        let kept: Vec<u32> =
            old.iter().map(|&row| self.to[row as usize]).filter(|&row| row != GONE).collect();
        let mut added = self.added.clone();
        added.sort_unstable_by(|&a, &b| compare(a, b));
        let mut order = Vec::with_capacity(kept.len() + added.len());
        let mut rest = &kept[..];
        for row in added {
            let (before, behind) = rest.split_at(rest.partition_point(|&k| compare(k, row).is_lt()));
            order.extend_from_slice(before);
            order.push(row);
            rest = behind;
        }
        order.extend_from_slice(rest);
        order
    }
}
