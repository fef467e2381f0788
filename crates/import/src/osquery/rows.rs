//! The rows of one table of one host while a log is read. What counts is when a row was seen last, not where in the
//! files that stands, so that logs may be given in any order.

use std::collections::HashMap;

use super::tables::Row;

/// Which rows are there now.
#[derive(Debug, Default)]
pub struct Rows {
    rows: HashMap<Row, Seen>,
    /// Time of the last whole list: a snapshot, or the first run of a query.
    start: Option<i64>,
    /// Whether the log counts runs, so that it says where the first one is.
    counted: bool,
    /// Time of the last change of single rows.
    changed: Option<i64>,
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: i64,
    order: u64,
    there: bool,
}

impl Rows {
    /// Notes that a whole list was made at `at`: what is older and not in it is gone.
    pub fn whole(&mut self, at: i64) {
        self.start = self.start.max(Some(at));
    }

    /// Notes that single rows changed; `counted` when the log says in which run.
    pub fn changed(&mut self, at: i64, counted: bool) {
        self.changed = self.changed.max(Some(at));
        self.counted |= counted;
    }

    /// A row is there since `at`.
    pub fn added(&mut self, row: Row, at: i64) {
        self.set(row, at, true);
    }

    /// A row is gone since `at`.
    pub fn removed(&mut self, row: Row, at: i64) {
        self.set(row, at, false);
    }

    fn set(&mut self, row: Row, at: i64, there: bool) {
        let order = self.next;
        self.next += 1;
        let seen = self.rows.entry(row).or_insert(Seen { at, order, there });
        // Of one instant the addition counts: a difference names what is gone first.
        if at > seen.at || (at == seen.at && there) {
            let order = if seen.there && there { seen.order } else { order };
            *seen = Seen { at, order, there };
        }
    }

    /// The rows that are there, in the order they came.
    pub fn present(&self) -> Vec<&Row> {
        let start = self.start.unwrap_or(i64::MIN);
        let mut present: Vec<(&Row, u64)> = self
            .rows
            .iter()
            .filter(|(_, seen)| seen.there && seen.at >= start)
            .map(|(row, seen)| (row, seen.order))
            .collect();
        present.sort_unstable_by_key(|(_, order)| *order);
        present.into_iter().map(|(row, _)| row).collect()
    }

    /// Whether they are all rows there are: the log holds a whole list.
    pub fn complete(&self) -> bool {
        self.start.is_some()
    }

    /// Whether they may not be all rows although nothing says so: runs are counted and the first is not in the log.
    pub fn headless(&self) -> bool {
        self.counted && self.start.is_none()
    }

    /// Whether they stand in the order of the list they are from.
    pub fn ordered(&self) -> bool {
        self.start.is_some() && self.changed <= self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        vec![Some(text.to_owned())]
    }

    fn names(rows: &Rows) -> Vec<&str> {
        rows.present().into_iter().map(|row| row[0].as_deref().unwrap()).collect()
    }

    #[test]
    fn the_latest_word_counts() {
        let mut rows = Rows::default();
        rows.added(row("a"), 10);
        rows.removed(row("a"), 20);
        rows.added(row("b"), 10);
        rows.removed(row("b"), 10);
        rows.removed(row("c"), 30);
        rows.added(row("c"), 10);
        assert_eq!(names(&rows), ["b"]);
        rows.added(row("a"), 30);
        assert_eq!(names(&rows), ["b", "a"]);
    }

    #[test]
    fn a_whole_list_forgets_what_is_older() {
        let mut rows = Rows::default();
        rows.added(row("old"), 10);
        rows.whole(20);
        rows.added(row("new"), 20);
        rows.added(row("older"), 5);
        assert_eq!(names(&rows), ["new"]);
        assert!(rows.complete() && rows.ordered());
        rows.changed(30, true);
        assert!(!rows.ordered());
    }
}
