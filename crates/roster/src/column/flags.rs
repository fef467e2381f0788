//! Small codes of a row packed into one word. Many rows at once are for [`Planes`](super::Planes).

use search::Test;

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

    /// Its bits, the lowest first.
    pub(crate) fn bits(self) -> std::ops::Range<u8> {
        self.shift..self.end()
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

    /// The raw codes of a field that pass.
    pub(crate) fn raw(self, field: FlagField) -> impl Iterator<Item = u32> {
        (0..1_u32 << field.width).filter(move |raw| self.0 >> raw & 1 == 1)
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
