//! What can go wrong while a file is written.

use std::io::{self, ErrorKind};

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No room left: the disk or the quota is full, or the file grew past what the file system takes.
    #[error("no room left for the export file")]
    DiskFull(#[source] io::Error),
    /// Any other trouble with a file.
    #[error("export file: {0}")]
    Io(#[source] io::Error),
    /// A row has more or fewer cells than the header.
    #[error("a row of {got} cells under a header of {expected}")]
    Columns {
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        got: usize,
    },
    /// A row came before the header, or a second header came.
    #[error("the header comes once, before every row")]
    Header,
    /// The spreadsheet library refused or failed.
    #[error("spreadsheet: {0}")]
    Sheet(String),
    /// Another worker has taken over this task's unfinished file.
    #[error("the unfinished file now belongs to another worker")]
    TakenOver,
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::DiskFull(error)
            }
            _ => Self::Io(error),
        }
    }
}
