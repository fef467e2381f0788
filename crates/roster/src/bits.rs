//! Bits of words, and sets of rows made of them.

/// The positions of the ones of a word.
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

/// A set of rows of a table, one bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No row of a table of `rows` rows.
    pub(crate) fn none(rows: u32) -> Self {
        Self { words: vec![0; rows.div_ceil(64) as usize] }
    }

    /// The rows that pass a test.
    pub(crate) fn of(rows: u32, test: impl Fn(u32) -> bool) -> Self {
        let word = |first: u32| {
            let last = rows.min(first.saturating_add(64));
            (first..last).fold(0_u64, |word, row| word | u64::from(test(row)) << (row - first))
        };
        Self { words: (0..rows).step_by(64).map(word).collect() }
    }

    /// The rows whose number, of those given for all rows, is from `low` up to but not including `high`.
    pub(crate) fn between(numbers: &[u32], low: u32, high: u32) -> Self {
        let width = high.saturating_sub(low);
        let bit = |number: u32| u64::from(number.wrapping_sub(low) < width);
        let (whole, rest) = numbers.as_chunks::<64>();
        let mut words = Vec::with_capacity(numbers.len().div_ceil(64));
        // Chunks of known length: no loop is left, and no test of bounds.
        words.extend(whole.iter().map(|numbers| {
            numbers.iter().enumerate().fold(0, |word, (place, &number)| word | bit(number) << place)
        }));
        if !rest.is_empty() {
            words.push(rest.iter().enumerate().fold(0, |word, (place, &number)| word | bit(number) << place));
        }
        Self { words }
    }

    /// The bits, 64 to a word, none behind the last row.
    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    /// Whether a row is in the set.
    #[inline]
    pub(crate) fn contains(&self, row: u32) -> bool {
        self.words[row as usize / 64] >> (row % 64) & 1 == 1
    }

    /// Adds a row.
    #[inline]
    pub(crate) fn insert(&mut self, row: u32) {
        self.words[row as usize / 64] |= 1 << (row % 64);
    }

    /// Adds neighbouring rows.
    pub(crate) fn fill(&mut self, rows: std::ops::Range<u32>) {
        let mut at = rows.start;
        while at < rows.end {
            let count = (64 - at % 64).min(rows.end - at);
            self.words[at as usize / 64] |= (u64::MAX >> (64 - count)) << (at % 64);
            at += count;
        }
    }

    /// Takes a row out.
    #[inline]
    pub(crate) fn remove(&mut self, row: u32) {
        self.words[row as usize / 64] &= !(1 << (row % 64));
    }

    /// Keeps only the rows of another set of the same table.
    pub(crate) fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// The rows, ascending, that are also in all of some other sets of the same table; for when they are few.
    pub(crate) fn in_all(&self, others: &[&Self]) -> Vec<u32> {
        /// Words that are joined at once.
        const BLOCK: usize = 32;
        let mut rows = Vec::new();
        for (at, words) in (0..).step_by(BLOCK).zip(self.words.chunks(BLOCK)) {
            let mut block = [0; BLOCK];
            block[..words.len()].copy_from_slice(words);
            for other in others {
                block.iter_mut().zip(&other.words[at..]).for_each(|(word, other)| *word &= other);
            }
            for (word, ones) in (at..).zip(block) {
                rows.extend(bits(ones).map(|bit| word as u32 * 64 + bit));
            }
        }
        rows
    }

    /// Adds the rows of another set of the same table.
    pub(crate) fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Adds rows given as bits, the first of them for row `first`, a multiple of 64. Bits behind the last row are none.
    pub(crate) fn or_words(&mut self, first: u32, words: &[u64]) {
        self.words[first as usize / 64..].iter_mut().zip(words).for_each(|(word, other)| *word |= other);
    }

    /// The rows of the table of `rows` rows that are not in the set.
    pub(crate) fn inverted(mut self, rows: u32) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        if let Some(last) = self.words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last &= (1 << (rows % 64)) - 1;
        }
        self
    }

    /// Adds those of some rows of another table that are in its set, from row `to` on, where there are none yet.
    pub(crate) fn copy(&mut self, from: &Self, rows: std::ops::Range<u32>, to: u32) {
        let mut done = 0;
        let len = rows.end - rows.start;
        while done < len {
            let at = to + done;
            let count = (64 - at % 64).min(len - done);
            let bits = from.word_at(rows.start + done) & (u64::MAX >> (64 - count));
            self.words[at as usize / 64] |= bits << (at % 64);
            done += count;
        }
    }

    /// 64 bits from a row on.
    fn word_at(&self, row: u32) -> u64 {
        let (at, shift) = (row as usize / 64, row % 64);
        let next = if shift == 0 { 0 } else { self.words.get(at + 1).map_or(0, |next| next << (64 - shift)) };
        self.words[at] >> shift | next
    }

    /// Keeps the rows that pass a test.
    pub(crate) fn retain(&mut self, test: impl Fn(u32) -> bool) {
        for (first, word) in (0..).step_by(64).zip(&mut self.words) {
            for bit in bits(*word) {
                if !test(first + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// How many rows are in the set.
    pub(crate) fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The rows in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..).step_by(64).zip(&self.words).flat_map(|(first, &word)| bits(word).map(move |bit| first + bit))
    }

    /// The bits, 64 to a word.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_of_bits_are_sets(
            numbers in prop::collection::vec(0..50u32, 0..300), low in 0..50u32, high in 0..50u32
        ) {
            let rows = numbers.len() as u32;
            let test = |row: u32| (low..high).contains(&numbers[row as usize]);
            let bits = Bits::of(rows, test);
            prop_assert_eq!(&bits, &Bits::between(&numbers, low, high));
            let expected: Vec<u32> = (0..rows).filter(|&row| test(row)).collect();
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), &expected[..]);
            prop_assert_eq!(bits.count() as usize, expected.len());
            let mut part = Bits::none(rows + 70);
            let some = low.min(rows)..rows;
            part.copy(&bits, some.clone(), high);
            let copied: Vec<u32> =
                expected.iter().filter(|row| some.contains(row)).map(|row| row - some.start + high).collect();
            prop_assert_eq!(part.iter().collect::<Vec<_>>(), copied);
            let mut filled = Bits::none(rows + 70);
            filled.fill(some.start..rows + high);
            prop_assert!(filled.iter().eq(some.start..rows + high));
            let others: Vec<u32> = (0..rows).filter(|&row| !test(row)).collect();
            prop_assert_eq!(bits.inverted(rows).iter().collect::<Vec<_>>(), others);
        }
    }
}
