//! The bytes of each format: golden files by example, and read back by other people's readers for any rows.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a panic there is the report")]

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use export::guard::needs_guard;
use export::xlsx::XlsxWriter;
use export::{Cell, LineWriter, RowWriter, Syntax};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["Name", "Uid", "LastLoginTime", "Remark, \"quoted\""];

fn sample() -> Vec<Vec<Cell<'static>>> {
    use Cell::{Empty, Int, Text};
    vec![
        vec![Text("root"), Int(0), Text("2024-05-06 07:08:09"), Text("plain")],
        vec![Text("=cmd|'/C calc'!A0"), Int(-1), Empty, Text("a,b \"c\"\r\nd")],
        vec![Text("＠SUM(A1)"), Int(i64::MAX), Text(""), Text("-2, +3")],
        vec![Text("张三"), Int(1000), Text("\tx"), Text("bell\u{7}nul\0 _x0041_ <&>'")],
    ]
}

fn fill(writer: &mut dyn RowWriter, names: &[&str], rows: &[Vec<Cell<'_>>]) {
    writer.header(names).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.finish().unwrap();
}

fn csv_bytes(names: &[&str], rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
    let mut writer = LineWriter::csv(Vec::new());
    fill(&mut writer, names, rows);
    writer.into_inner()
}

fn jsonl_bytes(names: &[&str], rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
    let mut writer = LineWriter::jsonl(Vec::new());
    fill(&mut writer, names, rows);
    writer.into_inner()
}

fn xlsx_bytes(names: &[&str], rows: &[Vec<Cell<'_>>]) -> Vec<u8> {
    let temporary = tempfile::tempdir().unwrap();
    let mut writer = XlsxWriter::new(Vec::new(), temporary.path()).unwrap();
    fill(&mut writer, names, rows);
    writer.into_inner()
}

fn escaped(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .unwrap()
        .split_inclusive('\n')
        .map(|l| format!("{}\n", l.escape_debug()))
        .collect()
}

#[test]
fn golden_csv() {
    insta::assert_snapshot!(escaped(&csv_bytes(&NAMES, &sample())));
}

#[test]
fn golden_jsonl() {
    insta::assert_snapshot!(escaped(&jsonl_bytes(&NAMES, &sample())));
}

#[test]
fn golden_xlsx() {
    let bytes = xlsx_bytes(&NAMES, &sample());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes)).unwrap();
    let sheet = book.worksheet_range("Sheet1").unwrap();
    let shown: Vec<String> = sheet.rows().map(|row| format!("{row:?}\n")).collect();
    insta::assert_snapshot!(shown.concat());
    assert!(book.worksheet_formula("Sheet1").unwrap().is_empty(), "a text became a formula");
}

#[test]
fn a_lone_empty_cell_is_still_a_row() {
    assert_eq!(csv_bytes(&["A"], &[vec![Cell::Empty]]), b"\xEF\xBB\xBFA\r\n\"\"\r\n");
}

#[test]
fn an_endless_cell_is_cut_for_a_sheet_only() {
    let long = "你😀".repeat(20_000);
    let rows = [vec![Cell::Text(&long)]];
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx_bytes(&["A"], &rows))).unwrap();
    let sheet = book.worksheet_range("Sheet1").unwrap();
    let Some(Data::String(text)) = sheet.get((1, 0)) else { panic!("no text") };
    assert!(text.ends_with("你 [cut]") || text.ends_with("😀 [cut]"));
    assert!((32_760..=32_767).contains(&text.encode_utf16().count()));
    assert_eq!(jsonl_bytes(&["A"], &rows).len(), long.len() + "{\"A\":\"\"}\n".len());
}

/// A cell the tests can own.
#[derive(Debug, Clone)]
enum Owned {
    Text(String),
    Int(i64),
    Empty,
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Owned::Text(text) => Cell::Text(text),
            Owned::Int(number) => Cell::Int(*number),
            Owned::Empty => Cell::Empty,
        }
    }

    fn as_csv(&self) -> String {
        match self {
            Owned::Text(text) if needs_guard(text) => format!("'{text}"),
            Owned::Text(text) => text.clone(),
            Owned::Int(number) => number.to_string(),
            Owned::Empty => String::new(),
        }
    }

    fn as_json(&self) -> serde_json::Value {
        match self {
            Owned::Text(text) => text.as_str().into(),
            Owned::Int(number) => (*number).into(),
            Owned::Empty => serde_json::Value::Null,
        }
    }
}

