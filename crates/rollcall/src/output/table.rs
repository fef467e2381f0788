//! Lists as a table for people, JSON or CSV for programs. Rows are JSON objects as the service sent them;
//! JSON shows them unchanged, CSV shows the chosen columns raw, a table shows them in words.

use clap::ValueEnum;
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use serde_json::Value;

use super::{emit, escape};
use crate::error::CliError;

/// How a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading.
    Table,
    /// One JSON array.
    Json,
    /// Comma separated, with a header line.
    Csv,
}

/// One column of a list.
#[derive(Clone, Copy)]
pub struct Column {
    /// Heading in the table.
    pub title: &'static str,
    /// Member of the row, heading in CSV.
    pub field: &'static str,
    /// How a table shows the value.
    pub show: fn(&Value) -> String,
}

/// A column shown as it is.
pub const fn plain(title: &'static str, field: &'static str) -> Column {
    Column { title, field, show: text }
}

/// A value as plain text: strings bare, lists joined with commas, null and absent as nothing.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Prints `rows` to stdout in `format`.
pub fn print(format: Format, columns: &[Column], rows: &[Value]) -> Result<(), CliError> {
    match format {
        Format::Table => emit(table(columns, rows, None).as_bytes()),
        Format::Json => emit(json(rows).as_bytes()),
        Format::Csv => emit(&csv(columns, rows)?),
    }
}

/// Prints one object: `name  value` lines or JSON.
pub fn print_one(format: Format, row: &Value) -> Result<(), CliError> {
    let Value::Object(members) = row else { return emit(format!("{row}\n").as_bytes()) };
    if format == Format::Json {
        return emit(format!("{row:#}\n").as_bytes());
    }
    let pairs: Vec<Value> =
        members.iter().map(|(k, v)| serde_json::json!({"Name": k, "Value": text(v)})).collect();
    print(format, &[plain("NAME", "Name"), plain("VALUE", "Value")], &pairs)
}

/// The table as text. `width` overrides the terminal's width; off a terminal nothing is wrapped.
pub fn table(columns: &[Column], rows: &[Value], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(columns.iter().map(heading));
    for row in rows {
        table.add_row(columns.iter().map(|c| cell(c, row)));
    }
    let mut out = table.trim_fmt();
    out.push('\n');
    out
}

fn heading(column: &Column) -> Cell {
    let cell = Cell::new(column.title);
    if super::style::on_stdout() { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn cell(column: &Column, row: &Value) -> String {
    let shown = (column.show)(row.get(column.field).unwrap_or(&Value::Null));
    escape::terminal(&shown).into_owned()
}

fn json(rows: &[Value]) -> String {
    let mut out = format!("{:#}", Value::from(rows));
    out.push('\n');
    out
}

fn csv(columns: &[Column], rows: &[Value]) -> Result<Vec<u8>, CliError> {
    let failed = |error: csv::Error| CliError::new(format!("could not write CSV: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|c| c.field)).map_err(failed)?;
    for row in rows {
        let cells = columns.iter().map(|c| text(row.get(c.field).unwrap_or(&Value::Null)));
        writer.write_record(cells.map(|cell| escape::formula(&cell).into_owned())).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| CliError::io("could not write CSV", error.error()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [Column; 2] = [plain("NAME", "Name"), plain("UID", "Uid")];

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let rows = [json!({"Name": "a\u{1b}[31m\nb", "Uid": "0"}), json!({"Name": null})];
        let shown = table(&COLUMNS, &rows, Some(80));
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(shown.contains("a\\x1b[31m\\nb") && !shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn csv_guards_formulas_and_quotes() {
        let rows = [json!({"Name": "=1,2", "Uid": ["a", "b"]})];
        assert_eq!(csv(&COLUMNS, &rows).unwrap(), b"Name,Uid\r\n\"'=1,2\",\"a,b\"\r\n");
    }

    #[test]
    fn json_is_one_array() {
        let back: Value = serde_json::from_str(&json(&[json!({"Name": "a"})])).unwrap();
        assert_eq!(back, json!([{"Name": "a"}]));
    }
}
