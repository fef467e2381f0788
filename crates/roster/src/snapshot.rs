//! One consistent state: a main part and the changes on top of it. Joins what both answer into one page.

use std::cmp::Ordering;
use std::sync::Arc;

use search::{Filter, Query, Row, Sort, SortKey, Value, compare_ties};

use crate::delta::Delta;
use crate::kind::Kind;
use crate::query::{Job, Sequence, compile};

/// A row of one snapshot; of no use with any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowId(u64);

const CHANGED: u64 = 1 << 63;

/// Where a row is.
pub(crate) enum Place {
    /// Row of the main part.
    Main(u32),
    /// Row of the item in a slot of the delta.
    Changed(u32, u32),
}

impl RowId {
    pub(crate) fn main(row: u32) -> Self {
        Self(row.into())
    }

    /// Slots are fewer than 2^31: each costs more than a hundred bytes.
    pub(crate) fn changed(slot: u32, index: u32) -> Self {
        Self(CHANGED | u64::from(slot) << 32 | u64::from(index))
    }

    pub(crate) fn place(self) -> Place {
        if self.0 & CHANGED == 0 {
            Place::Main(self.0 as u32)
        } else {
            Place::Changed(((self.0 & !CHANGED) >> 32) as u32, self.0 as u32)
        }
    }
}

/// Answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows of the page in order.
    pub rows: Vec<RowId>,
    /// How many rows match in all; `None` when the query did not ask.
    pub total: Option<usize>,
}

/// A main part and a delta.
pub(crate) struct Snapshot<K: Kind> {
    pub(crate) main: Arc<K>,
    pub(crate) delta: Delta<K>,
}

/// A row of the delta that matches, with what it is sorted by.
struct Added<'a, R> {
    id: RowId,
    row: &'a R,
    value: Value<'a>,
}

impl<K: Kind> Snapshot<K> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.main.table().rows() as usize - self.delta.dead().len() + self.delta.rows()
    }

    /// Answers a query.
    pub(crate) fn search(&self, query: &Query) -> Page {
        let table = self.main.table();
        let sort = self.sortable(query.sort);
        let rows = self.changed_rows(&query.filter);
        let added = in_order(&K::TABLE, &rows, &sort);
        let end = query.offset.saturating_add(query.limit);
        let from = query.offset.saturating_sub(added.len());
        let sequence = Sequence::new(table, &sort);
        let dead = self.delta.dead();
        let count = if query.limit == 0 { 0 } else { end - from };
        let job = Job { table, filter: &query.filter, dead, sequence, from, count, total: query.total };
        let answer = job.run(compile(table, &query.filter));
        let rows = self.join(&sort, &answer.rows, &added, query.offset - from, query.limit);
        Page { rows, total: answer.total.map(|total| total + added.len()) }
    }

    /// Calls `each` for every row that matches, in order, until it fails. Needs no memory for the rows, unless they are
    /// few or have changed.
    pub(crate) fn visit<E>(
        &self,
        filter: &Filter,
        sort: Sort,
        mut each: impl FnMut(RowId) -> Result<(), E>,
    ) -> Result<(), E> {
        let table = self.main.table();
        let sort = self.sortable(sort);
        let rows = self.changed_rows(filter);
        let added = in_order(&K::TABLE, &rows, &sort);
        let mut added = added.iter().peekable();
        let (sequence, dead) = (Sequence::new(table, &sort), self.delta.dead());
        let job = Job { table, filter, dead, sequence, from: 0, count: usize::MAX, total: false };
        job.visit(&compile(table, filter), |row| {
            while let Some(before) = added.next_if(|a| self.compare(&sort, a, row) == Ordering::Less) {
                each(before.id)?;
            }
            each(RowId::main(row))
        })?;
        added.try_for_each(|behind| each(behind.id))
    }

    /// The sort itself, or the own order for a field that the table has no order of.
    fn sortable(&self, sort: Sort) -> Sort {
        match sort.key {
            SortKey::Field(_) if self.main.table().ranks(sort.key).is_none() => {
                Sort { key: SortKey::Natural, ..sort }
            }
            _ => sort,
        }
    }

    /// The rows of the delta that match.
    fn changed_rows(&self, filter: &Filter) -> Vec<(RowId, K::Row<'_>)> {
        let mut found = Vec::new();
        for (slot, item) in self.delta.items() {
            for index in 0..K::rows(item) {
                if let Some(row) = K::row(item, index)
                    && filter.matches(&row)
                {
                    found.push((RowId::changed(slot, index), row));
                }
            }
        }
        found
    }

    /// Joins rows of the main part with all matching rows of the delta, both in order, and cuts out the page. The
    /// rows of the main part begin as many positions before the page as the delta has rows, or with the very first.
    fn join<R: Row>(
        &self,
        sort: &Sort,
        main: &[u32],
        added: &[Added<'_, R>],
        back: usize,
        limit: usize,
    ) -> Vec<RowId> {
        if added.is_empty() {
            return main.iter().map(|&row| RowId::main(row)).collect();
        }
        let before = |a: &Added<'_, R>, row: u32| self.compare(sort, a, row) == Ordering::Less;
        // How many rows of the delta come before the first row of the main part that is given.
        let first = match main.first() {
            _ if back < added.len() => 0,
            Some(&row) => added.partition_point(|a| before(a, row)),
            // More rows are skipped than the main part has: nothing is left for the page.
            None => added.len(),
        };
        let mut skip = back - first;
        let (mut main, mut added) = (main.iter().copied().peekable(), added.iter().skip(first).peekable());
        let mut page = Vec::with_capacity(limit.min(main.len() + added.len()));
        while page.len() < limit {
            let id = match (main.peek(), added.peek()) {
                (Some(&row), Some(&a)) if before(a, row) => added.next().map(|a| a.id),
                (Some(_), _) => main.next().map(RowId::main),
                (None, _) => added.next().map(|a| a.id),
            };
            let Some(id) = id else { break };
            if skip > 0 {
                skip -= 1;
            } else {
                page.push(id);
            }
        }
        page
    }

    fn compare<R: Row>(&self, sort: &Sort, added: &Added<'_, R>, row: u32) -> Ordering {
        let row = self.main.table().row(row);
        match sort.key {
            SortKey::Natural => sort.compare(&K::TABLE, added.row, &row),
            SortKey::Field(field) => sort
                .compare_values(&added.value, &Value::of(&row, field))
                .then_with(|| compare_ties(&K::TABLE, added.row, &row)),
        }
    }
}

/// The rows of the delta in the order of a sort.
fn in_order<'a, R: Row>(table: &search::Table, rows: &'a [(RowId, R)], sort: &Sort) -> Vec<Added<'a, R>> {
    let value = |row: &'a R| match sort.key {
        SortKey::Natural => Value::Missing,
        SortKey::Field(field) => Value::of(row, field),
    };
    let mut added: Vec<Added<'a, R>> =
        rows.iter().map(|(id, row)| Added { id: *id, row, value: value(row) }).collect();
    added.sort_unstable_by(|a, b| match sort.key {
        SortKey::Natural => sort.compare(table, a.row, b.row),
        SortKey::Field(_) => {
            sort.compare_values(&a.value, &b.value).then_with(|| compare_ties(table, a.row, b.row))
        }
    });
    added
}
