//! The rows of one host as its report.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use collect::sudoers;
use model::facts::{
    AccountFacts, Address, Evidence, HostFacts, HostReport, KeyFacts, LastLogin, LoginRecord, Origin, Os,
    PasswordFacts, WindowsFacts, WindowsKind, section,
};

use super::gathered::HostRows;
use super::tables::{Row, Table};
use crate::account::{Accounts, add_keys, frame, password, seen, shell};
use crate::ids::{machine_id, quuid};
use crate::sudo::{Known, Line, Sudo};
use crate::values::{id, number};

/// Makes the report.
///
/// # Errors
/// Why there can be none, in English.
pub fn report(name: &str, rows: &HostRows) -> Result<HostReport, String> {
    let host = Joined::new(rows);
    let platform = host.first(Table::OsVersion, "platform");
    if platform.is_some_and(|platform| platform == "darwin") {
        return Err("macOS hosts are not taken".to_owned());
    }
    if host.rows(Table::Users).is_empty() {
        return Err("there is no row of the table users".to_owned());
    }
    if rows.tables.get(&Table::Users).is_some_and(super::rows::Rows::headless) {
        return Err(
            "the first run of the query for users is not in the log, so that the list of accounts has \
                    gaps: add the older log, or schedule a snapshot"
                .to_owned(),
        );
    }
    let windows =
        platform == Some("windows") || host.values(Table::Users, "uuid").any(|uuid| uuid.starts_with("S-1-"));
    let mut made = frame("osquery", rows.at.saturating_mul(1000), host_facts(name, rows, &host, windows));
    let sudo = host.sudo(&made.host);
    let keys = host.keys(rows.at);
    let mut accounts = Accounts::default();
    for row in host.rows(Table::Users) {
        accounts.push(account(row, rows, &host, &sudo, &keys, windows));
    }
    let users = host.evidence(Table::Users);
    let why = (users != Evidence::Ok).then_some("the log does not say whether it begins with the first run");
    accounts.into_report(users, why, &mut made);
    sections(&mut made, rows, &host);
    if let Some(sudo) = sudo {
        made.sections.insert(section::SUDOERS.to_owned(), sudo.into_section());
    }
    Ok(made)
}

fn host_facts(name: &str, rows: &HostRows, host: &Joined<'_>, windows: bool) -> HostFacts {
    let text = |table, column| host.first(table, column).unwrap_or_default().trim().to_owned();
    let machine_id = rows.machine_id.as_deref().and_then(machine_id);
    let addresses = host.rows(Table::InterfaceAddresses).iter().filter_map(|row| {
        let value = |column| Table::InterfaceAddresses.value(row, column).unwrap_or_default();
        // A zone may stand behind a link-local address.
        let ip: IpAddr = value("address").split('%').next()?.parse().ok()?;
        (!ip.is_loopback()).then(|| Address { ip: ip.to_string(), interface: value("interface").to_owned() })
    });
    let called = text(Table::SystemInfo, "hostname");
    let release = format!("{} {}", text(Table::OsVersion, "name"), text(Table::OsVersion, "version"));
    HostFacts {
        quuid: machine_id.is_none().then(|| quuid("osquery", name)),
        machine_id: machine_id.unwrap_or_default(),
        hostname: if called.is_empty() { name.to_owned() } else { called },
        os: if windows { Os::Windows } else { Os::Linux },
        os_name: release.trim().to_owned(),
        os_id: text(Table::OsVersion, "platform"),
        os_version: text(Table::OsVersion, "version"),
        addresses: addresses.take(model::facts::Limits::ADDRESSES).collect(),
        ..HostFacts::default()
    }
}

