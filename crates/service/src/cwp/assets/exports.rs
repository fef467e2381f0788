//! Resources of hosts as files: the list through the queue, one host at once. The cells of a row are the members of
//! the record, so that file and answer can be compared; MachineExtraInfo is flattened at the end, tags are their
//! names, and what else is a list is JSON.

use std::sync::Arc;

use export::Cell;
use jiff::tz::TimeZone;
use model::{Day, ExportTask, HostRecord, HostState, Millis, TenantId};
use serde::Serialize;
use serde_json::Value;
use wire::cwp::{
    ExportAssetMachineDetailRequest, ExportAssetMachineDetailResponse, ExportAssetMachineListRequest,
    ExportAssetMachineListResponse,
};
use wire::{Body, Code, Error};

use super::select::Selection;
use super::{find, record};
use crate::clock::DAY_MILLIS;
use crate::cwp::exports::{Order, RowsJob, at_once, format, start, stored_filters, stored_request};
use crate::cwp::{Printer, machines};
use crate::exports::{Job, Stop};
use crate::{Caller, Service};

/// What the tasks are called in the store and their files begin with.
pub(crate) const LIST: &str = "asset-machine-list";
/// The same for one host.
pub(crate) const DETAIL: &str = "asset-machine-detail";
/// Hosts whose facts are read at once.
const CHUNK: usize = 100;

/// Members of MachineExtraInfo.
const EXTRA: [&str; 6] = ["InstanceID", "HostName", "PrivateIP", "WanIP", "NetworkType", "NetworkName"];

/// Columns of the list.
const LIST_COLUMNS: [&str; 26] = [
    "Quuid",
    "Uuid",
    "MachineIp",
    "MachineName",
    "OsInfo",
    "Cpu",
    "MemSize",
    "MemLoad",
    "DiskSize",
    "DiskLoad",
    "PartitionCount",
    "MachineWanIp",
    "ProjectId",
    "CpuSize",
    "CpuLoad",
    "Tag",
    "UpdateTime",
    "IsNew",
    "FirstTime",
    "CpuLoadNum",
    "InstanceID",
    "HostName",
    "PrivateIP",
    "WanIP",
    "NetworkType",
    "NetworkName",
];
/// Columns of the record of one host.
const DETAIL_COLUMNS: [&str; 43] = [
    "Quuid",
    "Uuid",
    "MachineIp",
    "MachineName",
    "OsInfo",
    "Cpu",
    "MemSize",
    "MemLoad",
    "DiskSize",
    "DiskLoad",
    "PartitionCount",
    "MachineWanIp",
    "CpuSize",
    "CpuLoad",
    "ProtectLevel",
    "RiskStatus",
    "ProtectDays",
    "BuyTime",
    "EndTime",
    "CoreVersion",
    "OsType",
    "AgentVersion",
    "InstallTime",
    "BootTime",
    "LastLiveTime",
    "Producer",
    "SerialNumber",
    "NetCards",
    "Disks",
    "Status",
    "ProjectId",
    "DeviceVersion",
    "OfflineTime",
    "InstanceId",
    "UpdateTime",
    "CpuLoadVul",
    "FirstTime",
    "InstanceID",
    "HostName",
    "PrivateIP",
    "WanIP",
    "NetworkType",
    "NetworkName",
];

/// Answers ExportAssetMachineList: accepts an export of the resources of hosts as they are now.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameterValue`; `LimitExceeded` with too many unfinished exports.
pub async fn export_list(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportAssetMachineListRequest,
) -> Result<Body, Error> {
    let format = format(request.format.as_deref())?;
    let job = list_job(service, caller.tenant, &request, service.now())?;
    let stored = serde_json::json!({
        "Filters": stored_filters(request.filters.as_deref()), "Order": request.order, "By": request.by,
    });
    let order = Order { action: "ExportAssetMachineList", kind: LIST, request: stored.to_string(), format };
    let task_id = start(service, caller, order, Box::new(job)).await?.into();
    Body::new(&ExportAssetMachineListResponse { task_id })
}

/// Makes the job of a stored task again.
pub(crate) fn remake_list(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    let request = stored_request::<ExportAssetMachineListRequest>(task)?;
    match list_job(service, task.tenant, &request, task.created) {
        Ok(job) => Ok(Box::new(job)),
        Err(error) => Err(format!("the stored request is refused: {error}")),
    }
}

