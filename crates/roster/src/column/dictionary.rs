//! Text with few distinct values: a sorted dictionary and a small code per row.

use std::sync::Arc;

use memchr::memmem::Finder;
use rustc_hash::FxHashMap;
use search::Test;
use search::text::fold;

use super::codes::Filling;
use super::{CodeSet, Codes, Ranks, Splice, Texts};

/// A text column as codes into its distinct values.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// Distinct values by folded text, then by text; a missing value is the empty text, which comes first.
    values: Texts,
    /// The values folded; only when some differ.
    folded: Option<Texts>,
    codes: Arc<Codes>,
    /// How many rows have each value.
    counts: Vec<u32>,
    /// Order by folded text, when the column is sorted.
    ranks: Option<Ranks>,
    /// Whether no two values are equal after folding; otherwise the rows of such values are mixed in the order.
    apart: bool,
}

/// Texts of rows that are being collected.
#[derive(Debug, Default)]
pub(crate) struct Interned {
    seen: FxHashMap<Box<str>, u32>,
    rows: Vec<u32>,
}

impl Interned {
    /// Adds the text of the next row; empty when it has none.
    pub(crate) fn push(&mut self, text: &str) {
        let code = match self.seen.get(text) {
            Some(&code) => code,
            None => {
                let next = self.seen.len() as u32;
                self.seen.insert(text.into(), next);
                next
            }
        };
        self.rows.push(code);
    }

    /// Brings the rows into another order; see [`super::splice::arrange`].
    pub(crate) fn rows_mut(&mut self) -> &mut Vec<u32> {
        &mut self.rows
    }

    /// The column.
    pub(crate) fn done(self, sorted: bool) -> Dictionary {
        let distinct = self.seen.iter().map(|(text, &code)| (&**text, code)).collect();
        Dictionary::of(distinct, self.rows.len(), self.rows.iter().copied(), sorted)
    }
}