fn account(
    row: &Row,
    rows: &HostRows,
    host: &Joined<'_>,
    sudo: &Option<Sudo>,
    keys: &HashMap<u32, Vec<(String, KeyFacts)>>,
    windows: bool,
) -> AccountFacts {
    let value = |column| Table::Users.value(row, column);
    let text = |column| value(column).unwrap_or_default().to_owned();
    let (name, uid, gid) = (text("username"), value("uid").and_then(id), value("gid").and_then(id));
    let groups = host.groups_of(uid, gid);
    let base = AccountFacts {
        gecos: text("description"),
        primary_group: gid.and_then(|gid| host.group_names.get(&gid)).map(|name| (*name).to_owned()),
        groups: groups
            .iter()
            .filter(|(_, number)| Some(*number) != gid)
            .map(|(name, _)| name.clone())
            .collect(),
        origin: Origin::Other,
        last_login: last_login(rows, &name),
        uid,
        gid,
        ..AccountFacts::default()
    };
    if windows {
        let sid = value("uuid").filter(|sid| sid.starts_with("S-1-")).map(str::to_owned);
        let domain = (value("type") == Some("local")).then_some(false);
        let windows = Some(WindowsFacts {
            kind: host.windows_kind(uid),
            domain,
            enabled: None,
            ..WindowsFacts::default()
        });
        let origin = Origin::Windows;
        return AccountFacts { name, home: text("directory"), sid, gid: None, windows, origin, ..base };
    }
    // An empty field of passwd means these; a column that was not selected means nothing.
    let path = |column, empty: &str| match value(column) {
        Some("") => empty.to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    let (home, login_shell) = (path("directory", "/"), path("shell", "/bin/sh"));
    let rights = sudo
        .as_ref()
        .zip(uid)
        .map(|(sudo, uid)| sudo.facts(sudoers::Account { name: &name, uid, groups: &groups }));
    AccountFacts {
        password: host.passwords.get(name.as_str()).cloned().unwrap_or_else(|| host.no_password()),
        shell_facts: shell(&login_shell),
        keys: uid.and_then(|uid| keys.get(&uid)).map(|files| keys_of(files, &home)).unwrap_or_default(),
        sudo: rights.unwrap_or_default(),
        home,
        shell: login_shell,
        name,
        ..base
    }
}

fn last_login(rows: &HostRows, name: &str) -> LastLogin {
    // wtmp alone does not prove "never": it is rotated.
    let Some((time, row)) = rows.logins.get(name) else { return LastLogin::default() };
    let text = |column| Table::Last.value(row, column).unwrap_or_default().to_owned();
    let host = text("host");
    let record = LoginRecord {
        time: *time,
        terminal: text("tty"),
        ip: host.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
        host,
        source: section::WTMP.to_owned(),
    };
    LastLogin { evidence: Evidence::Ok, record: Some(record) }
}

/// The keys in files below the home; all of the number's keys when no file is: accounts with one number share them.
fn keys_of(files: &[(String, KeyFacts)], home: &str) -> KeyFacts {
    let below =
        |file: &str| file.strip_prefix(home).is_some_and(|rest| home.ends_with('/') || rest.starts_with('/'));
    let own = files.iter().any(|(file, _)| below(file));
    let mut keys = KeyFacts::default();
    for (_, facts) in files.iter().filter(|(file, _)| !own || below(file)) {
        let room = model::facts::Limits::KEYS.saturating_sub(keys.keys.len());
        let cut = facts.keys.len() > room || facts.evidence != Evidence::Ok;
        keys.keys.extend(facts.keys.iter().take(room).cloned());
        keys.bad_lines = keys.bad_lines.saturating_add(facts.bad_lines);
        keys.evidence =
            if cut || keys.evidence == Evidence::Truncated { Evidence::Truncated } else { Evidence::Ok };
    }
    keys
}

fn sections(made: &mut HostReport, rows: &HostRows, host: &Joined<'_>) {
    seen(made, section::GROUP, host.groups_evidence(), Vec::new());
    seen(made, section::SHADOW, host.evidence(Table::Shadow), Vec::new());
    seen(made, section::ADDRESSES, host.evidence(Table::InterfaceAddresses), Vec::new());
    seen(made, section::OS_RELEASE, host.evidence(Table::OsVersion), Vec::new());
    if !host.rows(Table::AuthorizedKeys).is_empty() {
        let note = "files that could not be read leave no trace in the rows".to_owned();
        seen(made, section::KEYS, host.evidence(Table::AuthorizedKeys), vec![note]);
    }
    if rows.logins_seen {
        let note = "the rows of last are those of wtmp since its last rotation".to_owned();
        seen(made, section::WTMP, Evidence::Ok, vec![note]);
    }
}

/// The rows of a host, those of one account together.
struct Joined<'a> {
    source: &'a HostRows,
    present: HashMap<Table, Vec<&'a Row>>,
    group_names: HashMap<u32, &'a str>,
    members: HashMap<u32, Vec<u32>>,
    passwords: HashMap<&'a str, PasswordFacts>,
}

