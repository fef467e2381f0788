//! CSV as spreadsheet programs like it: UTF-8 with a byte order mark, CRLF, quotes where RFC 4180 asks for them,
//! text cells behind the formula guard. Written by hand because this is the inner loop of the largest exports;
//! the tests read it back with the `csv` crate.

use std::io::Write;

use crate::guard::needs_guard;
use crate::row::{BUFFER, Width};
use crate::{Cell, ExportError, RowWriter};

/// Byte order mark: without it Excel reads UTF-8 as the local code page.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Writes CSV to any output.
#[derive(Debug)]
pub struct CsvWriter<W> {
    out: W,
    buffer: Vec<u8>,
    width: Width,
}

impl<W: Write> CsvWriter<W> {
    /// A writer with its own buffer; `out` needs none.
    pub fn new(out: W) -> Self {
        CsvWriter { out, buffer: Vec::with_capacity(BUFFER + 4096), width: Width::default() }
    }

    /// The output below.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        let start = self.buffer.len();
        for cell in cells {
            push_cell(&mut self.buffer, *cell);
            self.buffer.push(b',');
        }
        if self.buffer.len() == start + 1 {
            // One empty cell alone would be an empty line, which readers skip.
            self.buffer.truncate(start);
            self.buffer.extend_from_slice(b"\"\"");
        } else if self.buffer.len() > start {
            self.buffer.pop();
        }
        self.buffer.extend_from_slice(b"\r\n");
        if self.buffer.len() >= BUFFER { self.flush_buffer() } else { Ok(()) }
    }

    fn flush_buffer(&mut self) -> Result<(), ExportError> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> RowWriter for CsvWriter<W> {
    fn header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.width.set(names.len())?;
        self.buffer.extend_from_slice(BOM);
        let cells: Vec<Cell<'_>> = names.iter().map(|name| Cell::Text(name)).collect();
        self.line(&cells)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.width.check(cells.len())?;
        self.line(cells)
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.flush_buffer()?;
        Ok(self.out.flush()?)
    }
}

fn push_cell(out: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Empty => {}
        Cell::Int(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        Cell::Text(text) => push_text(out, text),
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let apostrophe: &[u8] = if needs_guard(text) { b"'" } else { b"" };
    let bytes = text.as_bytes();
    if !needs_quotes(bytes) {
        out.extend_from_slice(apostrophe);
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(apostrophe);
    for piece in bytes.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// Looks at every byte without stopping early: cells are short and this form is vectorised.
fn needs_quotes(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\r' | b'\n'))
}
