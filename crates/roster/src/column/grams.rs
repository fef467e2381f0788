//! Which rows have each byte and each pair of neighbouring bytes in their text: rows that contain a longer part are
//! among those that have all of its pairs.

use std::ops::Range;

use super::{Moved, RowSet, Splice};

/// Pairs are numbered by their two bytes, single bytes behind them.
const PAIRS: usize = 1 << 16;
const GRAMS: usize = PAIRS + 256;
/// Rows whose grams are dealt out at once.
const STRETCH: usize = 1 << 16;

/// Sets of rows by byte and by pair of bytes.
#[derive(Debug)]
pub(super) struct Grams {
    rows: u32,
    /// Place in `sets` of the set of each gram, counted from 1; 0 where no text has it.
    places: Vec<u32>,
    sets: Vec<RowSet>,
}

impl Grams {
    /// Notes the grams of the texts of rows 0 to `rows`.
    pub(super) fn new<'a>(rows: u32, text: impl Fn(u32) -> &'a str) -> Self {
        let mut grams = Self { rows, places: vec![0; GRAMS], sets: Vec::new() };
        for first in (0..rows).step_by(STRETCH) {
            grams.note(first..rows.min(first.saturating_add(STRETCH as u32)), &text);
        }
        grams.sets.iter_mut().for_each(RowSet::shrink);
        grams
    }

    /// The grams of a table made of this one's: what became of its rows, and new rows with their texts.
    pub(super) fn spliced<'a>(
        &self,
        splice: &Splice,
        moved: &Moved,
        added: impl Iterator<Item = (u32, &'a str)>,
    ) -> Self {
        let mut dealt: Vec<(usize, u32)> =
            added.flat_map(|(row, text)| all_of(text).map(move |gram| (gram, row))).collect();
        dealt.sort_unstable();
        dealt.dedup();
        let mut rest = &dealt[..];
        let mut grams = Self { rows: splice.rows(), places: vec![0; GRAMS], sets: Vec::new() };
        let none = RowSet::new();
        for gram in 0..GRAMS {
            let (new, others) = rest.split_at(rest.partition_point(|(other, _)| *other == gram));
            rest = others;
            let old = self.set(gram);
            if old.is_none() && new.is_empty() {
                continue;
            }
            let new: Vec<u32> = new.iter().map(|(_, row)| *row).collect();
            let set = old.unwrap_or(&none).spliced(splice, moved, &new);
            if set.len() > 0 {
                grams.sets.push(set);
                grams.places[gram] = grams.sets.len() as u32;
            }
        }
        grams
    }

    /// Notes the grams of a stretch of rows. Deals the rows out by gram first, so that each set is then extended in
    /// one go: jumping between the sets for every single gram costs many times as much.
    fn note<'a>(&mut self, rows: Range<u32>, text: &impl Fn(u32) -> &'a str) {
        let mut counts = vec![0_u32; GRAMS];
        let mut used = Vec::new();
        for gram in rows.clone().flat_map(|row| all_of(text(row))) {
            if counts[gram] == 0 {
                used.push(gram);
            }
            counts[gram] += 1;
        }
        // The counts turn into the places where the rows of each gram begin, then move to where they end.
        let mut places = counts;
        let mut total = 0;
        for &gram in &used {
            total += std::mem::replace(&mut places[gram], total);
        }
        let mut dealt = vec![0_u32; total as usize];
        for row in rows {
            for gram in all_of(text(row)) {
                dealt[places[gram] as usize] = row;
                places[gram] += 1;
            }
        }
        let mut start = 0;
        for gram in used {
            let end = places[gram] as usize;
            self.extend(gram, &dealt[start..end]);
            start = end;
        }
    }

    /// Adds ascending rows, which may repeat, to the set of a gram.
    fn extend(&mut self, gram: usize, rows: &[u32]) {
        if self.places[gram] == 0 {
            self.sets.push(RowSet::new());
            self.places[gram] = self.sets.len() as u32;
        }
        let distinct = rows.chunk_by(|a, b| a == b).filter_map(|same| same.first().copied());
        self.sets[self.places[gram] as usize - 1].extend(self.rows, distinct);
    }

    fn set(&self, gram: usize) -> Option<&RowSet> {
        self.sets.get(self.places[gram].checked_sub(1)? as usize)
    }

    /// The sets of all grams of a part (not empty), rarest first; empty when a gram does not occur at all. The rows
    /// that contain the part are in all of them; of a part of one or two bytes there is one set of exactly these.
    pub(super) fn sets(&self, part: &str) -> Vec<&RowSet> {
        let sets = match part.as_bytes() {
            [single] => self.set(PAIRS + usize::from(*single)).map(|set| vec![set]),
            bytes => {
                let mut grams: Vec<usize> = pairs(bytes).collect();
                grams.sort_unstable();
                grams.dedup();
                grams.into_iter().map(|gram| self.set(gram)).collect()
            }
        };
        let mut sets: Vec<&RowSet> = sets.unwrap_or_default();
        sets.sort_by_key(|set| set.len());
        sets
    }
}

/// The pairs of neighbouring bytes.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.windows(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]))
}

/// All grams of a text.
fn all_of(text: &str) -> impl Iterator<Item = usize> {
    pairs(text.as_bytes()).chain(text.bytes().map(|byte| PAIRS + usize::from(byte)))
}
