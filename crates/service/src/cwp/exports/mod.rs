//! What all exports share: the task, its state and link (ExportTasks), and which kind of job a stored task is.
//! The rows of each kind are in files of their own.

mod accounts;
pub mod machines;
mod rows;

pub use accounts::create;
pub(crate) use rows::RowsJob;

use std::sync::Arc;

use model::{ExportFormat, ExportTask, Millis, TaskState};
use store::{Change, Effect, NewTask};
use wire::cwp::{ExportTasksRequest, ExportTasksResponse, Filter};
use wire::{Body, Code, Decode, Error, Params, Service as Wire};

use super::assets;
use crate::exports::Job;
use crate::{Caller, Service, errors};

/// Makes the job of a stored task again, after a restart: the snapshot of the acceptance died with the program.
type Remake = fn(&Service, &ExportTask) -> Result<Box<dyn Job>, String>;

/// All kinds of exports: what a task is called in the store and its file begins with, and how its job is made again.
const KINDS: &[(&str, Remake)] = &[
    (accounts::KIND, accounts::remake),
    (assets::LIST, assets::remake_list),
    (assets::DETAIL, assets::remake_detail),
    (machines::KIND, machines::remake),
    (machines::TREND, machines::not_again),
];

/// An export to be started.
pub(crate) struct Order {
    /// The action, for the audit trail.
    pub action: &'static str,
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// The request, from which the job can be made again.
    pub request: String,
    /// Form of the file.
    pub format: ExportFormat,
}

/// Accepts an export: writes its task, hands the job to the workers and answers the task's number. Everything has to
/// be checked before.
///
/// # Errors
/// `LimitExceeded` with too many unfinished exports.
pub(crate) async fn start(
    service: &Arc<Service>,
    caller: &Caller,
    order: Order,
    job: Box<dyn Job>,
) -> Result<String, Error> {
    let task = create_task(service, caller, order, None).await?;
    service.submit(task.id, job);
    Ok(task.id.to_string())
}

/// Writes a small export while the caller waits, past the queue, and answers its link.
///
/// # Errors
/// `LimitExceeded` with too many unfinished exports, `InternalError` when the file cannot be written.
pub(crate) async fn at_once(
    service: &Arc<Service>,
    caller: &Caller,
    order: Order,
    job: Box<dyn Job>,
) -> Result<String, Error> {
    // Leased from the beginning, so that no worker takes it.
    let lease = service.now().saturating_add(export::lease::LEASE);
    let task = create_task(service, caller, order, Some(lease)).await?;
    let (id, exporting) = (task.id, Arc::clone(service));
    let written =
        tokio::task::spawn_blocking(move || exporting.export_at_once(ExportTask::clone(&task), job)).await;
    written.map_err(Error::internal)?;
    match service.tasks().find(caller.tenant, id).filter(|task| task.state == TaskState::Finished) {
        Some(task) => Ok(service.download_url(&task)),
        None => Err(errors::trouble(Wire::Cwp, format!("export {id} was not written"))),
    }
}

async fn create_task(
    service: &Service,
    caller: &Caller,
    order: Order,
    lease_until: Option<Millis>,
) -> Result<Arc<ExportTask>, Error> {
    let Order { action, kind, request, format } = order;
    let date = service.civil_date(service.now());
    let task = NewTask {
        owner: caller.secret_id.clone(),
        kind: kind.to_owned(),
        request,
        format,
        file_name: export::file_name(kind, date, uuid::Uuid::new_v4(), format),
        lease_until,
    };
    let written = service.write(caller, action, kind, Change::CreateTask(task)).await;
    match written.map_err(|e| errors::write(Wire::Cwp, e))? {
        Effect::Task(task) => Ok(task),
        other => Err(errors::trouble(Wire::Cwp, format!("unexpected effect {other:?}"))),
    }
}

/// The form of a file by its name; CSV when there is none.
///
/// # Errors
/// `InvalidParameter`.
pub(crate) fn format(name: Option<&str>) -> Result<ExportFormat, Error> {
    match name {
        None | Some("") => Ok(ExportFormat::Csv),
        Some(text) => ExportFormat::parse(text).ok_or_else(|| {
            Error::new(Code::InvalidParameter)
                .field("Format")
                .detail("csv, xlsx or jsonl", "应为 csv、xlsx 或 jsonl")
        }),
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

/// Makes the job of a stored task again, on what there is now; what depends on the day is judged by that of the
/// acceptance.
pub(crate) fn remake(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    match KINDS.iter().find(|(kind, _)| *kind == task.kind) {
        Some((_, remake)) => remake(service, task),
        None => Err(format!("no such kind of export: {}", task.kind)),
    }
}

/// The request of a stored task.
pub(crate) fn stored_request<T: Decode>(task: &ExportTask) -> Result<T, String> {
    Params::from_json(task.request.as_bytes())
        .and_then(Params::decode::<T>)
        .map_err(|error| format!("the stored request cannot be read: {error}"))
}

/// Filters as they are stored.
pub(crate) fn stored_filters(filters: Option<&[Filter]>) -> Vec<serde_json::Value> {
    let one =
        |f: &Filter| serde_json::json!({"Name": f.name, "Values": f.values, "ExactMatch": f.exact_match});
    filters.unwrap_or_default().iter().map(one).collect()
}
