//! Looking for a part in the texts of single rows, most of which are short.

use std::cell::Cell;

use memchr::memmem::Finder;

use crate::column::Texts;

/// Bytes that are compared at once.
const WIDTH: usize = 8;
/// Texts that are longer are left to a search that is made for long ones.
const SHORT: usize = 64;

/// How to look for a part (not empty).
#[derive(Debug)]
pub(super) struct Look<'a> {
    texts: &'a Texts,
    part: &'a [u8],
    finder: Finder<'a>,
    /// The first bytes of the part as a number, and which bits of it count.
    head: u64,
    mask: u64,
    /// How far before the end of a text the part was when it was last found. What nearly everybody has mostly is in
    /// the same place: the end of an address, the beginning of a number.
    last: Cell<usize>,
}

impl<'a> Look<'a> {
    pub(super) fn new(texts: &'a Texts, part: &'a str) -> Self {
        let finder = Finder::new(part);
        let part = part.as_bytes();
        let mut head = [0; WIDTH];
        let mut mask = [0; WIDTH];
        head.iter_mut()
            .zip(&mut mask)
            .zip(part)
            .for_each(|((head, mask), &byte)| (*head, *mask) = (byte, 0xff));
        let (head, mask) = (u64::from_le_bytes(head), u64::from_le_bytes(mask));
        Self { texts, part, finder, head, mask, last: Cell::new(part.len()) }
    }

    /// Whether the text of a row contains the part.
    #[inline]
    pub(super) fn at(&self, row: u32) -> bool {
        let (bytes, start, end) = self.text(row);
        let last = end.wrapping_sub(self.last.get());
        (last >= start && last < end && self.begins(bytes, last)) || self.search(bytes, start, end)
    }

    /// The first byte of the text of a row.
    #[inline]
    pub(super) fn touch(&self, row: u32) -> u8 {
        let (bytes, start, _) = self.text(row);
        bytes.get(start).copied().unwrap_or_default()
    }

    /// All texts, and where that of a row begins and ends.
    #[inline]
    fn text(&self, row: u32) -> (&'a [u8], usize, usize) {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.texts.end(before));
        (self.texts.bytes().as_bytes(), start, self.texts.end(row))
    }

    /// Whether the part is at a place that leaves room for it. Reads beyond the end of the text, never beyond that of
    /// all: there it says no.
    #[inline]
    fn begins(&self, bytes: &[u8], at: usize) -> bool {
        let head = bytes.get(at..).and_then(|rest| rest.first_chunk());
        head.is_some_and(|head| self.is_head(head)) && self.tail(bytes, at)
    }

    #[inline]
    fn is_head(&self, bytes: &[u8; WIDTH]) -> bool {
        u64::from_le_bytes(*bytes) & self.mask == self.head
    }

    /// Whether what does not fit the head follows it.
    #[inline]
    fn tail(&self, bytes: &[u8], at: usize) -> bool {
        self.part.len() <= WIDTH || bytes.get(at..).is_some_and(|rest| rest.starts_with(self.part))
    }

    fn search(&self, bytes: &[u8], start: usize, end: usize) -> bool {
        // The last place of the text that leaves room for the part.
        let Some(last) = end.checked_sub(self.part.len()).filter(|&last| last >= start) else { return false };
        let found = match bytes.get(start..last + WIDTH) {
            Some(near) if end - start <= SHORT => near
                .array_windows()
                .zip(start..)
                .find(|&(window, at)| self.is_head(window) && self.tail(bytes, at))
                .map(|(_, at)| at),
            _ => self.finder.find(&bytes[start..end]).map(|at| start + at),
        };
        if let Some(at) = found {
            self.last.set(end - at);
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_the_texts_contain(
            rows in prop::collection::vec(prop_oneof!["[ab]{0,12}", "[ab]{0,90}", "a{0,9}b{0,9}"], 1..40),
            parts in prop::collection::vec("[ab]{1,12}", 1..8),
        ) {
            let mut texts = Texts::default();
            rows.iter().for_each(|row| texts.push(row));
            for part in &parts {
                let look = Look::new(&texts, part);
                for (number, row) in (0..).zip(&rows) {
                    prop_assert_eq!(look.at(number), row.contains(&**part), "{} in {}", part, row);
                }
            }
        }
    }
}
