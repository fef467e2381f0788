//! All resources of one host, and its file systems a page at a time.

use std::sync::Arc;

use wire::cwp::{
    DescribeAssetDiskListRequest, DescribeAssetDiskListResponse, DescribeAssetMachineDetailRequest,
    DescribeAssetMachineDetailResponse,
};
use wire::{Body, Code, Error};

use super::{find, record};
use crate::cwp::Printer;
use crate::cwp::page;
use crate::{Caller, Service};

/// Answers DescribeAssetMachineDetail.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn detail(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetMachineDetailRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let host = find(&snapshot, &request.quuid, &request.uuid)?;
    let gone = || Error::new(Code::ResourceNotFound).field("Quuid");
    let known = service.host_record(caller, &request.quuid).await?.ok_or_else(gone)?.report;
    let printer = Printer::new(service.now(), service.today(), service.zone());
    let online = service.finder().online(host.state());
    let detail = record::detail(&printer, host.state(), &known.host, &known.collector, online);
    Body::new(&DescribeAssetMachineDetailResponse { machine_detail: Some(detail) })
}

/// Answers DescribeAssetDiskList, by mount point.
///
/// # Errors
/// `ResourceNotFound`, `InvalidParameterValue` for the limit.
pub async fn disks(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAssetDiskListRequest,
) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    find(&snapshot, &request.quuid, &request.uuid)?;
    let facts = service.host_facts(caller, vec![request.quuid]).await?.pop().flatten().unwrap_or_default();
    let disks = &facts.machine.disks;
    let shown = disks.iter().skip(offset).take(limit).map(|disk| record::partition(disk, &facts.usage));
    Body::new(&DescribeAssetDiskListResponse { disks: shown.collect(), total: disks.len() as u64 })
}
