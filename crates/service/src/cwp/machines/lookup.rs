//! Hosts looked up by what names them: one by an id, several by ids, many by addresses or names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::HostState;
use roster::AccountsSnapshot;
use wire::cwp::{
    DescribeHostInfoRequest, DescribeHostInfoResponse, DescribeImportMachineInfoRequest,
    DescribeImportMachineInfoResponse, DescribeMachineInfoRequest, DescribeMachineInfoResponse,
    EffectiveMachineInfo, HostTagInfo,
};
use wire::{Body, Code, Error};

use super::record::{BASIC, KIND, REGION, region, status, tags};
use super::{Beside, Finder, ids};
use crate::clock::DAY_MILLIS;
use crate::labels::Labels;
use crate::{Caller, Service};

/// Most entries of a look-up.
const ENTRIES_MAX: usize = 1000;

/// Answers DescribeMachineInfo: one host by the id of its agent or its own; given both they have to fit.
///
/// # Errors
/// `InvalidParameter.MissingParameter` without an id, `ResourceNotFound`.
pub async fn info(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeMachineInfoRequest,
) -> Result<Body, Error> {
    let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
    let (uuid, quuid) = (given(&request.uuid), given(&request.quuid));
    if uuid.is_none() && quuid.is_none() {
        let error = Error::new(Code::InvalidParameterMissingParameter).field("Uuid");
        return Err(error.detail("Uuid or Quuid is needed", "需要 Uuid 或 Quuid"));
    }
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let found = match &quuid {
        Some(quuid) => snapshot.host(quuid).map(|view| view.state()),
        None => by_uuid(&snapshot, uuid.as_deref().unwrap_or_default()),
    };
    let fits = |state: &&HostState| uuid.as_ref().is_none_or(|uuid| *uuid == state.host.uuid);
    let field = if quuid.is_some() { "Quuid" } else { "Uuid" };
    let state = found.filter(fits).ok_or_else(|| Error::new(Code::ResourceNotFound).field(field))?;
    let (host, finder) = (&state.host, service.finder());
    let agent = service.fleet.of_host(caller.tenant, &host.quuid);
    Body::new(&DescribeMachineInfoResponse {
        machine_ip: host.private_ip.as_str().into(),
        protect_days: days_since(service, state.first_report),
        machine_os: host.os_info.as_str().into(),
        machine_name: host.name.as_str().into(),
        machine_status: status(finder.online(state)).into(),
        instance_id: host.instance_id.as_str().into(),
        machine_wan_ip: host.wan_ip.as_str().into(),
        quuid: host.quuid.as_str().into(),
        uuid: host.uuid.as_str().into(),
        machine_type: KIND.into(),
        machine_region: REGION.into(),
        protect_type: BASIC.into(),
        has_asset_scan: agent.is_some().into(),
        agent_version: agent.map(|live| live.agent.version.clone()).unwrap_or_default().into(),
        ..DescribeMachineInfoResponse::default()
    })
}

/// Whole days from an instant to now.
pub(crate) fn days_since(service: &Service, at: model::Millis) -> u64 {
    u64::try_from(service.now().saturating_sub(at) / DAY_MILLIS).unwrap_or_default()
}

/// The host whose agent has this id.
pub(crate) fn by_uuid<'s>(snapshot: &'s AccountsSnapshot, uuid: &str) -> Option<&'s HostState> {
    snapshot.hosts().map(|view| view.state()).find(|state| state.host.uuid == uuid)
}

/// Answers DescribeHostInfo: hosts by their ids, or by those of their agents when none is given; those that do not
/// exist are left out.
///
/// # Errors
/// `InvalidParameter.MissingParameter` without an id, `InvalidParameterValue` with more than 1000.
pub async fn host_info(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeHostInfoRequest,
) -> Result<Body, Error> {
    let (quuids, uuids) = (request.quuid_list.unwrap_or_default(), request.uuids.unwrap_or_default());
    if quuids.is_empty() && uuids.is_empty() {
        let error = Error::new(Code::InvalidParameterMissingParameter).field("QuuidList");
        return Err(error.detail("QuuidList or Uuids is needed", "需要 QuuidList 或 Uuids"));
    }
    bounded(&quuids, "QuuidList")?;
    bounded(&uuids, "Uuids")?;
    let tenant = service.tenant(caller)?;
    let (snapshot, finder) = (tenant.accounts.snapshot(), service.finder());
    let hosts: Vec<&HostState> = if quuids.is_empty() {
        let wanted: HashSet<&str> = uuids.iter().map(String::as_str).collect();
        let state = |view: roster::HostView<'_>| wanted.contains(view.state().host.uuid.as_str());
        let mut hosts: Vec<_> =
            snapshot.hosts().filter(|view| state(view.clone())).map(|v| v.state()).collect();
        let place = |state: &&HostState| uuids.iter().position(|uuid| *uuid == state.host.uuid);
        hosts.sort_by_cached_key(place);
        hosts
    } else {
        let mut seen = HashSet::new();
        let once = quuids.iter().filter(|quuid| seen.insert(quuid.as_str()));
        once.filter_map(|quuid| snapshot.host(quuid)).map(|view| view.state()).collect()
    };
    let beside = service.beside(caller, ids(&hosts)).await?;
    let labels = tenant.labels();
    let infos = hosts.iter().zip(&beside).map(|(state, beside)| tag_info(state, beside, &labels, &finder));
    Body::new(&DescribeHostInfoResponse { host_info_list: infos.collect() })
}

