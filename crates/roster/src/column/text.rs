//! Text with many distinct values: all texts of a column in one piece of memory.

use std::borrow::Cow;

use memchr::memmem::Finder;
use search::text::fold;

use super::Ranks;
use crate::set::RowSet;

/// One text per row, back to back.
#[derive(Debug, Default)]
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

    /// Gives back memory that was reserved for growth.
    fn shrink(&mut self) {
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

    /// Bytes of all texts.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds to `found` all rows whose text contains `part` (not empty).
    fn scan(&self, part: &str, found: &mut RowSet) {
        let finder = Finder::new(part.as_bytes());
        let bytes = self.bytes.as_bytes();
        let (mut at, mut row) = (0, 0);
        while let Some(hit) = finder.find(&bytes[at..]) {
            let hit = at + hit;
            row = self.row_at(row, hit);
            // A hit that reaches into the next row is none; the next may begin one byte on.
            if hit + part.len() <= self.ends[row] {
                found.insert(row as u32);
                at = self.ends[row];
            } else {
                at = hit + 1;
            }
        }
    }

    /// The row that holds byte `at`, which lies in row `from` or behind: in growing steps, then by halves.
    fn row_at(&self, from: usize, at: usize) -> usize {
        let mut step = 1;
        let mut low = from;
        while self.ends.get(low + step).is_some_and(|&end| end <= at) {
            low += step;
            step *= 2;
        }
        let high = (low + step + 1).min(self.ends.len());
        low + self.ends[low..high].partition_point(|&end| end <= at)
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
}

impl TextColumn {
    /// Lays out the texts of all rows in row order; `searched` columns are quick to search for parts.
    pub(crate) fn new<'a>(values: impl Iterator<Item = Option<&'a str>>, searched: bool) -> Self {
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
        let ranks = rank(folded.as_ref().unwrap_or(&texts));
        Self { texts, folded: folded.filter(|_| searched), mixed, ranks }
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

    /// All rows whose text (folded or not) contains `part`; `None` when there is nothing to scan for it.
    pub(crate) fn rows_with(&self, part: &str, fold: bool) -> Option<RowSet> {
        let texts = match (&self.folded, fold && self.mixed) {
            (_, false) => &self.texts,
            (Some(folded), true) => folded,
            (None, true) => return None,
        };
        let mut found = RowSet::new(self.texts.ends.len());
        if !part.is_empty() {
            texts.scan(part, &mut found);
        }
        (!part.is_empty()).then_some(found)
    }
}

/// Orders rows by text. The first bytes, as numbers, decide most comparisons without touching the texts.
fn rank(texts: &Texts) -> Ranks {
    let rows = texts.ends.len() as u32;
    let mut keys: Vec<(u128, u32)> = (0..rows).map(|row| (head(texts.get(row)), row)).collect();
    keys.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| texts.get(a.1).cmp(texts.get(b.1))).then(a.1.cmp(&b.1))
    });
    let order: Vec<u32> = keys.into_iter().map(|(_, row)| row).collect();
    let missing = order.partition_point(|&row| texts.get(row).is_empty());
    Ranks::new(order, missing, |a, b| texts.get(a) == texts.get(b))
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
        fn scanning_finds_what_looking_at_each_text_finds(
            texts in prop::collection::vec("[abA]{0,5}", 0..40), part in "[ab]{1,3}"
        ) {
            let column = TextColumn::new(texts.iter().map(|t| Some(t.as_str())), true);
            let found = column.rows_with(&part, true).expect("searched");
            for (row, text) in texts.iter().enumerate() {
                prop_assert_eq!(found.contains(row as u32), fold(text).contains(&part), "{}", text);
            }
        }

        #[test]
        fn ranks_are_the_order_of_folded_texts(texts in prop::collection::vec("[a-cA-C\u{0}é]{0,20}", 0..40)) {
            let column = TextColumn::new(texts.iter().map(|t| Some(t.as_str())), false);
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
