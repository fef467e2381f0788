//! Exports that run in the background: the table of tasks, the workers, the links and the sweeping.
//! What an export contains is the business of its action (`cwp::exports`).

mod downloads;
mod table;
mod worker;

pub use downloads::{Download, Downloads};
pub use table::Table;
pub(crate) use worker::{Exporter, Job, Stop, Workers};
