//! Machine lists and look-ups: which hosts there are, found by filter, id, address or name.
//! What changes hosts or counts them is in files of its own.

mod beside;
mod filter;
mod lookup;
mod record;

pub(crate) use beside::{Beside, beside};
pub(crate) use filter::Finder;
pub(crate) use lookup::{by_uuid, days_since};
pub use lookup::{host_info, import_info, info};
pub(crate) use record::{KIND, REGION, machine, os_number, region, tags};

use std::sync::Arc;

use model::HostState;
use roster::{AccountsSnapshot, HostOrder, HostView};
use search::accounts::OS_INFO;
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
    let snapshot = tenant.accounts.snapshot();
    let (page, total) = found_page(&snapshot, &tenant.labels(), &finder, offset, limit);
    let beside = service.beside(caller, ids(&page)).await?;
    let labels = tenant.labels();
    let machines = page.iter().zip(&beside).map(|(state, beside)| machine(state, beside, &labels, &finder));
    Body::new(&DescribeMachinesResponse { machines: machines.collect(), total_count: total as u64 })
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
    let snapshot = tenant.accounts.snapshot();
    let (page, total) = found_page(&snapshot, &tenant.labels(), &finder, offset, limit);
    let beside = service.beside(caller, ids(&page)).await?;
    let labels = tenant.labels();
    let machines = page.iter().zip(&beside).map(|(state, beside)| record::simple(state, beside, &labels));
    Body::new(&DescribeMachinesSimpleResponse { machines: machines.collect(), total_count: total as u64 })
}

/// The ids of hosts.
fn ids(hosts: &[&HostState]) -> Vec<String> {
    hosts.iter().map(|state| state.host.quuid.clone()).collect()
}

/// A page of the hosts that match, by id, and how many there are on all pages.
fn found_page<'s>(
    snapshot: &'s AccountsSnapshot,
    labels: &Labels,
    finder: &Finder,
    offset: usize,
    limit: usize,
) -> (Vec<&'s HostState>, usize) {
    let (page, total) = if finder.is_all() {
        // Nothing has to be looked at but the page.
        let page = snapshot.hosts_by(HostOrder::Id).skip(offset).take(limit);
        (page.collect(), snapshot.hosts_len())
    } else {
        page_of(finder.find(snapshot, labels), offset, limit)
    };
    (page.iter().map(HostView::state).collect(), total)
}

/// A page of some hosts, and how many they are.
pub(crate) fn page_of<'s>(
    mut hosts: impl Iterator<Item = HostView<'s>>,
    offset: usize,
    limit: usize,
) -> (Vec<HostView<'s>>, usize) {
    let skipped = hosts.by_ref().take(offset).count();
    let page: Vec<_> = hosts.by_ref().take(limit).collect();
    let total = skipped + page.len() + hosts.count();
    (page, total)
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
    let list = snapshot.texts_of_hosts(OS_INFO).into_iter().filter(|name| !name.is_empty());
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
