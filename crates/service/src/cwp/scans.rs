//! ScanAsset, SyncAssetScan and StopAssetScan: hosts are asked to report now. Whatever kind of asset is asked for, an
//! agent reports all it knows.

use std::collections::HashSet;
use std::sync::Arc;

use model::{Millis, Scan, ScanState};
use store::{Change, Effect, NewScan};
use wire::cwp::{
    ScanAssetRequest, ScanAssetResponse, StopAssetScanRequest, StopAssetScanResponse, SyncAssetScanRequest,
    SyncAssetScanResponse,
};
use wire::{Body, Code, Error, Service as Wire};

use super::assets::collected;
use crate::times::{self, Calendar};
use crate::{Caller, Service, errors};

/// Scans of a tenant that may run at one time.
const RUNNING: usize = 16;

/// Asks hosts to report now; all with an agent that is heard of, unless told which.
///
/// # Errors
/// `InvalidParameter.IllegalRequest` for a kind of assets that no agent collects, `ResourceNotFound` for an unknown host, `FailedOperation` when no agent would hear, `OperationDenied` with too many
/// scans at once.
pub async fn start(
    service: &Arc<Service>,
    caller: &Caller,
    request: ScanAssetRequest,
) -> Result<Body, Error> {
    let kinds = request.asset_type_ids.unwrap_or_default();
    if !kinds.iter().all(|kind| collected(*kind)) {
        return Err(Error::new(Code::InvalidParameterIllegalRequest).field("AssetTypeIds").detail(
            "DescribeAssetTypes lists the kinds that are collected",
            "可采集的资产类型见 DescribeAssetTypes",
        ));
    }
    end_overdue(service).await?;
    if service.scans.running(caller.tenant) >= RUNNING {
        return Err(
            Error::new(Code::OperationDenied).detail("16 scans are running", "已有 16 个扫描正在进行")
        );
    }
    let wanted = request.quuids.filter(|quuids| !quuids.is_empty());
    let hosts = hearing(service, caller, wanted)?;
    if hosts.is_empty() {
        return Err(Error::new(Code::FailedOperation).detail(
            "none of the hosts has an agent that was heard of lately",
            "所选主机均没有近期在线的 Agent",
        ));
    }
    let scan = begin(service, caller, "ScanAsset", hosts).await?;
    Body::new(&ScanAssetResponse { task_id: scan.id })
}

/// The hosts, of those wanted or of all, that have an agent that was heard of lately.
fn hearing(service: &Service, caller: &Caller, wanted: Option<Vec<String>>) -> Result<Vec<String>, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let since = service.now().saturating_sub(service.offline_after());
    let hears = |live: &crate::fleet::LiveAgent| live.last_poll() > since;
    let Some(wanted) = wanted else {
        return Ok(service.fleet.active_hosts(caller.tenant, hears));
    };
    let mut hosts = Vec::new();
    for quuid in wanted.into_iter().collect::<HashSet<_>>() {
        match service.fleet.of_host(caller.tenant, &quuid) {
            Some(live) if hears(&live) => hosts.push(quuid),
            Some(_) => {}
            None if snapshot.host(&quuid).is_some() => {}
            None => return Err(Error::new(Code::ResourceNotFound).field("Quuids")),
        }
    }
    Ok(hosts)
}

async fn begin(
    service: &Service,
    caller: &Caller,
    action: &str,
    hosts: Vec<String>,
) -> Result<Arc<Scan>, Error> {
    let target = format!("{} hosts", hosts.len());
    let change = Change::StartScan(NewScan { owner: caller.secret_id.clone(), hosts });
    match service.write(caller, action, &target, change).await.map_err(|e| errors::write(Wire::Cwp, e))? {
        Effect::Scan(scan) => Ok(scan),
        other => Err(errors::trouble(Wire::Cwp, format!("unexpected effect {other:?}"))),
    }
}

/// Starts a scan of all hosts unless one runs, or only tells how the last one stands.
///
/// # Errors
/// `FailedOperation` when no agent would hear.
pub async fn sync(
    service: &Arc<Service>,
    caller: &Caller,
    request: SyncAssetScanRequest,
) -> Result<Body, Error> {
    end_overdue(service).await?;
    let mut latest = service.scans.latest(caller.tenant);
    let runs = latest.as_ref().is_some_and(|scan| scan.state == ScanState::Running);
    if request.sync && !runs {
        let hosts = hearing(service, caller, None)?;
        if hosts.is_empty() {
            return Err(Error::new(Code::FailedOperation)
                .detail("no agent was heard of lately", "近期没有在线的 Agent"));
        }
        latest = Some(begin(service, caller, "SyncAssetScan", hosts).await?);
    }
    let calendar = Calendar::new(service.zone());
    let time = |at: Option<Millis>| times::text(at.and_then(|at| calendar.millis(at)));
    Body::new(&SyncAssetScanResponse {
        state: match latest.as_ref().map(|scan| scan.state) {
            None => "NOTASK",
            Some(ScanState::Running) => "SYNCING",
            Some(ScanState::Finished | ScanState::TimedOut | ScanState::Stopped) => "FINISHED",
        }
        .into(),
        latest_start_time: time(latest.as_ref().map(|scan| scan.started)).into(),
        latest_end_time: time(latest.as_ref().and_then(|scan| scan.ended)).into(),
        task_id: latest.map_or(0, |scan| scan.id),
    })
}

/// Ends a running scan; agents that were not asked yet are not asked any more.
///
/// # Errors
/// `InvalidParameter` for an unknown scan, `FailedOperation` for one that has ended.
pub async fn stop(
    service: &Arc<Service>,
    caller: &Caller,
    request: StopAssetScanRequest,
) -> Result<Body, Error> {
    let ended = || Error::new(Code::FailedOperation).detail("the scan has ended", "扫描已结束");
    end_overdue(service).await?;
    let scan = service.scans.stop(caller.tenant, request.task_id);
    let scan = scan.ok_or_else(|| {
        Error::new(Code::InvalidParameter).field("TaskId").detail("no such scan", "扫描任务不存在")
    })?;
    let (_, change) = scan.ok_or_else(ended)?.into_change();
    match service.write(caller, "StopAssetScan", &request.task_id.to_string(), change).await {
        Ok(_) => Body::new(&StopAssetScanResponse {}),
        Err(store::WriteError::Refused(store::Refusal::ScanEnded)) => Err(ended()),
        Err(error) => Err(errors::write(Wire::Cwp, error)),
    }
}

/// Ends what should have ended, so that the truth is told.
async fn end_overdue(service: &Service) -> Result<(), Error> {
    for ending in service.scans.overdue(service.now()) {
        service.end_scan(ending).await.map_err(|e| errors::write(Wire::Cwp, e))?;
    }
    Ok(())
}
