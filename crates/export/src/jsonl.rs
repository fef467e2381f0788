//! JSON lines: one object a line, the header's names as keys, values as they are. The lossless format: no guard,
//! "no value" is `null` and differs from empty text.

use std::io::Write;

use crate::row::{BUFFER, Width};
use crate::{Cell, ExportError, RowWriter};

/// Writes JSON lines to any output.
#[derive(Debug)]
pub struct JsonlWriter<W> {
    out: W,
    buffer: Vec<u8>,
    width: Width,
    /// `{"Name":` for the first column, `,"Name":` for the others.
    keys: Vec<Vec<u8>>,
}

impl<W: Write> JsonlWriter<W> {
    /// A writer with its own buffer; `out` needs none.
    pub fn new(out: W) -> Self {
        JsonlWriter {
            out,
            buffer: Vec::with_capacity(BUFFER + 4096),
            width: Width::default(),
            keys: Vec::new(),
        }
    }

    /// The output below.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn flush_buffer(&mut self) -> Result<(), ExportError> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> RowWriter for JsonlWriter<W> {
    fn header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.width.set(names.len())?;
        for (column, name) in names.iter().enumerate() {
            let mut key = vec![if column == 0 { b'{' } else { b',' }];
            push_text(&mut key, name)?;
            key.push(b':');
            self.keys.push(key);
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.width.check(cells.len())?;
        if cells.is_empty() {
            self.buffer.push(b'{');
        }
        for (key, cell) in self.keys.iter().zip(cells) {
            self.buffer.extend_from_slice(key);
            match *cell {
                Cell::Empty => self.buffer.extend_from_slice(b"null"),
                Cell::Int(number) => {
                    self.buffer.extend_from_slice(itoa::Buffer::new().format(number).as_bytes())
                }
                Cell::Text(text) => push_text(&mut self.buffer, text)?,
            }
        }
        self.buffer.extend_from_slice(b"}\n");
        if self.buffer.len() >= BUFFER { self.flush_buffer() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        self.flush_buffer()?;
        Ok(self.out.flush()?)
    }
}

/// Writing JSON text into memory cannot fail; should the library ever disagree, the error is passed on.
fn push_text(out: &mut Vec<u8>, text: &str) -> Result<(), ExportError> {
    serde_json::to_writer(out, text).map_err(|error| ExportError::Io(error.into()))
}
