//! Resources of hosts and counts of assets. Of the vendor's kinds of assets Rollcall collects hosts and accounts; all
//! others (ports, processes, programs, web services, …) answer 0 or nothing, because none were collected.
//!
//! Loads are as old as the last whole report of a host that was kept; `UpdateTime` of a record says when that was.

mod counts;
mod detail;
mod exports;
mod list;
mod load;
mod record;
mod select;

pub(crate) use counts::collected;
pub use counts::{host_total_count, info, total_count, type_top, types};
pub use detail::{detail, disks};
pub(crate) use exports::{DETAIL, LIST, remake_detail, remake_list};
pub use exports::{export_detail, export_list};
pub use list::list;
pub use load::load;

use roster::{AccountsSnapshot, HostView};
use wire::{Code, Error};

/// One host by its id. `Uuid` names the agent and has to fit unless it is empty.
fn find<'s>(snapshot: &'s AccountsSnapshot, quuid: &str, uuid: &str) -> Result<HostView<'s>, Error> {
    let missing = |field: &'static str| Error::new(Code::ResourceNotFound).field(field);
    let host = snapshot.host(quuid).ok_or_else(|| missing("Quuid"))?;
    let known = &host.state().host.uuid;
    if !uuid.is_empty() && !known.is_empty() && uuid != known {
        return Err(missing("Uuid"));
    }
    Ok(host)
}
