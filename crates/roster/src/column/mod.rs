//! The columns of a table: how the values of one attribute are laid out, and how its rows are ranked. A column
//! knows values and row numbers, no filters and no queries.
//!
//! Invariant of all columns: rows are numbered 0 to n-1 without gaps and every vector that is indexed by row (or by
//! rank) has exactly n entries, so indexing with a row number of the same table cannot fail. A table holds fewer
//! than 2^32 rows: memory ends long before.

mod coded;
mod codes;
mod dictionary;
mod flags;
mod grams;
mod hosts;
mod ints;
mod moved;
mod planes;
mod ranks;
mod set;
mod splice;
mod text;

pub(crate) use coded::{Coded, Counted};
pub(crate) use codes::{CodeSet, Codes, word};
pub(crate) use dictionary::{Dictionary, Interned};
pub(crate) use flags::{Allowed, FlagField, Flags};
pub(crate) use hosts::{HostColumn, HostRows, HostSet};
pub(crate) use ints::Ints;
pub(crate) use moved::Moved;
pub(crate) use planes::{BLOCK, BLOCK_ROWS, Block, Placed, Planes};
pub(crate) use ranks::Ranks;
pub(crate) use set::RowSet;
pub(crate) use splice::{From, Splice, arrange};
pub(crate) use text::{TextColumn, Texts};
