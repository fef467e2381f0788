//! The columns of a table: how the values of one attribute are laid out, and how its rows are ranked. A column
//! knows values and row numbers, no filters and no queries.
//!
//! Invariant of all columns: rows are numbered 0 to n-1 without gaps and every vector that is indexed by row (or by
//! rank) has exactly n entries, so indexing with a row number of the same table cannot fail. A table holds fewer
//! than 2^32 rows: memory ends long before.

mod codes;
mod grams;
mod ints;
mod moved;
mod ranks;
mod text;

pub(crate) use codes::Dictionary;
pub(crate) use ints::Ints;
pub(crate) use moved::Moved;
pub(crate) use ranks::Ranks;
pub(crate) use text::{TextColumn, Texts};
