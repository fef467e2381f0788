//! One account as the wire shows it: the list record, and the same as the cells of one row of an export file.

use std::borrow::Cow;
use std::ops::Range;

use export::Cell;
use jiff::tz::TimeZone;
use model::{AccountView, Day, Host, HostState, LoginType, Millis, PasswordStatus};
use search::{Filter, Test, accounts};
use wire::cwp::{AssetUserBaseInfo, MachineExtraInfo};

use crate::times::{self, Calendar};

/// "No value" in the integer fields of accounts.
pub(crate) const NONE: u64 = 999;

/// Column names of the export: the members of AssetUserBaseInfo in the order of the contract, MachineExtraInfo
/// flattened at the end (semantics B6).
pub(crate) const COLUMNS: [&str; 34] = [
    "MachineIp",
    "MachineWanIp",
    "MachineName",
    "OsInfo",
    "Uuid",
    "Quuid",
    "Uid",
    "Gid",
    "Status",
    "IsRoot",
    "LoginType",
    "LastLoginTime",
    "Name",
    "ProjectId",
    "UserType",
    "IsDomain",
    "IsSudo",
    "IsSshLogin",
    "HomePath",
    "Shell",
    "ShellLoginStatus",
    "PasswordChangeTime",
    "PasswordDueTime",
    "PasswordLockDays",
    "PasswordStatus",
    "UpdateTime",
    "FirstTime",
    "IsNew",
    "InstanceID",
    "HostName",
    "PrivateIP",
    "WanIP",
    "NetworkType",
    "NetworkName",
];

/// Prints accounts as of one instant: states of its day, times in one zone.
pub(crate) struct Printer<'z> {
    calendar: Calendar<'z>,
    now: Millis,
    today: Day,
    new: Range<Millis>,
}

impl<'z> Printer<'z> {
    /// For the instant `now` and its UTC day `today`.
    pub fn new(now: Millis, today: Day, zone: &'z TimeZone) -> Self {
        Printer { calendar: Calendar::new(zone), now, today, new: times::today(now, zone) }
    }

    /// Prints instants in the zone.
    pub fn calendar(&self) -> &Calendar<'z> {
        &self.calendar
    }

    /// Whether something first seen at `at` is new today.
    pub fn is_new(&self, at: Millis) -> bool {
        self.new.contains(&at)
    }

    /// Accounts that are new today.
    pub fn new_ones(&self) -> Filter {
        let last = self.new.end.saturating_sub(1);
        Filter::test(accounts::FIRST_SEEN, Test::IntRange(self.new.start, last))
    }

    /// An instant in milliseconds as the wire prints it.
    pub fn millis(&self, at: Millis) -> String {
        times::text(self.calendar.millis(at))
    }

    /// A last login as the wire prints it; empty when there is none.
    pub fn last_login(&self, at: Option<i64>) -> String {
        times::text(at.and_then(|at| self.calendar.seconds(at)))
    }

    /// The day states are judged by.
    pub fn today(&self) -> Day {
        self.today
    }

    /// Until when the data of a host is known to hold, at most until the instant that is printed.
    pub fn updated(&self, state: &HostState) -> Millis {
        state.contact.updated().min(self.now)
    }

    /// The list record of an account.
    pub fn record<'a>(&self, state: &'a HostState, account: &AccountView<'a>) -> AssetUserBaseInfo<'a> {
        let states = account.states(self.today);
        let host = &state.host;
        AssetUserBaseInfo {
            machine_ip: host.private_ip.as_str().into(),
            machine_wan_ip: host.wan_ip.as_str().into(),
            machine_name: host.name.as_str().into(),
            os_info: host.os_info.as_str().into(),
            uuid: host.uuid.as_str().into(),
            quuid: host.quuid.as_str().into(),
            uid: Cow::Owned(account.uid.to_string()),
            gid: Cow::Owned(account.gid.map_or_else(String::new, |gid| gid.to_string())),
            status: states.enabled.into(),
            is_root: flag(account.is_root),
            login_type: code(states.login_type.map(LoginType::code)),
            last_login_time: Cow::Owned(self.last_login(account.last_login)),
            name: account.name.into(),
            project_id: 0,
            user_type: code(account.user_type.map(|t| t as u16)),
            is_domain: flag(account.is_domain),
            is_sudo: flag(account.is_sudo),
            is_ssh_login: flag(states.ssh_login),
            home_path: account.home.into(),
            shell: account.shell.into(),
            shell_login_status: states.shell_login.into(),
            password_change_time: Cow::Owned(times::text(account.password_changed.and_then(times::day))),
            password_due_time: Cow::Owned(times::text(account.password_due.and_then(times::day))),
            password_lock_days: account.password_lock_days.map_or(NONE.cast_signed(), i64::from),
            password_status: code(states.password.map(PasswordStatus::code)).cast_signed(),
            update_time: Cow::Owned(self.millis(self.updated(state))),
            first_time: Cow::Owned(self.millis(account.first_seen)),
            is_new: self.is_new(account.first_seen).into(),
            machine_extra_info: Some(extra(host)),
        }
    }
}

