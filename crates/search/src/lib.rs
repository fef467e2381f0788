//! What a question means: the bounded filter tree, the order of rows, and the two value grammars (EIAM search
//! conditions, CWP filters) that parse into them. It can test and order single rows; the functions here that do so
//! are the definition every faster engine has to agree with. Knows neither storage nor wire formats nor clocks.

pub mod cwp;
pub mod eiam;
mod field;
mod filter;
pub mod reference;
mod row;
mod sort;
pub mod text;
pub mod time;

pub use field::{Field, Table, accounts, people};
pub use filter::{Filter, MAX_DEPTH, MAX_NODES, Test, TooBig};
pub use row::{Row, int_of, text_of};
pub use sort::{Direction, Missing, Query, Sort, SortKey, Value, compare_natural, compare_ties};
