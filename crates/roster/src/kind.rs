//! What the machinery of snapshots and merges has to know of people and of accounts.

use std::ops::Range;

use search::Row;

use crate::brief::Fields;
use crate::dead::Dead;
use crate::table::Table;

/// A kind of items: what is put and deleted as one. An item is one or more rows of the kind's table.
pub(crate) trait Kind: Sized + Send + Sync + 'static {
    /// What is put; cheap to clone.
    type Item: Clone + Send + Sync + 'static;
    /// One row of an item.
    type Row<'a>: Row;

    /// Order of the rows.
    const TABLE: search::Table;

    /// What is kept packed of changed items, for kinds whose items are one row each.
    const PACKED: Option<Fields> = None;

    /// Key of an item, unique in the kind.
    fn key(item: &Self::Item) -> &str;

    /// A second unique key of an item, when the kind has one.
    fn alias(item: &Self::Item) -> Option<&str>;

    /// How many rows an item has.
    fn rows(item: &Self::Item) -> u32;

    /// A row of an item, counted from 0.
    fn row(item: &Self::Item, index: u32) -> Option<Self::Row<'_>>;

    /// The columns of what is merged.
    fn table(&self) -> &Table;

    /// The merged rows of the item with a key; `None` when there is no such item.
    fn find(&self, key: &str) -> Option<Range<u32>>;

    /// Makes a new main part: this one without what `changes` (ascending by key) replace or delete, and with what
    /// they put. `dead` are the rows they replace or delete.
    fn merge(&self, dead: &Dead, changes: &[(&str, Option<&Self::Item>)]) -> Self;
}