fn bounded(entries: &[String], field: &'static str) -> Result<(), Error> {
    if entries.len() <= ENTRIES_MAX {
        return Ok(());
    }
    let error = Error::new(Code::InvalidParameterValue).field(field);
    Err(error.detail("at most 1000 entries", "最多 1000 项"))
}

fn tag_info<'a>(
    state: &'a HostState,
    beside: &'a Beside,
    labels: &'a Labels,
    finder: &Finder,
) -> HostTagInfo<'a> {
    let host = &state.host;
    let region = region();
    HostTagInfo {
        quuid: host.quuid.as_str().into(),
        tag_list: labels.of_host(&host.quuid).map(|tag| tag.name.into()).collect(),
        host_ip: host.private_ip.as_str().into(),
        alias_name: host.name.as_str().into(),
        machine_wan_ip: host.wan_ip.as_str().into(),
        uuid: host.uuid.as_str().into(),
        machine_status: status(finder.online(state)).into(),
        protect_type: BASIC.into(),
        instance_id: host.instance_id.as_str().into(),
        machine_type: KIND.into(),
        region_name: region.region_name,
        region_id: region.region_id,
        kernel_version: beside.kernel.as_str().into(),
        ..HostTagInfo::default()
    }
}

/// Answers DescribeImportMachineInfo: which hosts a list of addresses, names or ids means. An entry that fits several
/// hosts finds all of them.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameterValue`.
pub async fn import_info(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeImportMachineInfoRequest,
) -> Result<Body, Error> {
    let entries = &request.machine_list;
    bounded(entries, "MachineList")?;
    if entries.is_empty() {
        return Err(Error::new(Code::InvalidParameterValue)
            .field("MachineList")
            .detail("at least one entry", "至少需要一项"));
    }
    let names: fn(&HostState) -> [&str; 3] = match request.import_type.as_str() {
        "Ip" => |state| [&state.host.private_ip, &state.host.wan_ip, ""],
        "Name" => |state| [&state.host.name, "", ""],
        "Id" => |state| [&state.host.quuid, &state.host.uuid, &state.host.instance_id],
        _ => {
            let error = Error::new(Code::InvalidParameterValue).field("ImportType");
            return Err(error.detail("Ip, Name or Id", "应为 Ip、Name 或 Id"));
        }
    };
    let mut finder = service.finder();
    finder.old_filters(request.filters)?;
    let tenant = service.tenant(caller)?;
    let snapshot = tenant.accounts.snapshot();
    let mut wanted: HashMap<&str, bool> = entries.iter().map(|entry| (entry.trim(), false)).collect();
    let mut hosts = Vec::new();
    for view in finder.find(&snapshot, &tenant.labels()) {
        let mut fits = false;
        for name in names(view.state()).into_iter().filter(|name| !name.is_empty()) {
            if let Some(met) = wanted.get_mut(name) {
                (*met, fits) = (true, true);
            }
        }
        if fits {
            hosts.push(view.state());
        }
    }
    let beside = service.beside(caller, ids(&hosts)).await?;
    let labels = tenant.labels();
    let infos = hosts.iter().zip(&beside).map(|(state, beside)| effective(state, beside, &labels, &finder));
    let missed = entries.iter().filter(|entry| wanted.get(entry.trim()) == Some(&false));
    Body::new(&DescribeImportMachineInfoResponse {
        effective_machine_info_list: infos.collect(),
        invalid_machine_list: missed.map(|entry| entry.as_str().into()).collect(),
    })
}

fn effective<'a>(
    state: &'a HostState,
    beside: &'a Beside,
    labels: &'a Labels,
    finder: &Finder,
) -> EffectiveMachineInfo<'a> {
    let host = &state.host;
    EffectiveMachineInfo {
        machine_name: host.name.as_str().into(),
        machine_public_ip: host.wan_ip.as_str().into(),
        machine_private_ip: host.private_ip.as_str().into(),
        machine_tag: tags(labels, &host.quuid),
        quuid: host.quuid.as_str().into(),
        uuid: host.uuid.as_str().into(),
        machine_status: status(finder.online(state)).into(),
        instance_id: host.instance_id.as_str().into(),
        kernel_version: beside.kernel.as_str().into(),
        ..EffectiveMachineInfo::default()
    }
}
