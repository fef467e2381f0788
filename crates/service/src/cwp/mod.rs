//! Handlers of host accounts, service `cwp`. One file for each noun.

pub mod accounts;
pub mod assets;
pub mod exports;
pub mod history;
pub mod install;
mod lines;
pub mod machines;
mod plan;
mod record;
pub mod removal;
pub mod scans;
pub mod statistics;
pub mod tags;
pub mod unsupported;

pub(crate) use lines::Lines;
pub(crate) use plan::{Plan, PlanError};
pub(crate) use record::{COLUMNS, Printer, code, flag};
