//! Machine lists and look-ups: which hosts there are, found by filter, id, address or name.
//! What changes hosts or counts them is in files of its own.

mod filter;
mod lookup;
mod record;

pub(crate) use filter::Finder;
pub(crate) use lookup::{by_uuid, days_since};
pub use lookup::{host_info, import_info, info};
pub(crate) use record::{KIND, REGION, machine, os_number, region, tags};

use std::collections::BTreeSet;
use std::sync::Arc;

use roster::{AccountsSnapshot, HostView};
use wire::cwp::{
    DescribeMachineOsListRequest, DescribeMachineOsListResponse, DescribeMachineRegionListRequest,
    DescribeMachineRegionListResponse, DescribeMachineRegionsRequest, DescribeMachineRegionsResponse,
    DescribeMachinesRequest, DescribeMachinesResponse, DescribeMachinesSimpleRequest,
    DescribeMachinesSimpleResponse, OsName, RegionListDetail,
};
use wire::{Body, Error};

use super::page;
use crate::labels::Labels;
use crate::{Caller, Service};

/// Answers DescribeMachines: the hosts that match, by id.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.ParsingError`, `InvalidParameterValue`.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeMachinesRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let mut finder = service.finder();
    finder.zone(Some(&request.machine_type), Some(&request.machine_region))?;
    finder.projects(request.project_ids.as_deref());
    finder.none_unless(request.machine_app_id.unwrap_or_default() == 0);
    finder.filters(request.filters)?;
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    let found = found(&snapshot, &labels, &finder);
    let machines = found.iter().skip(offset).take(limit);
    let machines = machines.map(|view| machine(view.state(), &labels, &finder)).collect();
    Body::new(&DescribeMachinesResponse { machines, total_count: found.len() as u64 })
}

/// Answers DescribeMachinesSimple: the same in short.
///
/// # Errors
/// As [`list`].
pub async fn simple(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeMachinesSimpleRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let mut finder = service.finder();
    finder.zone(Some(&request.machine_type), Some(&request.machine_region))?;
    finder.projects(request.project_ids.as_deref());
    finder.filters(request.filters)?;
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    let found = found(&snapshot, &labels, &finder);
    let machines = found.iter().skip(offset).take(limit);
    let machines = machines.map(|view| record::simple(view.state(), &labels)).collect();
    Body::new(&DescribeMachinesSimpleResponse { machines, total_count: found.len() as u64 })
}

/// The hosts that match, by id.
pub(crate) fn found<'s>(
    snapshot: &'s AccountsSnapshot,
    labels: &Labels,
    finder: &Finder,
) -> Vec<HostView<'s>> {
    let mut found: Vec<_> = snapshot.hosts().filter(|view| finder.fits(view.state(), labels)).collect();
    // They come in two runs that are in order, or nearly, which this sort makes use of.
    found.sort_by(|a, b| a.state().host.quuid.cmp(&b.state().host.quuid));
    found
}

/// Answers DescribeMachineOsList: the operating systems there are, with the numbers the Os filter takes.
///
/// # Errors
/// None of its own.
pub async fn os_list(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeMachineOsListRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let names: BTreeSet<&str> = snapshot.hosts().map(|view| view.state().host.os_info.as_str()).collect();
    let list = names.into_iter().filter(|name| !name.is_empty());
    let list = list.map(|name| OsName { name: name.into(), machine_os_type: os_number(name) }).collect();
    Body::new(&DescribeMachineOsListResponse { list })
}

/// Answers DescribeMachineRegions: all hosts are outside the vendor's cloud, in one region.
///
/// # Errors
/// None of its own.
pub async fn regions(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeMachineRegionsRequest,
) -> Result<Body, Error> {
    let others = if has_hosts(service, caller)? { vec![region()] } else { Vec::new() };
    Body::new(&DescribeMachineRegionsResponse {
        other: others.clone(),
        all: others,
        ..DescribeMachineRegionsResponse::default()
    })
}

/// Answers DescribeMachineRegionList: the same by provider, all hosts counting as being in data centres of one's own.
///
/// # Errors
/// None of its own.
pub async fn region_list(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeMachineRegionListRequest,
) -> Result<Body, Error> {
    let others = RegionListDetail { machine_type: KIND.into(), cloud_from: 1, region_list: vec![region()] };
    let region_list = if has_hosts(service, caller)? { vec![others] } else { Vec::new() };
    Body::new(&DescribeMachineRegionListResponse { region_list })
}

fn has_hosts(service: &Service, caller: &Caller) -> Result<bool, Error> {
    Ok(service.tenant(caller)?.accounts.snapshot().hosts().next().is_some())
}
