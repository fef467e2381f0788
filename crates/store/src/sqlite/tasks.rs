//! Export tasks: numbers of the whole installation, states that never go back, leases by compare and set.

use std::sync::Arc;

use model::{ExportFormat, ExportTask, Millis, TaskState, TenantId};
use rusqlite::{OptionalExtension, Row};

use super::people::odd;
use super::{Context, Done, count, int};
use crate::{Effect, NewTask, Refusal};

/// Columns in the order [`task`] uses.
macro_rules! task_columns {
    () => {
        "tenant, id, owner, kind, request, format, state, file_name, written, bytes, error, lease_until, created, ended"
    };
}
pub(super) use task_columns;

impl Context<'_> {
    pub(super) fn create_task(&self, new: &NewTask) -> Done<Effect> {
        let pending: i64 = self
            .sql
            .prepare_cached("SELECT count(*) FROM tasks WHERE tenant = ?1 AND state = 'PENDING'")?
            .query_row([self.tenant.0], |row| row.get(0))?;
        if count(pending) >= self.limits.pending_tasks {
            return Err(Refusal::Quota { what: "pending tasks", limit: self.limits.pending_tasks }.into());
        }
        let new = new.clone();
        let task = ExportTask {
            id: self.next("task")?,
            tenant: self.tenant,
            owner: new.owner,
            kind: new.kind,
            request: new.request,
            format: new.format,
            state: TaskState::Pending,
            file_name: new.file_name,
            rows: 0,
            bytes: 0,
            error: None,
            lease_until: new.lease_until,
            created: self.now,
            ended: None,
        };
        self.write_task(task)
    }

    pub(super) fn update_task(&self, wanted: &ExportTask) -> Done<Effect> {
        if wanted.tenant != self.tenant {
            return Err(Refusal::OtherTenant.into());
        }
        let before = self.pending_task(wanted.id)?;
        let ends = wanted.state != TaskState::Pending;
        self.write_task(ExportTask {
            state: wanted.state,
            file_name: wanted.file_name.clone(),
            rows: wanted.rows,
            bytes: wanted.bytes,
            error: wanted.error.clone(),
            lease_until: before.lease_until.filter(|_| !ends),
            ended: ends.then(|| wanted.ended.unwrap_or(self.now)),
            ..before
        })
    }

    pub(super) fn lease_task(&self, id: u64, seen: Option<Millis>, until: Millis) -> Done<Effect> {
        let before = self.pending_task(id)?;
        if before.lease_until != seen {
            return Err(Refusal::TaskLeased.into());
        }
        self.write_task(ExportTask { lease_until: Some(until), ..before })
    }

    pub(super) fn expire_task(&self, id: u64, reason: &str) -> Done<Effect> {
        let before = self.find_task(id)?.ok_or(Refusal::TaskNotFound)?;
        if before.state != TaskState::Finished {
            return Err(Refusal::TaskEnded.into());
        }
        self.write_task(ExportTask { state: TaskState::Error, error: Some(reason.to_owned()), ..before })
    }

    pub(super) fn delete_task(&self, id: u64) -> Done<Effect> {
        let deleted = self
            .sql
            .prepare_cached("DELETE FROM tasks WHERE tenant = ?1 AND id = ?2")?
            .execute((self.tenant.0, int(id)))?;
        if deleted == 0 { Err(Refusal::TaskNotFound.into()) } else { Ok(Effect::TaskDeleted { id }) }
    }

    fn pending_task(&self, id: u64) -> Done<ExportTask> {
        let task = self.find_task(id)?.ok_or(Refusal::TaskNotFound)?;
        if task.state == TaskState::Pending { Ok(task) } else { Err(Refusal::TaskEnded.into()) }
    }

    fn find_task(&self, id: u64) -> Done<Option<ExportTask>> {
        const FIND: &str = concat!("SELECT ", task_columns!(), " FROM tasks WHERE tenant = ?1 AND id = ?2");
        let mut statement = self.sql.prepare_cached(FIND)?;
        Ok(statement.query_row((self.tenant.0, int(id)), task).optional()?)
    }

    fn write_task(&self, task: ExportTask) -> Done<Effect> {
        const WRITE: &str = concat!(
            "INSERT INTO tasks (",
            task_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (tenant, id) DO UPDATE SET state = ?7, file_name = ?8, written = ?9, bytes = ?10, error = ?11,
             lease_until = ?12, ended = ?14"
        );
        self.sql.prepare_cached(WRITE)?.execute((
            self.tenant.0,
            int(task.id),
            &task.owner,
            &task.kind,
            &task.request,
            task.format.as_str(),
            task.state.as_str(),
            &task.file_name,
            int(task.rows),
            int(task.bytes),
            &task.error,
            task.lease_until,
            task.created,
            task.ended,
        ))?;
        Ok(Effect::Task(Arc::new(task)))
    }
}

/// A row of [`task_columns`].
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<ExportTask> {
    let (format, state) = (row.get_ref(5)?.as_str()?, row.get_ref(6)?.as_str()?);
    Ok(ExportTask {
        tenant: TenantId(row.get(0)?),
        id: count(row.get(1)?),
        owner: row.get(2)?,
        kind: row.get(3)?,
        request: row.get(4)?,
        format: ExportFormat::parse(format).ok_or_else(|| odd(5, "format of a task", format))?,
        state: TaskState::parse(state).ok_or_else(|| odd(6, "state of a task", state))?,
        file_name: row.get(7)?,
        rows: count(row.get(8)?),
        bytes: count(row.get(9)?),
        error: row.get(10)?,
        lease_until: row.get(11)?,
        created: row.get(12)?,
        ended: row.get(13)?,
    })
}
