//! What is in memory of each tenant: its people, its accounts, its root node. Reads take snapshots from here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{OrgNode, Tenant, TenantId};
use roster::{Accounts, People};

use crate::labels::Labels;

/// One tenant in memory.
pub struct TenantState {
    /// The tenant.
    pub tenant: Tenant,
    /// The root of its organisation tree.
    pub root: OrgNode,
    /// Its people.
    pub people: People,
    /// The accounts on its hosts.
    pub accounts: Accounts,
    /// Tags and remarks of its hosts.
    pub labels: RwLock<Labels>,
}

impl TenantState {
    /// Tags and remarks of its hosts, for reading. Not to be held across an await.
    pub fn labels(&self) -> RwLockReadGuard<'_, Labels> {
        self.labels.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for the one who follows the store.
    pub fn labels_mut(&self) -> RwLockWriteGuard<'_, Labels> {
        self.labels.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All tenants in memory.
#[derive(Default)]
pub struct Directory(RwLock<HashMap<TenantId, Arc<TenantState>>>);

impl Directory {
    /// One tenant; `None` before it is loaded.
    pub fn tenant(&self, id: TenantId) -> Option<Arc<TenantState>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All tenants by number.
    pub fn tenants(&self) -> Vec<Arc<TenantState>> {
        let mut all: Vec<_> =
            self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|t| t.tenant.id);
        all
    }

    /// Puts a tenant in.
    pub fn put(&self, state: TenantState) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(state.tenant.id, Arc::new(state));
    }
}
