//! The merged part of the accounts: one row per account, ordered by host id and name.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::rows::AccountRow;
use model::{AccountView, HostEntry, HostState};
use search::accounts as a;
use search::{Row, Test};

use super::account_of;
use super::loading::{OF_HOSTS, planes_of_coded, planes_of_ints, planes_of_texts};
use super::packed::{CODED, FLAG_BITS, FLAGS, Packed, UID, flags, sid};
use crate::column::{Dictionary, Flags, From, HostColumn, HostRows, Ints, Planes, Ranks, Splice};
use crate::dead::Dead;
use crate::kind::Kind;
use crate::query::warm;
use crate::table::{Column, Table};

pub(crate) struct AccountsMain {
    table: Table,
    packed: Packed,
    /// Hosts by id.
    states: Vec<Arc<HostState>>,
    /// Their searched attributes, in the order of [`OF_HOSTS`].
    of_hosts: [Arc<Dictionary>; OF_HOSTS.len()],
}

/// What a merge takes over from the table before.
pub(super) struct Old<'a> {
    main: &'a AccountsMain,
    splice: Splice,
    /// Whether the attributes of all hosts are the same.
    same_hosts: bool,
}

impl AccountsMain {
    /// Joins hosts, in the order of their ids, with the columns of their accounts.
    pub(super) fn of(states: Vec<Arc<HostState>>, packed: Packed, old: Option<&Old<'_>>) -> Self {
        let of_hosts = match old {
            Some(old) if old.same_hosts => old.main.of_hosts.clone(),
            _ => OF_HOSTS.map(|(_, text)| {
                Arc::new(Dictionary::new(states.iter().map(|state| Some(text(state))), true))
            }),
        };
        let order = match old {
            Some(old) => old.natural_order(&packed),
            None => natural_order(&packed, 0..packed.hosts.hosts() as u32),
        };
        let planes = |order: &[u32]| Planes::new(&packed.flags, FLAG_BITS, order.iter().copied());
        let natural = Ranks::new(order, 0, |_, _| false).with_planes(planes);
        let mut columns = vec![
            (a::NAME, Column::Dictionary(Arc::clone(&packed.name))),
            (a::LAST_LOGIN, Column::Int(Arc::clone(&packed.last_login))),
        ];
        for ((field, _), texts) in OF_HOSTS.iter().zip(&of_hosts) {
            let column = HostColumn::new(Arc::clone(texts), Arc::clone(&packed.hosts));
            columns.push((*field, Column::Host(column)));
        }
        for ((field, _), column) in CODED.iter().zip(&packed.coded) {
            columns.push((*field, Column::Coded(Arc::clone(column))));
        }
        columns.extend(FLAGS.map(|(field, flag)| (field, Column::Flag(Arc::clone(&packed.flags), flag))));
        let rows = packed.flags.rows();
        let planes = Planes::new(&packed.flags, FLAG_BITS, 0..rows);
        let table = Table::of(rows, columns, Some(natural)).with_planes(planes);
        Self { table, packed, states, of_hosts }
    }

    /// The account in a row and its host; `None` beyond the last.
    pub(super) fn account(&self, row: u32) -> Option<(&HostState, AccountView<'_>)> {
        if row >= self.table.rows() {
            return None;
        }
        let state = self.states.get(self.packed.hosts.host(row) as usize)?;
        Some((state, self.packed.account(row)))
    }

    /// The place of a host among the hosts.
    pub(super) fn index(&self, quuid: &str) -> Option<usize> {
        self.states.binary_search_by(|state| state.host.quuid.as_str().cmp(quuid)).ok()
    }

    /// The places of the hosts in the order of their names, folded, and then of their ids.
    pub(super) fn by_name(&self) -> Option<&[u32]> {
        let names = OF_HOSTS.iter().position(|(field, _)| *field == a::MACHINE_NAME)?;
        self.of_hosts(names)?.ranks().map(Ranks::order)
    }

    /// A text of all hosts, by its place in [`OF_HOSTS`].
    pub(super) fn of_hosts(&self, place: usize) -> Option<&Dictionary> {
        self.of_hosts.get(place).map(|texts| &**texts)
    }

    /// How many hosts there are.
    pub(super) fn hosts(&self) -> usize {
        self.states.len()
    }

    /// A host by its place.
    pub(super) fn state(&self, index: usize) -> Option<&HostState> {
        self.states.get(index).map(|state| &**state)
    }

    /// The rows of a host by its place.
    pub(super) fn rows_of(&self, index: usize) -> Option<Range<u32>> {
        (index < self.states.len()).then(|| self.packed.hosts.rows(index as u32))
    }

    /// How many live rows have each name that contains `part`.
    pub(super) fn names(&self, part: &str, dead: &Dead) -> BTreeMap<&str, usize> {
        let names = &self.packed.name;
        let all: Vec<(&str, u32)> = names.values().collect();
        let mut gone = vec![0_u32; all.len()];
        dead.iter().for_each(|row| gone[names.code(row)] += 1);
        let found = names.matching(&Test::ContainsExact(part.to_owned()));
        let live = found.iter().map(|code| (all[code].0, (all[code].1 - gone[code]) as usize));
        live.filter(|(_, count)| *count > 0).collect()
    }
}

