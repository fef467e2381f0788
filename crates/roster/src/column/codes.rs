//! Text with few distinct values: a sorted dictionary and a small code per row.

use rustc_hash::FxHashMap;
use search::text::fold;

use super::Ranks;

/// Codes of all rows in the narrowest width that holds them.
#[derive(Debug)]
enum Codes {
    Narrow(Vec<u8>),
    Middle(Vec<u16>),
    Wide(Vec<u32>),
}

/// A text column as codes into its distinct values.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// Distinct values by folded text, then by text; a missing value is the empty text, which comes first.
    values: Vec<Box<str>>,
    codes: Codes,
    /// How many rows have each value.
    counts: Vec<u32>,
    postings: Option<Postings>,
}

/// The rows of each value, and with them the order of the column.
#[derive(Debug)]
pub(crate) struct Postings {
    ranks: Ranks,
    /// Place in the order where the rows of each code begin, and the number of rows at the end. Only when no two
    /// values are equal after folding: such rows are mixed in the order.
    starts: Option<Vec<u32>>,
}

impl Dictionary {
    /// Encodes the texts of all rows in row order; a `sorted` column also gets an order.
    pub(crate) fn new<'a>(values: impl Iterator<Item = Option<&'a str>>, sorted: bool) -> Self {
        let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
        let first_seen: Vec<u32> = values
            .map(|text| {
                let next = seen.len() as u32;
                *seen.entry(text.unwrap_or_default()).or_insert(next)
            })
            .collect();
        let mut distinct: Vec<(&str, u32)> = seen.into_iter().collect();
        distinct.sort_by(|a, b| fold(a.0).cmp(&fold(b.0)).then_with(|| a.0.cmp(b.0)));
        let mut code_of = vec![0; distinct.len()];
        for (code, &(_, seen)) in distinct.iter().enumerate() {
            code_of[seen as usize] = code as u32;
        }
        let codes: Vec<u32> = first_seen.into_iter().map(|seen| code_of[seen as usize]).collect();
        let mut counts = vec![0; distinct.len()];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        let values: Vec<Box<str>> = distinct.into_iter().map(|(text, _)| text.into()).collect();
        let postings = sorted.then(|| Postings::new(&values, &codes, &counts));
        Self { values, codes: Codes::new(codes), counts, postings }
    }

    /// The code of a row.
    #[inline]
    pub(crate) fn code(&self, row: u32) -> usize {
        match &self.codes {
            Codes::Narrow(codes) => codes[row as usize].into(),
            Codes::Middle(codes) => codes[row as usize].into(),
            Codes::Wide(codes) => codes[row as usize] as usize,
        }
    }

    /// The text of a row; empty when it has none.
    pub(crate) fn get(&self, row: u32) -> &str {
        &self.values[self.code(row)]
    }

    /// Distinct values with the number of rows that have each, by code.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, u32)> {
        self.values.iter().map(|v| &**v).zip(self.counts.iter().copied())
    }

    /// The order, when the column is sorted.
    pub(crate) fn postings(&self) -> Option<&Postings> {
        self.postings.as_ref()
    }
}

impl Codes {
    fn new(codes: Vec<u32>) -> Self {
        match codes.iter().max().copied().unwrap_or(0) {
            0..=0xff => Self::Narrow(codes.into_iter().map(|c| c as u8).collect()),
            0x100..=0xffff => Self::Middle(codes.into_iter().map(|c| c as u16).collect()),
            _ => Self::Wide(codes),
        }
    }
}

impl Postings {
    fn new(values: &[Box<str>], codes: &[u32], counts: &[u32]) -> Self {
        // Codes that fold to the same text form one class; rows are dealt out class by class.
        let mut class_of = vec![0_usize; values.len()];
        for code in 1..values.len() {
            let same = fold(&values[code]) == fold(&values[code - 1]);
            class_of[code] = class_of[code - 1] + usize::from(!same);
        }
        let classes = class_of.last().map_or(0, |last| last + 1);
        let mut starts = vec![0_u32; classes + 1];
        for (code, &count) in counts.iter().enumerate() {
            starts[class_of[code] + 1] += count;
        }
        for class in 0..classes {
            starts[class + 1] += starts[class];
        }
        let mut next = starts.clone();
        let mut order = vec![0_u32; codes.len()];
        for (row, &code) in codes.iter().enumerate() {
            let place = &mut next[class_of[code as usize]];
            order[*place as usize] = row as u32;
            *place += 1;
        }
        let missing = if values.first().is_some_and(|v| v.is_empty()) { counts[0] } else { 0 };
        let class = |row: u32| class_of[codes[row as usize] as usize];
        let ranks = Ranks::new(order, missing as usize, |a, b| class(a) == class(b));
        Self { ranks, starts: (classes == values.len()).then_some(starts) }
    }

    /// Order by folded text.
    pub(crate) fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Places in the order of the rows with a code; `None` when they do not stand together.
    pub(crate) fn interval(&self, code: usize) -> Option<(u32, u32)> {
        self.starts.as_ref().map(|starts| (starts[code], starts[code + 1]))
    }
}
