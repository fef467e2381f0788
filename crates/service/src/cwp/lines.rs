//! The rows of an export as bytes, for the formats of lines. What a host's accounts share is written once and copied,
//! and so is each combination of codes; the bytes are those of [`super::record::cells`], only faster (a property test
//! compares them).

use export::Syntax;
use model::{AccountView, HostState, LoginType, Millis, PasswordStatus, States, Uid};
use rustc_hash::FxHashMap;

use super::Printer;
use super::record::{COLUMNS, NONE, code, coded, extra_cells, flag, host_cells, signed};
use crate::times;

/// The place of a column; an unknown name does not compile.
const fn column(name: &str) -> usize {
    let mut place = 0;
    while place < COLUMNS.len() {
        let (one, other) = (COLUMNS[place].as_bytes(), name.as_bytes());
        let mut same = one.len() == other.len();
        let mut at = 0;
        while same && at < one.len() {
            same = one[at] == other[at];
            at += 1;
        }
        if same {
            return place;
        }
        place += 1;
    }
    panic!("no such column")
}

const UID: usize = column("Uid");
const GID: usize = column("Gid");
const STATUS: usize = column("Status");
const LAST_LOGIN: usize = column("LastLoginTime");
const NAME: usize = column("Name");
const PROJECT: usize = column("ProjectId");
const HOME: usize = column("HomePath");
const SHELL: usize = column("Shell");
const SHELL_LOGIN: usize = column("ShellLoginStatus");
const CHANGED: usize = column("PasswordChangeTime");
const DUE: usize = column("PasswordDueTime");
const LOCK_DAYS: usize = column("PasswordLockDays");
const PASSWORD: usize = column("PasswordStatus");
const UPDATED: usize = column("UpdateTime");
const FIRST: usize = column("FirstTime");
const NEW: usize = column("IsNew");
const EXTRA: usize = column("InstanceID");

/// The bytes of all combinations of codes in neighbouring columns.
type Combinations = Vec<Box<[u8]>>;

/// Writes lines of accounts. `'s` is the life of the snapshot the hosts are in.
pub(crate) struct Lines<'p, 's> {
    printer: &'p Printer<'p>,
    syntax: Syntax,
    hosts: Hosts<'s>,
    /// Status, IsRoot, LoginType.
    access: Combinations,
    /// ProjectId, UserType, IsDomain, IsSudo, IsSshLogin.
    kind: Combinations,
    /// FirstTime and IsNew of the last account, which are often those of the next.
    first: (Millis, Vec<u8>),
    /// PasswordLockDays and PasswordStatus, likewise.
    password: ((Option<i32>, Option<PasswordStatus>), Vec<u8>),
}

impl<'p, 's> Lines<'p, 's> {
    /// For lines in this syntax. `keep` is how many bytes of hosts are remembered when they come in no order; 0 when
    /// the accounts of a host follow each other.
    pub fn new(printer: &'p Printer<'p>, syntax: &Syntax, keep: usize) -> Self {
        let mut lines = Lines {
            printer,
            syntax: syntax.clone(),
            hosts: Hosts::new(keep),
            access: access(syntax),
            kind: kind(syntax),
            first: (0, Vec::new()),
            password: ((None, None), Vec::new()),
        };
        lines.set_first(0);
        lines.set_password((None, None));
        lines
    }

    /// Appends the line of an account.
    pub fn push(&mut self, out: &mut Vec<u8>, host: &'s HostState, account: AccountView<'_>) {
        let states = account.states(self.printer.today());
        if account.first_seen != self.first.0 {
            self.set_first(account.first_seen);
        }
        let password = (account.password_lock_days, states.password);
        if password != self.password.0 {
            self.set_password(password);
        }
        let (printer, syntax) = (self.printer, &self.syntax);
        let shared = self.hosts.get(host, printer, syntax);
        out.extend_from_slice(shared.head);
        match account.uid {
            Uid::Number(number) => syntax.plain(out, UID, itoa::Buffer::new().format(number).as_bytes()),
            Uid::Sid(sid) => syntax.text(out, UID, sid),
        }
        match account.gid {
            Some(gid) => syntax.plain(out, GID, itoa::Buffer::new().format(gid).as_bytes()),
            None => syntax.text(out, GID, ""),
        }
        copy(out, &self.access, access_index(&states, account));
        time(syntax, out, LAST_LOGIN, account.last_login.and_then(|at| printer.calendar().seconds(at)));
        syntax.text(out, NAME, account.name);
        copy(out, &self.kind, kind_index(&states, account));
        syntax.text(out, HOME, account.home);
        syntax.text(out, SHELL, account.shell);
        syntax.number(out, SHELL_LOGIN, states.shell_login.into());
        time(syntax, out, CHANGED, account.password_changed.and_then(times::day));
        time(syntax, out, DUE, account.password_due.and_then(times::day));
        out.extend_from_slice(&self.password.1);
        out.extend_from_slice(shared.updated);
        out.extend_from_slice(&self.first.1);
        out.extend_from_slice(shared.tail);
    }

    fn set_password(&mut self, password: (Option<i32>, Option<PasswordStatus>)) {
        let bytes = &mut self.password.1;
        bytes.clear();
        let lock_days = password.0.map_or(NONE.cast_signed(), i64::from);
        self.syntax.cell(bytes, LOCK_DAYS, signed(lock_days));
        self.syntax.cell(bytes, PASSWORD, coded(code(password.1.map(PasswordStatus::code))));
        self.password.0 = password;
    }

