//! One consistent state: a main part and the changes on top of it. Joins what both answer into one page.

use std::sync::Arc;

use search::{Field, Filter, MAX_DEPTH, Query, Row, Sort, SortKey};

use crate::brief::Brief;
use crate::check::Check;
use crate::delta::Delta;
use crate::join::Joining;
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
        let end = query.offset.saturating_add(query.limit);
        let from = query.offset.saturating_sub(rows.len());
        let sequence = Sequence::new(table, &sort);
        let dead = self.delta.dead();
        let count = if query.limit == 0 { 0 } else { end - from };
        let job = Job { table, filter: &query.filter, dead, sequence, from, count, total: query.total };
        let answer = job.run(compile(table, &query.filter));
        let total = answer.total.map(|total| total + rows.len());
        if rows.is_empty() || query.limit == 0 {
            return Page { rows: answer.rows.into_iter().map(RowId::main).collect(), total };
        }
        let joining = Joining { kind: &K::TABLE, sort, table };
        Page { rows: joining.page(&answer.rows, &rows, query.offset - from, query.limit), total }
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
        let joining = Joining { kind: &K::TABLE, sort, table };
        let added = joining.in_order(&rows);
        let mut added = added.iter().peekable();
        let (sequence, dead) = (Sequence::new(table, &sort), self.delta.dead());
        let job = Job { table, filter, dead, sequence, from: 0, count: usize::MAX, total: false };
        job.visit(&compile(table, filter), |row| {
            while let Some(before) = added.next_if(|added| joining.is_before(added, row)) {
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
    fn changed_rows(&self, filter: &Filter) -> Vec<(RowId, Changed<'_, K>)> {
        let check = Check::new(filter, MAX_DEPTH);
        if let Some(briefs) = self.delta.briefs() {
            let found = briefs.filter(|(_, row)| check.passes(row));
            return found.map(|(slot, row)| (RowId::changed(slot, 0), Changed::Brief(row))).collect();
        }
        let mut found = Vec::new();
        for (slot, item) in self.delta.items() {
            for index in 0..K::rows(item) {
                if let Some(row) = K::row(item, index)
                    && check.passes(&row)
                {
                    found.push((RowId::changed(slot, index), Changed::Whole(row)));
                }
            }
        }
        found
    }
}

/// A row of the delta.
enum Changed<'a, K: Kind> {
    /// Packed.
    Brief(Brief<'a>),
    /// As it was put.
    Whole(K::Row<'a>),
}

impl<K: Kind> Row for Changed<'_, K> {
    fn text(&self, field: Field) -> Option<&str> {
        match self {
            Self::Brief(row) => row.text(field),
            Self::Whole(row) => row.text(field),
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        match self {
            Self::Brief(row) => row.int(field),
            Self::Whole(row) => row.int(field),
        }
    }
}
