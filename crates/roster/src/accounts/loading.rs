//! Packing accounts as they come, host by host: what is collected of each row is a few numbers, so that ten million
//! accounts never lie in memory unpacked.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use model::rows::AccountRow;
use model::{AccountView, HostState};
use search::Row;
use search::accounts as a;

use super::main::AccountsMain;
use super::packed::{CODED, FLAG_BITS, FLAGS, Packed, flags, sid};
use crate::column::{Coded, Counted, Dictionary, Flags, HostRows, Interned, Ints, Planes, arrange};

/// Accounts on the way into memory; see [`Accounts::loading`](crate::Accounts::loading).
#[derive(Default)]
pub struct Loading {
    states: Vec<Arc<HostState>>,
    /// First row of each host.
    starts: Vec<u32>,
    name: Interned,
    home: Interned,
    shell: Interned,
    sid: Interned,
    coded: [Counted; CODED.len()],
    flags: Vec<u32>,
    last_login: Vec<i64>,
}

impl Loading {
    /// Adds a host with its accounts, in any order. Of several hosts with one id the last counts. Cheapest when the
    /// hosts come in the order of their ids.
    pub fn push<'a>(&mut self, state: Arc<HostState>, accounts: impl IntoIterator<Item = AccountView<'a>>) {
        self.starts.push(self.flags.len() as u32);
        let mut accounts: Vec<_> = accounts.into_iter().collect();
        accounts.sort_by_key(|account| account.name);
        for account in &accounts {
            self.add(&AccountRow { host: &state.host, account });
        }
        self.states.push(state);
    }

    fn add(&mut self, row: &AccountRow<'_, &str>) {
        self.name.push(row.account.name);
        self.home.push(row.account.home);
        self.shell.push(row.account.shell);
        self.sid.push(sid(row.account));
        for (column, (field, _)) in self.coded.iter_mut().zip(CODED) {
            column.push(row.int(field));
        }
        self.flags.push(flags(row));
        self.last_login.push(row.account.last_login.unwrap_or(i64::MIN));
    }

    /// Brings hosts into the order of their ids, and keeps the last of several with one id.
    fn arrange(&mut self) {
        if self.states.is_sorted_by(|a, b| a.host.quuid < b.host.quuid) {
            return;
        }
        let latest: HashMap<&str, usize> =
            self.states.iter().enumerate().map(|(at, state)| (state.host.quuid.as_str(), at)).collect();
        let mut hosts: Vec<usize> = latest.into_values().collect();
        hosts.sort_unstable_by_key(|&host| &self.states[host].host.quuid);
        let end = |host: usize| self.starts.get(host + 1).map_or(self.flags.len(), |&end| end as usize);
        let pieces: Vec<_> = hosts.iter().map(|&host| self.starts[host] as usize..end(host)).collect();
        self.states = hosts.iter().map(|&host| Arc::clone(&self.states[host])).collect();
        let mut rows = 0;
        self.starts.clear();
        for piece in &pieces {
            self.starts.push(rows);
            rows += piece.len() as u32;
        }
        for texts in [&mut self.name, &mut self.home, &mut self.shell, &mut self.sid] {
            arrange(texts.rows_mut(), &pieces);
        }
        self.coded.iter_mut().for_each(|column| arrange(column.rows_mut(), &pieces));
        arrange(&mut self.flags, &pieces);
        arrange(&mut self.last_login, &pieces);
    }

    /// Lays everything out, each column in a thread of its own: at the start nothing else runs.
    pub(super) fn done(mut self) -> AccountsMain {
        self.arrange();
        let Self { states, mut starts, name, home, shell, sid, coded, flags, last_login } = self;
        starts.push(flags.len() as u32);
        let hosts = Arc::new(HostRows::new(starts));
        let fields = FLAGS.map(|(_, field)| field);
        let flags = &Arc::new(Flags::new(flags, &fields));
        let packed = thread::scope(|scope| {
            let last_login = scope.spawn(|| {
                let values = last_login.iter().map(|&at| (at != i64::MIN).then_some(at));
                Arc::new(planes_of_ints(Ints::new(values, true, None), flags))
            });
            let name = scope.spawn(|| Arc::new(planes_of_texts(name.done(true), flags)));
            let rest = scope.spawn(|| (home.done(false), shell.done(false), sid.done(false)));
            let mut sorts = CODED.iter();
            let coded = coded.map(|column| {
                let sorted = sorts.next().is_some_and(|(_, sorted)| *sorted);
                scope.spawn(move || Arc::new(planes_of_coded(column.done(sorted), flags)))
            });
            // A thread that panicked had no memory or met a mistake of ours; there is nothing to go on with.
            let (home, shell, sid) = finished(rest);
            let coded = coded.map(finished);
            let (name, last_login) = (finished(name), finished(last_login));
            Packed { hosts, name, home, shell, sid, coded, flags: Arc::clone(flags), last_login }
        });
        AccountsMain::of(states, packed, None)
    }
}

fn finished<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Adds the flags to the order of a column.
pub(super) fn planes_of_texts(column: Dictionary, flags: &Flags) -> Dictionary {
    column.map_ranks(|ranks| ranks.with_planes(|order| Planes::new(flags, FLAG_BITS, order.iter().copied())))
}

/// Adds the flags to the order of a column.
pub(super) fn planes_of_coded(column: Coded, flags: &Flags) -> Coded {
    column.map_ranks(|ranks| ranks.with_planes(|order| Planes::new(flags, FLAG_BITS, order.iter().copied())))
}

/// Adds the flags to the order of a column.
pub(super) fn planes_of_ints(column: Ints, flags: &Flags) -> Ints {
    column.map_ranks(|ranks| ranks.with_planes(|order| Planes::new(flags, FLAG_BITS, order.iter().copied())))
}

/// An attribute of hosts.
pub(super) type OfHost = fn(&HostState) -> &str;

/// The attributes of hosts that are searched, each as the searches see it.
pub(super) const OF_HOSTS: [(search::Field, OfHost); 6] = [
    (a::QUUID, |state| &state.host.quuid),
    (a::MACHINE_IP, |state| &state.host.private_ip),
    (a::WAN_IP, |state| &state.host.wan_ip),
    (a::MACHINE_NAME, |state| &state.host.name),
    (a::INSTANCE_ID, |state| &state.host.instance_id),
    (a::OS_INFO, |state| &state.host.os_info),
];
