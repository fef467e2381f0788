//! Which rows have each byte and each pair of neighbouring bytes in their text: rows that contain a longer part are
//! among those that have all of its pairs.

use super::{Moved, RowSet, Splice};

/// Pairs are numbered by their two bytes, single bytes behind them.
const PAIRS: usize = 1 << 16;
const GRAMS: usize = PAIRS + 256;
/// Bits of the rows whose grams are noted at once: what is noted of one gram fills one line of the cache.
type Stretch = [u64; WORDS];
const WORDS: usize = 8;
const STRETCH: usize = WORDS * 64;

/// Sets of rows by byte and by pair of bytes.
#[derive(Debug)]
pub(super) struct Grams {
    /// Place in `sets` of the set of each gram, counted from 1; 0 where no text has it.
    places: Vec<u32>,
    sets: Vec<RowSet>,
}

impl Grams {
    /// Notes the grams of the texts of rows 0 to `rows`. A stretch of rows is noted as bits first, which also leaves
    /// out what a text repeats, and these are then added to the sets: jumping between the sets for every single gram
    /// costs many times as much.
    pub(super) fn new<'a>(rows: u32, text: impl Fn(u32) -> &'a str) -> Self {
        let mut grams = Self { places: vec![0; GRAMS], sets: Vec::new() };
        // Each pair with its rows of the stretch, in the order of the sets, and the rows of each byte.
        let mut noted: Vec<(usize, Stretch)> = Vec::new();
        let mut bytes = vec![[0; WORDS]; 256];
        let mut of_bytes = vec![RowSet::new(); 256];
        for first in (0..rows).step_by(STRETCH) {
            for row in first..rows.min(first.saturating_add(STRETCH as u32)) {
                let (word, bit) = ((row - first) as usize / 64, 1 << (row % 64));
                for pair in pairs(text(row).as_bytes()) {
                    let place = &mut grams.places[pair];
                    if *place == 0 {
                        grams.sets.push(RowSet::new());
                        noted.push((pair, [0; WORDS]));
                        *place = noted.len() as u32;
                    }
                    noted[*place as usize - 1].1[word] |= bit;
                }
                if let Some(&last) = text(row).as_bytes().last() {
                    bytes[usize::from(last)][word] |= bit;
                }
            }
            for (set, (pair, words)) in grams.sets.iter_mut().zip(&mut noted) {
                // Any byte but the last of a text is the first of a pair.
                bytes[*pair >> 8].iter_mut().zip(&*words).for_each(|(byte, word)| *byte |= word);
                set.extend_bits(rows, first, words);
                *words = [0; WORDS];
            }
            for (set, words) in of_bytes.iter_mut().zip(&mut bytes) {
                set.extend_bits(rows, first, words);
                *words = [0; WORDS];
            }
        }
        for (byte, set) in of_bytes.into_iter().enumerate().filter(|(_, set)| set.len() > 0) {
            grams.sets.push(set);
            grams.places[PAIRS + byte] = grams.sets.len() as u32;
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
        let mut grams = Self { places: vec![0; GRAMS], sets: Vec::new() };
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
