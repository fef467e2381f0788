//! The pure rules that turn what a host reported into what lists, filters and exports show. What depends on the day
//! is left to `Account::states` and to [`detail`]; what could not be read stays unknown, never 0 and never "no".
//!
//! Where systems differ the rules follow PAM, since every mainstream distribution ships sshd with `UsePAM yes`.

use std::collections::BTreeMap;

use crate::{
    Account, Millis, Uid, UserType,
    facts::{AccountFacts, HostFacts, HostReport, LoginRecord, Os, SudoFacts, WindowsFacts, WindowsKind},
};

mod detail;
mod login;
mod machine;
mod password;
mod resources;

pub use detail::{Detail, KeyDetail, detail, group_name};
pub use login::{Methods, auth_methods, shell_allows};
pub use machine::{QUUID_NAMESPACE, UUID_NAMESPACE, host, host_state, quuid, updated, uuid};
pub use password::{change_allowed, disable_day, warn_days};
pub use resources::{resources, share};

/// Version of these rules and of what they make ([`Account`], [`HostState`](crate::HostState)). What was made by
/// another version is made again from the facts: to be raised with every change of either.
pub const VERSION: u8 = 5;

/// The latest second a time can be printed for: 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

/// The accounts of a host, in the order of the report. `first_seen` is by account name; an account missing there
/// counts as first seen when the report was collected.
pub fn accounts(report: &HostReport, first_seen: &BTreeMap<String, Millis>) -> Vec<Account> {
    report
        .accounts
        .iter()
        .map(|facts| {
            let seen = first_seen.get(&facts.name).copied().unwrap_or(report.collected_at);
            account(facts, &report.host, seen)
        })
        .collect()
}

/// One account of a host, by the system the host runs.
pub fn account(facts: &AccountFacts, host: &HostFacts, first_seen: Millis) -> Account {
    match host.os {
        Os::Linux => linux_account(facts, host, first_seen),
        Os::Windows => windows_account(facts, first_seen),
    }
}

fn linux_account(facts: &AccountFacts, host: &HostFacts, first_seen: Millis) -> Account {
    let (row, pam) = (&facts.password, password::Pam::of(host));
    let login = login::outcome(facts, host.nologin);
    Account {
        name: facts.name.clone(),
        uid: uid(facts),
        gid: facts.gid,
        home: facts.home.clone(),
        shell: facts.shell.clone(),
        is_root: facts.uid.map(|uid| uid == 0),
        is_sudo: is_sudo(&facts.sudo),
        login_type: login.login_type,
        ssh_login: login.ssh_login,
        shell_login: shell_allows(&facts.shell_facts),
        user_type: None,
        is_domain: None,
        disabled: row.class.is_locked(),
        expires: password::expires(row, pam),
        password: password::password(row, pam),
        password_changed: password::changed_day(row),
        password_due: password::due_day(row),
        password_lock_days: password::lock_days(row),
        last_login: last_login(facts).map(|record| record.time),
        first_seen,
    }
}

fn windows_account(facts: &AccountFacts, first_seen: Millis) -> Account {
    let WindowsFacts { kind, domain, enabled, .. } = facts.windows.clone().unwrap_or_default();
    Account {
        name: facts.name.clone(),
        uid: uid(facts),
        gid: None,
        home: facts.home.clone(),
        shell: String::new(),
        is_root: None,
        is_sudo: None,
        login_type: None,
        ssh_login: None,
        shell_login: false,
        user_type: match kind {
            WindowsKind::Guest => Some(UserType::Guest),
            WindowsKind::Standard => Some(UserType::Standard),
            WindowsKind::Administrator => Some(UserType::Administrator),
            WindowsKind::Unknown => None,
        },
        is_domain: domain,
        disabled: enabled == Some(false),
        expires: password::expires(&facts.password, password::Pam::Unknown),
        password: crate::account::Password::Unknown,
        password_changed: password::changed_day(&facts.password),
        password_due: password::due_day(&facts.password),
        password_lock_days: None,
        last_login: last_login(facts).map(|record| record.time),
        first_seen,
    }
}

fn uid(facts: &AccountFacts) -> Uid {
    match (facts.uid, &facts.sid) {
        (_, Some(sid)) => Uid::Sid(sid.clone()),
        (Some(uid), None) => Uid::Number(uid),
        (None, None) => Uid::Sid(String::new()),
    }
}

/// Whether the account has any sudo right on its host. Group membership alone is none; uid 0 alone is none.
pub fn is_sudo(facts: &SudoFacts) -> Option<bool> {
    if facts.grants.iter().any(|grant| grant.host_matches == Some(true)) {
        return Some(true);
    }
    let undecided = facts.grants.iter().any(|grant| grant.host_matches.is_none());
    (facts.evidence.is_complete() && !undecided).then_some(false)
}

/// The last login, if one is known and its time can be printed.
pub fn last_login(facts: &AccountFacts) -> Option<&LoginRecord> {
    facts.last_login.record.as_ref().filter(|record| (1..=LAST_SECOND).contains(&record.time))
}

#[cfg(test)]
mod tests;
