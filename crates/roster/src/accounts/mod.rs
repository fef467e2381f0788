//! The operating-system accounts of all hosts in memory.

mod main;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::rows::AccountRow;
use model::{Account, Host, HostRecord};
use search::{Filter, Query, Sort};

use crate::delta::Change;
use crate::keeper::Keeper;
use crate::snapshot::{Page, Place, RowId, Snapshot};
use main::AccountsMain;

/// One host with all that is known of it.
#[derive(Debug, Clone)]
pub struct HostEntry {
    /// What its accounts share.
    pub host: Host,
    /// Its accounts, in any order; names are unique (of several the first counts in lookups, all are listed).
    pub accounts: Vec<Account>,
    /// The facts they were made of.
    pub record: Arc<HostRecord>,
}

/// A change to one host, as the store has written it.
#[derive(Debug, Clone)]
pub enum HostChange {
    /// The host and its accounts are now like this, whatever was known before.
    Put(Arc<HostEntry>),
    /// The host with this id is gone, and its accounts with it.
    Remove(String),
}

/// All accounts of a tenant. Cheap to read from any number of threads; changes come from one writer, in the order in
/// which they were stored.
pub struct Accounts(Keeper<AccountsMain>);

impl Accounts {
    /// Takes the hosts there are, in any order; of several with one id the last counts.
    pub fn load(hosts: impl IntoIterator<Item = Arc<HostEntry>>) -> Self {
        Self(Keeper::new(AccountsMain::load(hosts.into_iter().collect())))
    }

    /// The current state. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<AccountsSnapshot> {
        Arc::new(AccountsSnapshot(self.0.snapshot()))
    }

    /// Applies changes in order and makes them visible at once, as one. Costs what the changes cost, however many
    /// hosts there are.
    pub fn apply(&self, changes: &[HostChange]) {
        self.0.apply(changes.iter().map(|change| match change {
            HostChange::Put(entry) => Change::Put(Arc::clone(entry)),
            HostChange::Remove(quuid) => Change::Delete(quuid.clone()),
        }));
    }

    /// Merges all changes so far, in this thread; see [`People::merge`](crate::People::merge).
    pub fn merge(&self) {
        self.0.merge();
    }
}

/// The accounts at one moment.
pub struct AccountsSnapshot(Arc<Snapshot<AccountsMain>>);

impl AccountsSnapshot {
    /// Answers a query; sorts by the orders of `search::cwp::sort`, and by name and host id. See
    /// [`PeopleSnapshot::search`](crate::PeopleSnapshot::search) for the bounds of filters.
    pub fn search(&self, query: &Query) -> Page {
        self.0.search(query)
    }

    /// All rows that match, in order: for exports.
    pub fn rows(&self, filter: &Filter, sort: &Sort) -> Vec<RowId> {
        let query = Query { filter: filter.clone(), sort: *sort, offset: 0, limit: usize::MAX, total: false };
        self.search(&query).rows
    }

    /// The account in a row of this snapshot; `None` for a row of another.
    pub fn get(&self, row: RowId) -> Option<(&Host, &Account)> {
        let AccountRow { host, account } = match row.place() {
            Place::Main(row) => self.0.main.account(row)?,
            Place::Changed(slot, index) => account_of(self.0.delta.item(slot)?, index)?,
        };
        Some((host, account))
    }

    /// A host by id.
    pub fn host(&self, quuid: &str) -> Option<&Arc<HostEntry>> {
        match self.0.delta.changed(quuid) {
            Some(changed) => changed,
            None => self.0.main.host(quuid),
        }
    }

    /// All hosts, in no particular order.
    pub fn hosts(&self) -> impl Iterator<Item = &Arc<HostEntry>> {
        let merged = self.0.main.hosts().filter(|entry| self.0.delta.slot(&entry.host.quuid).is_none());
        merged.chain(self.0.delta.items().map(|(_, entry)| entry))
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many accounts have each name that contains `part` (case matters; all names when it is empty).
    pub fn names(&self, part: &str) -> BTreeMap<&str, usize> {
        let mut counts = self.0.main.names(part, self.0.delta.dead());
        for (_, entry) in self.0.delta.items() {
            for account in entry.accounts.iter().filter(|a| a.name.contains(part)) {
                *counts.entry(&account.name).or_default() += 1;
            }
        }
        counts
    }
}

fn account_of(entry: &Arc<HostEntry>, index: u32) -> Option<AccountRow<'_>> {
    entry.accounts.get(index as usize).map(|account| AccountRow { host: &entry.host, account })
}
