//! Which rows have each byte and each pair of neighbouring bytes in their text: rows that contain a longer part are
//! among those that have all of its pairs.

use std::ops::Range;

use roaring::{MultiOps, RoaringBitmap};

/// Pairs are numbered by their two bytes, single bytes behind them.
const PAIRS: usize = 1 << 16;
const GRAMS: usize = PAIRS + 256;
/// Rows whose grams are dealt out at once.
const STRETCH: usize = 1 << 16;

/// Sets of rows by byte and by pair of bytes.
#[derive(Debug)]
pub(super) struct Grams {
    /// Place in `rows` of the set of each gram, counted from 1; 0 where no text has it.
    places: Vec<u32>,
    rows: Vec<RoaringBitmap>,
}

/// Rows that may contain a part of text.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// The rows.
    pub(crate) rows: RoaringBitmap,
    /// Whether all of them do.
    pub(crate) certain: bool,
}

impl Grams {
    /// Notes the grams of the texts of rows 0 to `rows`.
    pub(super) fn new<'a>(rows: u32, text: impl Fn(u32) -> &'a str) -> Self {
        let mut grams = Self { places: vec![0; GRAMS], rows: Vec::new() };
        for first in (0..rows).step_by(STRETCH) {
            grams.note(first..rows.min(first.saturating_add(STRETCH as u32)), &text);
        }
        // Copies have no room to grow.
        grams.rows = grams.rows.iter().map(RoaringBitmap::clone).collect();
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
            self.rows.push(RoaringBitmap::new());
            self.places[gram] = self.rows.len() as u32;
        }
        let set = &mut self.rows[self.places[gram] as usize - 1];
        let distinct = rows.chunk_by(|a, b| a == b).filter_map(|same| same.first().copied());
        // Refuses what is not ascending, which cannot be: rows come in order.
        let _ = set.append(distinct);
    }

    fn rows(&self, gram: usize) -> Option<&RoaringBitmap> {
        self.rows.get(self.places[gram].checked_sub(1)? as usize)
    }

    /// The sets of all grams of a part, rarest first; `None` when a gram does not occur.
    fn sets(&self, part: &str) -> Option<Vec<&RoaringBitmap>> {
        let mut sets = match part.as_bytes() {
            [single] => vec![self.rows(PAIRS + usize::from(*single))?],
            bytes => pairs(bytes).map(|gram| self.rows(gram)).collect::<Option<Vec<_>>>()?,
        };
        sets.sort_by_key(|set| set.len());
        Some(sets)
    }

    /// How many rows contain a part (not empty), at most.
    pub(super) fn at_most(&self, part: &str) -> u64 {
        self.sets(part).and_then(|sets| sets.first().map(|set| set.len())).unwrap_or(0)
    }

    /// Rows that may contain a part (not empty).
    pub(super) fn candidates(&self, part: &str) -> Candidates {
        let certain = part.len() <= 2;
        let rows = self.sets(part).map(|sets| sets.into_iter().intersection()).unwrap_or_default();
        Candidates { rows, certain }
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