    fn set_first(&mut self, at: Millis) {
        let bytes = &mut self.first.1;
        bytes.clear();
        time(&self.syntax, bytes, FIRST, self.printer.calendar().millis(at));
        self.syntax.number(bytes, NEW, self.printer.is_new(at).into());
        self.first.0 = at;
    }
}

fn copy(out: &mut Vec<u8>, combinations: &Combinations, index: usize) {
    // The index is made of the same parts as the combinations, in the same order.
    debug_assert!(index < combinations.len());
    if let Some(bytes) = combinations.get(index) {
        out.extend_from_slice(bytes);
    }
}

fn time(syntax: &Syntax, out: &mut Vec<u8>, column: usize, time: Option<times::Text>) {
    match time {
        Some(time) => syntax.plain(out, column, &time),
        None => syntax.text(out, column, ""),
    }
}

/// All values of a flag, at the places of [`flag_index`].
const FLAGS: [Option<bool>; 3] = [None, Some(false), Some(true)];

fn flag_index(value: Option<bool>) -> usize {
    value.map_or(0, |value| 1 + usize::from(value))
}

fn combination(syntax: &Syntax, first: usize, values: &[u64]) -> Box<[u8]> {
    let mut bytes = Vec::new();
    for (column, value) in (first..).zip(values) {
        syntax.cell(&mut bytes, column, coded(*value));
    }
    bytes.into_boxed_slice()
}

fn access(syntax: &Syntax) -> Combinations {
    let mut all = Vec::new();
    for enabled in [0, 1] {
        for root in FLAGS.map(flag) {
            for login in [None, Some(0), Some(1), Some(2), Some(3)].map(code) {
                all.push(combination(syntax, STATUS, &[enabled, root, login]));
            }
        }
    }
    all
}

fn access_index(states: &States, account: AccountView<'_>) -> usize {
    let login = states.login_type.map_or(0, |t| 1 + usize::from(LoginType::code(t)));
    (usize::from(states.enabled) * 3 + flag_index(account.is_root)) * 5 + login
}

fn kind(syntax: &Syntax) -> Combinations {
    let mut all = Vec::new();
    for user in [None, Some(0), Some(1), Some(2)].map(code) {
        for domain in FLAGS.map(flag) {
            for sudo in FLAGS.map(flag) {
                for ssh in FLAGS.map(flag) {
                    all.push(combination(syntax, PROJECT, &[0, user, domain, sudo, ssh]));
                }
            }
        }
    }
    all
}

fn kind_index(states: &States, account: AccountView<'_>) -> usize {
    let user = account.user_type.map_or(0, |t| 1 + t as usize);
    let flags = [account.is_domain, account.is_sudo, states.ssh_login];
    flags.into_iter().fold(user, |index, value| index * 3 + flag_index(value))
}

/// What the lines of the accounts of a host share.
#[derive(Clone, Copy)]
struct Shared<'a> {
    /// The columns before the first of the account.
    head: &'a [u8],
    /// UpdateTime.
    updated: &'a [u8],
    /// The columns after the last of the account, and the end of the line.
    tail: &'a [u8],
}

/// Where the shared bytes of a host are.
#[derive(Clone, Copy, Default)]
struct Place {
    start: usize,
    updated: usize,
    tail: usize,
    end: usize,
}

/// The shared bytes of hosts, each written when it is first met.
struct Hosts<'s> {
    keep: usize,
    bytes: Vec<u8>,
    /// By address: the hosts stay where they are for as long as `'s` lasts.
    places: FxHashMap<usize, Place>,
    last: Option<(&'s HostState, Place)>,
}

impl<'s> Hosts<'s> {
    fn new(keep: usize) -> Self {
        Hosts { keep, bytes: Vec::new(), places: FxHashMap::default(), last: None }
    }

    fn get(&mut self, host: &'s HostState, printer: &Printer<'_>, syntax: &Syntax) -> Shared<'_> {
        let place = match self.last {
            Some((last, place)) if std::ptr::eq(last, host) => place,
            _ => self.find(host, printer, syntax),
        };
        let piece = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
        Shared {
            head: piece(place.start, place.updated),
            updated: piece(place.updated, place.tail),
            tail: piece(place.tail, place.end),
        }
    }

    fn find(&mut self, host: &'s HostState, printer: &Printer<'_>, syntax: &Syntax) -> Place {
        let address = std::ptr::from_ref(host).addr();
        let place = match self.places.get(&address) {
            Some(place) => *place,
            None => {
                if self.bytes.len() >= self.keep {
                    self.bytes.clear();
                    self.places.clear();
                }
                let place = write_host(&mut self.bytes, host, printer, syntax);
                self.places.insert(address, place);
                place
            }
        };
        self.last = Some((host, place));
        place
    }
}

fn write_host(out: &mut Vec<u8>, state: &HostState, printer: &Printer<'_>, syntax: &Syntax) -> Place {
    let start = out.len();
    syntax.cells(out, 0, &host_cells(&state.host));
    let updated = out.len();
    time(syntax, out, UPDATED, printer.calendar().millis(printer.updated(state)));
    let tail = out.len();
    syntax.cells(out, EXTRA, &extra_cells(&state.host));
    syntax.end(out);
    Place { start, updated, tail, end: out.len() }
}

#[cfg(test)]
mod tests;
