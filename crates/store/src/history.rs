//! What changed between two reports of a host, and how a state is made again from such changes: forward from an older
//! one, or back from a newer one. Pure: the same for every engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::facts::{AccountFacts, HostFacts, HostReport, UsageFacts, WindowsFacts};
use model::{Contact, HostEntry, HostRecord, Millis, rules};
use serde::{Deserialize, Serialize};

use crate::merge::Sights;

/// A kind of change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Kind {
    /// The account was not there before.
    New = 1,
    /// A complete list no longer has it, or its host is gone.
    Vanished = 2,
    /// User id or security identifier.
    Uid = 4,
    /// Primary or supplementary groups.
    Groups = 8,
    /// Home directory.
    Home = 16,
    /// Login shell, or what the shell allows.
    Shell = 32,
    /// Sudo rights.
    Sudo = 64,
    /// Authorized keys.
    Keys = 128,
    /// The password or its ages.
    Password = 256,
    /// Locked, disabled, or the day on which it expires.
    Status = 512,
    /// What the SSH server thinks of it.
    Ssh = 1024,
    /// Last login.
    LastLogin = 2048,
    /// Anything else.
    Other = 4096,
}

impl Kind {
    /// All kinds with their names.
    pub const ALL: [(Kind, &'static str); 13] = [
        (Kind::New, "new"),
        (Kind::Vanished, "vanished"),
        (Kind::Uid, "uid"),
        (Kind::Groups, "groups"),
        (Kind::Home, "home"),
        (Kind::Shell, "shell"),
        (Kind::Sudo, "sudo"),
        (Kind::Keys, "keys"),
        (Kind::Password, "password"),
        (Kind::Status, "status"),
        (Kind::Ssh, "ssh"),
        (Kind::LastLogin, "last_login"),
        (Kind::Other, "other"),
    ];

    /// The kind with a name.
    pub fn named(name: &str) -> Option<Kind> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(pub(crate) u16);

impl Kinds {
    /// The set of some kinds.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | kind as u16))
    }

    /// Whether a kind is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind as u16 != 0
    }

    /// Whether it is the empty one.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of its kinds.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Kind::ALL.into_iter().filter(move |(kind, _)| self.has(*kind)).map(|(_, name)| name)
    }
}

/// What differs between two facts of one account. Where in a file something stands is no difference: a line taken out
/// moves all that follow.
pub(crate) fn kinds(before: &AccountFacts, after: &AccountFacts) -> Kinds {
    let (b, a) = (before, after);
    let (pb, pa) = (&b.password, &a.password);
    let locked = |f: &AccountFacts| {
        (f.password.class.is_locked(), f.password.expire, f.windows.as_ref().and_then(|w| w.enabled))
    };
    let windows = |f: &AccountFacts| f.windows.clone().map(|w| WindowsFacts { enabled: None, ..w });
    let changed = [
        (Kind::Uid, (b.uid, &b.sid) != (a.uid, &a.sid)),
        (Kind::Groups, (b.gid, &b.primary_group, &b.groups) != (a.gid, &a.primary_group, &a.groups)),
        (Kind::Home, b.home != a.home),
        (Kind::Shell, (&b.shell, &b.shell_facts) != (&a.shell, &a.shell_facts)),
        (Kind::Sudo, b.sudo != a.sudo && unplaced_sudo(b) != unplaced_sudo(a)),
        (Kind::Keys, b.keys != a.keys && unplaced_keys(b) != unplaced_keys(a)),
        (Kind::Password, pb != pa),
        (Kind::Status, locked(b) != locked(a)),
        (Kind::Ssh, b.ssh != a.ssh && unplaced_ssh(b) != unplaced_ssh(a)),
        (Kind::LastLogin, b.last_login != a.last_login),
        (
            Kind::Other,
            (&b.gecos, &b.name_raw, b.origin, windows(b)) != (&a.gecos, &a.name_raw, a.origin, windows(a)),
        ),
    ];
    Kinds::of(changed.into_iter().filter(|(_, differs)| *differs).map(|(kind, _)| kind))
}

fn unplaced_sudo(facts: &AccountFacts) -> model::facts::SudoFacts {
    let mut sudo = facts.sudo.clone();
    sudo.grants.iter_mut().for_each(|grant| grant.line = 0);
    sudo
}

