//! A page of rows that are kept as bits: along an order, many rows at a time.

use std::ops::Range;

use crate::bits::Bits;
use crate::column::Ranks;

/// Places of the order that are looked at together.
const STRETCH: u32 = 256;

/// Goes along an order until a page is full.
pub(super) struct Stroll<'a> {
    bits: &'a Bits,
    ranks: &'a Ranks,
    /// Rows of the set that are still to be skipped, and wanted behind them.
    skip: usize,
    count: usize,
    page: Vec<u32>,
    /// Places that may still be looked at.
    left: usize,
}

impl<'a> Stroll<'a> {
    /// The `count` rows of the set behind the first `from`, along a sequence that has all of the set and is given by
    /// its order and its [`places`](super::Sequence::places). `None` when they are not among the first `limit` places.
    pub(super) fn page(
        ranks: &'a Ranks,
        (places, moved, descending): (Range<u32>, Range<u32>, bool),
        bits: &'a Bits,
        (from, count): (usize, usize),
        limit: usize,
    ) -> Option<Vec<u32>> {
        let mut stroll = Self { bits, ranks, skip: from, count, page: Vec::new(), left: limit };
        if descending {
            stroll.down(places)?;
        } else {
            stroll.up(places)?;
            stroll.up(moved)?;
        }
        Some(stroll.page)
    }

    fn full(&self) -> bool {
        self.page.len() >= self.count
    }

    /// Rows at ascending places.
    fn up(&mut self, places: Range<u32>) -> Option<()> {
        for rows in self.ranks.order()[places.start as usize..places.end as usize].chunks(STRETCH as usize) {
            if self.full() {
                break;
            }
            if let Some(skip) = self.look(rows)? {
                let hits = rows.iter().copied().filter(|&row| self.bits.contains(row));
                self.page.extend(hits.skip(skip).take(self.count - self.page.len()));
            }
        }
        Some(())
    }

    /// Groups of equal values from the last to the first, the rows of each at ascending places.
    fn down(&mut self, places: Range<u32>) -> Option<()> {
        let (order, mut end) = (self.ranks.order(), places.end);
        let group = |place: u32| self.ranks.group(order[place as usize]);
        while end > places.start && !self.full() {
            let near = end.saturating_sub(STRETCH).max(places.start);
            let first = group(near);
            let behind = &order[near as usize..end as usize];
            // Several whole groups, or one that is as long as a stretch.
            let start = near + behind.partition_point(|&row| self.ranks.group(row) == first) as u32;
            if start == end {
                self.up(first..end)?;
                end = first;
                continue;
            }
            let rows = &order[start as usize..end as usize];
            if let Some(skip) = self.look(rows)? {
                let mut hits: Vec<u32> =
                    rows.iter().copied().filter(|&row| self.bits.contains(row)).collect();
                hits.sort_by_key(|&row| std::cmp::Reverse(self.ranks.group(row)));
                self.page.extend(hits.into_iter().skip(skip).take(self.count - self.page.len()));
            }
            end = start;
        }
        Some(())
    }

    /// How many of these rows' hits are to be skipped, unless that is all of them; `None` at the limit.
    fn look(&mut self, rows: &[u32]) -> Option<Option<usize>> {
        self.left = self.left.checked_sub(rows.len())?;
        // No branches, which could not be foretold.
        let hits: usize = rows.iter().map(|&row| usize::from(self.bits.contains(row))).sum();
        let skip = self.skip;
        self.skip = skip.saturating_sub(hits);
        Some((skip < hits).then_some(skip))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_the_page_that_sorting_does(
            rows in prop::collection::vec((prop_oneof![0..3u32, 0..900u32], any::<bool>()), 0..2000),
            from in 0..1200usize,
            count in 1..200usize,
            descending in any::<bool>(),
            missing_last in any::<bool>(),
        ) {
            let value = |row: u32| rows[row as usize].0;
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            order.sort_by_key(|&row| (value(row), row));
            let missing = order.partition_point(|&row| value(row) == 0);
            let keys: Vec<u32> = order.iter().map(|&row| value(row)).collect();
            let ranks = Ranks::new(order, missing, |a, b| keys[a] == keys[b]);
            let bits = Bits::of(rows.len() as u32, |row| rows[row as usize].1);
            let mut sorted: Vec<u32> = bits.iter().collect();
            let moved = if missing_last && !descending { missing as u32 } else { 0 };
            sorted.sort_by_key(|&row| match (descending, value(row)) {
                (true, value) => (u32::MAX - value, row),
                (false, 0) if moved > 0 => (u32::MAX, row),
                (false, value) => (value, row),
            });
            let places = (moved..rows.len() as u32, 0..moved, descending);
            let page = Stroll::page(&ranks, places, &bits, (from, count), usize::MAX);
            let expected: Vec<u32> = sorted.into_iter().skip(from).take(count).collect();
            prop_assert_eq!(page, Some(expected));
        }
    }
}
