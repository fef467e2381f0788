//! The operating-system accounts of all hosts in memory.

mod loading;
mod main;
mod order;
mod packed;
mod texts;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::rows::AccountRow;
use model::{AccountView, HostEntry, HostState, Millis};
use search::{Filter, Query, Sort};

use crate::delta::{Change, Delta};
use crate::keeper::Keeper;
use crate::snapshot::{Page, Place, RowId, Snapshot};
pub use loading::Loading;
use main::AccountsMain;
pub use order::HostOrder;
pub use texts::HostSet;

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
        let mut loading = Loading::default();
        for entry in hosts {
            loading.push(Arc::clone(&entry.state), entry.accounts.iter().map(|account| account.view()));
        }
        Self::loaded(loading)
    }

    /// Takes what was collected host by host.
    pub fn loaded(loading: Loading) -> Self {
        Self(Keeper::new(loading.done()))
    }

    /// Notes a later contact with a host that brought nothing new (see [`model::Contact`]); false when the host is
    /// not known. Makes no new snapshot.
    pub fn contact(&self, quuid: &str, last_report: Millis, updated: Millis) -> bool {
        let snapshot = self.snapshot();
        let host = snapshot.host(quuid);
        host.inspect(|host| host.state().contact.renew(last_report, updated)).is_some()
    }

    /// The current state. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<AccountsSnapshot> {
        Arc::new(AccountsSnapshot(self.0.snapshot()))
    }

    /// Applies changes in order and makes them visible at once, as one. Costs what the changes cost, however many
    /// hosts there are.
    pub fn apply(&self, changes: &[HostChange]) {
        self.0.apply(changes.iter().map(change));
    }

    /// Merges all changes so far, in this thread; see [`People::merge`](crate::People::merge).
    pub fn merge(&self) {
        self.0.merge();
    }
}

fn change(change: &HostChange) -> Change<Arc<HostEntry>> {
    match change {
        HostChange::Put(entry) => Change::Put(Arc::clone(entry)),
        HostChange::Remove(quuid) => Change::Delete(quuid.clone()),
    }
}

/// One host of a snapshot.
#[derive(Clone)]
pub struct HostView<'a>(Inside<'a>);

#[derive(Clone)]
enum Inside<'a> {
    Main { main: &'a AccountsMain, index: u32, state: &'a HostState, rows: Range<u32> },
    Changed(&'a HostEntry),
}

impl<'a> HostView<'a> {
    fn merged(main: &'a AccountsMain, index: usize) -> Option<Self> {
        let (state, rows) = (main.state(index)?, main.rows_of(index)?);
        Some(HostView(Inside::Main { main, index: index as u32, state, rows }))
    }

    fn changed(entry: &'a HostEntry) -> Self {
        HostView(Inside::Changed(entry))
    }

    /// All of the host but its accounts.
    pub fn state(&self) -> &'a HostState {
        match &self.0 {
            Inside::Main { state, .. } => state,
            Inside::Changed(entry) => &entry.state,
        }
    }

    /// How many accounts it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Inside::Main { rows, .. } => rows.len(),
            Inside::Changed(entry) => entry.accounts.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its accounts, in no particular order.
    pub fn accounts(&self) -> impl Iterator<Item = AccountView<'a>> + use<'a> {
        let (main, changed) = match &self.0 {
            Inside::Main { main, rows, .. } => (Some((*main, rows.clone())), None),
            Inside::Changed(entry) => (None, Some(*entry)),
        };
        let merged =
            main.into_iter().flat_map(|(main, rows)| rows.filter_map(|row| Some(main.account(row)?.1)));
        merged.chain(changed.into_iter().flat_map(|entry| entry.accounts.iter().map(|a| a.view())))
    }

    /// The account with a name; case matters.
    pub fn account(&self, name: &str) -> Option<AccountView<'a>> {
        self.accounts().find(|account| account.name == name)
    }
}

/// The accounts at one moment.
pub struct AccountsSnapshot(Arc<Snapshot<AccountsMain>>);

impl AccountsSnapshot {
    /// Answers a query; sorts by the orders of `search::cwp::sort`, and by name. See
    /// [`PeopleSnapshot::search`](crate::PeopleSnapshot::search) for the bounds of filters.
    pub fn search(&self, query: &Query) -> Page {
        self.0.search(query)
    }

    /// Calls `each` for every row that matches, in order, until it fails: for exports. Needs no memory for the rows.
    pub fn visit<E>(
        &self,
        filter: &Filter,
        sort: &Sort,
        each: impl FnMut(RowId) -> Result<(), E>,
    ) -> Result<(), E> {
        self.0.visit(filter, *sort, each)
    }

    /// The account in a row of this snapshot; `None` for a row of another.
    pub fn get(&self, row: RowId) -> Option<(&HostState, AccountView<'_>)> {
        match row.place() {
            Place::Main(row) => self.0.main.account(row),
            Place::Changed(slot, index) => {
                let entry = self.0.delta.item(slot)?;
                Some((&entry.state, entry.accounts.get(index as usize)?.view()))
            }
        }
    }

    /// This state but for some changes; nobody else sees it. Every query looks at all of the changes, so that many of
    /// them are better laid out anew, see [`rebuilt`](Self::rebuilt).
    #[must_use]
    pub fn with(&self, changes: &[HostChange]) -> AccountsSnapshot {
        let mut delta = self.0.delta.clone();
        for one in changes {
            delta.apply(&self.0.main, change(one));
        }
        AccountsSnapshot(Arc::new(Snapshot { main: Arc::clone(&self.0.main), delta }))
    }

    /// The same laid out anew: the hosts of this state that `keeps` names, and those collected in `others`.
    #[must_use]
    pub fn rebuilt(&self, mut others: Loading, keeps: impl Fn(&HostState) -> bool) -> AccountsSnapshot {
        for host in self.hosts().filter(|host| keeps(host.state())) {
            others.push(Arc::new(host.state().clone()), host.accounts());
        }
        AccountsSnapshot(Arc::new(Snapshot { main: Arc::new(others.done()), delta: Delta::default() }))
    }

    /// A host by id.
    pub fn host(&self, quuid: &str) -> Option<HostView<'_>> {
        match self.0.delta.changed(quuid) {
            Some(changed) => changed.map(|entry| HostView::changed(entry)),
            None => HostView::merged(&self.0.main, self.0.main.index(quuid)?),
        }
    }

    /// All hosts, in no particular order.
    pub fn hosts(&self) -> impl Iterator<Item = HostView<'_>> {
        self.hosts_by(HostOrder::Id)
    }

    /// All hosts in an order. Cheap to skip through: nothing of a host is looked at.
    pub fn hosts_by(&self, order: HostOrder) -> impl Iterator<Item = HostView<'_>> {
        order::walk(&self.0.main, &self.0.delta, order)
    }

    /// How many hosts there are.
    pub fn hosts_len(&self) -> usize {
        let (main, delta) = (&self.0.main, &self.0.delta);
        let replaced = delta.keys().filter(|key| main.index(key).is_some()).count();
        main.hosts() - replaced + delta.items().count()
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
    entry.accounts.get(index as usize).map(|account| AccountRow { host: &entry.state.host, account })
}
