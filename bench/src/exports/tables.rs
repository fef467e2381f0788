//! What was found of exports, for people.

use super::{BookRow, Busy, ExportRow, Exports};
use crate::report::{duration, grouped, ratio, table};

impl Exports {
    /// The table and what is said below it; empty when nothing was measured.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        if !self.lines.is_empty() {
            let head = [
                "export to CSV",
                "",
                "rows",
                "MB",
                "ours CPU",
                "wall",
                "more memory",
                "plain program CPU",
                "times its CPU",
                "DuckDB CPU",
                "sqlite3 CPU",
                "times less CPU",
            ];
            let rows: Vec<_> = self.lines.iter().map(ExportRow::cells).collect();
            text += "\nExports through the API, beside a plain program that has the rows in memory and others that \
                     have them in a table, every record compared:\n\n";
            text += &table(&head, &rows);
        }
        text += &self.book.as_ref().map(BookRow::sentence).unwrap_or_default();
        text + &self.busy.as_ref().map(Busy::sentence).unwrap_or_default()
    }
}

impl ExportRow {
    fn cells(&self) -> Vec<String> {
        let best = self.duckdb.map_or(self.sqlite.1, |duck| duck.1.min(self.sqlite.1));
        vec![
            self.text.to_owned(),
            String::new(),
            grouped(self.rows),
            grouped(self.bytes / 1_000_000),
            format!("{:.2} s", self.ours.1),
            format!("{:.2} s", self.ours.0),
            format!("{} MB", self.growth / 1_000_000),
            format!("{:.2} s", self.floor.1),
            ratio(self.ours.1 / self.floor.1),
            self.duckdb.map(|cost| format!("{:.2} s", cost.1)).unwrap_or_default(),
            format!("{:.2} s", self.sqlite.1),
            ratio(best / self.ours.1),
        ]
    }
}

impl BookRow {
    fn sentence(&self) -> String {
        let theirs = self.xlsxwriter.map(|theirs| {
            let (rows, times) = (grouped(theirs as u64), ratio(self.ours / theirs));
            format!("; Python's XlsxWriter in constant memory writes {rows}: {times} times slower")
        });
        format!(
            "\nA workbook of {} rows costs {:.2} s CPU and {} MB more memory, {} rows a CPU second{}.\n",
            grouped(self.rows),
            self.cpu,
            self.growth / 1_000_000,
            grouped(self.ours as u64),
            theirs.unwrap_or_default(),
        )
    }
}

impl Busy {
    fn sentence(&self) -> String {
        format!(
            "\nA page of accounts takes {} (p99 {}) on an idle server, {} (p99 {}) while it writes two exports.\n",
            duration(self.idle.0),
            duration(self.idle.1),
            duration(self.busy.0),
            duration(self.busy.1),
        )
    }
}
