//! ExportAssetUserList and ExportTasks: a file of accounts, written in the background, fetched by a signed link.

use std::sync::Arc;

use export::ExportFile;
use jiff::tz::TimeZone;
use model::{AccountView, Day, ExportFormat, ExportTask, HostState, Millis, TaskState};
use roster::AccountsSnapshot;
use search::SortKey;
use store::{Change, Effect, NewTask};
use wire::cwp::{
    ExportAssetUserListRequest, ExportAssetUserListResponse, ExportTasksRequest, ExportTasksResponse,
};
use wire::{Body, Code, Error, Params, Service as Wire};

use super::record::cells;
use super::{COLUMNS, Lines, Plan, PlanError, Printer};
use crate::clock::DAY_MILLIS;
use crate::exports::{Job, Stop};
use crate::{Caller, Service, errors};

/// What the task is called in the store and its file begins with.
const KIND: &str = "asset-user-list";
/// Bytes of hosts that an export in another order than theirs remembers.
const HOSTS_KEPT: usize = 36 << 20;

/// Accepts an export and answers its task id. Everything is checked before there is a task; the file holds the
/// accounts as they are at this moment.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.DateRange`; `LimitExceeded` with too many unfinished exports.
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportAssetUserListRequest,
) -> Result<Body, Error> {
    let format = match request.format.as_deref() {
        None | Some("") => ExportFormat::Csv,
        Some(text) => ExportFormat::parse(text).ok_or_else(|| {
            Error::new(Code::InvalidParameter)
                .field("Format")
                .detail("csv, xlsx or jsonl", "应为 csv、xlsx 或 jsonl")
        })?,
    };
    let now = service.now();
    let job = job(service, caller.tenant, &request, now)?;
    let task = NewTask {
        owner: caller.secret_id.clone(),
        kind: KIND.to_owned(),
        request: stored(&request),
        format,
        file_name: export::file_name(KIND, service.civil_date(now), uuid::Uuid::new_v4(), format),
        lease_until: None,
    };
    let written = service.write(caller, "ExportAssetUserList", KIND, Change::CreateTask(task)).await;
    match written.map_err(|e| errors::write(Wire::Cwp, e))? {
        Effect::Task(task) => {
            service.submit(task.id, Box::new(job));
            Body::new(&ExportAssetUserListResponse { task_id: task.id.to_string().into() })
        }
        other => Err(errors::trouble(Wire::Cwp, format!("unexpected effect {other:?}"))),
    }
}

/// Answers the state of an export and, when it is finished, a fresh link.
///
/// # Errors
/// `ResourceNotFound` for a task that is unknown, expired or of another tenant.
pub async fn poll(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportTasksRequest,
) -> Result<Body, Error> {
    let missing = || Error::new(Code::ResourceNotFound).field("TaskId");
    let id = canonical(&request.task_id).ok_or_else(missing)?;
    let task = service.tasks().find(caller.tenant, id).ok_or_else(missing)?;
    let (url, name) = match task.state {
        TaskState::Finished => (service.download_url(&task), task.file_name.clone()),
        TaskState::Pending | TaskState::Error => (String::new(), String::new()),
    };
    Body::new(&ExportTasksResponse {
        status: task.state.as_str().into(),
        download_url: url.into(),
        file_name: name.into(),
    })
}

/// A task number in its one spelling: `11`, not `011` or `+11`.
fn canonical(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|id| id.to_string() == text)
}

/// Makes the job of a stored task again, on the accounts as they are now: the snapshot of the acceptance died with
/// the program. States are judged by the day of the acceptance.
pub(crate) fn remake(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    if task.kind != KIND {
        return Err(format!("no such kind of export: {}", task.kind));
    }
    let request = Params::from_json(task.request.as_bytes())
        .and_then(Params::decode::<ExportAssetUserListRequest>)
        .map_err(|error| format!("the stored request cannot be read: {error}"))?;
    match job(service, task.tenant, &request, task.created) {
        Ok(job) => Ok(Box::new(job)),
        Err(error) => Err(format!("the stored request is refused: {error}")),
    }
}

/// The request as it is stored; [`remake`] reads it back.
fn stored(request: &ExportAssetUserListRequest) -> String {
    let filters: Vec<_> = request
        .filters
        .iter()
        .flatten()
        .map(|f| serde_json::json!({"Name": f.name, "Values": f.values, "ExactMatch": f.exact_match}))
        .collect();
    serde_json::json!({
        "Quuid": request.quuid, "Filters": filters, "Order": request.order, "By": request.by,
    })
    .to_string()
}

fn job(
    service: &Service,
    tenant: model::TenantId,
    request: &ExportAssetUserListRequest,
    now: Millis,
) -> Result<AccountsJob, Error> {
    let today = Day::try_from(now.div_euclid(DAY_MILLIS)).unwrap_or(Day::MAX);
    let zone = service.zone().clone();
    let filters = request.filters.as_deref().unwrap_or_default();
    let (by, order) = (request.by.as_deref(), request.order.as_deref());
    let plan = Plan::new(request.quuid.as_deref(), filters, by, order, today, &zone)
        .map_err(PlanError::of_export)?;
    let accounts = service.tenant_numbered(tenant)?.accounts.snapshot();
    Ok(AccountsJob { accounts, plan, now, today, zone })
}

/// One snapshot and what to write of it.
struct AccountsJob {
    accounts: Arc<AccountsSnapshot>,
    plan: Plan,
    now: Millis,
    today: Day,
    zone: TimeZone,
}

impl Job for AccountsJob {
    fn write(
        &self,
        file: &mut ExportFile,
        goes_on: &mut dyn FnMut(&ExportFile) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let printer = Printer::new(self.now, self.today, &self.zone);
        file.header(&COLUMNS)?;
        match file.syntax().cloned() {
            Some(syntax) => self.write_lines(file, Lines::new(&printer, &syntax, self.keep()), goes_on),
            None => self.write_cells(file, &printer, goes_on),
        }
    }
}

impl AccountsJob {
    /// How many bytes of hosts are worth remembering: in the natural order the accounts of a host follow each other.
    fn keep(&self) -> usize {
        if self.plan.sort.key == SortKey::Natural { 0 } else { HOSTS_KEPT }
    }

    /// Every account with its host, in order.
    fn visit<'s>(
        &'s self,
        mut each: impl FnMut(&'s HostState, AccountView<'s>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        // Every row of a snapshot is in it for as long as it lives.
        self.accounts.visit(&self.plan.filter, &self.plan.sort, |row| match self.accounts.get(row) {
            Some((host, account)) => each(host, account),
            None => Ok(()),
        })
    }

    fn write_lines<'s>(
        &'s self,
        file: &mut ExportFile,
        mut lines: Lines<'_, 's>,
        goes_on: &mut dyn FnMut(&ExportFile) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.visit(|host, account| {
            goes_on(file)?;
            Ok(file.line(|out| lines.push(out, host, account))?)
        })
    }

    fn write_cells(
        &self,
        file: &mut ExportFile,
        printer: &Printer<'_>,
        goes_on: &mut dyn FnMut(&ExportFile) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.visit(|host, account| {
            goes_on(file)?;
            Ok(file.row(&cells(&printer.record(host, &account), &host.host))?)
        })
    }
}
