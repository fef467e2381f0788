//! Exports: turning rows into files (CSV, XLSX, JSON lines), putting them on disk so that a reader only ever
//! sees whole ones, signing the links that fetch them, and the rules by which workers share the queue.
//! Knows no HTTP, no SQL and no action: what a row holds is the caller's business.
//!
//! The parts, from the bottom up:
//! - [`cell`] one value; [`guard`] the formula guard of CSV; [`row`] the trait all writers share
//! - [`syntax`] how CSV and JSON lines look, with `csv` and `jsonl` for their texts; [`lines`] their writer
//! - [`xlsx`] the writer of workbooks
//! - [`store`] the directory of finished files: write, sync, rename, sync
//! - [`link`] signed links; [`name`] the names people see; [`lease`] who may work on a task

pub mod cell;
mod csv;
mod direct;
pub mod error;
pub mod guard;
mod jsonl;
pub mod lease;
pub mod lines;
pub mod link;
pub mod name;
pub mod row;
pub mod store;
pub mod syntax;
pub mod xlsx;

pub use cell::Cell;
pub use error::ExportError;
pub use lines::LineWriter;
pub use link::{Link, LinkError};
pub use name::file_name;
pub use row::RowWriter;
pub use store::{ExportDir, ExportFile, Finished};
pub use syntax::Syntax;