fn unplaced_keys(facts: &AccountFacts) -> model::facts::KeyFacts {
    let mut keys = facts.keys.clone();
    keys.keys.iter_mut().for_each(|key| key.line = 0);
    keys
}

fn unplaced_ssh(facts: &AccountFacts) -> model::facts::SshFacts {
    let mut ssh = facts.ssh.clone();
    ssh.conditional.iter_mut().for_each(|block| block.line = 0);
    // `file:line keyword`
    let (rule, keyword) = ssh.allowed.by.split_once(' ').unwrap_or((&ssh.allowed.by, ""));
    let file = rule.rsplit_once(':').map_or(rule, |(file, _)| file);
    ssh.allowed.by = format!("{file} {keyword}");
    ssh
}

/// One account that is not in both reports alike.
#[derive(Debug, PartialEq)]
pub(crate) struct Turn<'a> {
    pub(crate) name: &'a str,
    /// Empty for what is no event: nothing of it changed but its place in a file, or a list that was not read whole
    /// does not show it or shows it again.
    pub(crate) kinds: Kinds,
    pub(crate) first_seen: Millis,
    pub(crate) before: Option<&'a AccountFacts>,
    pub(crate) after: Option<&'a AccountFacts>,
}

/// What is known beside two reports to tell one from the other.
pub(crate) struct Between<'a> {
    /// First sights of all accounts known before, also of absent ones.
    pub(crate) known: BTreeMap<&'a str, Millis>,
    /// Accounts the new report made vanish.
    pub(crate) vanished: &'a Sights,
    /// When the new report arrived.
    pub(crate) received: Millis,
}

/// The accounts that differ between two reports, by name, and those that vanished while they were absent.
pub(crate) fn turns<'a>(
    before: &'a [AccountFacts],
    after: &'a [AccountFacts],
    between: &Between<'a>,
) -> Vec<Turn<'a>> {
    let by_name = |facts: &'a [AccountFacts]| {
        let mut order: Vec<&AccountFacts> = facts.iter().collect();
        order.sort_by(|a, b| a.name.cmp(&b.name));
        order.dedup_by(|later, first| later.name == first.name);
        order
    };
    let (old, new) = (by_name(before), by_name(after));
    let mut turns = Vec::new();
    let (mut old_left, mut new_left) = (old.iter().copied().peekable(), new.iter().copied().peekable());
    loop {
        let pair = match (old_left.peek(), new_left.peek()) {
            (Some(b), Some(a)) if b.name == a.name => (old_left.next(), new_left.next()),
            (Some(b), Some(a)) if b.name < a.name => (old_left.next(), None),
            (Some(_), None) => (old_left.next(), None),
            (_, Some(_)) => (None, new_left.next()),
            (None, None) => break,
        };
        turns.extend(turn(pair, between));
    }
    let absent = between
        .vanished
        .iter()
        .filter(|(name, _)| old.binary_search_by(|facts| facts.name.as_str().cmp(name)).is_err());
    turns.extend(absent.map(|(name, seen)| Turn {
        name,
        kinds: Kinds::of([Kind::Vanished]),
        first_seen: *seen,
        before: None,
        after: None,
    }));
    turns.sort_by(|a, b| a.name.cmp(b.name));
    turns
}

type Pair<'a> = (Option<&'a AccountFacts>, Option<&'a AccountFacts>);

fn turn<'a>((before, after): Pair<'a>, between: &Between<'a>) -> Option<Turn<'a>> {
    let name = after.or(before)?.name.as_str();
    let seen = between.known.get(name).copied();
    let kinds = match (before, after) {
        (Some(before), Some(after)) if before == after => return None,
        (Some(before), Some(after)) => kinds(before, after),
        (None, _) if seen.is_none() => Kinds::of([Kind::New]),
        (_, None) if between.vanished.contains_key(name) => Kinds::of([Kind::Vanished]),
        _ => Kinds::default(),
    };
    Some(Turn { name, kinds, first_seen: seen.unwrap_or(between.received), before, after })
}

/// What changed of a host beside the accounts that have events.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rest {
    /// The reports without accounts, when those differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) heads: Option<(HostReport, HostReport)>,
    /// Accounts that differ in a way that is no event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) quiet: Vec<Quiet>,
}

/// A [`Turn`] without kinds.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Quiet {
    pub(crate) name: String,
    pub(crate) first_seen: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<AccountFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<AccountFacts>,
}

