//! Rows that were found: few as a list, many as bits.

use crate::bits::Bits;
use crate::dead::Dead;

/// So many times fewer rows than the table has are better kept as a list.
const SPARSE: u32 = 32;

/// So many rows are touched at once.
const TOUCHED: usize = 32;

/// Some rows of a table; no row twice.
#[derive(Debug)]
pub(super) enum Found {
    /// In any order.
    List(Vec<u32>),
    /// Whichever are set.
    Bits(Bits),
}

/// Whether so many of the rows of a table are few.
pub(super) fn few(count: usize, rows: u32) -> bool {
    count <= (rows / SPARSE) as usize
}

impl Found {
    /// Rows as they come, no row twice and at most `most`.
    pub(super) fn collect(rows: u32, most: usize, from: impl Iterator<Item = u32>) -> Self {
        if few(most, rows) {
            return Self::List(from.collect());
        }
        let mut bits = Bits::none(rows);
        from.for_each(|row| bits.insert(row));
        Self::Bits(bits)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Bits(bits) => bits.count() as usize,
        }
    }

    /// Keeps the rows that pass a test.
    pub(super) fn retain(&mut self, test: impl Fn(u32) -> bool) {
        match self {
            Self::List(list) => list.retain(|&row| test(row)),
            Self::Bits(bits) => bits.retain(test),
        }
    }

    /// The same with a test that reads where no other test does: `touch` reads the beginning of it, for some rows
    /// before the first of them is tested.
    pub(super) fn retain_touched(&mut self, touch: impl Fn(u32) -> u8, test: impl Fn(u32) -> bool) {
        let Self::List(list) = self else { return self.retain(test) };
        let mut kept = Vec::with_capacity(list.len());
        for rows in list.chunks(TOUCHED) {
            std::hint::black_box(rows.iter().fold(0, |read, &row| read ^ touch(row)));
            kept.extend(rows.iter().copied().filter(|&row| test(row)));
        }
        *list = kept;
    }

    /// Takes out the dead.
    pub(super) fn bury(&mut self, dead: &Dead) {
        match self {
            _ if dead.is_empty() => {}
            Self::List(list) => list.retain(|&row| !dead.contains(row)),
            Self::Bits(bits) => dead.iter().for_each(|row| bits.remove(row)),
        }
    }

    /// The rows in both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bits(mut bits), Self::Bits(other)) => {
                bits.and(&other);
                Self::Bits(bits)
            }
            (Self::List(mut list), Self::Bits(bits)) | (Self::Bits(bits), Self::List(mut list)) => {
                list.retain(|&row| bits.contains(row));
                Self::List(list)
            }
            (Self::List(mut list), Self::List(mut other)) => {
                other.sort_unstable();
                list.retain(|row| other.binary_search(row).is_ok());
                Self::List(list)
            }
        }
    }

    /// The rows of a table of `rows` rows in any of several. Holds one of them at a time, and their union.
    pub(super) fn any(rows: u32, parts: impl Iterator<Item = Self>) -> Self {
        let (mut union, mut listed): (Option<Bits>, Vec<u32>) = (None, Vec::new());
        for part in parts {
            match (part, &mut union) {
                (Self::List(list), _) => listed.extend(list),
                (Self::Bits(bits), Some(union)) => union.or(&bits),
                (Self::Bits(bits), none) => *none = Some(bits),
            }
            if union.is_some() || !few(listed.len(), rows) {
                let union = union.get_or_insert_with(|| Bits::none(rows));
                listed.drain(..).for_each(|row| union.insert(row));
            }
        }
        union.map_or_else(
            || {
                listed.sort_unstable();
                listed.dedup();
                Self::List(listed)
            },
            Self::Bits,
        )
    }

    /// All other rows of a table of `rows` rows.
    pub(super) fn inverted(self, rows: u32) -> Self {
        Self::Bits(self.into_bits(rows).inverted(rows))
    }

    /// As bits for a table of `rows` rows.
    pub(super) fn into_bits(self, rows: u32) -> Bits {
        match self {
            Self::Bits(bits) => bits,
            Self::List(list) => {
                let mut bits = Bits::none(rows);
                list.into_iter().for_each(|row| bits.insert(row));
                bits
            }
        }
    }
}
