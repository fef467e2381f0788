//! A limit on the length of one record: an open quote would else swallow the rest of a file of any size.

use std::cell::Cell;
use std::io::{BufRead, Error, ErrorKind, Read, Result};
use std::rc::Rc;

use crate::records::LONGEST;

/// Reads until the bytes that are left are used up.
pub struct Fence<'a> {
    reader: &'a mut dyn BufRead,
    left: Left,
}

/// Bytes the present record may still have.
#[derive(Clone)]
pub struct Left(Rc<Cell<u64>>);

impl Left {
    /// Begins another record.
    pub fn fill(&self) {
        self.0.set(LONGEST);
    }

    /// Whether the record was too long.
    pub fn is_empty(&self) -> bool {
        self.0.get() == 0
    }
}

impl<'a> Fence<'a> {
    /// A fence before a reader.
    pub fn new(reader: &'a mut dyn BufRead) -> Self {
        Self { reader, left: Left(Rc::new(Cell::new(LONGEST))) }
    }

    /// The handle that moves it.
    pub fn left(&self) -> Left {
        self.left.clone()
    }
}

impl Read for Fence<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.left.0.get();
        if left == 0 {
            let text = format!("the line is longer than {} MB: is a quote left open?", LONGEST >> 20);
            return Err(Error::new(ErrorKind::FileTooLarge, text));
        }
        let read = (&mut *self.reader).take(left).read(buffer)?;
        self.left.0.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}
