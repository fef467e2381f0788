//! ExportAssetUserList: a file of accounts.

use std::sync::Arc;

use export::ExportFile;
use jiff::tz::TimeZone;
use model::{AccountView, Day, ExportTask, HostState, Millis};
use roster::AccountsSnapshot;
use search::SortKey;
use search::time::print_time;
use wire::cwp::{ExportAssetUserListRequest, ExportAssetUserListResponse};
use wire::{Body, Error};

use super::{Order, format, start, stored_filters, stored_request};
use crate::as_of::{Moment, day_of};
use crate::cwp::record::cells;
use crate::cwp::{COLUMNS, Lines, Plan, PlanError, Printer};
use crate::exports::{Job, Stop};
use crate::{Caller, Service};

/// What the task is called in the store and its file begins with.
pub(super) const KIND: &str = "asset-user-list";
/// Bytes of hosts that an export in another order than theirs remembers.
const HOSTS_KEPT: usize = 36 << 20;

/// Accepts an export and answers its task id. Everything is checked before there is a task; the file holds the
/// accounts as they are at this moment, or were at `AsOf`.
///
/// # Errors
/// `InvalidParameter`, `InvalidParameter.DateRange`; `InvalidParameterValue` for `AsOf`; `LimitExceeded` with too many unfinished exports.
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: ExportAssetUserListRequest,
) -> Result<Body, Error> {
    let format = format(request.format.as_deref())?;
    let moment = service.moment(caller.tenant, request.as_of.as_deref()).await?;
    let stored = stored(&request, moment.now);
    let job = job(service, &request, moment)?;
    let order = Order { action: "ExportAssetUserList", kind: KIND, request: stored, format };
    let task_id = start(service, caller, order, Box::new(job)).await?.into();
    Body::new(&ExportAssetUserListResponse { task_id })
}

/// Makes the job of a stored task again, on the accounts as they are now: the snapshot of the acceptance died with
/// the program. States are judged by the day of the acceptance. Accounts of the past are the same as ever.
pub(super) fn remake(service: &Service, task: &ExportTask) -> Result<Box<dyn Job>, String> {
    let request = stored_request::<ExportAssetUserListRequest>(task)?;
    let refused = |error: Error| format!("the stored request is refused: {error}");
    let as_of = request.as_of.as_deref();
    let mut moment = service.moment_blocking(task.tenant, as_of).map_err(refused)?;
    if as_of.is_none_or(str::is_empty) {
        moment = Moment { now: task.created, today: day_of(task.created), ..moment };
    }
    Ok(Box::new(job(service, &request, moment).map_err(refused)?))
}

/// The request as it is stored, with the instant it means; [`remake`] reads it back.
fn stored(request: &ExportAssetUserListRequest, now: Millis) -> String {
    let as_of = request.as_of.as_ref().filter(|text| !text.is_empty()).map(|_| print_time(now));
    serde_json::json!({
        "Quuid": request.quuid, "Filters": stored_filters(request.filters.as_deref()),
        "Order": request.order, "By": request.by, "AsOf": as_of,
    })
    .to_string()
}

fn job(
    service: &Service,
    request: &ExportAssetUserListRequest,
    moment: Moment,
) -> Result<AccountsJob, Error> {
    let Moment { accounts, now, today } = moment;
    let zone = service.zone().clone();
    let filters = request.filters.as_deref().unwrap_or_default();
    let (by, order) = (request.by.as_deref(), request.order.as_deref());
    let plan = Plan::new(request.quuid.as_deref(), filters, by, order, today, &zone, &accounts)
        .map_err(PlanError::of_export)?;
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
