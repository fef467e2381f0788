//! A small number for each row, in the narrowest width that holds all of a column, and sets of such numbers.

use std::ops::Range;

/// Codes of all rows.
#[derive(Debug)]
pub(crate) enum Codes {
    Narrow(Vec<u8>),
    Middle(Vec<u16>),
    Wide(Vec<u32>),
}

impl Codes {
    /// Keeps codes below `distinct`, one for each of `rows` rows.
    pub(crate) fn new(distinct: usize, rows: usize, codes: impl Iterator<Item = u32>) -> Self {
        // Exactly as much memory as there are rows: these vectors live long and never grow.
        fn kept<T>(rows: usize, codes: impl Iterator<Item = T>) -> Vec<T> {
            let mut kept = Vec::with_capacity(rows);
            kept.extend(codes);
            kept
        }
        match distinct {
            0..=0x100 => Self::Narrow(kept(rows, codes.map(|c| c as u8))),
            0x101..=0x10000 => Self::Middle(kept(rows, codes.map(|c| c as u16))),
            _ => Self::Wide(kept(rows, codes)),
        }
    }

    /// The code of a row.
    #[inline]
    pub(crate) fn get(&self, row: u32) -> usize {
        match self {
            Self::Narrow(codes) => codes[row as usize].into(),
            Self::Middle(codes) => codes[row as usize].into(),
            Self::Wide(codes) => codes[row as usize] as usize,
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u32 {
        match self {
            Self::Narrow(codes) => codes.len() as u32,
            Self::Middle(codes) => codes.len() as u32,
            Self::Wide(codes) => codes.len() as u32,
        }
    }

    /// How many rows have each of `distinct` codes.
    pub(crate) fn counts(&self, distinct: usize) -> Vec<u32> {
        let mut counts = vec![0; distinct];
        match self {
            Self::Narrow(codes) => codes.iter().for_each(|&code| counts[usize::from(code)] += 1),
            Self::Middle(codes) => codes.iter().for_each(|&code| counts[usize::from(code)] += 1),
            Self::Wide(codes) => codes.iter().for_each(|&code| counts[code as usize] += 1),
        }
        counts
    }

    /// A bit for each row whose code is in a set.
    pub(crate) fn members(&self, set: &CodeSet) -> Vec<u64> {
        fn words<T: Copy>(codes: &[T], passes: impl Fn(T) -> bool) -> Vec<u64> {
            codes.chunks(64).map(|chunk| word(chunk.iter().map(|&code| passes(code)))).collect()
        }
        match (self, set) {
            // Comparing numbers of their own width, many rows are tested at once.
            (Self::Narrow(codes), CodeSet::Range(range)) => {
                words(codes, |code| range.contains(&usize::from(code)))
            }
            (Self::Middle(codes), CodeSet::Range(range)) => {
                words(codes, |code| range.contains(&usize::from(code)))
            }
            (Self::Wide(codes), CodeSet::Range(range)) => {
                words(codes, |code| range.contains(&(code as usize)))
            }
            (Self::Narrow(codes), _) => words(codes, |code| set.contains(code.into())),
            (Self::Middle(codes), _) => words(codes, |code| set.contains(code.into())),
            (Self::Wide(codes), _) => words(codes, |code| set.contains(code as usize)),
        }
    }

    /// All rows ordered by the class of their code, rows of one class by number. `starts` are the places where the
    /// rows of each class begin.
    pub(crate) fn order(&self, class: impl Fn(usize) -> usize, mut starts: Vec<u32>) -> Vec<u32> {
        let mut order = vec![0_u32; self.rows() as usize];
        for row in 0..self.rows() {
            let place = &mut starts[class(self.get(row))];
            order[*place as usize] = row;
            *place += 1;
        }
        order
    }
}

/// Bits in one word, the first the lowest. Without branches, which could not be foretold.
pub(crate) fn word(bits: impl Iterator<Item = bool>) -> u64 {
    bits.zip(0..64).fold(0, |word, (bit, at)| word | u64::from(bit) << at)
}

/// Some codes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodeSet {
    /// Neighbours.
    Range(Range<usize>),
    /// Whichever are set.
    Bits(Vec<u64>),
}

impl CodeSet {
    /// The codes below `codes` that `passes`; a range when they are neighbours.
    pub(crate) fn of(codes: usize, mut passes: impl FnMut(usize) -> bool) -> Self {
        let mut set = Filling::new(codes);
        (0..codes).filter(|&code| passes(code)).for_each(|code| set.add(code));
        set.done()
    }

    /// Whether a code is in it.
    #[inline]
    pub(crate) fn contains(&self, code: usize) -> bool {
        match self {
            Self::Range(range) => range.contains(&code),
            Self::Bits(words) => words[code / 64] >> (code % 64) & 1 == 1,
        }
    }

    /// Its codes, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let (range, words): (_, &[u64]) = match self {
            Self::Range(range) => (range.clone(), &[]),
            Self::Bits(words) => (0..0, words),
        };
        let bits = words.iter().enumerate();
        range.chain(
            bits.flat_map(|(at, &word)| crate::bits::bits(word).map(move |bit| at * 64 + bit as usize)),
        )
    }
}

/// A set that is being made, in ascending order.
pub(crate) struct Filling {
    words: Vec<u64>,
    first: usize,
    end: usize,
    count: usize,
}

impl Filling {
    /// An empty set of codes below `codes`.
    pub(crate) fn new(codes: usize) -> Self {
        Self { words: vec![0; codes.div_ceil(64)], first: 0, end: 0, count: 0 }
    }

    /// Adds a code, greater than all before.
    pub(crate) fn add(&mut self, code: usize) {
        if self.count == 0 {
            self.first = code;
        }
        self.end = code + 1;
        self.count += 1;
        self.words[code / 64] |= 1 << (code % 64);
    }

    /// The set.
    pub(crate) fn done(self) -> CodeSet {
        if self.count == self.end - self.first {
            CodeSet::Range(self.first..self.end)
        } else {
            CodeSet::Bits(self.words)
        }
    }
}