impl Rest {
    /// What is to be kept of two reports beside events.
    pub(crate) fn of(before: &HostReport, after: &HostReport, turns: &[Turn<'_>]) -> Self {
        let (old, new) = (head(before), head(after));
        let quiet = turns.iter().filter(|turn| turn.kinds.is_empty()).map(|turn| Quiet {
            name: turn.name.to_owned(),
            first_seen: turn.first_seen,
            before: turn.before.cloned(),
            after: turn.after.cloned(),
        });
        Self { heads: (old != new).then_some((old, new)), quiet: quiet.collect() }
    }
}

/// A report without its accounts and without what is of its moment only.
fn head(report: &HostReport) -> HostReport {
    let HostReport { format, collected_at: _, collector, host, sections, accounts: _, repaired } = report;
    HostReport {
        format: *format,
        collected_at: 0,
        collector: collector.clone(),
        host: HostFacts { usage: UsageFacts::default(), ..host.clone() },
        sections: sections.clone(),
        accounts: Vec::new(),
        repaired: *repaired,
    }
}

/// A stored change of a host, ready to be done or undone.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) heads: Option<(HostReport, HostReport)>,
    /// Name, first sight, facts before and after.
    pub(crate) accounts: Vec<(String, Millis, Option<AccountFacts>, Option<AccountFacts>)>,
}

/// The state of a host while it is made again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Past {
    pub(crate) quuid: String,
    pub(crate) first_report: Millis,
    pub(crate) last_report: Millis,
    pub(crate) collected_at: Millis,
    pub(crate) digest: [u8; 16],
    head: HostReport,
    accounts: BTreeMap<String, (Millis, AccountFacts)>,
}

impl Past {
    /// From a whole record.
    pub(crate) fn of(record: HostRecord, digest: [u8; 16]) -> Self {
        let HostRecord { quuid, report, first_seen, first_report, last_report } = record;
        let (head, collected_at) = (head(&report), report.collected_at);
        let seen = |facts: &AccountFacts| first_seen.get(&facts.name).copied().unwrap_or(first_report);
        let mut accounts = BTreeMap::new();
        for facts in report.accounts {
            accounts.entry(facts.name.clone()).or_insert((seen(&facts), facts));
        }
        Self { quuid, first_report, last_report, collected_at, digest, head, accounts }
    }

    /// Takes a change back.
    pub(crate) fn undo(&mut self, step: Step) {
        if let Some((before, _)) = step.heads {
            self.head = before;
        }
        for (name, seen, before, _) in step.accounts {
            self.set(name, seen, before);
        }
    }

    /// Does a change.
    pub(crate) fn redo(&mut self, step: Step) {
        if let Some((_, after)) = step.heads {
            self.head = after;
        }
        for (name, seen, _, after) in step.accounts {
            self.set(name, seen, after);
        }
    }

    fn set(&mut self, name: String, seen: Millis, facts: Option<AccountFacts>) {
        match facts {
            Some(facts) => self.accounts.insert(name, (seen, facts)),
            None => self.accounts.remove(&name),
        };
    }

    /// The whole report, its accounts by name, and the first sights of those not first seen with the host.
    pub(crate) fn report(self) -> (HostReport, Sights) {
        let later = self.accounts.iter().filter(|(_, (seen, _))| *seen != self.first_report);
        let sights = later.map(|(name, (seen, _))| (name.clone(), *seen)).collect();
        let accounts = self.accounts.into_values().map(|(_, facts)| facts).collect();
        (HostReport { accounts, ..self.head }, sights)
    }

    /// The facts of one of its accounts.
    pub(crate) fn account(&self, name: &str) -> Option<&AccountFacts> {
        self.accounts.get(name).map(|(_, facts)| facts)
    }

    /// As the rules show it, its accounts by name.
    pub(crate) fn entry(mut self) -> HostEntry {
        let host = &self.head.host;
        let accounts = self.accounts.values();
        let accounts = accounts.map(|(seen, facts)| rules::account(facts, host, *seen)).collect();
        self.head.collected_at = self.collected_at;
        let mut state = rules::host_state(&self.head, &self.quuid, self.first_report, self.last_report);
        state.contact = Contact::new(self.last_report, rules::updated(self.collected_at, self.last_report));
        state.digest = self.digest;
        HostEntry { state: Arc::new(state), accounts }
    }
}
