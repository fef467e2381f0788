//! Small codes of a row packed into one word, and the same as bit planes: for each bit of the word one long row of
//! bits, in a given order of the rows, so that a condition on all rows is a few operations on words.

use std::sync::{Arc, Mutex, PoisonError};

use search::{Field, Test};

/// Where in the word a code is. Codes that may be missing are kept plus one, 0 is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlagField {
    shift: u8,
    width: u8,
    optional: bool,
}

impl FlagField {
    /// A code of `width` bits (at most 3) from bit `shift` on; of an optional one the greatest is 2^width - 2.
    pub(crate) const fn new(shift: u8, width: u8, optional: bool) -> Self {
        Self { shift, width, optional }
    }

    /// The first bit behind it.
    pub(crate) const fn end(self) -> u8 {
        self.shift + self.width
    }

    fn raw(self, word: u32) -> u32 {
        word >> self.shift & ((1 << self.width) - 1)
    }

    /// The bits of a code. What does not fit, which the rules never make, is cut to the greatest.
    pub(crate) fn pack(self, code: Option<i64>) -> u32 {
        let most = (1 << self.width) - 1;
        let raw = code.map_or(0, |code| code.saturating_add(self.optional.into()).clamp(0, most)) as u32;
        raw << self.shift
    }

    /// The code in a word.
    #[inline]
    pub(crate) fn unpack(self, word: u32) -> Option<i64> {
        let raw = i64::from(self.raw(word));
        if self.optional { (raw > 0).then(|| raw - 1) } else { Some(raw) }
    }
}

/// The words of all rows.
#[derive(Debug)]
pub(crate) struct Flags {
    words: Vec<u32>,
    /// How many rows have each raw code of the field that begins at each bit.
    counts: Vec<[u32; 8]>,
}

/// Which raw codes of a field pass: bit n for code n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowed(u8);

impl Allowed {
    /// Those that pass a test.
    pub(crate) fn by(field: FlagField, test: &Test) -> Self {
        let passes = |raw: &u32| field.unpack(raw << field.shift).is_some_and(|code| test.passes_int(code));
        Self((0..1_u32 << field.width).filter(passes).fold(0, |all, raw| all | 1 << raw))
    }
}

impl Flags {
    /// Keeps the words of all rows, which have these fields.
    pub(crate) fn new(words: Vec<u32>, fields: &[FlagField]) -> Self {
        let mut counts = vec![[0; 8]; 32];
        for &word in &words {
            for field in fields {
                counts[usize::from(field.shift)][field.raw(word) as usize] += 1;
            }
        }
        Self { words, counts }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u32 {
        self.words.len() as u32
    }

    /// How many rows have an allowed code.
    pub(crate) fn count(&self, field: FlagField, allowed: Allowed) -> u32 {
        let counts = self.counts[usize::from(field.shift)].iter().enumerate();
        counts.filter(|(raw, _)| allowed.0 >> raw & 1 == 1).map(|(_, count)| count).sum()
    }

    /// Whether the code of a row is allowed.
    #[inline]
    pub(crate) fn passes(&self, field: FlagField, allowed: Allowed, row: u32) -> bool {
        allowed.0 >> field.raw(self.words[row as usize]) & 1 == 1
    }

    /// The word of a row.
    #[inline]
    pub(crate) fn word(&self, row: u32) -> u32 {
        self.words[row as usize]
    }
}

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
    /// Sets of rows that other conditions made in this order, latest last. A table lives for some minutes, and the
    /// same conditions come again: the state of today is one of them.
    known: Mutex<Vec<Known>>,
}

/// A condition and its rows.
type Known = (Field, Test, Arc<Vec<u64>>);

/// Sets that are kept for each order: a megabyte each for ten million rows.
const KNOWN: usize = 8;

impl Planes {
    /// Lays out the lowest `width` bits of the flags of the rows of `order`.
    pub(crate) fn new(flags: &Flags, width: u8, order: &[u32]) -> Self {
        let rows = flags.words.len();
        let mut bits = vec![Vec::with_capacity(rows.div_ceil(64)); width.into()];
        let mut words = [0_u32; 64];
        for first in (0..rows).step_by(64) {
            let count = (rows - first).min(64);
            let rows = order[first..first + count].iter();
            words.iter_mut().zip(rows).for_each(|(word, &row)| *word = flags.words[row as usize]);
            for (bit, plane) in bits.iter_mut().enumerate() {
                let ones = words[..count].iter().rev();
                plane.push(ones.fold(0_u64, |all, word| all << 1 | u64::from(word >> bit & 1)));
            }
        }
        Self { rows: rows as u32, bits, known: Mutex::default() }
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
        for raw in (0..1_u32 << field.width).filter(|raw| allowed.0 >> raw & 1 == 1) {
            let mut all = [u64::MAX; BLOCK];
            for bit in 0..field.width {
                let plane = &self.bits[usize::from(field.shift + bit)];
                let from = (block * BLOCK).min(plane.len());
                let turn = if raw >> bit & 1 == 1 { 0 } else { u64::MAX };
                let words = plane[from..plane.len().min(from + BLOCK)].iter();
                all.iter_mut().zip(words).for_each(|(all, word)| *all &= word ^ turn);
            }
            out.iter_mut().zip(all).for_each(|(out, all)| *out |= all);
        }
        out
    }

    /// The set of rows of this order that a condition made before.
    pub(crate) fn known(&self, field: Field, test: &Test) -> Option<Arc<Vec<u64>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(f, t, _)| *f == field && t == test).map(|(_, _, set)| Arc::clone(set))
    }

    /// Keeps the set of rows of this order that a condition makes.
    pub(crate) fn keep(&self, field: Field, test: &Test, set: Vec<u64>) -> Arc<Vec<u64>> {
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
