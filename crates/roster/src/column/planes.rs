//! The flags of all rows as bit planes: for each bit of their word one long row of bits, in a given order of the rows,
//! so that a condition on all rows is a few operations on words. And sets of rows that other conditions made, as one
//! more such row of bits. What the conditions are is for queries to know.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use search::{Field, Test};

use super::{Allowed, FlagField, Flags, word};
use crate::bits::Bits;

/// Words of 64 rows that are worked on together.
pub(crate) const BLOCK: usize = 64;

/// A piece of a set of rows: bit n of word m is row 64 m + n of the block.
pub(crate) type Block = [u64; BLOCK];

/// Rows of a block.
pub(crate) const BLOCK_ROWS: u32 = (BLOCK * 64) as u32;

/// The flags of all rows in one order.
#[derive(Debug)]
pub(crate) struct Planes {
    rows: u32,
    /// For each bit of the word one bit for each place of the order.
    bits: Vec<Vec<u64>>,
    /// Sets of rows that other conditions made, the one used last at the end. A table lives for some minutes, and the
    /// same conditions come again: the state of today is one of them.
    known: Mutex<Vec<Known>>,
}

/// A condition and its rows.
type Known = (Field, Test, Arc<Placed>);

/// Sets that are kept for each order: up to a megabyte each for ten million rows.
const KNOWN: usize = 8;

impl Planes {
    /// Lays out the lowest `width` bits of the flags of the rows of an order, which has to have all rows.
    pub(crate) fn new(flags: &Flags, width: u8, order: impl IntoIterator<Item = u32>) -> Self {
        let rows = flags.rows();
        let mut bits = vec![Vec::with_capacity(rows.div_ceil(64) as usize); width.into()];
        let mut words = [0_u32; 64];
        let mut order = order.into_iter();
        for first in (0..rows).step_by(64) {
            let count = (rows - first).min(64) as usize;
            words[..count].iter_mut().zip(&mut order).for_each(|(word, row)| *word = flags.word(row));
            for (bit, plane) in bits.iter_mut().enumerate() {
                let ones = words[..count].iter().rev();
                plane.push(ones.fold(0_u64, |all, word| all << 1 | u64::from(word >> bit & 1)));
            }
        }
        Self { rows, bits, known: Mutex::default() }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS) as usize
    }

    /// The rows of a block whose code is allowed. Places behind the last row are undefined.
    pub(crate) fn passing(&self, field: FlagField, allowed: Allowed, block: usize) -> Block {
        let mut out = [0; BLOCK];
        for raw in allowed.raw(field) {
            let mut all = [u64::MAX; BLOCK];
            for (at, bit) in field.bits().enumerate() {
                let plane = &self.bits[usize::from(bit)];
                let from = (block * BLOCK).min(plane.len());
                let turn = if raw >> at & 1 == 1 { 0 } else { u64::MAX };
                let words = plane[from..plane.len().min(from + BLOCK)].iter();
                all.iter_mut().zip(words).for_each(|(all, word)| *all &= word ^ turn);
            }
            out.iter_mut().zip(all).for_each(|(out, all)| *out |= all);
        }
        out
    }

    /// The set of rows that a condition made before in this order.
    pub(crate) fn known(&self, field: Field, test: &Test) -> Option<Arc<Placed>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|(f, t, _)| *f == field && t == test)?;
        known[at..].rotate_left(1);
        known.last().map(|(.., set)| Arc::clone(set))
    }

    /// Keeps the set of rows that a condition makes in this order.
    pub(crate) fn keep(&self, field: Field, test: &Test, set: Placed) -> Arc<Placed> {
        let set = Arc::new(set);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.remove(0);
        }
        known.push((field, test.clone(), Arc::clone(&set)));
        set
    }

    /// The conditions whose sets are kept.
    pub(crate) fn conditions(&self) -> Vec<(Field, Test)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(field, test, _)| (*field, test.clone())).collect()
    }
}

/// A set of rows that is brought into an order block by block, as somebody looks at it.
#[derive(Debug)]
pub(crate) struct Placed {
    rows: Arc<Bits>,
    /// Empty in the order of rows.
    blocks: Vec<OnceLock<Box<Block>>>,
}

impl Placed {
    /// A set as it is, in the order of rows.
    pub(crate) fn by_row(rows: Bits) -> Self {
        Self { rows: Arc::new(rows), blocks: Vec::new() }
    }

    /// The same set for another order.
    pub(crate) fn elsewhere(&self) -> Self {
        let blocks = self.rows.words().len().div_ceil(BLOCK);
        Self { rows: Arc::clone(&self.rows), blocks: (0..blocks).map(|_| OnceLock::new()).collect() }
    }

    /// The rows of a block of an order, which is always the same one; `None` is the order of rows.
    pub(crate) fn block(&self, order: Option<&[u32]>, block: usize) -> Block {
        let piece = |len: usize, of: usize| (block * of).min(len)..(block * of + of).min(len);
        match (order, self.blocks.get(block)) {
            (Some(order), Some(known)) => {
                let rows = &order[piece(order.len(), BLOCK_ROWS as usize)];
                **known.get_or_init(|| Box::new(self.place(rows)))
            }
            _ => {
                let words = self.rows.words();
                let mut out = [0; BLOCK];
                out.iter_mut().zip(&words[piece(words.len(), BLOCK)]).for_each(|(out, word)| *out = *word);
                out
            }
        }
    }

    /// What the bits were computed from does not fit the processor's cache; they do.
    fn place(&self, rows: &[u32]) -> Block {
        let mut out = [0; BLOCK];
        for (out, rows) in out.iter_mut().zip(rows.chunks(64)) {
            *out = word(rows.iter().map(|&row| self.rows.contains(row)));
        }
        out
    }
}
