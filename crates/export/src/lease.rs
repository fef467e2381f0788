//! The rules of the task queue, as pure functions: who may work on a task, until when, and how it ends. The caller
//! holds the tasks and runs each rule inside one transaction with what it changes.
//!
//! A task is `PENDING` until it ends in `FINISHED` or `ERROR`, and never goes back. A worker holds a pending task by
//! a lease, which it renews while it writes; a lease that ran out means the worker is gone, and another may begin
//! the task anew.

use model::{ExportTask, Millis, TaskState};

/// Length of a lease unless the caller has a reason for another.
pub const LEASE: Millis = 60_000;
/// Workers renew this often: two renewals may fail before a lease is lost.
pub const HEARTBEAT: Millis = LEASE / 3;

/// Why a worker may not go on with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The task has ended.
    #[error("the task has ended")]
    Ended,
    /// Another worker holds it.
    #[error("another worker holds the task")]
    Held,
    /// The lease this worker held is no longer the task's.
    #[error("the lease was lost")]
    Lost,
}

/// Whether a worker holds the task at `now`. A lease that reaches further than any can was written before the clock
/// was set back: it does not count, or the task would hang until the clock has caught up.
pub fn held(task: &ExportTask, now: Millis, length: Millis) -> bool {
    let longest = now.saturating_add(length.saturating_mul(2));
    task.state == TaskState::Pending && task.lease_until.is_some_and(|until| now < until && until <= longest)
}

/// Takes the task at `now`: the new end of the lease, to be written only if the task is still as given.
pub fn take(task: &ExportTask, now: Millis, length: Millis) -> Result<Millis, LeaseError> {
    if task.state != TaskState::Pending {
        return Err(LeaseError::Ended);
    }
    if held(task, now, length) {
        return Err(LeaseError::Held);
    }
    Ok(now.saturating_add(length))
}

/// Renews the lease a worker got as `mine`. A lease that ran out may be renewed as long as nobody else took the task;
/// the new end is never before the old one.
pub fn renew(task: &ExportTask, mine: Millis, now: Millis, length: Millis) -> Result<Millis, LeaseError> {
    own(task, mine)?;
    Ok(now.saturating_add(length).max(mine))
}

/// The state the task ends in, if the worker that holds the lease `mine` may end it.
pub fn end(task: &ExportTask, mine: Millis, outcome: Outcome) -> Result<TaskState, LeaseError> {
    own(task, mine)?;
    Ok(outcome.state())
}

fn own(task: &ExportTask, mine: Millis) -> Result<(), LeaseError> {
    match (task.state, task.lease_until) {
        (TaskState::Pending, Some(until)) if until == mine => Ok(()),
        (TaskState::Pending, _) => Err(LeaseError::Lost),
        _ => Err(LeaseError::Ended),
    }
}

/// How a task can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The file is there.
    Written,
    /// It failed for good.
    Failed,
}

impl Outcome {
    /// The state for it.
    pub fn state(self) -> TaskState {
        match self {
            Outcome::Written => TaskState::Finished,
            Outcome::Failed => TaskState::Error,
        }
    }
}

/// Whether a task may go from one state to another. A finished task turns to `ERROR` when its file has been removed
/// after its time; nothing else ever leaves an end state.
pub fn may_become(from: TaskState, to: TaskState) -> bool {
    use TaskState::{Error, Finished, Pending};
    matches!((from, to), (Pending, Finished | Error) | (Finished, Error))
}

/// The task a free worker should take: not ended, not held, of the owner with the fewest tasks in work (so that one
/// caller's queue does not keep the others waiting), the oldest of those.
pub fn choose(tasks: &[ExportTask], now: Millis, length: Millis) -> Option<&ExportTask> {
    let running =
        |of: &ExportTask| tasks.iter().filter(|t| same_owner(t, of) && held(t, now, length)).count();
    tasks.iter().filter(|task| take(task, now, length).is_ok()).min_by_key(|task| (running(task), task.id))
}

fn same_owner(a: &ExportTask, b: &ExportTask) -> bool {
    a.tenant == b.tenant && a.owner == b.owner
}

/// Whether a pending task has been tried for so long that it should end as failed: a task that brings its worker
/// down each time would otherwise be taken up for ever.
pub fn hopeless(task: &ExportTask, now: Millis, limit: Millis) -> bool {
    task.state == TaskState::Pending && now.saturating_sub(task.created) > limit
}

/// Whether the file of a finished task has outlived `keep` and may be removed.
pub fn file_outlived(task: &ExportTask, now: Millis, keep: Millis) -> bool {
    task.state == TaskState::Finished && task.ended.is_none_or(|ended| now.saturating_sub(ended) > keep)
}
