//! Text with many distinct values: all texts of a column in one piece of memory.

use std::borrow::Cow;

use search::text::fold;

use super::grams::{Candidates, Grams};
use super::{Moved, Ranks};

/// One text per row, back to back.
#[derive(Debug, Default, Clone)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds the text of the next row.
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All texts back to back.
    pub(crate) fn bytes(&self) -> &str {
        &self.bytes
    }

    /// Where a text ends.
    pub(crate) fn end(&self, row: usize) -> usize {
        self.ends[row]
    }

    /// The texts folded; `None` when that changes nothing.
    pub(crate) fn folded(&self) -> Option<Texts> {
        (fold(&self.bytes) != self.bytes).then(|| {
            let mut folded = Texts::default();
            (0..self.ends.len()).for_each(|row| folded.push(&fold(self.get(row as u32))));
            folded.shrink();
            folded
        })
    }

    /// Gives back memory that was reserved for growth.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    #[inline]
    fn start(&self, row: u32) -> usize {
        row.checked_sub(1).map_or(0, |before| self.ends[before as usize])
    }

    /// The text of a row; empty when it has none.
    #[inline]
    pub(crate) fn get(&self, row: u32) -> &str {
        &self.bytes[self.start(row)..self.ends[row as usize]]
    }
}

/// A text column with its order.
#[derive(Debug)]
pub(crate) struct TextColumn {
    texts: Texts,
    /// The folded texts, kept only when some differ from the texts and the column is searched for parts.
    folded: Option<Texts>,
    /// Whether some text differs from its folded form.
    mixed: bool,
    /// Order by folded text.
    ranks: Ranks,
    /// Grams of the folded texts, when the column is searched for parts.
    grams: Option<Grams>,
}

impl TextColumn {
    /// Lays out the texts of all rows in row order; `searched` columns are quick to search for parts. `old` is the
    /// column of an older table and the way of its rows.
    pub(crate) fn new<'a>(
        values: impl Iterator<Item = Option<&'a str>>,
        searched: bool,
        old: Option<(&Self, &Moved)>,
    ) -> Self {
        let mut texts = Texts::default();
        values.for_each(|text| texts.push(text.unwrap_or_default()));
        texts.shrink();
        let mixed = fold(&texts.bytes) != texts.bytes;
        let folded = mixed.then(|| {
            let mut folded = Texts::default();
            (0..texts.ends.len()).for_each(|row| folded.push(&fold(texts.get(row as u32))));
            folded.shrink();
            folded
        });
        let plain = folded.as_ref().unwrap_or(&texts);
        let ranks = rank(plain, old);
        let grams = searched.then(|| Grams::new(plain.ends.len() as u32, |row| plain.get(row)));
        Self { texts, folded: folded.filter(|_| searched), mixed, ranks, grams }
    }

    /// The texts as they are.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Order by folded text.
    pub(crate) fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Whether some text differs from its folded form; otherwise the order is also that of the texts themselves.
    pub(crate) fn mixed(&self) -> bool {
        self.mixed
    }

    /// The folded text of a row.
    pub(crate) fn folded(&self, row: u32) -> Cow<'_, str> {
        match &self.folded {
            Some(folded) => Cow::Borrowed(folded.get(row)),
            None if self.mixed => fold(self.texts.get(row)),
            None => Cow::Borrowed(self.texts.get(row)),
        }
    }

    /// Rows whose folded text may contain `part` (folded, not empty); `None` when the column is not searched.
    pub(crate) fn candidates(&self, part: &str) -> Option<Candidates> {
        self.grams.as_ref().map(|grams| grams.candidates(part))
    }

    /// How many rows contain `part` (folded, not empty) at most; `None` when the column is not searched.
    pub(crate) fn at_most(&self, part: &str) -> Option<u64> {
        self.grams.as_ref().map(|grams| grams.at_most(part))
    }
}

/// Orders rows by text.
fn rank(texts: &Texts, old: Option<(&TextColumn, &Moved)>) -> Ranks {
    let order = match old {
        Some((old, moved)) => {
            moved.order(old.ranks.order(), |a, b| texts.get(a).cmp(texts.get(b)).then(a.cmp(&b)))
        }
        None => sorted(texts),
    };
    let missing = order.partition_point(|&row| texts.get(row).is_empty());
    Ranks::new(order, missing, |a, b| texts.get(a) == texts.get(b))
}

/// Sorts all rows. The first bytes, as numbers, decide most comparisons without touching the texts.
fn sorted(texts: &Texts) -> Vec<u32> {
    let rows = texts.ends.len() as u32;
    let mut keys: Vec<(u128, u32)> = (0..rows).map(|row| (head(texts.get(row)), row)).collect();
    keys.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| texts.get(a.1).cmp(texts.get(b.1))).then(a.1.cmp(&b.1))
    });
    keys.into_iter().map(|(_, row)| row).collect()
}

/// The first sixteen bytes as a number that orders as the text does.
fn head(text: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn candidates_are_no_fewer_than_what_looking_at_each_text_finds(
            texts in prop::collection::vec("[abAé]{0,5}", 0..40), part in "[abé]{1,3}"
        ) {
            let column = TextColumn::new(texts.iter().map(|t| Some(t.as_str())), true, None);
            let found = column.candidates(&part).expect("searched");
            for (row, text) in texts.iter().enumerate() {
                let (may, does) = (found.rows.contains(row as u32), fold(text).contains(&part));
                prop_assert!(may || !does, "{} is missing", text);
                prop_assert!(does || !may || !found.certain, "{} is too much", text);
            }
            prop_assert!(column.at_most(&part).expect("searched") >= found.rows.len());
        }

        #[test]
        fn ranks_are_the_order_of_folded_texts(texts in prop::collection::vec("[a-cA-C\u{0}é]{0,20}", 0..40)) {
            let column = TextColumn::new(texts.iter().map(|t| Some(t.as_str())), false, None);
            let mut rows: Vec<u32> = (0..texts.len() as u32).collect();
            rows.sort_by_key(|&row| fold(&texts[row as usize]).into_owned());
            prop_assert_eq!(column.ranks().order(), &rows[..]);
            for pair in rows.windows(2) {
                let same = fold(&texts[pair[0] as usize]) == fold(&texts[pair[1] as usize]);
                prop_assert_eq!(column.ranks().group(pair[0]) == column.ranks().group(pair[1]), same);
            }
        }
    }
}
