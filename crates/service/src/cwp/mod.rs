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

use wire::cwp::DescribeAssetUserListRequest as Bounds;
use wire::{Code, Error};

/// Offset and limit, independent of each other and with the same bounds in every list; above the maximum is refused (a
/// client that steps by its own limit would skip rows).
fn page(offset: Option<u64>, limit: Option<u64>) -> Result<(usize, usize), Error> {
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(Bounds::LIMIT_DEFAULT);
    if limit > Bounds::LIMIT_MAX {
        return Err(Error::new(Code::InvalidParameterValue)
            .field("Limit")
            .detail("at most 100", "最大为 100"));
    }
    Ok((usize::try_from(offset.unwrap_or(0)).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0)))
}
