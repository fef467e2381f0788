//! The rows of a table in the order of one attribute, and back from a row to its place.

use std::sync::Arc;

use super::{CodeSet, Codes, Planes};
use crate::bits::Bits;

/// Rows in ascending order of an attribute: rows without a value first, equal values by row number.
#[derive(Debug)]
pub(crate) struct Ranks {
    /// Row numbers in the order of the attribute.
    order: Vec<u32>,
    /// For each row, the place in `order` of the first row with the same value: equal for equal values only, and
    /// growing with the value. Comparing two of these compares the values.
    groups: Groups,
    /// How many rows have no value.
    missing: u32,
    /// The flags of all rows in this order, for tables that have flags.
    planes: Option<Planes>,
}

/// Where the groups of rows are kept.
#[derive(Debug)]
enum Groups {
    /// One for each row: for attributes with many distinct values.
    Each(Vec<u32>),
    /// One for each code: for attributes with few.
    ByCode { codes: Arc<Codes>, starts: Vec<u32> },
}

impl Ranks {
    /// Takes rows already in order; `same` says whether the rows at two neighbouring places have equal values.
    pub(crate) fn new(order: Vec<u32>, missing: usize, same: impl Fn(usize, usize) -> bool) -> Self {
        let mut group = vec![0; order.len()];
        let mut start = 0;
        for (place, &row) in order.iter().enumerate() {
            let joined = place > 0 && place != missing && (place < missing || same(place - 1, place));
            if !joined {
                start = place as u32;
            }
            group[row as usize] = start;
        }
        Self { order, groups: Groups::Each(group), missing: missing as u32, planes: None }
    }

    /// Takes rows in order and the group of each row.
    pub(crate) fn grouped(order: Vec<u32>, groups: Vec<u32>, missing: u32) -> Self {
        Self { order, groups: Groups::Each(groups), missing, planes: None }
    }

    /// Orders rows by code. `starts` are the places where the rows of each code begin; codes with one start are mixed
    /// there. The first `missing` rows have no value.
    pub(crate) fn by_code(codes: Arc<Codes>, starts: Vec<u32>, missing: u32) -> Self {
        let order = if starts.is_sorted_by(|a, b| a < b) {
            codes.order(|code| code, starts.clone())
        } else {
            classed(&codes, &starts)
        };
        Self { order, groups: Groups::ByCode { codes, starts }, missing, planes: None }
    }

    /// The same with the flags of the rows in this order.
    pub(crate) fn with_planes(self, planes: impl FnOnce(&[u32]) -> Planes) -> Self {
        let planes = Some(planes(&self.order));
        Self { planes, ..self }
    }

    /// All rows in order.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The group of a row; see the field.
    #[inline]
    pub(crate) fn group(&self, row: u32) -> u32 {
        match &self.groups {
            Groups::Each(group) => group[row as usize],
            Groups::ByCode { codes, starts } => starts[codes.get(row)],
        }
    }

    /// The groups of all rows, where they are kept one by one.
    pub(crate) fn groups(&self) -> Option<&[u32]> {
        if let Groups::Each(groups) = &self.groups { Some(groups) } else { None }
    }

    /// The place of the first row with a code, in the order of a column that has codes.
    pub(crate) fn start(&self, code: usize) -> Option<u32> {
        match &self.groups {
            Groups::Each(_) => None,
            Groups::ByCode { starts, .. } => starts.get(code).copied(),
        }
    }

    /// The rows at the places `low` to `high` (excluded), which are whole groups, found along all rows.
    pub(crate) fn between(&self, low: u32, high: u32) -> Bits {
        match &self.groups {
            Groups::Each(groups) => Bits::between(groups, low, high),
            Groups::ByCode { codes, starts } => {
                let first_from = |place: u32| starts.partition_point(|&start| start < place);
                Bits::from_words(codes.members(&CodeSet::Range(first_from(low)..first_from(high))))
            }
        }
    }

    /// How many rows have no value: they are the first in the order.
    pub(crate) fn missing(&self) -> u32 {
        self.missing
    }

    /// The flags of the rows in this order.
    pub(crate) fn planes(&self) -> Option<&Planes> {
        self.planes.as_ref()
    }

    /// The place of the first row with a value for which `below` no longer holds; `below` must hold for a (possibly
    /// empty) beginning of the rows with values and for none behind it.
    pub(crate) fn first_not(&self, from: u32, below: impl Fn(u32) -> bool) -> u32 {
        let from = from.max(self.missing);
        from + self.order[from as usize..].partition_point(|&row| below(row)) as u32
    }
}

/// The order of rows when several codes begin at one place, or some have no rows.
fn classed(codes: &Codes, starts: &[u32]) -> Vec<u32> {
    let mut class = vec![0_usize; starts.len()];
    let mut class_starts: Vec<u32> = starts.first().copied().into_iter().collect();
    for code in 1..starts.len() {
        if starts[code] != starts[code - 1] {
            class_starts.push(starts[code]);
        }
        class[code] = class_starts.len() - 1;
    }
    codes.order(|code| class[code], class_starts)
}
