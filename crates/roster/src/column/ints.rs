//! Whole numbers, in the narrowest width that holds all of a column.

use super::{From, Moved, Ranks, Splice};

/// One whole number, or none, per row.
#[derive(Debug)]
pub(crate) struct Ints {
    values: Values,
    ranks: Option<Ranks>,
}

#[derive(Debug)]
enum Values {
    /// `i8::MAX` is missing.
    Tiny(Vec<i8>),
    /// `i32::MAX` is missing.
    Short(Vec<i32>),
    /// `i64::MIN` is missing, as in every row.
    Long(Vec<i64>),
}

impl Ints {
    /// Lays out the numbers of all rows in row order; a `sorted` column also gets an order. `old` is
    /// the column of an older table and the way of its rows.
    pub(crate) fn new(
        values: impl Iterator<Item = Option<i64>>,
        sorted: bool,
        old: Option<(&Self, &Moved)>,
    ) -> Self {
        let values: Vec<i64> = values.map(|v| v.unwrap_or(i64::MIN)).collect();
        let old = old.and_then(|(old, moved)| Some((old.ranks()?, moved)));
        let ranks = sorted.then(|| rank(&values, old));
        Self { values: Values::new(values), ranks }
    }

    /// The column of a table made of this one's: rows that stay, and rows with new numbers.
    pub(crate) fn spliced(&self, splice: &Splice, moved: &Moved, added: &[Option<i64>]) -> Self {
        let values = splice.iter().map(|from| match from {
            From::Kept(row) => self.get(row),
            From::Added(row) => added[row as usize],
        });
        Self::new(values, self.ranks.is_some(), Some((self, moved)))
    }

    /// The number of a row.
    #[inline]
    pub(crate) fn get(&self, row: u32) -> Option<i64> {
        let row = row as usize;
        match &self.values {
            Values::Tiny(values) => (values[row] != i8::MAX).then(|| values[row].into()),
            Values::Short(values) => (values[row] != i32::MAX).then(|| values[row].into()),
            Values::Long(values) => (values[row] != i64::MIN).then(|| values[row]),
        }
    }

    /// The same with an order that was worked on.
    pub(crate) fn map_ranks(self, map: impl FnOnce(Ranks) -> Ranks) -> Self {
        Self { ranks: self.ranks.map(map), ..self }
    }

    /// The order, when the column is sorted.
    pub(crate) fn ranks(&self) -> Option<&Ranks> {
        self.ranks.as_ref()
    }
}

impl Values {
    fn new(values: Vec<i64>) -> Self {
        let fits = |low, high| values.iter().all(|&v| v == i64::MIN || (low..high).contains(&v));
        if fits(i8::MIN.into(), i8::MAX.into()) {
            Self::Tiny(values.into_iter().map(|v| i8::try_from(v).unwrap_or(i8::MAX)).collect())
        } else if fits(i32::MIN.into(), i32::MAX.into()) {
            Self::Short(values.into_iter().map(|v| i32::try_from(v).unwrap_or(i32::MAX)).collect())
        } else {
            Self::Long(values)
        }
    }
}

fn rank(values: &[i64], old: Option<(&Ranks, &Moved)>) -> Ranks {
    if let Some((old, moved)) = old {
        let value = |row: u32| values[row as usize];
        let same = |a, b| value(a) == value(b);
        let is_missing = |row| value(row) == i64::MIN;
        return moved.ranks(old, |a, b| (value(a), a).cmp(&(value(b), b)), same, is_missing);
    }
    let mut keys: Vec<(i64, u32)> = values.iter().copied().zip(0..).collect();
    keys.sort_unstable();
    let order: Vec<u32> = keys.iter().map(|&(_, row)| row).collect();
    let missing = keys.partition_point(|&(value, _)| value == i64::MIN);
    Ranks::new(order, missing, |a, b| keys[a].0 == keys[b].0)
}
