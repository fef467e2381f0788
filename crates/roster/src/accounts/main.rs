//! The merged part of the accounts: one row per account, ordered by host id and name.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::rows::AccountRow;
use model::{AccountView, HostEntry, HostState};
use search::Field;
use search::accounts as a;

use super::account_of;
use crate::column::Moved;
use crate::dead::Dead;
use crate::kind::Kind;
use crate::table::{Column, Layout, Start, Table};

const FEW: Layout = Layout::Dictionary { sorted: false };
const PLAIN: Layout = Layout::Int { sorted: false };
const SORTED: Layout = Layout::Int { sorted: true };

const LAYOUT: [(Field, Layout); 27] = [
    (a::QUUID, Layout::Dictionary { sorted: true }),
    (a::NAME, Layout::Dictionary { sorted: true }),
    (a::MACHINE_IP, FEW),
    (a::WAN_IP, FEW),
    (a::MACHINE_NAME, FEW),
    (a::INSTANCE_ID, FEW),
    (a::OS_INFO, FEW),
    (a::WINDOWS, PLAIN),
    (a::UID, PLAIN),
    (a::GID, PLAIN),
    (a::DISABLED, PLAIN),
    (a::EXPIRES, PLAIN),
    (a::LOGIN_TYPE, PLAIN),
    (a::SSH_LOGIN, PLAIN),
    (a::SHELL_LOGIN, PLAIN),
    (a::IS_ROOT, PLAIN),
    (a::IS_SUDO, PLAIN),
    (a::USER_TYPE, PLAIN),
    (a::IS_DOMAIN, PLAIN),
    (a::PASSWORD_CLASS, PLAIN),
    (a::PASSWORD_EXPIRED_FROM, PLAIN),
    (a::PASSWORD_WARN_FROM, PLAIN),
    (a::PASSWORD_CHANGED, SORTED),
    (a::PASSWORD_DUE, SORTED),
    (a::LOCK_DAYS, SORTED),
    (a::FIRST_SEEN, SORTED),
    (a::LAST_LOGIN, SORTED),
];

pub(super) struct AccountsMain {
    table: Table,
    /// Hosts by id.
    hosts: Vec<Arc<HostEntry>>,
    /// First row of each host, and the number of rows at the end.
    starts: Vec<u32>,
    /// Place of each row's account in its host's list.
    places: Vec<u32>,
}

impl AccountsMain {
    pub(super) fn load(mut hosts: Vec<Arc<HostEntry>>) -> Self {
        hosts.sort_by(|a, b| a.state.host.quuid.cmp(&b.state.host.quuid));
        hosts.dedup_by(|later, kept| {
            let same = later.state.host.quuid == kept.state.host.quuid;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Self::new(hosts, None)
    }

    /// Lays out hosts that are in the order of their ids; `old` is what came before.
    fn new(hosts: Vec<Arc<HostEntry>>, old: Option<&Self>) -> Self {
        let (mut starts, mut places, mut rows) = (vec![0], Vec::new(), Vec::new());
        for entry in &hosts {
            let mut order: Vec<u32> = (0..entry.accounts.len() as u32).collect();
            order.sort_by_key(|&place| entry.accounts.get(place as usize).map(|a| &a.name));
            rows.extend(order.iter().filter_map(|&place| account_of(entry, place)));
            places.extend(order);
            starts.push(rows.len() as u32);
        }
        let moved = old.map(|old| (old, old.moved(&hosts, &starts)));
        let start = match &moved {
            Some((old, moved)) => Start::From(&old.table, moved),
            None => Start::Afresh,
        };
        let table = Table::new(&a::TABLE, &LAYOUT, &rows, start);
        Self { table, hosts, starts, places }
    }

    /// The way of the rows into new hosts with the given first rows: those of the very same entry stay.
    fn moved(&self, hosts: &[Arc<HostEntry>], starts: &[u32]) -> Moved {
        let mut moved = Moved::new(self.table.rows());
        for (entry, pair) in hosts.iter().zip(starts.windows(2)) {
            let rows = pair[0]..pair[1];
            let same =
                self.index(&entry.state.host.quuid).filter(|&old| Arc::ptr_eq(&self.hosts[old], entry));
            match same {
                Some(old) => (self.starts[old]..).zip(rows).for_each(|(from, to)| moved.keep(from, to)),
                None => rows.for_each(|row| moved.add(row)),
            }
        }
        moved
    }

    /// The account in a row and its host; `None` beyond the last.
    pub(super) fn account(&self, row: u32) -> Option<(&HostState, AccountView<'_>)> {
        let place = *self.places.get(row as usize)?;
        let host = self.starts.partition_point(|&start| start <= row).checked_sub(1)?;
        let entry = self.hosts.get(host)?;
        Some((&entry.state, entry.accounts.get(place as usize)?.view()))
    }

    /// The place of a host among the hosts.
    pub(super) fn index(&self, quuid: &str) -> Option<usize> {
        self.hosts.binary_search_by(|entry| entry.state.host.quuid.as_str().cmp(quuid)).ok()
    }

    /// How many hosts there are.
    pub(super) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// A host by its place.
    pub(super) fn state(&self, index: usize) -> Option<&HostState> {
        self.hosts.get(index).map(|entry| &entry.state)
    }

    /// The rows of a host by its place.
    pub(super) fn rows_of(&self, index: usize) -> Option<Range<u32>> {
        Some(*self.starts.get(index)?..*self.starts.get(index + 1)?)
    }

    /// How many live rows have each name that contains `part`.
    pub(super) fn names(&self, part: &str, dead: &Dead) -> BTreeMap<&str, usize> {
        let Some(Column::Dictionary(names)) = self.table.column(a::NAME) else { return BTreeMap::new() };
        let mut gone = vec![0_u32; names.values().count()];
        dead.iter().for_each(|row| gone[names.code(row)] += 1);
        names
            .values()
            .zip(gone)
            .map(|((name, count), gone)| (name, (count - gone) as usize))
            .filter(|(name, count)| *count > 0 && name.contains(part))
            .collect()
    }
}

impl Kind for AccountsMain {
    type Item = Arc<HostEntry>;
    type Row<'a> = AccountRow<'a>;

    const TABLE: search::Table = a::TABLE;

    fn key(item: &Self::Item) -> &str {
        &item.state.host.quuid
    }

    fn alias(_: &Self::Item) -> Option<&str> {
        None
    }

    fn rows(item: &Self::Item) -> u32 {
        item.accounts.len() as u32
    }

    fn row(item: &Self::Item, index: u32) -> Option<Self::Row<'_>> {
        account_of(item, index)
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn find(&self, key: &str) -> Option<Range<u32>> {
        self.rows_of(self.index(key)?)
    }

    fn merge(&self, _: &Dead, changes: &[(&str, Option<&Self::Item>)]) -> Self {
        let mut changes = changes.iter().peekable();
        let mut hosts = Vec::with_capacity(self.hosts.len() + changes.len());
        for entry in &self.hosts {
            let id = entry.state.host.quuid.as_str();
            while let Some((_, item)) = changes.next_if(|(key, _)| *key < id) {
                hosts.extend(item.cloned());
            }
            match changes.next_if(|(key, _)| *key == id) {
                Some((_, item)) => hosts.extend(item.cloned()),
                None => hosts.push(Arc::clone(entry)),
            }
        }
        hosts.extend(changes.filter_map(|(_, item)| item.cloned()));
        Self::new(hosts, Some(self))
    }
}
