//! Writes the formats of lines to any output, through one large buffer, in pieces that can go to a disk as they lie.
//! Rows come as cells or, where it counts, as the bytes of a whole line.

use std::io::Write;

use crate::csv::BOM;
use crate::direct::ALIGNED;
use crate::row::Width;
use crate::{Cell, ExportError, RowWriter, Syntax};

/// Bytes gathered before they go to the output. A writer past the page cache sleeps for each such piece, and others have
/// used the processor and its caches when it goes on: few large pieces cost less than many.
const BUFFER: usize = 4 << 20;
/// Room in the buffer beyond what makes it be written, so that it seldom grows.
const SLACK: usize = 64 << 10;

/// Writes CSV or JSON lines.
#[derive(Debug)]
pub struct LineWriter<W> {
    out: W,
    buffer: Vec<u8>,
    /// Where in the buffer the bytes begin, so that they are aligned.
    start: usize,
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
        let mut buffer: Vec<u8> = Vec::with_capacity(ALIGNED + BUFFER + SLACK);
        let start = buffer.as_ptr().align_offset(ALIGNED).min(ALIGNED);
        buffer.resize(start, 0);
        LineWriter { out, buffer, start, width: Width::default(), format, syntax: Syntax::jsonl(&[]) }
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
        let len = self.buffer.len() - self.start;
        if len >= BUFFER { self.write_out(len - len % ALIGNED) } else { Ok(()) }
    }

    /// Writes so many bytes of the buffer; the rest moves to its front.
    fn write_out(&mut self, len: usize) -> Result<(), ExportError> {
        let end = self.start + len;
        self.out.write_all(self.buffer.get(self.start..end).unwrap_or_default())?;
        self.buffer.drain(self.start..end);
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
        self.write_out(self.buffer.len() - self.start)?;
        Ok(self.out.flush()?)
    }
}