impl<'a> Joined<'a> {
    fn new(source: &'a HostRows) -> Self {
        let present = source.tables.iter().map(|(table, rows)| (*table, rows.present())).collect();
        let mut joined = Joined {
            source,
            present,
            group_names: HashMap::new(),
            members: HashMap::new(),
            passwords: HashMap::new(),
        };
        for row in joined.rows(Table::Groups).to_vec() {
            let value = |column| Table::Groups.value(row, column);
            if let (Some(gid), Some(name)) =
                (value("gid").and_then(id), value("groupname").filter(|n| !n.is_empty()))
            {
                joined.group_names.entry(gid).or_insert(name);
            }
        }
        for row in joined.rows(Table::UserGroups).to_vec() {
            let value = |column| Table::UserGroups.value(row, column).and_then(id);
            if let (Some(uid), Some(gid)) = (value("uid"), value("gid")) {
                let list = joined.members.entry(uid).or_default();
                if list.len() < model::facts::Limits::GROUPS && !list.contains(&gid) {
                    list.push(gid);
                }
            }
        }
        for row in joined.rows(Table::Shadow).to_vec() {
            if let Some(name) = Table::Shadow.value(row, "username") {
                joined.passwords.entry(name).or_insert_with(|| shadow(row));
            }
        }
        joined
    }

    fn rows(&self, table: Table) -> &[&'a Row] {
        self.present.get(&table).map(Vec::as_slice).unwrap_or_default()
    }