impl Dictionary {
    /// Encodes the texts of all rows in row order; a `sorted` column also gets an order.
    pub(crate) fn new<'a>(values: impl Iterator<Item = Option<&'a str>>, sorted: bool) -> Self {
        let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
        let rows: Vec<u32> = values
            .map(|text| {
                let next = seen.len() as u32;
                *seen.entry(text.unwrap_or_default()).or_insert(next)
            })
            .collect();
        Self::of(seen.into_iter().collect(), rows.len(), rows.iter().copied(), sorted)
    }

    /// From distinct values with any numbers, and the number of each row's value.
    fn of(distinct: Vec<(&str, u32)>, rows: usize, numbers: impl Iterator<Item = u32>, sorted: bool) -> Self {
        let distinct = in_order(distinct);
        let mut code_of = vec![0; distinct.len()];
        let mut values = Texts::default();
        for (code, &(text, number)) in distinct.iter().enumerate() {
            code_of[number as usize] = code as u32;
            values.push(text);
        }
        let codes = Codes::new(distinct.len(), rows, numbers.map(|number| code_of[number as usize]));
        Self::laid_out(values, codes, sorted)
    }

    fn laid_out(mut values: Texts, codes: Codes, sorted: bool) -> Self {
        values.shrink();
        let folded = values.folded();
        let counts = codes.counts(values.len());
        let codes = Arc::new(codes);
        let starts = starts(folded.as_ref().unwrap_or(&values), &counts);
        let apart = starts.1;
        let missing = if values.len() > 0 && values.get(0).is_empty() { counts[0] } else { 0 };
        let ranks = sorted.then(|| Ranks::by_code(Arc::clone(&codes), starts.0, missing));
        Self { values, folded, codes, counts, ranks, apart }
    }

    /// The column of a table made of this one: rows that stay, and rows with new texts.
    pub(crate) fn spliced<'a>(&self, splice: &Splice, added: &[&'a str], sorted: bool) -> Self {
        let known = |text: &str| self.code_of(text);
        let mut fresh: Vec<&'a str> = added.iter().copied().filter(|text| known(text).is_none()).collect();
        fresh.sort_unstable();
        fresh.dedup();
        if fresh.is_empty()
            && self.counts.iter().filter(|count| **count == 0).count() * 2 <= self.counts.len()
        {
            let added: Vec<u32> = added.iter().map(|text| known(text).unwrap_or(0) as u32).collect();
            let codes = splice.codes(&self.codes, self.values.len(), |code| code, &added);
            return Self::laid_out(self.values.clone(), codes, sorted);
        }
        // Values that nobody has are left behind on this occasion.
        let kept = (0..self.values.len())
            .filter(|&code| self.counts[code] > 0)
            .map(|code| self.values.get(code as u32));
        let mut distinct = in_order(kept.chain(added.iter().copied()).map(|text| (text, 0)).collect());
        distinct.dedup();
        let mut values = Texts::default();
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        for (code, &(text, _)) in distinct.iter().enumerate() {
            values.push(text);
            numbers.insert(text, code as u32);
        }
        let number = |text: &str| numbers.get(text).copied().unwrap_or(0);
        let moved: Vec<u32> =
            (0..self.values.len()).map(|code| number(self.values.get(code as u32))).collect();
        let added: Vec<u32> = added.iter().map(|text| number(text)).collect();
        let codes = splice.codes(&self.codes, values.len(), |code| moved[code as usize], &added);
        Self::laid_out(values, codes, sorted)
    }

    /// The code of a row.
    #[inline]
    pub(crate) fn code(&self, row: u32) -> usize {
        self.codes.get(row)
    }

    /// The codes of all rows.
    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The text of a row; empty when it has none.
    #[inline]
    pub(crate) fn get(&self, row: u32) -> &str {
        self.values.get(self.code(row) as u32)
    }

    /// Distinct values with the number of rows that have each, by code.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, u32)> {
        (0..self.values.len()).map(|code| self.values.get(code as u32)).zip(self.counts.iter().copied())
    }

    /// Order by folded text, when the column is sorted.
    pub(crate) fn ranks(&self) -> Option<&Ranks> {
        self.ranks.as_ref()
    }

    /// The same with an order that was worked on.
    pub(crate) fn map_ranks(self, map: impl FnOnce(Ranks) -> Ranks) -> Self {
        Self { ranks: self.ranks.map(map), ..self }
    }

    /// How many rows have one of the codes.
    pub(crate) fn count(&self, set: &CodeSet) -> u32 {
        set.iter().map(|code| self.counts[code]).sum()
    }

    /// Places in the order of the rows with neighbouring codes; `None` when they do not stand together.
    pub(crate) fn interval(&self, codes: &std::ops::Range<usize>) -> Option<(u32, u32)> {
        let ranks = self.ranks.as_ref().filter(|_| self.apart && !codes.is_empty())?;
        let low = ranks.start(codes.start)?;
        Some((low, low + codes.clone().map(|code| self.counts[code]).sum::<u32>()))
    }

    /// Calls `each` for the rows with one of the codes; does nothing in a column that is not sorted.
    pub(crate) fn list(&self, set: &CodeSet, each: &mut dyn FnMut(u32)) {
        let Some(ranks) = &self.ranks else { return };
        for code in set.iter() {
            let Some(start) = ranks.start(code) else { continue };
            if self.apart {
                let rows = start as usize..(start + self.counts[code]) as usize;
                ranks.order()[rows].iter().for_each(|&row| each(row));
            } else {
                // Values that fold to the same text: their rows are mixed.
                let class =
                    ranks.order()[start as usize..].iter().take_while(|&&row| ranks.group(row) == start);
                class.filter(|&&row| self.code(row) == code).for_each(|&row| each(row));
            }
        }
    }

    /// The codes of the values that pass a test. A missing value passes none.
    pub(crate) fn matching(&self, test: &Test) -> CodeSet {
        let first = usize::from(self.values.len() > 0 && self.values.get(0).is_empty());
        let all = first..self.values.len();
        match test {
            Test::HasValue => CodeSet::Range(all),
            Test::Is(value) => {
                let code = self.code_of(value).filter(|&code| code >= first);
                CodeSet::Range(code.map_or(0..0, |code| code..code + 1))
            }
            Test::Prefix(prefix) => {
                let prefix = prefix.as_str();
                let low = self.first_code(first, |text| text < prefix);
                CodeSet::Range(low..self.first_code(low, |text| text.starts_with(prefix)))
            }
            Test::Contains(part) if part.as_str().is_empty() => CodeSet::Range(all),
            Test::ContainsExact(part) if part.is_empty() => CodeSet::Range(all),
            Test::Contains(part) => containing(self.folded.as_ref().unwrap_or(&self.values), part.as_str()),
            Test::ContainsExact(part) => containing(&self.values, part),
            Test::TextRange(..) | Test::NumberRange(..) => {
                let passes = |code: usize| code >= first && test.passes_text(self.values.get(code as u32));
                CodeSet::of(self.values.len(), passes)
            }
            Test::IntRange(..) | Test::IntIn(_) => CodeSet::Range(0..0),
        }
    }

    fn folded(&self, code: usize) -> &str {
        self.folded.as_ref().unwrap_or(&self.values).get(code as u32)
    }

    /// The first code from `from` on whose folded text is not `below`.
    fn first_code(&self, from: usize, below: impl Fn(&str) -> bool) -> usize {
        partition(from, self.values.len(), |code| below(self.folded(code)))
    }

    /// The code of a text.
    fn code_of(&self, text: &str) -> Option<usize> {
        let folded = fold(text);
        let before = |code: usize| (self.folded(code), self.values.get(code as u32)) < (&*folded, text);
        let code = partition(0, self.values.len(), before);
        (code < self.values.len() && self.values.get(code as u32) == text).then_some(code)
    }
}

/// Sorts texts by folded text, then by text.
fn in_order<T: Copy + Ord>(texts: Vec<(&str, T)>) -> Vec<(&str, T)> {
    let mut keyed: Vec<_> = texts.into_iter().map(|(text, with)| (fold(text), text, with)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, text, with)| (text, with)).collect()
}

/// The first number between `low` and `high` for which `below` no longer holds.
fn partition(mut low: usize, mut high: usize, below: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// The values that contain a part, found in all of them at once.
fn containing(values: &Texts, part: &str) -> CodeSet {
    let (bytes, finder) = (values.bytes().as_bytes(), Finder::new(part));
    let mut found = Filling::new(values.len());
    let (mut from, mut code) = (0, 0);
    while let Some(at) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
        let at = from + at;
        // Values are short: the next one with a hit is near.
        while values.end(code) <= at {
            code += 1;
        }
        from = if at + part.len() <= values.end(code) {
            found.add(code);
            values.end(code)
        } else {
            at + 1
        };
    }
    found.done()
}

/// Where the rows of each code begin in the order by folded text, and whether no two values share a beginning.
fn starts(folded: &Texts, counts: &[u32]) -> (Vec<u32>, bool) {
    let (mut starts, mut apart) = (Vec::with_capacity(counts.len()), true);
    let (mut rows, mut class) = (0, 0);
    for (code, &count) in counts.iter().enumerate() {
        let same = code > 0 && folded.get(code as u32) == folded.get(code as u32 - 1);
        apart &= !same;
        if !same {
            class = rows;
        }
        starts.push(class);
        rows += count;
    }
    (starts, apart)
}
