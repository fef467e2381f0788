//! The roster: people and host accounts in memory, laid out to answer any question about them at once.
//!
//! A *table* is immutable: columns, and for each sortable attribute the rows in its order, so that a test is an
//! interval of ranks and a page a slice. Changes go to a small *delta* beside it, which is judged row by row; a
//! background *merge* makes a new table of both. A *snapshot* is one table and one delta, immutable: readers take the
//! current one without waiting and keep it as long as they like.
//!
//! Everything here agrees with `search::reference` on every filter, sort and page. Knows neither wire nor storage.

mod accounts;
mod bits;
mod brief;
mod check;
mod column;
mod dead;
mod delta;
mod join;
mod keeper;
mod kind;
mod people;
mod query;
mod snapshot;
mod table;

pub use accounts::{Accounts, AccountsSnapshot, HostChange, HostOrder, HostSet, HostView, Loading};
pub use people::{People, PeopleLoading, PeopleSnapshot, PersonChange, PersonView};
pub use snapshot::{Page, RowId};
