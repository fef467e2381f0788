//! What all writers have in common: one header, then rows of the same width, then the end.

use crate::{Cell, ExportError};

/// Writes one table. The order of calls is `header`, `row`…, `finish`; anything else is an error, not a panic.
/// After an error the writer is of no more use.
pub trait RowWriter {
    /// Writes the column names, which are also the keys of JSON lines.
    fn header(&mut self, names: &[&str]) -> Result<(), ExportError>;

    /// Writes one row with as many cells as the header has names.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError>;

    /// Hands everything to the output below. Does not sync and does not close it.
    fn finish(&mut self) -> Result<(), ExportError>;
}

/// The number of columns, once the header has told it.
#[derive(Debug, Default)]
pub(crate) struct Width(Option<usize>);

impl Width {
    /// Takes the header's width.
    pub(crate) fn set(&mut self, columns: usize) -> Result<(), ExportError> {
        match self.0.replace(columns) {
            None => Ok(()),
            Some(_) => Err(ExportError::Header),
        }
    }

    /// Fails before the header.
    pub(crate) fn known(&self) -> Result<(), ExportError> {
        self.0.map(drop).ok_or(ExportError::Header)
    }

    /// Checks a row's width.
    pub(crate) fn check(&self, got: usize) -> Result<(), ExportError> {
        match self.0 {
            None => Err(ExportError::Header),
            Some(expected) if expected == got => Ok(()),
            Some(expected) => Err(ExportError::Columns { expected, got }),
        }
    }
}