    fn values(&self, table: Table, column: &'static str) -> impl Iterator<Item = &'a str> {
        self.rows(table).iter().filter_map(move |row| table.value(row, column))
    }

    fn first(&self, table: Table, column: &'static str) -> Option<&'a str> {
        // A changed row may stand beside the one it replaces when the log begins between the two.
        self.values(table, column).last()
    }

    fn evidence(&self, table: Table) -> Evidence {
        match self.source.tables.get(&table) {
            Some(rows) if rows.complete() => Evidence::Ok,
            Some(_) => Evidence::Truncated,
            None => Evidence::NotCollected,
        }
    }

    /// Names and numbers are from two tables: only both together say who is in a group.
    fn groups_evidence(&self) -> Evidence {
        match (self.evidence(Table::Groups), self.evidence(Table::UserGroups)) {
            (Evidence::Ok, other) | (other, Evidence::Ok) => other,
            (one, _) => one,
        }
    }

    /// Names and numbers of the groups of an account, the primary one first.
    fn groups_of(&self, uid: Option<u32>, gid: Option<u32>) -> Vec<(String, u32)> {
        let members = uid.and_then(|uid| self.members.get(&uid)).map(Vec::as_slice).unwrap_or_default();
        let others = members.iter().copied().filter(|other| Some(*other) != gid);
        let numbers = gid.into_iter().chain(others);
        numbers.filter_map(|gid| self.group_names.get(&gid).map(|name| ((*name).to_owned(), gid))).collect()
    }

    fn no_password(&self) -> PasswordFacts {
        let evidence = match self.evidence(Table::Shadow) {
            Evidence::Ok => Evidence::Absent,
            other => other,
        };
        PasswordFacts { evidence, ..PasswordFacts::default() }
    }

    /// Of the direct groups; a member of Users only is a standard user.
    fn windows_kind(&self, uid: Option<u32>) -> WindowsKind {
        let groups = uid.and_then(|uid| self.members.get(&uid)).map(Vec::as_slice).unwrap_or_default();
        // Well-known relative ids of Administrators, Guests and Users.
        if groups.contains(&544) {
            WindowsKind::Administrator
        } else if groups.contains(&546) {
            WindowsKind::Guest
        } else if groups == [545] && self.evidence(Table::UserGroups) == Evidence::Ok {
            WindowsKind::Standard
        } else {
            WindowsKind::Unknown
        }
    }

    fn sudo(&self, facts: &HostFacts) -> Option<Sudo> {
        let lines: Vec<Line<'_>> = self
            .rows(Table::Sudoers)
            .iter()
            .map(|row| {
                let value = |column| Table::Sudoers.value(row, column).unwrap_or_default();
                Line { source: value("source"), header: value("header"), rest: value("rule_details") }
            })
            .collect();
        let uids = self.rows(Table::Users).iter().filter(|row| Table::Users.value(row, "uid") == Some("0"));
        let superusers: HashSet<&str> = uids.filter_map(|row| Table::Users.value(row, "username")).collect();
        let host = sudoers::Host {
            names: vec![facts.hostname.clone()],
            // Their prefix lengths are not known.
            addresses: None,
            superusers: superusers.into_iter().map(str::to_owned).collect(),
        };
        let table = self.source.tables.get(&Table::Sudoers)?;
        let groups = self.groups_evidence() == Evidence::Ok;
        Sudo::new(&lines, host, Known { complete: table.complete(), ordered: table.ordered(), groups })
    }

    /// Keys by the number of the account and by file.
    fn keys(&self, now: i64) -> HashMap<u32, Vec<(String, KeyFacts)>> {
        let mut texts: HashMap<u32, Vec<(String, String)>> = HashMap::new();
        for row in self.rows(Table::AuthorizedKeys) {
            let value = |column| Table::AuthorizedKeys.value(row, column).unwrap_or_default();
            let Some(uid) = id(value("uid")) else { continue };
            let files = texts.entry(uid).or_default();
            let index = files.iter().position(|(file, _)| file == value("key_file")).unwrap_or_else(|| {
                files.push((value("key_file").to_owned(), String::new()));
                files.len() - 1
            });
            if let Some((_, text)) = files.get_mut(index) {
                text.push_str(&key_line(value));
                text.push('\n');
            }
        }
        let read = |(file, text): (String, String)| {
            let mut keys = KeyFacts::default();
            add_keys(&file, &text, now, &mut keys);
            (file, keys)
        };
        texts.into_iter().map(|(uid, files)| (uid, files.into_iter().map(read).collect())).collect()
    }
}

/// The line of authorized_keys: whole in the key column of most versions, in parts in others.
fn key_line<'a>(value: impl Fn(&'static str) -> &'a str) -> String {
    let key = value("key");
    let whole = key.trim().contains([' ', '\t']) || value("algorithm").is_empty();
    let line = if whole {
        key.to_owned()
    } else {
        let parts = [value("options"), value("algorithm"), key, value("comment")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    line.replace(['\n', '\r'], " ")
}

fn shadow(row: &Row) -> PasswordFacts {
    let value = |column| Table::Shadow.value(row, column);
    // getspnam(3) says -1 for an empty field.
    let days = |column| value(column).and_then(number).filter(|days| *days >= 0);
    let facts = password(
        value("password_status").unwrap_or_default(),
        value("hash_alg").filter(|name| !name.is_empty()),
    );
    PasswordFacts {
        last_change: days("last_change"),
        min: days("min"),
        max: days("max"),
        warn: days("warning"),
        inactive: days("inactive"),
        expire: days("expire"),
        ..facts
    }
}
