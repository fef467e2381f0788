//! Whole numbers with few distinct values: the sorted values and a small code per row.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use search::Test;

use super::{CodeSet, Codes, Ranks, Splice};

/// Stands for "no value", as in every row; sorts before all values.
const MISSING: i64 = i64::MIN;

/// A column of whole numbers as codes into its distinct values.
#[derive(Debug)]
pub(crate) struct Coded {
    /// Distinct values, ascending.
    values: Vec<i64>,
    codes: Arc<Codes>,
    /// How many rows have each value.
    counts: Vec<u32>,
    /// Order by value, when the column is sorted.
    ranks: Option<Ranks>,
}

/// Numbers of rows that are being collected.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    seen: FxHashMap<i64, u32>,
    rows: Vec<u32>,
    /// The last number and its code: neighbours are often alike.
    last: Option<(i64, u32)>,
}

impl Counted {
    /// Adds the number of the next row.
    pub(crate) fn push(&mut self, number: Option<i64>) {
        let number = number.unwrap_or(MISSING);
        let code = match self.last {
            Some((last, code)) if last == number => code,
            _ => {
                let next = self.seen.len() as u32;
                *self.seen.entry(number).or_insert(next)
            }
        };
        self.last = Some((number, code));
        self.rows.push(code);
    }

    /// Brings the rows into another order; see [`super::splice::arrange`].
    pub(crate) fn rows_mut(&mut self) -> &mut Vec<u32> {
        &mut self.rows
    }

    /// The column.
    pub(crate) fn done(self, sorted: bool) -> Coded {
        let mut distinct: Vec<(i64, u32)> = self.seen.into_iter().collect();
        distinct.sort_unstable();
        let mut code_of = vec![0; distinct.len()];
        for (code, &(_, number)) in distinct.iter().enumerate() {
            code_of[number as usize] = code as u32;
        }
        let numbers = self.rows.iter().map(|&number| code_of[number as usize]);
        let codes = Codes::new(distinct.len(), self.rows.len(), numbers);
        Coded::laid_out(distinct.into_iter().map(|(value, _)| value).collect(), codes, sorted)
    }
}

impl Coded {
    fn laid_out(values: Vec<i64>, codes: Codes, sorted: bool) -> Self {
        let codes = Arc::new(codes);
        let counts = codes.counts(values.len());
        let missing = if values.first() == Some(&MISSING) { counts[0] } else { 0 };
        let ranks = sorted.then(|| Ranks::by_code(Arc::clone(&codes), starts(&counts), missing));
        Self { values, codes, counts, ranks }
    }

    /// The column of a table made of this one: rows that stay, and rows with new numbers.
    pub(crate) fn spliced(&self, splice: &Splice, added: &[Option<i64>], sorted: bool) -> Self {
        let used =
            self.values.iter().zip(&self.counts).filter(|(_, count)| **count > 0).map(|(value, _)| *value);
        let mut values: Vec<i64> = used.chain(added.iter().map(|n| n.unwrap_or(MISSING))).collect();
        values.sort_unstable();
        values.dedup();
        // Of a value that nobody has, any code will do.
        let code = |value: i64| values.binary_search(&value).unwrap_or(0) as u32;
        let moved: Vec<u32> = self.values.iter().map(|&value| code(value)).collect();
        let added: Vec<u32> = added.iter().map(|n| code(n.unwrap_or(MISSING))).collect();
        let codes = splice.codes(&self.codes, values.len(), |code| moved[code as usize], &added);
        Self::laid_out(values, codes, sorted)
    }

    /// The number of a row.
    #[inline]
    pub(crate) fn get(&self, row: u32) -> Option<i64> {
        Some(self.values[self.codes.get(row)]).filter(|value| *value != MISSING)
    }

    /// The codes of all rows.
    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The order, when the column is sorted.
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

    /// Places in the order of the rows with neighbouring codes, in a sorted column.
    pub(crate) fn interval(&self, codes: &Range<usize>) -> Option<(u32, u32)> {
        let low = self.ranks.as_ref()?.start(codes.start)?;
        Some((low, low + codes.clone().map(|code| self.counts[code]).sum::<u32>()))
    }

    /// The codes of the values that pass a test. A missing value passes none.
    pub(crate) fn matching(&self, test: &Test) -> CodeSet {
        let first = usize::from(self.values.first() == Some(&MISSING));
        match test {
            Test::HasValue => CodeSet::Range(first..self.values.len()),
            Test::IntRange(low, high) => {
                let start = self.values.partition_point(|value| value < low).max(first);
                let end = self.values.partition_point(|value| value <= high).max(start);
                CodeSet::Range(start..end)
            }
            Test::IntIn(values) => {
                CodeSet::of(self.values.len(), |code| code >= first && values.contains(&self.values[code]))
            }
            _ => CodeSet::Range(0..0),
        }
    }
}

/// Where the rows of each code begin in the order.
fn starts(counts: &[u32]) -> Vec<u32> {
    let mut rows = 0;
    let start = |count: &u32| {
        let start = rows;
        rows += count;
        start
    };
    counts.iter().map(start).collect()
}
