//! The rows of a table in the order of one attribute, and back from a row to its place.

/// Rows in ascending order of an attribute: rows without a value first, equal values by row number.
#[derive(Debug)]
pub(crate) struct Ranks {
    /// Row numbers in the order of the attribute.
    order: Vec<u32>,
    /// For each row, the place in `order` of the first row with the same value: equal for equal values only, and
    /// growing with the value. Comparing two of these compares the values.
    group: Vec<u32>,
    /// How many rows have no value.
    missing: u32,
}

impl Ranks {
    /// Takes rows already in order; `same` says whether two neighbours have equal values.
    pub(crate) fn new(order: Vec<u32>, missing: usize, same: impl Fn(u32, u32) -> bool) -> Self {
        let mut group = vec![0; order.len()];
        let (mut start, mut previous) = (0, None);
        for (place, &row) in order.iter().enumerate() {
            let joined = previous.is_some_and(|p| place != missing && (place < missing || same(p, row)));
            if !joined {
                start = place as u32;
            }
            group[row as usize] = start;
            previous = Some(row);
        }
        Self { order, group, missing: missing as u32 }
    }

    /// All rows in order.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The group of a row; see the field.
    #[inline]
    pub(crate) fn group(&self, row: u32) -> u32 {
        self.group[row as usize]
    }

    /// How many rows have no value: they are the first in the order.
    pub(crate) fn missing(&self) -> u32 {
        self.missing
    }

    /// The place of the first row with a value for which `below` no longer holds; `below` must hold for a (possibly
    /// empty) beginning of the rows with values and for none behind it.
    pub(crate) fn first_not(&self, from: u32, below: impl Fn(u32) -> bool) -> u32 {
        let from = from.max(self.missing);
        from + self.order[from as usize..].partition_point(|&row| below(row)) as u32
    }
}
