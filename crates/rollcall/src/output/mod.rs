//! What people and programs see: lists, progress, colour, and the escaping all foreign text goes through.

pub mod escape;
pub mod file;
pub mod progress;
pub mod style;
pub mod table;

use std::io::Write;

use crate::error::{CliError, stdout_failed};

/// Writes `bytes` to stdout at once and flushes.
pub fn emit(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| stdout_failed(&error))
}

/// Writes one line of plain text to stdout; control characters are escaped.
pub fn line(text: &str) -> Result<(), CliError> {
    emit(format!("{}\n", escape::terminal(text)).as_bytes())
}

/// Writes one line for people to stderr; control characters are escaped.
pub fn note(text: &str) {
    // A closed stderr leaves no one to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", escape::terminal(text));
}
