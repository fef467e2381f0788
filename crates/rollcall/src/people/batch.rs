//! Turns rows into requests of `ImportUsers`: at most 5000 people and 8 MB each, built as JSON text at once,
//! because a million people pass through here.

use std::io;

use serde_json::Value;

use super::{
    columns::Column,
    source::{Row, Rows},
};
use crate::error::CliError;

/// People in one request, the action's limit.
const MAX_ROWS: usize = 5000;
/// Bytes of one request, below the protocol's 10 MB.
const MAX_BYTES: usize = 7 << 20;

/// One request.
pub struct Batch {
    /// The parameters as JSON.
    pub body: Vec<u8>,
    /// Line of each entry, to map the server's `Index` back.
    pub lines: Vec<u64>,
    /// Bytes of the file read once this batch was full.
    pub position: u64,
}

/// Cuts rows into batches.
pub struct Batches {
    rows: Rows,
    columns: Vec<Column>,
    dry_run: bool,
}

impl Batches {
    /// Batches of `rows`, which have been checked.
    pub fn new(rows: Rows, dry_run: bool) -> Self {
        let columns = rows.columns().to_vec();
        Self { rows, columns, dry_run }
    }

    /// The next batch; `None` when all rows are out.
    ///
    /// # Errors
    /// When the file cannot be read further.
    pub fn next(&mut self) -> Result<Option<Batch>, CliError> {
        let mut body = b"{\"Users\":[".to_vec();
        let mut lines = Vec::new();
        while lines.len() < MAX_ROWS && body.len() < MAX_BYTES {
            let Some(row) = self.rows.next()? else { break };
            if !lines.is_empty() {
                body.push(b',');
            }
            write_row(&mut body, &self.columns, &row)
                .map_err(|e| CliError::new(format!("line {} cannot be sent: {e}", row.line)))?;
            lines.push(row.line);
        }
        body.extend_from_slice(if self.dry_run { b"],\"DryRun\":true}" } else { b"]}" });
        let position = self.rows.position();
        Ok((!lines.is_empty()).then_some(Batch { body, lines, position }))
    }
}

/// Writes one entry. Empty cells are left out: they say nothing about the person.
fn write_row(out: &mut Vec<u8>, columns: &[Column], row: &Row<'_>) -> io::Result<()> {
    out.push(b'{');
    let mut first = true;
    for (column, cell) in columns.iter().zip(row.cells) {
        if cell.is_empty() {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.push(b'"');
        out.extend_from_slice(column.name().as_bytes());
        out.extend_from_slice(b"\":");
        let text = std::str::from_utf8(cell).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        serde_json::to_writer(&mut *out, text)?;
    }
    out.push(b'}');
    Ok(())
}

/// What the server did with batches.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// People that did not exist.
    pub created: u64,
    /// People that differed.
    pub updated: u64,
    /// People that were the same.
    pub unchanged: u64,
}

impl Totals {
    /// Adds the counts of an answer.
    pub fn add(&mut self, answer: &Value) {
        let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.created += count("Created");
        self.updated += count("Updated");
        self.unchanged += count("Unchanged");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::source::tests::file, *};

    #[test]
    fn rows_become_json_and_keep_their_lines() {
        let (_guard, source) =
            file("UserName,Description,Email\nann,\"q\"\"\n\\\",\nb\u{1},李,b@c\n".as_bytes());
        let mut batches = Batches::new(source.rows().unwrap(), true);
        let batch = batches.next().unwrap().unwrap();
        let body: Value = serde_json::from_slice(&batch.body).unwrap();
        let users = json!([
            {"UserName": "ann", "Description": "q\"\n\\"},
            {"UserName": "b\u{1}", "Description": "李", "Email": "b@c"},
        ]);
        assert_eq!(body, json!({"Users": users, "DryRun": true}));
        assert_eq!(batch.lines, [2, 4]);
        assert!(batches.next().unwrap().is_none());
    }

    #[test]
    fn batches_are_bounded_in_rows_and_bytes() {
        let sizes = |text: String| {
            let (_guard, source) = file(text.as_bytes());
            let mut batches = Batches::new(source.rows().unwrap(), false);
            let mut sizes = Vec::new();
            while let Some(batch) = batches.next().unwrap() {
                assert!(batch.body.len() < 8 << 20);
                assert!(serde_json::from_slice::<Value>(&batch.body).is_ok());
                sizes.push(batch.lines.len());
            }
            sizes
        };
        let names: String = (0..12_000).map(|i| format!("u{i}\n")).collect();
        assert_eq!(sizes(format!("UserName\n{names}")), [5000, 5000, 2000]);
        let wide: String = (0..5000).map(|i| format!("u{i},{}\n", "安".repeat(512))).collect();
        let cut = sizes(format!("UserName,Description\n{wide}"));
        assert!(cut.len() == 2 && cut.iter().sum::<usize>() == 5000, "{cut:?}");
    }
}
