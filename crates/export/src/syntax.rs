//! How the formats of lines look: CSV and JSON lines. The bytes of a cell depend on its column and its value alone and
//! those of a line are its cells one after the other and an end, so whoever writes the same cells again and again can
//! keep their bytes. No rows and no output here.

use crate::guard::needs_guard;
use crate::{Cell, csv, jsonl};

/// The format of lines of one table.
#[derive(Debug, Clone)]
pub struct Syntax(Form);

#[derive(Debug, Clone)]
enum Form {
    /// CSV. One empty cell alone would be an empty line, which readers skip, so it is quoted.
    Csv { alone: bool },
    /// JSON lines: what stands before each value, `{"Name":` for the first column, `,"Name":` for the others.
    Jsonl(Vec<Box<[u8]>>),
}

impl Syntax {
    /// CSV of so many columns.
    pub fn csv(columns: usize) -> Self {
        Self(Form::Csv { alone: columns == 1 })
    }

    /// JSON lines with these keys.
    pub fn jsonl(names: &[&str]) -> Self {
        let key = |(column, name): (usize, &&str)| {
            let mut key = vec![if column == 0 { b'{' } else { b',' }];
            jsonl::push_text(&mut key, name);
            key.push(b':');
            key.into_boxed_slice()
        };
        Self(Form::Jsonl(names.iter().enumerate().map(key).collect()))
    }

    /// Appends a cell.
    #[inline]
    pub fn cell(&self, out: &mut Vec<u8>, column: usize, cell: Cell<'_>) {
        match cell {
            Cell::Empty => self.empty(out, column),
            Cell::Int(number) => self.number(out, column, number),
            Cell::Text(text) => self.text(out, column, text),
        }
    }

    /// Appends cells from the column `first` on.
    pub fn cells(&self, out: &mut Vec<u8>, first: usize, cells: &[Cell<'_>]) {
        for (column, cell) in (first..).zip(cells) {
            self.cell(out, column, *cell);
        }
    }

    /// Appends a cell without a value.
    #[inline]
    pub fn empty(&self, out: &mut Vec<u8>, column: usize) {
        self.begin(out, column);
        match self.0 {
            Form::Csv { alone: false } => {}
            Form::Csv { alone: true } => out.extend_from_slice(b"\"\""),
            Form::Jsonl(_) => out.extend_from_slice(b"null"),
        }
    }

    /// Appends a number.
    #[inline]
    pub fn number(&self, out: &mut Vec<u8>, column: usize, number: i64) {
        self.begin(out, column);
        match u8::try_from(number) {
            Ok(digit @ 0..=9) => out.push(b'0' + digit),
            _ => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        }
    }

    /// Appends a text, whatever it holds.
    #[inline]
    pub fn text(&self, out: &mut Vec<u8>, column: usize, text: &str) {
        self.begin(out, column);
        match self.0 {
            Form::Csv { alone: true } if text.is_empty() => out.extend_from_slice(b"\"\""),
            Form::Csv { .. } => csv::push_text(out, text),
            Form::Jsonl(_) => jsonl::push_text(out, text),
        }
    }

    /// Appends a text that is known to need neither quotes nor escapes nor a guard in any format, such as a date or
    /// the digits of an id.
    #[inline]
    pub fn plain(&self, out: &mut Vec<u8>, column: usize, text: &[u8]) {
        debug_assert!(std::str::from_utf8(text).is_ok_and(is_plain), "{text:?} is not plain");
        self.begin(out, column);
        if let Form::Jsonl(_) = self.0 {
            out.push(b'"');
            out.extend_from_slice(text);
            out.push(b'"');
        } else {
            out.extend_from_slice(text);
        }
    }

    /// Appends the end of a line.
    #[inline]
    pub fn end(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Form::Csv { .. } => out.extend_from_slice(b"\r\n"),
            Form::Jsonl(keys) if keys.is_empty() => out.extend_from_slice(b"{}\n"),
            Form::Jsonl(_) => out.extend_from_slice(b"}\n"),
        }
    }

    #[inline]
    fn begin(&self, out: &mut Vec<u8>, column: usize) {
        match &self.0 {
            Form::Csv { .. } if column == 0 => {}
            Form::Csv { .. } => out.push(b','),
            Form::Jsonl(keys) => {
                if let Some(key) = keys.get(column) {
                    out.extend_from_slice(key);
                }
            }
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !needs_guard(text)
        && csv::is_plain(text.as_bytes())
        && jsonl::is_plain(text.as_bytes())
}