/// The rows of some hosts in the table's own order: by host, then by numeric id (those without one last), then by
/// name, which is how they lie.
fn natural_order(packed: &Packed, hosts: Range<u32>) -> Vec<u32> {
    let mut order: Vec<u32> = Vec::new();
    for host in hosts {
        let first = order.len();
        order.extend(packed.hosts.rows(host));
        order[first..].sort_by_key(|&row| {
            let uid = packed.coded[UID].get(row);
            (uid.is_none(), uid)
        });
    }
    order
}

impl Old<'_> {
    /// Hosts that stay keep their own order.
    fn natural_order(&self, packed: &Packed) -> Vec<u32> {
        let old = self.main.table.ranks(search::SortKey::Natural).map_or(&[][..], Ranks::order);
        let mut order = Vec::with_capacity(packed.flags.rows() as usize);
        self.splice.runs(|kept, rows, to| {
            if kept {
                let shifted = old[rows.start as usize..rows.end as usize].iter();
                order.extend(shifted.map(|row| row - rows.start + to));
            } else if !rows.is_empty() {
                let host = packed.hosts.host(to);
                order.extend(natural_order(packed, host..host + 1));
            }
        });
        order
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
        let mut merging = Merging::new(self);
        let mut changes = changes.iter().peekable();
        for (index, state) in self.states.iter().enumerate() {
            let id = state.host.quuid.as_str();
            while let Some((_, item)) = changes.next_if(|(key, _)| *key < id) {
                merging.put(*item, None);
            }
            match changes.next_if(|(key, _)| *key == id) {
                Some((_, item)) => merging.put(*item, Some(state)),
                None => merging.keep(index),
            }
        }
        changes.for_each(|(_, item)| merging.put(*item, None));
        merging.done()
    }
}

/// A merge on its way through the hosts.
struct Merging<'a> {
    old: Old<'a>,
    states: Vec<Arc<HostState>>,
    starts: Vec<u32>,
    /// The accounts of the hosts put, in the order of the table.
    added: Vec<(&'a HostState, AccountView<'a>)>,
}

impl<'a> Merging<'a> {
    fn new(main: &'a AccountsMain) -> Self {
        let old = Old { main, splice: Splice::default(), same_hosts: true };
        Self { old, states: Vec::with_capacity(main.states.len()), starts: vec![0], added: Vec::new() }
    }

    fn keep(&mut self, index: usize) {
        self.old.splice.keep(self.old.main.packed.hosts.rows(index as u32));
        self.states.push(Arc::clone(&self.old.main.states[index]));
        self.starts.push(self.old.splice.rows());
    }

    fn put(&mut self, item: Option<&'a Arc<HostEntry>>, before: Option<&HostState>) {
        let same = item.map(|entry| &entry.state.host) == before.map(|state| &state.host);
        self.old.same_hosts &= same;
        let Some(entry) = item else { return };
        let first = self.added.len();
        self.added.extend(entry.accounts.iter().map(|account| (&*entry.state, account.view())));
        self.added[first..].sort_by_key(|(_, account)| account.name);
        self.old.splice.add(first as u32..self.added.len() as u32);
        self.states.push(Arc::clone(&entry.state));
        self.starts.push(self.old.splice.rows());
    }

    fn done(self) -> AccountsMain {
        let Self { old, states, starts, added } = self;
        let (main, splice) = (old.main, &old.splice);
        let rows = added.iter().map(|(state, account)| AccountRow { host: &state.host, account });
        let words: Vec<u32> = rows.clone().map(|row| flags(&row)).collect();
        let words = splice.iter().map(|from| match from {
            From::Kept(row) => main.packed.flags.word(row),
            From::Added(row) => words[row as usize],
        });
        let flags = Arc::new(Flags::new(words.collect(), &FLAGS.map(|(_, field)| field)));
        let texts = |text: fn(&AccountView<'a>) -> &'a str| -> Vec<&'a str> {
            added.iter().map(|(_, account)| text(account)).collect()
        };
        let name = main.packed.name.spliced(splice, &texts(|account| account.name), true);
        let mut columns = CODED.iter().zip(&main.packed.coded).map(|((field, sorted), column)| {
            let added: Vec<_> = rows.clone().map(|row| row.int(*field)).collect();
            Arc::new(planes_of_coded(column.spliced(splice, &added, *sorted), &flags))
        });
        let coded = main.packed.coded.clone().map(|same| columns.next().unwrap_or(same));
        drop(columns);
        let packed = Packed {
            hosts: Arc::new(HostRows::new(starts)),
            name: Arc::new(planes_of_texts(name, &flags)),
            home: main.packed.home.spliced(splice, &texts(|account| account.home), false),
            shell: main.packed.shell.spliced(splice, &texts(|account| account.shell), false),
            sid: main.packed.sid.spliced(splice, &texts(sid), false),
            coded,
            last_login: Arc::new(planes_of_ints(last_login(&old, &added), &flags)),
            flags,
        };
        let merged = AccountsMain::of(states, packed, Some(&old));
        warm(&main.table, &merged.table);
        merged
    }
}

fn last_login(old: &Old<'_>, added: &[(&HostState, AccountView<'_>)]) -> Ints {
    let before = &old.main.packed.last_login;
    let moved = old.splice.moved(old.main.table.rows());
    let values = old.splice.iter().map(|from| match from {
        From::Kept(row) => before.get(row),
        From::Added(row) => added[row as usize].1.last_login,
    });
    Ints::new(values, true, Some((before, &moved)))
}