/// A yes/no/unknown as 1, 0, 999.
pub(crate) fn flag(value: Option<bool>) -> u64 {
    value.map_or(NONE, u64::from)
}

/// A code, or 999.
pub(crate) fn code(value: Option<u16>) -> u64 {
    value.map_or(NONE, u64::from)
}

/// Network details of a host.
pub(crate) fn extra(host: &Host) -> MachineExtraInfo<'_> {
    MachineExtraInfo {
        wan_ip: host.wan_ip.as_str().into(),
        private_ip: host.private_ip.as_str().into(),
        network_type: i64::from(host.network_type),
        network_name: host.network_name.as_str().into(),
        instance_id: host.instance_id.as_str().into(),
        host_name: host.name.as_str().into(),
    }
}

/// A number of an export; 999 is an empty cell.
pub(crate) fn coded(number: u64) -> Cell<'static> {
    signed(number.cast_signed())
}

/// As [`coded`], for what may be negative.
pub(crate) fn signed(number: i64) -> Cell<'static> {
    if number == NONE.cast_signed() { Cell::Empty } else { Cell::Int(number) }
}

/// The first cells of an export's row.
pub(crate) fn host_cells(host: &Host) -> [Cell<'_>; 6] {
    [&host.private_ip, &host.wan_ip, &host.name, &host.os_info, &host.uuid, &host.quuid].map(Cell::from)
}

/// The last cells of an export's row: MachineExtraInfo.
pub(crate) fn extra_cells(host: &Host) -> [Cell<'_>; 6] {
    [
        Cell::Text(&host.instance_id),
        Cell::Text(&host.name),
        Cell::Text(&host.private_ip),
        Cell::Text(&host.wan_ip),
        Cell::Int(host.network_type.into()),
        Cell::Text(&host.network_name),
    ]
}

/// The cells of an export's row between those of the host: 999 is an empty one, everything else as in the record.
pub(crate) fn account_cells<'r>(r: &'r AssetUserBaseInfo<'_>) -> [Cell<'r>; COLUMNS.len() - 12] {
    let text = |t: &'r Cow<'_, str>| Cell::Text(t.as_ref());
    [
        text(&r.uid),
        text(&r.gid),
        coded(r.status),
        coded(r.is_root),
        coded(r.login_type),
        text(&r.last_login_time),
        text(&r.name),
        coded(r.project_id),
        coded(r.user_type),
        coded(r.is_domain),
        coded(r.is_sudo),
        coded(r.is_ssh_login),
        text(&r.home_path),
        text(&r.shell),
        coded(r.shell_login_status),
        text(&r.password_change_time),
        text(&r.password_due_time),
        signed(r.password_lock_days),
        signed(r.password_status),
        text(&r.update_time),
        text(&r.first_time),
        signed(r.is_new),
    ]
}

/// All cells of an export's row.
pub(crate) fn cells<'r>(record: &'r AssetUserBaseInfo<'_>, host: &'r Host) -> [Cell<'r>; COLUMNS.len()] {
    let mut cells = [Cell::Empty; COLUMNS.len()];
    let parts = host_cells(host).into_iter().chain(account_cells(record)).chain(extra_cells(host));
    cells.iter_mut().zip(parts).for_each(|(cell, part)| *cell = part);
    cells
}
