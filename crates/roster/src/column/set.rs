//! Sets of rows that are kept: as bits when many rows of the table belong, else as a list, whichever is smaller.

use std::ops::Range;

use super::{Moved, Splice};
use crate::bits::Bits;

/// A list takes two bytes for each row in it, bits take one bit for each row of the table.
const DENSE: u32 = 16;

/// A list of at most so many times as many rows is walked beside others, instead of looked up for each.
const MERGED: usize = 4;

/// Rows of a table.
#[derive(Debug, Clone)]
pub(crate) enum RowSet {
    /// One bit for each row, and how many are set.
    Bits(Bits, u32),
    /// The rows in ascending order.
    List(List),
}

/// Ascending rows; those that share the upper half of their number stand together, and only the lower half is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    /// Where the rows of each upper half begin.
    starts: Vec<u32>,
    low: Vec<u16>,
}

impl List {
    /// Adds a row behind the last.
    fn push(&mut self, row: u32) {
        let upper = (row >> 16) as usize;
        while self.starts.len() <= upper {
            self.starts.push(self.low.len() as u32);
        }
        self.low.push(row as u16);
    }

    fn stretch(&self, upper: usize) -> Range<usize> {
        let start = |upper: usize| self.starts.get(upper).map_or(self.low.len(), |&start| start as usize);
        start(upper)..start(upper + 1)
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.low.len()
    }

    fn contains(&self, row: u32) -> bool {
        self.low[self.stretch((row >> 16) as usize)].binary_search(&(row as u16)).is_ok()
    }

    /// Keeps those of some ascending rows that are in the list.
    fn retain(&self, rows: &mut Vec<u32>) {
        let mut own = self.iter().peekable();
        rows.retain(|&row| {
            while own.next_if(|&next| next < row).is_some() {}
            own.peek() == Some(&row)
        });
    }

    /// The rows in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.starts.len()).flat_map(|upper| {
            self.low[self.stretch(upper)].iter().map(move |&low| (upper as u32) << 16 | u32::from(low))
        })
    }
}

impl RowSet {
    /// No row.
    pub(crate) fn new() -> Self {
        Self::List(List::default())
    }

    /// Adds rows of a table of `rows` rows: ascending, behind those there are.
    pub(crate) fn extend(&mut self, rows: u32, added: impl Iterator<Item = u32>) {
        for row in added {
            match self {
                Self::Bits(bits, count) => {
                    bits.insert(row);
                    *count += 1;
                }
                Self::List(list) => {
                    list.push(row);
                    if list.low.len() as u32 > rows / DENSE {
                        *self = Self::dense(rows, list);
                    }
                }
            }
        }
    }

    /// Adds rows of a table of `rows` rows that stand as bits, the first of them for row `first`, a multiple of 64;
    /// all behind those there are.
    pub(crate) fn extend_bits(&mut self, rows: u32, first: u32, words: &[u64]) {
        let added: u32 = words.iter().map(|word| word.count_ones()).sum();
        if let Self::List(list) = self
            && list.low.len() as u32 + added > rows / DENSE
        {
            *self = Self::dense(rows, list);
        }
        match self {
            Self::Bits(bits, count) => {
                bits.or_words(first, words);
                *count += added;
            }
            Self::List(list) => {
                for (first, &word) in (first..).step_by(64).zip(words) {
                    crate::bits::bits(word).for_each(|bit| list.push(first + bit));
                }
            }
        }
    }

    fn dense(rows: u32, list: &List) -> Self {
        let mut bits = Bits::none(rows);
        list.iter().for_each(|row| bits.insert(row));
        Self::Bits(bits, list.low.len() as u32)
    }

    /// The set of a table made of this one's: what became of its rows, and new rows of the set, ascending.
    pub(crate) fn spliced(&self, splice: &Splice, moved: &Moved, added: &[u32]) -> Self {
        let rows = splice.rows();
        let mut set = match self {
            Self::Bits(old, _) => {
                let mut bits = Bits::none(rows);
                splice.runs(|kept, rows, to| {
                    if kept {
                        bits.copy(old, rows, to)
                    }
                });
                added.iter().for_each(|&row| bits.insert(row));
                let count = bits.count();
                Self::Bits(bits, count)
            }
            Self::List(list) => {
                let mut set = Self::new();
                let mut added = added.iter().copied().peekable();
                for row in list.iter().filter_map(|row| moved.to(row)) {
                    let before = std::iter::from_fn(|| added.next_if(|&added| added < row));
                    set.extend(rows, before.chain([row]));
                }
                set.extend(rows, added);
                set
            }
        };
        if let Self::Bits(bits, count) = &set
            && *count <= rows / DENSE
        {
            let mut list = List::default();
            bits.iter().for_each(|row| list.push(row));
            set = Self::List(list);
        }
        set.shrink();
        set
    }

    /// Gives back memory that was reserved for growth.
    pub(crate) fn shrink(&mut self) {
        if let Self::List(list) = self {
            list.starts.shrink_to_fit();
            list.low.shrink_to_fit();
        }
    }

    /// How many rows are in the set.
    pub(crate) fn len(&self) -> u32 {
        match self {
            Self::Bits(_, count) => *count,
            Self::List(list) => list.low.len() as u32,
        }
    }

    /// The bits, if the set is kept as such.
    pub(crate) fn bits(&self) -> Option<&Bits> {
        if let Self::Bits(bits, _) = self { Some(bits) } else { None }
    }

    /// Keeps those of some ascending rows that are in the set.
    pub(crate) fn retain(&self, rows: &mut Vec<u32>) {
        match self {
            Self::List(list) if list.len() <= rows.len() * MERGED => list.retain(rows),
            _ => rows.retain(|&row| self.contains(row)),
        }
    }

    /// Whether a row is in the set.
    #[inline]
    pub(crate) fn contains(&self, row: u32) -> bool {
        match self {
            Self::Bits(bits, _) => bits.contains(row),
            Self::List(list) => list.contains(row),
        }
    }
}
