//! Handlers of our own service `rollcall`: what the vendor's two services have no action for.

pub mod agents;
mod changes;
pub mod enrolment;
pub mod events;
pub mod hosts;
mod import;
pub mod keys;
mod packed;
pub mod people;
pub mod tenants;

use wire::Error;
use wire::rollcall::ListHostsRequest as Bounds;

/// Offset and limit, with the same bounds in every list of the service.
fn page(offset: Option<u64>, limit: Option<u64>) -> Result<(usize, usize), Error> {
    crate::paging::page(offset, limit, Bounds::LIMIT_DEFAULT, Bounds::LIMIT_MAX)
}
