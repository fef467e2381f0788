//! DescribeExportMachines: a file of hosts; and ExportAssetRecentMachineInfo: one of the hosts of each day.

use std::sync::Arc;

use export::Cell;
use model::{ExportFormat, ExportTask, HostDay, Millis, TenantId};
use wire::cwp::{
    DescribeExportMachinesRequest, DescribeExportMachinesResponse, ExportAssetRecentMachineInfoRequest,
    ExportAssetRecentMachineInfoResponse, Machine,
};
use wire::{Body, Error};

use super::{Order, RowsJob, at_once, start, stored_filters, stored_request};
use crate::cwp::machines::{self, beside, machine};
use crate::cwp::page;
use crate::cwp::statistics::{self, print_day};
use crate::exports::{Job, Stop};
use crate::{Caller, Service};

/// What the tasks are called in the store and their files begin with.
pub(super) const KIND: &str = "machine-list";
pub(super) const TREND: &str = "machine-trend";
/// Hosts of which the rest is read from the store at once.
const CHUNK: usize = 100;
/// Longest trend of a file, in days.
const TREND_MAX: i32 = 90;

/// Members of the list record, without those that only the vendor's cloud could fill.
const COLUMNS: [&str; 22] = [
    "MachineName",
    "MachineOs",
    "MachineStatus",
    "AgentStatus",
    "InstanceStatus",
    "Uuid",
    "Quuid",
    "MachineIp",
    "MachineWanIp",
    "IpList",
    "VpcId",
    "InstanceId",
    "MachineType",
    "Region",
    "ProtectType",
    "Tag",
    "IsAddedOnTheFifteen",
    "ProjectId",
    "Remark",
    "KernelVersion",
    "AgentVersion",
    "HasAssetScan",
];
const TREND_COLUMNS: [&str; 5] = ["Date", "Total", "Online", "Offline", "Risk"];

/// Accepts an export of hosts and answers its task id. Without `Limit` the file holds all that match.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.ParsingError`, `InvalidParameterValue`; `LimitExceeded` with too many
/// unfinished exports.
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeExportMachinesRequest,
) -> Result<Body, Error> {
    let stored = stored(&request);
    let job = job(service, caller.tenant, request, service.now())?;
    let order =
        Order { action: "DescribeExportMachines", kind: KIND, request: stored, format: ExportFormat::Csv };
    let task_id = start(service, caller, order, job).await?.into();
    Body::new(&DescribeExportMachinesResponse { task_id })
}

fn stored(request: &DescribeExportMachinesRequest) -> String {
    serde_json::json!({
        "MachineType": request.machine_type, "MachineRegion": request.machine_region,
        "Filters": stored_filters(request.filters.as_deref()), "ProjectIds": request.project_ids,
        "Offset": request.offset, "Limit": request.limit,
    })
    .to_string()
}

/// Makes the job of a stored task again.
pub(super) fn remake(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    let request = stored_request::<DescribeExportMachinesRequest>(task)?;
    job(service, task.tenant, request, task.created)
        .map_err(|error| format!("the stored request is refused: {error}"))
}

