//! osquery: the result logs of osqueryd in all their formats, and the lists `osqueryi --json` prints.

mod gathered;
mod log;
mod report;
mod rows;
mod tables;
#[cfg(test)]
mod tests;

pub use gathered::Gathered;
pub use tables::Table;
