//! Text with many distinct values: all texts of a column in one piece of memory.

use std::borrow::Cow;

use search::text::fold;

use super::grams::Grams;
use super::{Moved, Ranks, RowSet, Splice};

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

    /// Adds the texts of others.
    pub(crate) fn append(&mut self, others: &Self) {
        let before = self.bytes.len();
        self.bytes.push_str(&others.bytes);
        self.ends.extend(others.ends.iter().map(|end| before + end));
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

    /// The texts of a table made of this one's: rows that stay, and new texts.
    pub(crate) fn spliced(&self, splice: &Splice, added: &[impl AsRef<str>]) -> Self {
        let more: usize = added.iter().map(|text| text.as_ref().len()).sum();
        let bytes = String::with_capacity(self.bytes.len() + more);
        let mut texts = Self { bytes, ends: Vec::with_capacity(splice.rows() as usize) };
        splice.runs(|kept, rows, _| {
            if !kept {
                rows.for_each(|row| texts.push(added[row as usize].as_ref()));
            } else if !rows.is_empty() {
                let (from, to) = (self.start(rows.start), texts.bytes.len());
                texts.bytes.push_str(&self.bytes[from..self.start(rows.end)]);
                let ends = &self.ends[rows.start as usize..rows.end as usize];
                texts.ends.extend(ends.iter().map(|end| end - from + to));
            }
        });
        texts.shrink();
        texts
    }

    /// The texts folded; `None` when that changes nothing.
    pub(crate) fn folded(&self) -> Option<Texts> {
        let bytes = fold(&self.bytes);
        if bytes == self.bytes {
            return None;
        }
        if self.bytes.is_ascii() {
            // Each text stays as long as it is.
            return Some(Texts { bytes: bytes.into_owned(), ends: self.ends.clone() });
        }
        let mut folded = Texts::default();
        (0..self.ends.len()).for_each(|row| folded.push(&fold(self.get(row as u32))));
        folded.shrink();
        Some(folded)
    }

    /// The rows in the order of their texts; of rows with one text the last alone.
    pub(crate) fn order(&self) -> Vec<u32> {
        let keys = sorted(self);
        let distinct = keys.chunk_by(|a, b| same(self, *a, *b));
        distinct.filter_map(<[Key]>::last).map(|&(_, row)| row).collect()
    }

    /// The texts of some rows, in their order.
    pub(crate) fn gathered(&self, rows: &[u32]) -> Self {
        let mut texts =
            Self { bytes: String::with_capacity(self.bytes.len()), ends: Vec::with_capacity(rows.len()) };
        for some in rows.chunks(64) {
            // Rows are far apart in memory. Looked at without a copy in between, many of them are fetched at once.
            let firsts = some.iter().filter_map(|&row| self.bytes.as_bytes().get(self.start(row)));
            std::hint::black_box(firsts.fold(0, |all, first| all ^ first));
            some.iter().for_each(|&row| texts.push(self.get(row)));
        }
        texts
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

/// Every so many places of the order one text is kept apart, close to its neighbours: a search looks there first.
const SAMPLED: u32 = 64;

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
    /// The folded texts at every [`SAMPLED`]th place of the order.
    sample: Texts,
    /// Grams of the folded texts, when the column is searched for parts.
    grams: Option<Grams>,
}

impl TextColumn {
    /// Lays out the texts of all rows, empty where there is none; `searched` columns are quick to search for parts.
    pub(crate) fn new(mut texts: Texts, searched: bool) -> Self {
        texts.shrink();
        let folded = texts.folded();
        let mixed = folded.is_some();
        let plain = folded.as_ref().unwrap_or(&texts);
        let ranks = rank(plain);
        let grams = searched.then(|| Grams::new(plain.ends.len() as u32, |row| plain.get(row)));
        Self { texts, folded: folded.filter(|_| searched), mixed, ranks, sample: Texts::default(), grams }
            .sampled()
    }

    /// The column of a table made of this one's: rows that stay, and rows with new texts.
    pub(crate) fn spliced(&self, splice: &Splice, moved: &Moved, added: &[&str]) -> Self {
        let new: Vec<Cow<'_, str>> = added.iter().map(|text| fold(text)).collect();
        let texts = self.texts.spliced(splice, added);
        if !self.mixed && new.iter().zip(added).any(|(new, text)| new != text) {
            return Self::new(texts, self.grams.is_some());
        }
        let folded = self.folded.as_ref().map(|folded| folded.spliced(splice, &new));
        let mut places = Vec::with_capacity(new.len());
        splice.runs(|kept, rows, to| {
            if !kept {
                places.extend((to..).take(rows.len()).zip(rows.map(|row| &*new[row as usize])));
            }
        });
        let grams = self.grams.as_ref().map(|grams| grams.spliced(splice, moved, places.into_iter()));
        let mut column = Self {
            texts,
            folded,
            mixed: self.mixed,
            ranks: Ranks::grouped(Vec::new(), Vec::new(), 0),
            sample: Texts::default(),
            grams,
        };
        column.ranks = moved.ranks(
            &self.ranks,
            |a, b| column.folded(a).cmp(&column.folded(b)).then(a.cmp(&b)),
            |a, b| column.folded(a) == column.folded(b),
            |row| column.texts.get(row).is_empty(),
        );
        column.sampled()
    }

    fn sampled(mut self) -> Self {
        let mut sample = Texts::default();
        self.ranks.order().iter().step_by(SAMPLED as usize).for_each(|&row| sample.push(&self.folded(row)));
        sample.shrink();
        self.sample = sample;
        self
    }

    /// The texts as they are.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The folded texts, where they are at hand: always when the column is searched for parts.
    pub(crate) fn plain(&self) -> Option<&Texts> {
        self.folded.as_ref().or((!self.mixed).then_some(&self.texts))
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
    #[inline]
    pub(crate) fn folded(&self, row: u32) -> Cow<'_, str> {
        match &self.folded {
            Some(folded) => Cow::Borrowed(folded.get(row)),
            None if self.mixed => fold(self.texts.get(row)),
            None => Cow::Borrowed(self.texts.get(row)),
        }
    }

    /// The first place of the order, `from` or behind it, of a row with a text that is not `below`, which must hold
    /// for the folded texts before some place and for none behind it.
    pub(crate) fn first_not(&self, from: u32, below: impl Fn(&str) -> bool) -> u32 {
        let (order, from) = (self.ranks.order(), from.max(self.ranks.missing()));
        let end = order.len() as u32;
        let is_below = |place: u32| below(&self.folded(order[place as usize]));
        let (mut low, mut high) = (from, end);
        // The nearest rows first: often there are only few between two bounds.
        for place in from..end.min(from.saturating_add(2)) {
            if !is_below(place) {
                return place;
            }
            low = place + 1;
        }
        // Then the texts that are kept apart leave one gap between two of them.
        let (mut first, mut last) = (low.div_ceil(SAMPLED), self.sample.len() as u32);
        while first < last {
            let middle = first + (last - first) / 2;
            if below(self.sample.get(middle)) { first = middle + 1 } else { last = middle }
        }
        if let Some(before) = first.checked_sub(1) {
            low = low.max((before * SAMPLED).saturating_add(1).min(end));
        }
        high = high.min(first.saturating_mul(SAMPLED)).max(low);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_below(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The sets of the rows that have each pair of neighbouring bytes of `part` (folded, not empty), smallest first;
    /// empty when there are no such rows, `None` when the column is not searched. Rows that contain the part are in
    /// all of them; a part of one or two bytes is contained in exactly these.
    pub(crate) fn sets(&self, part: &str) -> Option<Vec<&RowSet>> {
        self.grams.as_ref().map(|grams| grams.sets(part))
    }
}

/// Orders rows by text.
fn rank(texts: &Texts) -> Ranks {
    let keys = sorted(texts);
    let order: Vec<u32> = keys.iter().map(|&(_, row)| row).collect();
    let missing = order.partition_point(|&row| texts.get(row).is_empty());
    Ranks::new(order, missing, |a, b| same(texts, keys[a], keys[b]))
}

/// A row and the beginning of its text as a number, which decides most comparisons without touching the texts.
type Key = (u128, u32);

fn same(texts: &Texts, a: Key, b: Key) -> bool {
    a.0 == b.0 && texts.get(a.1) == texts.get(b.1)
}

/// All rows by text, rows of one text by number.
fn sorted(texts: &Texts) -> Vec<Key> {
    let rows = texts.len() as u32;
    let mut keys: Vec<Key> = (0..rows).map(|row| (head(texts.get(row)), row)).collect();
    keys.sort_unstable();
    for alike in keys.chunk_by_mut(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
        alike.sort_unstable_by(|a, b| texts.get(a.1).cmp(texts.get(b.1)).then(a.1.cmp(&b.1)));
    }
    keys
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

    fn packed(all: &[String]) -> Texts {
        let mut texts = Texts::default();
        all.iter().for_each(|text| texts.push(text));
        texts
    }

    proptest! {
        #[test]
        fn texts_in_order_are_distinct_and_the_last(
            all in prop::collection::vec("[ab\u{0}]{0,3}|[ab\u{0}]{15,17}", 0..60)
        ) {
            let texts = packed(&all);
            let expected: std::collections::BTreeMap<&str, u32> =
                all.iter().map(String::as_str).zip(0..).collect();
            let order = texts.order();
            prop_assert_eq!(&order, &expected.values().copied().collect::<Vec<_>>());
            let gathered = texts.gathered(&order);
            let gathered: Vec<&str> = (0..gathered.len()).map(|row| gathered.get(row as u32)).collect();
            prop_assert_eq!(gathered, expected.into_keys().collect::<Vec<_>>());
        }

        #[test]
        fn sets_hold_all_rows_with_a_part(
            texts in prop::collection::vec("[abAé]{0,5}", 0..700), part in "[abé]{1,3}"
        ) {
            let column = TextColumn::new(packed(&texts), true);
            let sets = column.sets(&part).expect("searched");
            prop_assert!(sets.is_sorted_by_key(|set| set.len()));
            for (row, text) in texts.iter().enumerate() {
                let may = !sets.is_empty() && sets.iter().all(|set| set.contains(row as u32));
                let does = fold(text).contains(&part);
                prop_assert!(may || !does, "{} is missing", text);
                prop_assert!(does || !may || part.len() > 2, "{} is too much", text);
            }
        }

        #[test]
        fn places_are_found(texts in prop::collection::vec("[abA]{0,4}", 0..400), bound in "[ab]{0,4}", from in 0..400u32) {
            let column = TextColumn::new(packed(&texts), true);
            let mut sorted: Vec<_> = texts.iter().map(|text| fold(text)).collect();
            sorted.sort();
            let from = from.min(sorted.len() as u32);
            let first = sorted.iter().position(|t| !t.is_empty()).unwrap_or(sorted.len());
            let expected = sorted.partition_point(|t| **t < *bound).max(from as usize).max(first);
            prop_assert_eq!(column.first_not(from, |text| *text < *bound) as usize, expected);
        }

        #[test]
        fn ranks_are_the_order_of_folded_texts(texts in prop::collection::vec("[a-cA-C\u{0}é]{0,20}", 0..40)) {
            let column = TextColumn::new(packed(&texts), false);
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
