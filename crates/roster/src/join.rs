//! Joining rows of the main part, which come in order, with those of the delta, which come in none: only the page and
//! what decides where it begins is ever sorted.

use std::cmp::Ordering;

use search::{Direction, Missing, Row, Sort, SortKey, Value, compare_ties};

use crate::snapshot::RowId;
use crate::table::Table;

/// How rows are compared.
pub(crate) struct Joining<'a> {
    pub(crate) kind: &'a search::Table,
    pub(crate) sort: Sort,
    pub(crate) table: &'a Table,
}

/// A row with what it is sorted by.
pub(crate) struct Sorted<'a, R> {
    pub(crate) id: RowId,
    row: R,
    /// Decides when it differs: the beginning of the value, as a number that sorts the way that is wanted.
    head: u64,
    value: Value<'a>,
}

impl Joining<'_> {
    /// The page of `limit` rows, behind the first `back`, of `main` and `added` together. `main` goes on as long as
    /// there are rows, or far enough.
    pub(crate) fn page<R: Row>(
        &self,
        main: &[u32],
        added: &[(RowId, R)],
        back: usize,
        limit: usize,
    ) -> Vec<RowId> {
        let mut added: Vec<_> = added.iter().map(|(id, row)| self.sorted(*id, row)).collect();
        // The place in `main` where the page begins, and the rows of the delta right before that place.
        let (mut low, mut high, mut first, mut end) = (0, main.len(), 0, added.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = first + self.part(&mut added[first..end], main[middle]);
            if middle + before >= back {
                (high, end) = (middle, before);
            } else {
                (low, first) = (middle + 1, before);
            }
        }
        let (near, behind) = added[first..].split_at_mut(end - first);
        near.sort_unstable_by(|a, b| self.compare(a, b));
        let near = near.iter().skip(back.saturating_sub(low + first)).take(limit);
        let mut page: Vec<RowId> = near.map(|row| row.id).collect();
        let left = limit - page.len();
        let behind = self.smallest(behind, left);
        self.merge(&main[low..], behind, limit, &mut page);
        page
    }

    /// All rows of the delta in order.
    pub(crate) fn in_order<'a, R: Row>(&self, added: &'a [(RowId, R)]) -> Vec<Sorted<'a, &'a R>> {
        let mut added: Vec<_> = added.iter().map(|(id, row)| self.sorted(*id, row)).collect();
        added.sort_unstable_by(|a, b| self.compare(a, b));
        added
    }

    /// Whether a row of the delta comes before a row of the main part.
    pub(crate) fn is_before<R: Row>(&self, added: &Sorted<'_, R>, row: u32) -> bool {
        self.compare(added, &self.of_main(row)) == Ordering::Less
    }

    /// Takes from both in order until the page is full.
    fn merge<R: Row>(&self, main: &[u32], added: &[Sorted<'_, &R>], limit: usize, page: &mut Vec<RowId>) {
        let mut added = added.iter().peekable();
        for &row in main {
            let own = self.of_main(row);
            while page.len() < limit
                && let Some(next) = added.next_if(|next| self.compare(*next, &own) == Ordering::Less)
            {
                page.push(next.id);
            }
            if page.len() == limit {
                return;
            }
            page.push(own.id);
        }
        page.extend(added.take(limit - page.len()).map(|row| row.id));
    }

    /// Brings the rows that come before a row of the main part to the front, and says how many they are.
    fn part<R: Row>(&self, added: &mut [Sorted<'_, &R>], row: u32) -> usize {
        let row = self.of_main(row);
        let mut before = 0;
        for at in 0..added.len() {
            if self.compare(&added[at], &row) == Ordering::Less {
                added.swap(before, at);
                before += 1;
            }
        }
        before
    }

    /// The first `count` rows in order.
    fn smallest<'r, 'a, R: Row>(
        &self,
        rows: &'r mut [Sorted<'a, &'a R>],
        count: usize,
    ) -> &'r [Sorted<'a, &'a R>] {
        let count = count.min(rows.len());
        if count < rows.len() {
            rows.select_nth_unstable_by(count, |a, b| self.compare(a, b));
        }
        let first = &mut rows[..count];
        first.sort_unstable_by(|a, b| self.compare(a, b));
        first
    }

    fn of_main(&self, row: u32) -> Sorted<'_, impl Row> {
        let value = match self.sort.key {
            SortKey::Natural => Value::Missing,
            SortKey::Field(field) => self.table.value(row, field),
        };
        Sorted { id: RowId::main(row), row: self.table.row(row), head: self.head(&value), value }
    }

    fn sorted<'a, R: Row>(&self, id: RowId, row: &'a R) -> Sorted<'a, &'a R> {
        let value = match self.sort.key {
            SortKey::Natural => Value::Missing,
            SortKey::Field(field) => Value::of(row, field),
        };
        Sorted { id, row, head: self.head(&value), value }
    }

    fn head(&self, value: &Value<'_>) -> u64 {
        let head = match value {
            Value::Missing if self.sort.missing == Missing::Last => return u64::MAX,
            Value::Missing => 0,
            // The sign turned round, numbers sort as if they had none.
            Value::Int(int) => (*int as u64) ^ 1 << 63,
            Value::Text(text) => {
                let mut bytes = [0; 8];
                bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
                u64::from_be_bytes(bytes)
            }
        };
        if self.sort.direction == Direction::Descending { !head } else { head }
    }

    fn compare<A: Row, B: Row>(&self, a: &Sorted<'_, A>, b: &Sorted<'_, B>) -> Ordering {
        match self.sort.key {
            SortKey::Natural => self.sort.compare(self.kind, &a.row, &b.row),
            SortKey::Field(_) => a
                .head
                .cmp(&b.head)
                .then_with(|| self.sort.compare_values(&a.value, &b.value))
                .then_with(|| compare_ties(self.kind, &a.row, &b.row)),
        }
    }
}
