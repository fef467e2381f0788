//! The order of rows: one sort attribute, direction, place of missing values, and the key of the row as tie-break,
//! which keeps pages from overlapping. Also the query that joins filter, order and page.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::{Field, Filter, Row, Table, int_of, text::fold, text_of};

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// Where rows without a value go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// Below every value: first when ascending, last when descending.
    Lowest,
    /// Behind every value in both directions.
    Last,
}

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The table's own order ([`Table::natural`]); descending is its exact reverse.
    Natural,
    /// One attribute: whole numbers by value, text by code point after case folding.
    Field(Field),
}

/// An order of rows. Rows with equal values follow each other by their key, ascending whatever the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// What to order by.
    pub key: SortKey,
    /// Up or down.
    pub direction: Direction,
    /// Where rows without a value go; without meaning for [`SortKey::Natural`].
    pub missing: Missing,
}

/// What a row is ordered by, folded and ready to be compared; computed once per row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value<'a> {
    /// No value.
    Missing,
    /// Whole number.
    Int(i64),
    /// Folded text.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The value of `field` in `row`.
    pub fn of<R: Row + ?Sized>(row: &'a R, field: Field) -> Self {
        if field.is_text() {
            text_of(row, field).map_or(Self::Missing, |text| Self::Text(fold(text)))
        } else {
            int_of(row, field).map_or(Self::Missing, Self::Int)
        }
    }
}

impl Sort {
    /// The table's own order, ascending.
    pub const NATURAL: Sort =
        Sort { key: SortKey::Natural, direction: Direction::Ascending, missing: Missing::Last };

    /// Compares two values under direction and place of missing values; equal values are left to the tie-break.
    pub fn compare_values(&self, a: &Value<'_>, b: &Value<'_>) -> Ordering {
        let missing_last = self.missing == Missing::Last;
        match (a, b) {
            (Value::Missing, Value::Missing) => Ordering::Equal,
            (Value::Missing, _) if missing_last => Ordering::Greater,
            (_, Value::Missing) if missing_last => Ordering::Less,
            _ => self.direction.apply(a.cmp(b)),
        }
    }

    /// Compares two rows of `table`; equal only for rows with the same key. The reference order.
    pub fn compare<A: Row + ?Sized, B: Row + ?Sized>(&self, table: &Table, a: &A, b: &B) -> Ordering {
        match self.key {
            SortKey::Natural => self.direction.apply(compare_natural(table, a, b)),
            SortKey::Field(field) => self
                .compare_values(&Value::of(a, field), &Value::of(b, field))
                .then_with(|| compare_ties(table, a, b)),
        }
    }
}

impl Direction {
    /// `order` for ascending, its reverse for descending.
    pub fn apply(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }
}

/// Compares by the table's own order, ascending: missing values last, text by code point without folding.
pub fn compare_natural<A: Row + ?Sized, B: Row + ?Sized>(table: &Table, a: &A, b: &B) -> Ordering {
    compare_plain(table.natural, a, b)
}

/// Compares the keys of two rows, ascending.
pub fn compare_ties<A: Row + ?Sized, B: Row + ?Sized>(table: &Table, a: &A, b: &B) -> Ordering {
    compare_plain(table.ties, a, b)
}

fn compare_plain<A: Row + ?Sized, B: Row + ?Sized>(fields: &[Field], a: &A, b: &B) -> Ordering {
    fields.iter().fold(Ordering::Equal, |order, &field| {
        order.then_with(|| {
            if field.is_text() {
                last(text_of(a, field)).cmp(&last(text_of(b, field)))
            } else {
                last(int_of(a, field)).cmp(&last(int_of(b, field)))
            }
        })
    })
}

/// Makes a missing value the greatest.
fn last<T>(value: Option<T>) -> (bool, Option<T>) {
    (value.is_none(), value)
}

/// A question: which rows, in which order, which part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which rows.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// How many of them to skip.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
    /// Whether to count all rows that match.
    pub total: bool,
}