fn list_job(
    service: &Service,
    tenant: TenantId,
    request: &ExportAssetMachineListRequest,
    now: Millis,
) -> Result<RowsJob, Error> {
    let filters = request.filters.as_deref().unwrap_or_default();
    let selection = Selection::new(filters, request.by.as_deref(), request.order.as_deref())?;
    let (state, clock) = (service.tenant_numbered(tenant)?, Clock::new(service, now));
    let (snapshot, readers) = (state.accounts.snapshot(), service.readers());
    Ok(RowsJob {
        columns: &LIST_COLUMNS,
        rows: Box::new(move |push| {
            let printer = clock.printer();
            let (hosts, _) = selection.page(&snapshot, 0, usize::MAX);
            for chunk in hosts.chunks(CHUNK) {
                let quuids: Vec<&str> = chunk.iter().map(|state| state.host.quuid.as_str()).collect();
                // Lent for one chunk only: others wait for it.
                let facts = readers.lend().host_facts(tenant, &quuids);
                let facts = facts.map_err(|error| Stop::Failed(error.to_string()))?;
                for (host, facts) in chunk.iter().zip(facts) {
                    let labels = state.labels();
                    let cpu = facts.unwrap_or_default().machine.cpu_model;
                    let tags = machines::tags(&labels, &host.host.quuid);
                    let row = Row::new(&record::base(&printer, host, cpu, tags), &LIST_COLUMNS)?;
                    drop(labels);
                    push(&row.cells())?;
                }
            }
            Ok(())
        }),
    })
}

/// The instant of an export and the zone it is printed in.
struct Clock {
    now: Millis,
    zone: TimeZone,
}

impl Clock {
    fn new(service: &Service, now: Millis) -> Self {
        Clock { now, zone: service.zone().clone() }
    }

    fn printer(&self) -> Printer<'_> {
        let today = Day::try_from(self.now.div_euclid(DAY_MILLIS)).unwrap_or(Day::MAX);
        Printer::new(self.now, today, &self.zone)
    }
}

/// Answers ExportAssetMachineDetail: writes the record of one host and answers its link.
///
/// # Errors
/// `InvalidParameter`, `ResourceNotFound`; `LimitExceeded` with too many unfinished exports.
pub async fn export_detail(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportAssetMachineDetailRequest,
) -> Result<Body, Error> {
    let format = format(request.format.as_deref())?;
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let state = find(&snapshot, &request.quuid, &request.uuid)?.state();
    let gone = || Error::new(Code::ResourceNotFound).field("Quuid");
    let known = service.host_record(caller, &request.quuid).await?.ok_or_else(gone)?;
    let job = detail_job(service, state, &known, service.now()).map_err(Error::internal)?;
    let stored = serde_json::json!({"Quuid": request.quuid, "Uuid": request.uuid});
    let order =
        Order { action: "ExportAssetMachineDetail", kind: DETAIL, request: stored.to_string(), format };
    let download_url = at_once(service, caller, order, Box::new(job)).await?.into();
    Body::new(&ExportAssetMachineDetailResponse { download_url })
}

/// Makes the job of a stored task again.
pub(crate) fn remake_detail(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    let request = stored_request::<ExportAssetMachineDetailRequest>(task)?;
    let tenant = service.tenant_numbered(task.tenant).map_err(|error| error.to_string())?;
    let snapshot = tenant.accounts.snapshot();
    let state = find(&snapshot, &request.quuid, &request.uuid).map_err(|error| error.to_string())?.state();
    let known = service.readers().lend().host(task.tenant, &request.quuid);
    let known = known.map_err(|error| error.to_string())?.ok_or("the host is gone")?;
    Ok(Box::new(detail_job(service, state, &known, task.created)?))
}

fn detail_job(
    service: &Service,
    state: &HostState,
    known: &HostRecord,
    now: Millis,
) -> Result<RowsJob, String> {
    let clock = Clock::new(service, now);
    let online = service.finder().online(state);
    let report = &known.report;
    let detail = record::detail(&clock.printer(), state, &report.host, &report.collector, online);
    let row = Row::new(&detail, &DETAIL_COLUMNS).map_err(|_| "a record is no object".to_owned())?;
    Ok(RowsJob { columns: &DETAIL_COLUMNS, rows: Box::new(move |push| push(&row.cells())) })
}

/// The values of a row.
struct Row(Vec<Value>);

impl Row {
    /// The members of a record in the order of the columns.
    fn new(record: &impl Serialize, columns: &[&str]) -> Result<Self, Stop> {
        let mut record = serde_json::to_value(record).map_err(|error| Stop::Failed(error.to_string()))?;
        let mut extra = record.get_mut("MachineExtraInfo").map(Value::take).unwrap_or_default();
        let value = |name: &&str| {
            let from = if EXTRA.contains(name) { &mut extra } else { &mut record };
            match (*name, from.get_mut(*name).map(Value::take).unwrap_or_default()) {
                ("Tag", Value::Array(tags)) => {
                    let names: Vec<&str> = tags.iter().filter_map(|tag| tag.get("Name")?.as_str()).collect();
                    Value::String(names.join(", "))
                }
                (_, list @ Value::Array(_)) => Value::String(list.to_string()),
                (_, value) => value,
            }
        };
        Ok(Row(columns.iter().map(value).collect()))
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        self.0.iter().map(cell).collect()
    }
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::String(text) => Cell::Text(text),
        Value::Number(number) => number.as_i64().map_or(Cell::Empty, Cell::Int),
        _ => Cell::Empty,
    }
}
