//! Exports of few enough rows that nothing needs to be written faster than cell by cell.

use export::{Cell, ExportFile};

use crate::exports::{Job, Stop};

/// Hands every row to the writer it is given, and stops when that says so.
type Rows = dyn Fn(&mut dyn FnMut(&[Cell<'_>]) -> Result<(), Stop>) -> Result<(), Stop> + Send;

/// A header and rows.
pub(crate) struct RowsJob {
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Box<Rows>,
}

impl Job for RowsJob {
    fn write(
        &self,
        file: &mut ExportFile,
        goes_on: &mut dyn FnMut(&ExportFile) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        file.header(self.columns)?;
        (self.rows)(&mut |cells| {
            goes_on(file)?;
            Ok(file.row(cells)?)
        })
    }
}