fn cell() -> impl Strategy<Value = Owned> {
    prop_oneof![
        any::<String>().prop_map(Owned::Text),
        "[=+@\t\r\n\0＝＋－＠,\"'a -]{0,8}".prop_map(Owned::Text),
        any::<i64>().prop_map(Owned::Int),
        Just(Owned::Empty),
    ]
}

fn table() -> impl Strategy<Value = (Vec<String>, Vec<Vec<Owned>>)> {
    (1usize..6).prop_flat_map(|width| {
        let names: Vec<String> = (0..width).map(|column| format!("Column{column}")).collect();
        (Just(names), prop::collection::vec(prop::collection::vec(cell(), width), 0..12))
    })
}

fn borrow<'a>(names: &'a [String], rows: &'a [Vec<Owned>]) -> (Vec<&'a str>, Vec<Vec<Cell<'a>>>) {
    let rows = rows.iter().map(|row| row.iter().map(Owned::cell).collect()).collect();
    (names.iter().map(String::as_str).collect(), rows)
}

proptest! {
    #[test]
    fn csv_reads_back((names, rows) in table()) {
        let (header, cells) = borrow(&names, &rows);
        let bytes = csv_bytes(&header, &cells);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[3..]);
        let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(records.len(), rows.len() + 1);
        prop_assert_eq!(records[0].iter().collect::<Vec<_>>(), header);
        for (record, row) in records[1..].iter().zip(&rows) {
            let expected: Vec<String> = row.iter().map(Owned::as_csv).collect();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), expected);
            for (field, cell) in record.iter().zip(row) {
                prop_assert!(matches!(cell, Owned::Int(_)) || !needs_guard(field));
            }
        }
    }

    #[test]
    fn jsonl_reads_back((names, rows) in table()) {
        let (header, cells) = borrow(&names, &rows);
        let bytes = jsonl_bytes(&header, &cells);
        let lines: Vec<&str> = std::str::from_utf8(&bytes).unwrap().lines().collect();
        prop_assert_eq!(lines.len(), rows.len());
        for (line, row) in lines.iter().zip(&rows) {
            let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let expected = header.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.as_json())).collect();
            prop_assert_eq!(read, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Text stays text whatever it looks like, and arrives without the characters XML forbids.
    #[test]
    fn xlsx_reads_back((names, rows) in table()) {
        let (header, cells) = borrow(&names, &rows);
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx_bytes(&header, &cells))).unwrap();
        let sheet = book.worksheet_range("Sheet1").unwrap();
        prop_assert!(book.worksheet_formula("Sheet1").unwrap().is_empty());
        for (line, row) in (1u32..).zip(&rows) {
            for (column, cell) in (0u32..).zip(row) {
                let read = sheet.get_value((line, column)).cloned().unwrap_or(Data::Empty);
                match (cell, read) {
                    (Owned::Int(number), Data::Float(float)) => prop_assert_eq!(*number as f64, float),
                    (Owned::Int(number), Data::String(text)) => prop_assert_eq!(number.to_string(), text),
                    (Owned::Empty, Data::Empty) => {}
                    (Owned::Text(text), Data::String(read)) => prop_assert_eq!(as_sheet(text), as_sheet(&read)),
                    (Owned::Text(text), Data::Empty) => prop_assert_eq!(as_sheet(text), ""),
                    (cell, read) => prop_assert!(false, "{:?} became {:?}", cell, read),
                }
            }
        }
    }
}

/// The text as a reader of XML sees it: no forbidden characters, line ends made one.
fn as_sheet(text: &str) -> String {
    let legal = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    text.chars().filter(legal).collect::<String>().replace("\r\n", "\n").replace('\r', "\n")
}

proptest! {
    /// The short way for digits and dates makes the same bytes as the long one.
    #[test]
    fn plain_text_is_text(text in "[0-9a-z][0-9a-z :.-]{0,20}", column in 0usize..3) {
        for syntax in [Syntax::csv(3), Syntax::jsonl(&["A", "B", "C"])] {
            let (mut short, mut long) = (Vec::new(), Vec::new());
            syntax.plain(&mut short, column, text.as_bytes());
            syntax.cell(&mut long, column, Cell::Text(&text));
            prop_assert_eq!(short, long);
        }
    }
}