fn job(
    service: &Service,
    tenant: TenantId,
    request: DescribeExportMachinesRequest,
    now: Millis,
) -> Result<Box<dyn Job>, Error> {
    let whole = request.limit.is_none();
    let (offset, limit) = page(request.offset, request.limit)?;
    let limit = if whole { usize::MAX } else { limit };
    let mut finder = service.finder_at(now);
    finder.zone(Some(&request.machine_type), Some(&request.machine_region))?;
    finder.projects(request.project_ids.as_deref());
    finder.filters(request.filters)?;
    let known = service.tenant_numbered(tenant)?;
    let (snapshot, labels) = (known.accounts.snapshot(), known.labels().clone());
    let (readers, fleet) = (service.readers(), Arc::clone(&service.fleet));
    let rows = move |give: &mut dyn FnMut(&[Cell<'_>]) -> Result<(), Stop>| {
        let found = finder.find(&snapshot, &labels).skip(offset).take(limit);
        let hosts: Vec<_> = found.map(|view| view.state()).collect();
        for chunk in hosts.chunks(CHUNK) {
            let quuids: Vec<&str> = chunk.iter().map(|state| state.host.quuid.as_str()).collect();
            // Lent for one chunk only: others wait for it.
            let beside = beside(&fleet, &mut **readers.lend(), tenant, &quuids);
            let beside = beside.map_err(|error| Stop::Failed(error.to_string()))?;
            for (state, beside) in chunk.iter().zip(&beside) {
                let machine = machine(state, beside, &labels, &finder);
                give(&cells(&machine, &tags(&labels, &state.host.quuid)))?;
            }
        }
        Ok(())
    };
    Ok(Box::new(RowsJob { columns: &COLUMNS, rows: Box::new(rows) }))
}

/// The names of a host's tags.
fn tags(labels: &crate::labels::Labels, quuid: &str) -> String {
    labels.of_host(quuid).map(|tag| tag.name).collect::<Vec<_>>().join(",")
}

fn cells<'a>(machine: &'a Machine<'_>, tags: &'a str) -> [Cell<'a>; COLUMNS.len()] {
    [
        Cell::Text(&machine.machine_name),
        Cell::Text(&machine.machine_os),
        Cell::Text(&machine.machine_status),
        Cell::Text(&machine.agent_status),
        Cell::Text(&machine.instance_status),
        Cell::Text(&machine.uuid),
        Cell::Text(&machine.quuid),
        Cell::Text(&machine.machine_ip),
        Cell::Text(&machine.machine_wan_ip),
        Cell::Text(&machine.ip_list),
        Cell::Text(&machine.vpc_id),
        Cell::Text(&machine.instance_id),
        Cell::Text(&machine.machine_type),
        Cell::Text(machines::REGION),
        Cell::Text(&machine.protect_type),
        Cell::Text(tags),
        Cell::Int(machine.is_added_on_the_fifteen.cast_signed()),
        Cell::Int(machine.project_id),
        Cell::Text(&machine.remark),
        Cell::Text(&machine.kernel_version),
        Cell::Text(&machine.agent_version),
        Cell::Int(machine.has_asset_scan.cast_signed()),
    ]
}

/// Writes the hosts of each day to a file and answers its link.
///
/// # Errors
/// `InvalidParameter.DateRange`, also for more than 90 days; `LimitExceeded` with too many unfinished exports.
pub async fn trend(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportAssetRecentMachineInfoRequest,
) -> Result<Body, Error> {
    let (begin, end) = (&request.begin_date, &request.end_date);
    let days = statistics::days(service, caller, begin, end, TREND_MAX).await?;
    let order = Order {
        action: "ExportAssetRecentMachineInfo",
        kind: TREND,
        request: serde_json::json!({"BeginDate": begin, "EndDate": end}).to_string(),
        format: ExportFormat::Csv,
    };
    let rows = move |give: &mut dyn FnMut(&[Cell<'_>]) -> Result<(), Stop>| {
        days.iter().try_for_each(|day| give(&trend_cells(day, &print_day(day.day))))
    };
    let job = RowsJob { columns: &TREND_COLUMNS, rows: Box::new(rows) };
    let download_url = at_once(service, caller, order, Box::new(job)).await?.into();
    Body::new(&ExportAssetRecentMachineInfoResponse { download_url })
}

fn trend_cells<'a>(day: &HostDay, date: &'a str) -> [Cell<'a>; TREND_COLUMNS.len()] {
    let number = |n: u64| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let offline = day.hosts.saturating_sub(day.online);
    [Cell::Text(date), number(day.hosts), number(day.online), number(offline), Cell::Int(0)]
}

/// The trend is written while its caller waits; whoever waited is gone after a restart.
pub(super) fn not_again(_service: &Service, _task: &ExportTask) -> Result<Box<dyn Job>, String> {
    Err("the server stopped while it was written".to_owned())
}
