//! Workbooks: ours through the API beside Python's XlsxWriter in constant-memory mode, which writes the same rows.

use std::path::Path;
use std::process::Command;

use serde::Serialize;
use serde_json::{Value, json};

use super::{export, python, reader};
use crate::server::{Client, Server};
use crate::{Options, Result};

/// What is installed.
const PACKAGE: &str = "XlsxWriter==3.2.9";
/// Rows that Python gets: it is slow, and its speed does not depend on how many there are.
const ROWS: usize = 50_000;

/// Reads the rows before the clock starts; prints rows and processor seconds.
const PROGRAM: &str = r#"
import csv, sys, time, xlsxwriter
source, target, rows, numbers = sys.argv[1], sys.argv[2], int(sys.argv[3]), set(sys.argv[4].split(","))
with open(source, encoding="utf-8-sig", newline="") as file:
    lines = csv.reader(file)
    names = next(lines)
    kinds = [name in numbers for name in names]
    data = [[int(c) if k and c else c for c, k in zip(line, kinds)] for line, _ in zip(lines, range(rows))]
begin = time.process_time()
book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
sheet = book.add_worksheet()
for column, name in enumerate(names):
    sheet.write_string(0, column, name)
for row, line in enumerate(data, 1):
    for column, cell in enumerate(line):
        if type(cell) is int:
            sheet.write_number(row, column, cell)
        elif cell:
            sheet.write_string(row, column, cell)
book.close()
print(len(data), time.process_time() - begin)
"#;

/// Workbooks of both sides.
#[derive(Debug, Serialize)]
pub struct BookRow {
    /// Our rows.
    pub rows: u64,
    /// Our processor seconds.
    pub cpu: f64,
    /// Most memory beyond what the server held before, in bytes.
    pub growth: u64,
    /// Rows for each processor second, here.
    pub ours: f64,
    /// The same of XlsxWriter, where it can be installed.
    pub xlsxwriter: Option<f64>,
}

/// Measures both.
pub fn run(options: &Options, client: &Client, server: &Server, data: &Path) -> Result<BookRow> {
    let request = |format: &str| -> Value {
        let filters = json!([{ "Name": "MachineName", "Values": ["-gz-web-", "-gz-db-"] }]);
        json!({ "Filters": filters, "Format": format })
    };
    let book = export(client, server, data, &request("xlsx"))?;
    let lines = export(client, server, data, &request("csv"))?;
    let rows = reader(&lines.file)?.into_records().count() as u64;
    let target = options.work.join("xlsxwriter.xlsx");
    let theirs = match python::with(options, PACKAGE) {
        Some(python) => Some(peer(&python, &lines.file, &target)?),
        None => None,
    };
    let cpu = book.cost.1;
    Ok(BookRow { rows, cpu, growth: book.growth, ours: rows as f64 / cpu, xlsxwriter: theirs })
}

fn peer(python: &Path, source: &Path, target: &Path) -> Result<f64> {
    let output = Command::new(python)
        .args(["-c", PROGRAM])
        .args([source, target])
        .args([ROWS.to_string(), super::table::NUMBERS.join(",")])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (rows, cpu) = text.trim().split_once(' ').ok_or_else(|| {
        format!("XlsxWriter: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(rows.parse::<f64>()? / cpu.parse::<f64>()?)
}
