//! Tags of hosts: making, renaming and removing them, putting them on hosts and taking them off, counting.

use std::cmp::Reverse;
use std::sync::Arc;

use store::{Change, Effect, Refusal, WriteError};
use wire::cwp::{
    AssetKeyVal, DeleteMachineTagRequest, DeleteMachineTagResponse, DeleteTagsRequest, DeleteTagsResponse,
    DescribeAssetMachineTagTopRequest, DescribeAssetMachineTagTopResponse, DescribeTagMachinesRequest,
    DescribeTagMachinesResponse, DescribeTagsRequest, DescribeTagsResponse, EditTagsRequest,
    EditTagsResponse, Tag, TagMachine, UpdateMachineTagsRequest, UpdateMachineTagsResponse,
};
use wire::{Body, Code, Error, Service as Wire};

use super::machines::{KIND, REGION};
use crate::labels::Labels;
use crate::{Caller, Service, checks, errors, times};

/// Longest name, in characters.
const NAME_MAX: usize = 15;
/// Most tags of one call.
const TAGS_MAX: usize = 100;
/// How many are "the most used".
const TOP: usize = 5;

/// Answers EditTags: makes a tag, or renames one, and puts it on hosts.
///
/// # Errors
/// `InvalidParameterValue.TagNameLengthLimit`, `InvalidParameterValue` for another bad name, `OperationDenied` when
/// another tag has the name, `ResourceNotFound`, `LimitExceeded.AreaQuota`.
pub async fn edit(service: &Arc<Service>, caller: &Caller, request: EditTagsRequest) -> Result<Body, Error> {
    let name = request.name.trim().to_owned();
    if !checks::at_most(&name, NAME_MAX) {
        return Err(Error::new(Code::InvalidParameterValueTagNameLengthLimit).field("Name"));
    }
    if name.is_empty() || !checks::printable(&name) {
        let error = Error::new(Code::InvalidParameterValue).field("Name");
        return Err(error.detail("1 to 15 printable characters", "应为 1 到 15 个可见字符"));
    }
    let quuids = request.quuids.unwrap_or_default();
    let change = Change::EditTag { id: request.id.filter(|id| *id > 0), name: name.clone(), quuids };
    write(service, caller, "EditTags", &name, change).await?;
    Body::new(&EditTagsResponse {})
}

/// Answers UpdateMachineTags: makes these, and no others, the tags of a host.
///
/// # Errors
/// `ResourceNotFound` for an unknown host or tag.
pub async fn update(
    service: &Arc<Service>,
    caller: &Caller,
    request: UpdateMachineTagsRequest,
) -> Result<Body, Error> {
    // Zone type and region say nothing that the id of the host does not.
    service.finder().zone(request.machine_area.as_deref(), request.machine_region.as_deref())?;
    let change =
        Change::SetHostTags { quuid: request.quuid.clone(), tags: request.tag_ids.unwrap_or_default() };
    write(service, caller, "UpdateMachineTags", &request.quuid, change).await?;
    Body::new(&UpdateMachineTagsResponse {})
}

/// Answers DeleteTags: removes tags, all or none.
///
/// # Errors
/// `ResourceNotFound` when one does not exist, `InvalidParameter.ParsingError` for none or more than 100.
pub async fn delete(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteTagsRequest,
) -> Result<Body, Error> {
    if request.ids.is_empty() || request.ids.len() > TAGS_MAX {
        let error = Error::new(Code::InvalidParameterParsingError).field("Ids");
        return Err(error.detail("1 to 100 tags", "应为 1 到 100 个标签"));
    }
    let target = request.ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    write(service, caller, "DeleteTags", &target, Change::DeleteTags { ids: request.ids }).await?;
    Body::new(&DeleteTagsResponse {})
}

/// Answers DeleteMachineTag: takes one tag off one host.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn take_off(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteMachineTagRequest,
) -> Result<Body, Error> {
    let change = Change::DeleteHostTag { id: request.rid };
    write(service, caller, "DeleteMachineTag", &request.rid.to_string(), change).await?;
    Body::new(&DeleteMachineTagResponse {})
}

