//! Writes the formats of lines to any output, through one large buffer. Rows come as cells or, where it counts, as the
//! bytes of a whole line.

use std::io::Write;

use crate::csv::BOM;
use crate::row::{BUFFER, Width};
use crate::{Cell, ExportError, RowWriter, Syntax};

/// Room in the buffer beyond what makes it be written, so that it seldom grows.
const SLACK: usize = 16 << 10;

/// Writes CSV or JSON lines.
#[derive(Debug)]
pub struct LineWriter<W> {
    out: W,
    buffer: Vec<u8>,
    width: Width,
    format: Format,
    syntax: Syntax,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Csv,
    Jsonl,
}

impl<W: Write> LineWriter<W> {
    /// A writer of CSV with a byte order mark, CRLF and formula guard; `out` needs no buffer.
    pub fn csv(out: W) -> Self {
        Self::new(out, Format::Csv)
    }

    /// A writer of JSON lines: one object a line, the header's names as keys; `out` needs no buffer.
    pub fn jsonl(out: W) -> Self {
        Self::new(out, Format::Jsonl)
    }

    fn new(out: W, format: Format) -> Self {
        let buffer = Vec::with_capacity(BUFFER + SLACK);
        LineWriter { out, buffer, width: Width::default(), format, syntax: Syntax::jsonl(&[]) }
    }

    /// The output below.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// The syntax of the lines, once the header is written.
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Writes a row that `append` puts at the end of the buffer: all its cells as the syntax has them, and the end.
    pub fn line(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), ExportError> {
        self.width.known()?;
        append(&mut self.buffer);
        self.flush_full()
    }

    fn flush_full(&mut self) -> Result<(), ExportError> {
        if self.buffer.len() >= BUFFER { self.flush_buffer() } else { Ok(()) }
    }

    fn flush_buffer(&mut self) -> Result<(), ExportError> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> RowWriter for LineWriter<W> {
    fn header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.width.set(names.len())?;
        match self.format {
            Format::Jsonl => self.syntax = Syntax::jsonl(names),
            Format::Csv => {
                self.syntax = Syntax::csv(names.len());
                self.buffer.extend_from_slice(BOM);
                let cells: Vec<Cell<'_>> = names.iter().map(|name| Cell::Text(name)).collect();
                self.row(&cells)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.width.check(cells.len())?;
        self.syntax.cells(&mut self.buffer, 0, cells);
        self.syntax.end(&mut self.buffer);
        self.flush_full()
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.flush_buffer()?;
        Ok(self.out.flush()?)
    }
}
