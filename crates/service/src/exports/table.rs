//! All export tasks in memory, following the store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::{ExportTask, TaskState, TenantId};

/// Tasks by number.
#[derive(Default)]
pub struct Table(RwLock<BTreeMap<u64, Arc<ExportTask>>>);

impl Table {
    /// A task of this tenant.
    pub fn find(&self, tenant: TenantId, id: u64) -> Option<Arc<ExportTask>> {
        let tasks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tasks.get(&id).filter(|task| task.tenant == tenant).cloned()
    }

    /// Puts a task in, in place of the one with its number.
    pub fn put(&self, task: Arc<ExportTask>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(task.id, task);
    }

    /// Takes a task out.
    pub fn remove(&self, id: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// All tasks by number.
    pub fn all(&self) -> Vec<Arc<ExportTask>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The tasks that have not ended, by number.
    pub fn pending(&self) -> Vec<ExportTask> {
        let tasks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tasks.values().filter(|t| t.state == TaskState::Pending).map(|t| ExportTask::clone(t)).collect()
    }

    /// How many tasks have not ended.
    pub fn pending_count(&self) -> usize {
        let tasks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tasks.values().filter(|t| t.state == TaskState::Pending).count()
    }
}