async fn write(
    service: &Service,
    caller: &Caller,
    action: &str,
    target: &str,
    change: Change,
) -> Result<Effect, Error> {
    let refused = |error| match error {
        WriteError::Refused(Refusal::TagTaken) => {
            Error::new(Code::OperationDenied).detail("another tag has the name", "标签名称已存在")
        }
        WriteError::Refused(refusal @ Refusal::Quota { .. }) => {
            let text = refusal.to_string();
            Error::new(Code::LimitExceededAreaQuota).detail(text.clone(), text)
        }
        other => errors::write(Wire::Cwp, other),
    };
    service.write(caller, action, target, change).await.map_err(refused)
}

/// Answers DescribeTags: all tags by name, with the number of matching hosts each.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.ParsingError`, `InvalidParameterValue`.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeTagsRequest,
) -> Result<Body, Error> {
    let mut finder = service.finder();
    finder.zone(request.machine_type.as_deref(), request.machine_region.as_deref())?;
    finder.old_filters(request.filters)?;
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    let fits = |quuid: &str| {
        finder.is_all() || snapshot.host(quuid).is_some_and(|view| finder.fits(view.state(), &labels))
    };
    let counts = labels.counts(fits);
    let mut list: Vec<Tag<'_>> = labels
        .tags()
        .map(|(id, name)| Tag { id, name: name.into(), count: counts.get(&id).copied().unwrap_or_default() })
        .collect();
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Body::new(&DescribeTagsResponse { list })
}

/// Answers DescribeTagMachines: the hosts that have a tag.
///
/// # Errors
/// `ResourceNotFound` for an unknown tag.
pub async fn machines(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeTagMachinesRequest,
) -> Result<Body, Error> {
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    if labels.tag(request.id).is_none() {
        return Err(Error::new(Code::ResourceNotFound).field("Id"));
    }
    let with_tag = labels.with_tag(request.id);
    let machine = |(id, quuid): &(u64, &str)| {
        let host = &snapshot.host(quuid)?.state().host;
        Some(TagMachine {
            id: id.to_string().into(),
            quuid: host.quuid.as_str().into(),
            machine_name: host.name.as_str().into(),
            machine_ip: host.private_ip.as_str().into(),
            machine_wan_ip: host.wan_ip.as_str().into(),
            machine_region: REGION.into(),
            machine_type: KIND.into(),
        })
    };
    Body::new(&DescribeTagMachinesResponse { list: with_tag.iter().filter_map(machine).collect() })
}

/// Answers DescribeAssetMachineTagTop: the five tags that most hosts have, and how many of these are new today.
///
/// # Errors
/// None of its own.
pub async fn top(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeAssetMachineTagTopRequest,
) -> Result<Body, Error> {
    let tenant = service.tenant(caller)?;
    let (snapshot, labels) = (tenant.accounts.snapshot(), tenant.labels());
    let today = times::today(service.now(), service.zone());
    let new =
        |quuid: &str| snapshot.host(quuid).is_some_and(|view| today.contains(&view.state().first_report));
    Body::new(&DescribeAssetMachineTagTopResponse { tags: most_used(&labels, new) })
}

fn most_used<'a>(labels: &'a Labels, new: impl Fn(&str) -> bool) -> Vec<AssetKeyVal<'a>> {
    let (all, new) = (labels.counts(|_| true), labels.counts(new));
    let count = |counts: &std::collections::HashMap<u64, u64>, id| {
        i64::try_from(counts.get(&id).copied().unwrap_or_default()).unwrap_or(i64::MAX)
    };
    let mut used: Vec<(u64, &str)> = labels.tags().filter(|(id, _)| all.contains_key(id)).collect();
    used.sort_by_key(|(id, name)| (Reverse(count(&all, *id)), *name));
    used.truncate(TOP);
    let top = |(id, name): (u64, &'a str)| AssetKeyVal {
        key: name.into(),
        value: count(&all, id),
        desc: "none".into(),
        new_count: count(&new, id),
    };
    used.into_iter().map(top).collect()
}
