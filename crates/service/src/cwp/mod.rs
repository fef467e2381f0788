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
pub mod syncs;
pub mod tags;
pub mod unsupported;

pub(crate) use lines::Lines;
pub(crate) use plan::{Plan, PlanError};
pub(crate) use record::{COLUMNS, Printer, code, flag};

use wire::Error;
use wire::cwp::DescribeAssetUserListRequest as Bounds;

/// Offset and limit, with the same bounds in every list of the service.
fn page(offset: Option<u64>, limit: Option<u64>) -> Result<(usize, usize), Error> {
    crate::paging::page(offset, limit, Bounds::LIMIT_DEFAULT, Bounds::LIMIT_MAX)
}
