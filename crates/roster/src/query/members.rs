//! The rows of a filter in one order as bits, worked out block by block: how many there are, which is the nth, how many
//! come before a place.

use search::Filter;

use super::conditions::{Compiling, Condition};
use crate::column::{BLOCK, BLOCK_ROWS, Block, Planes, Ranks};
use crate::table::Table;

/// The rows of a filter in one order.
pub(super) struct Set<'a> {
    planes: &'a Planes,
    /// `None` is the order of rows.
    order: Option<&'a [u32]>,
    condition: Condition,
    total: u32,
    /// How many rows there are up to the end of each block, from the first block on, as far as it was asked for.
    ends: Vec<u32>,
    /// How many rows there are from the start of each block, from the last block back.
    starts: Vec<u32>,
    /// The block that was looked at last.
    last: (usize, Block),
}

impl<'a> Set<'a> {
    /// In the order of rows, counted; `None` for tables without flags.
    pub(super) fn by_row(table: &'a Table, filter: &Filter) -> Option<Self> {
        let mut set = Self::new(table.planes()?, None, Compiling { table, ranks: None }.filter(filter));
        set.total = (0..set.planes.blocks()).map(|block| ones(&set.block(block))).sum();
        Some(set)
    }

    /// In another order; `total` is how many rows match.
    pub(super) fn ranked(table: &'a Table, filter: &Filter, ranks: &'a Ranks, total: u32) -> Option<Self> {
        let condition = Compiling { table, ranks: Some(ranks) }.filter(filter);
        Some(Self { total, ..Self::new(ranks.planes()?, Some(ranks.order()), condition) })
    }

    fn new(planes: &'a Planes, order: Option<&'a [u32]>, condition: Condition) -> Self {
        let last = (usize::MAX, [0; BLOCK]);
        Self { planes, order, condition, total: 0, ends: Vec::new(), starts: Vec::new(), last }
    }

    /// How many rows match.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// The rows of a block that are in the set.
    fn block(&self, block: usize) -> Block {
        let mut out = self.of(&self.condition, block);
        let rows = self.planes.rows() - block as u32 * BLOCK_ROWS;
        if rows < BLOCK_ROWS {
            keep(&mut out, 0, rows);
        }
        out
    }

    fn of(&self, condition: &Condition, block: usize) -> Block {
        match condition {
            Condition::All => [u64::MAX; BLOCK],
            Condition::Nothing => [0; BLOCK],
            Condition::Flag { field, allowed } => self.planes.passing(*field, *allowed, block),
            Condition::Range(low, high) => {
                let start = block as u32 * BLOCK_ROWS;
                let mut out = [u64::MAX; BLOCK];
                let place = |at: &u32| at.saturating_sub(start).min(BLOCK_ROWS);
                keep(&mut out, place(low), place(high));
                out
            }
            Condition::Set(set) => set.block(self.order, block),
            Condition::And(parts) => {
                let mut out = [u64::MAX; BLOCK];
                for part in parts {
                    let next = self.of(part, block);
                    out.iter_mut().zip(next).for_each(|(out, word)| *out &= word);
                    // The sets come last, and the blocks of some are still to be brought into the order.
                    if out.iter().all(|word| *word == 0) {
                        break;
                    }
                }
                out
            }
            Condition::Or(parts) => {
                let mut out = [0; BLOCK];
                for part in parts {
                    let next = self.of(part, block);
                    out.iter_mut().zip(next).for_each(|(out, word)| *out |= word);
                }
                out
            }
            Condition::Not(inner) => self.of(inner, block).map(|word| !word),
        }
    }

    fn look(&mut self, block: usize) -> &Block {
        if self.last.0 != block {
            self.last = (block, self.block(block));
        }
        &self.last.1
    }

    /// How many rows lie before the end of one more block from the first on.
    fn step(&mut self) -> u32 {
        let end = self.ends.last().copied().unwrap_or(0) + ones(self.look(self.ends.len()));
        self.ends.push(end);
        end
    }

    /// How many rows lie behind the start of one more block from the last back.
    fn step_back(&mut self) -> u32 {
        let block = self.planes.blocks() - 1 - self.starts.len();
        let start = self.starts.last().copied().unwrap_or(0) + ones(self.look(block));
        self.starts.push(start);
        start
    }

    /// How many rows lie before a block, which is at most the number of blocks.
    fn before_block(&mut self, block: usize) -> u32 {
        let behind = self.planes.blocks().saturating_sub(block);
        if block.saturating_sub(self.ends.len()) <= behind.saturating_sub(self.starts.len()) {
            while self.ends.len() < block {
                self.step();
            }
            block.checked_sub(1).map_or(0, |last| self.ends[last])
        } else {
            while self.starts.len() < behind {
                self.step_back();
            }
            self.total.saturating_sub(behind.checked_sub(1).map_or(0, |last| self.starts[last]))
        }
    }

    /// The block of a row by its number in the set, which has to be less than the total.
    fn block_of(&mut self, number: u32) -> usize {
        let left = self.total - 1 - number;
        let (near, far) = (self.ends.last().copied().unwrap_or(0), self.starts.last().copied().unwrap_or(0));
        if number < near || (left >= far && number <= left) {
            while self.ends.last().is_none_or(|&end| end <= number) && self.ends.len() < self.planes.blocks()
            {
                self.step();
            }
            self.ends.partition_point(|&end| end <= number)
        } else {
            while self.starts.last().is_none_or(|&start| start <= left)
                && self.starts.len() < self.planes.blocks()
            {
                self.step_back();
            }
            let back = self.starts.partition_point(|&start| start <= left);
            self.planes.blocks().saturating_sub(1 + back)
        }
    }

    /// The place of a row of the set by its number in the set.
    pub(super) fn place(&mut self, number: u32) -> Option<u32> {
        if number >= self.total {
            return None;
        }
        let block = self.block_of(number);
        if block >= self.planes.blocks() {
            return None;
        }
        let mut left = number.saturating_sub(self.before_block(block));
        for (at, &word) in (0_u32..).zip(self.look(block)) {
            let ones = word.count_ones();
            if left < ones {
                let bit = crate::bits::bits(word).nth(left as usize)?;
                return Some(block as u32 * BLOCK_ROWS + at * 64 + bit);
            }
            left -= ones;
        }
        None
    }

    /// How many rows of the set come before a place.
    pub(super) fn before(&mut self, place: u32) -> u32 {
        let block = (place / BLOCK_ROWS) as usize;
        let before = self.before_block(block);
        if place.is_multiple_of(BLOCK_ROWS) {
            return before;
        }
        let mut words = *self.look(block);
        keep(&mut words, 0, place % BLOCK_ROWS);
        before + ones(&words)
    }
}

fn ones(block: &Block) -> u32 {
    block.iter().map(|word| word.count_ones()).sum()
}

/// Clears all but the places `low` to `high` (excluded) of a block.
fn keep(block: &mut Block, low: u32, high: u32) {
    for (at, word) in (0_u32..).zip(block.iter_mut()) {
        let below = |place: u32| match place.saturating_sub(at * 64) {
            bits @ 0..64 => (1_u64 << bits) - 1,
            _ => u64::MAX,
        };
        *word &= below(high) & !below(low);
    }
}
