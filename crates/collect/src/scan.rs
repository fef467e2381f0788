//! One look at a host: reads every source once and joins the rows into accounts.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use model::Millis;
use model::facts::{
    AccountFacts, Evidence, FORMAT, HostFacts, HostReport, Limits, Origin, Os, Privilege, Section, section,
};

use crate::{
    access::Access,
    account_files::{self, AccountFiles},
    addresses::{self, Interface},
    config_files::ReadError,
    etc::{host, login_defs::login_defs, passwd, shadow, sources},
    last_login::{self, Logins},
    machine,
    root::{Looked, Root, evidence},
    shell::Shells,
    text::{Names, lossy},
};

/// Most bytes of a small file about the host.
const SMALL: usize = 1024 * 1024;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Root of the host to look at; `None` is the running system.
    pub root: Option<PathBuf>,
    /// Host name to report instead of the one found.
    pub hostname: Option<String>,
    /// Host id to report instead of one made from the machine id.
    pub quuid: Option<String>,
    /// Instant to report as the time of collection; `None` is now.
    pub now: Option<Millis>,
}

/// Looks at a host. What cannot be read is reported as such and is no error.
///
/// # Errors
/// Only when the root itself cannot be opened.
pub fn scan(options: &Options) -> std::io::Result<HostReport> {
    scan_noting(options).map(|(report, _)| report)
}

/// The same, with what was read: a change there may change the report. Login records are left out, for they change
/// all the time, and so is what the kernel shows, which tells of no change.
///
/// # Errors
/// As [`scan`].
pub fn scan_noting(options: &Options) -> std::io::Result<(HostReport, Vec<Looked>)> {
    let root = Arc::new(Root::open(options.root.as_deref())?);
    let files = account_files::read(&root);
    let mut report = HostReport {
        format: FORMAT,
        collected_at: options.now.unwrap_or_else(now),
        collector: concat!("rollcall/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..HostReport::default()
    };
    let interfaces = host_facts(&root, options, &mut report);
    let sources = nsswitch(&root, &mut report);
    accounts(&root, &files, &interfaces, &mut report);
    report.sections.extend(files.sections);
    note_remote_sources(&sources, &mut report);
    report.host.privilege = privilege(&report);
    report.repaired = model::facts::repair(&mut report);
    let mut trail = root.trail();
    trail.retain(tells_of_changes);
    Ok((report, trail))
}

fn tells_of_changes(looked: &Looked) -> bool {
    let (Looked::File(path) | Looked::Names(path)) = looked;
    !last_login::is_record(path) && !path.starts_with(b"/proc/") && !path.starts_with(b"/sys/")
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

fn host_facts(root: &Root, options: &Options, report: &mut HostReport) -> Vec<Interface> {
    let mut read = |path: &str, name: &str| {
        let content = root.bytes(path, SMALL);
        let seen = content.as_ref().map_or_else(|error| evidence(*error), |_| Evidence::Ok);
        report.sections.insert(name.to_owned(), Section { evidence: seen, notes: Vec::new() });
        content.ok()
    };
    let release = read("/etc/os-release", section::OS_RELEASE)
        .or_else(|| read("/usr/lib/os-release", section::OS_RELEASE));
    let release = host::os_release(&release.unwrap_or_default());
    let named = read("/etc/hostname", section::HOSTNAME).and_then(|bytes| host::hostname(&bytes));
    let defs = read("/etc/login.defs", section::LOGIN_DEFS).unwrap_or_default();
    let id = read("/etc/machine-id", section::MACHINE_ID).and_then(|bytes| host::machine_id(&bytes)).or_else(
        || root.bytes("/var/lib/dbus/machine-id", SMALL).ok().and_then(|bytes| host::machine_id(&bytes)),
    );
    let running = root.is_live().then(|| lossy(rustix::system::uname().nodename().to_bytes()));
    let (interfaces, addresses) = if root.is_live() { addresses::read() } else { Default::default() };
    report.sections.insert(section::ADDRESSES.to_owned(), addresses);
    report.host = HostFacts {
        machine_id: id.unwrap_or_default(),
        quuid: options.quuid.clone(),
        hostname: options.hostname.clone().or(running).or(named).unwrap_or_default(),
        os: Os::Linux,
        os_name: release.name,
        os_id: release.id,
        os_version: release.version,
        addresses: interfaces.iter().map(Interface::fact).collect(),
        login_defs: login_defs(&defs),
        nologin: nologin(root),
        ..HostFacts::default()
    };
    machine::read(root, &interfaces, &mut report.host, &mut report.sections);
    interfaces
}

/// nologin(5): the file's presence is enough.
fn nologin(root: &Root) -> Option<bool> {
    let looks = [&b"/etc/nologin"[..], b"/run/nologin"].map(|path| {
        root.note(Looked::File(path.to_vec()));
        root.stat(path)
    });
    if looks.iter().any(Result::is_ok) {
        return Some(true);
    }
    looks.iter().all(|look| matches!(look, Err(ReadError::Absent))).then_some(false)
}

fn nsswitch(root: &Root, report: &mut HostReport) -> sources::Nsswitch {
    let content = root.bytes("/etc/nsswitch.conf", SMALL);
    let seen = content.as_ref().map_or_else(|error| evidence(*error), |_| Evidence::Ok);
    report.sections.insert(section::NSSWITCH.to_owned(), Section { evidence: seen, notes: Vec::new() });
    sources::nsswitch(&content.unwrap_or_default())
}

/// Says in the section of a file that the host takes the same kind of rows from elsewhere too.
fn note_remote_sources(sources: &sources::Nsswitch, report: &mut HostReport) {
    let lists = [
        (section::PASSWD, &sources.passwd),
        (section::GROUP, &sources.group),
        (section::SHADOW, &sources.shadow),
    ];
    for (name, list) in lists {
        let remote = sources::remote(list.as_deref());
        if let (false, Some(section)) = (remote.is_empty(), report.sections.get_mut(name)) {
            section
                .notes
                .push(format!("/etc/nsswitch.conf:0 {name} also from {}: not looked at", remote.join(", ")));
        }
    }
}

fn accounts(root: &Arc<Root>, files: &AccountFiles, interfaces: &[Interface], report: &mut HostReport) {
    let listed = root.bytes("/etc/shells", SMALL);
    let seen = listed.as_ref().map_or_else(|error| evidence(*error), |_| Evidence::Ok);
    report.sections.insert(section::SHELLS.to_owned(), Section { evidence: seen, notes: Vec::new() });
    let mut shells = Shells::new(root, listed.ok().map(|bytes| sources::shells(&bytes)));
    let logins = Logins::read(root);
    let groups = Groups::new(files);
    let shadow = first_by_name(&files.shadow);
    let mut access = Access::read(root, files, &report.host.hostname, interfaces, report.collected_at / 1000);
    let mut names = Names::default();
    let mut taken: HashSet<&[u8]> = HashSet::new();
    let mut dropped = Vec::new();
    for row in &files.passwd {
        // getpwnam takes the first row of a name; later ones are only reachable by id.
        if !taken.insert(&row.name) {
            dropped.push(format!("/etc/passwd:{} name {} occurs before", row.line, lossy(&row.name)));
            continue;
        }
        if report.accounts.len() >= Limits::ACCOUNTS {
            dropped.push(format!("/etc/passwd:{} more than {} accounts", row.line, Limits::ACCOUNTS));
            break;
        }
        let mut facts = account(row, &groups, &mut names);
        let shadow_seen = files.evidence(section::SHADOW);
        facts.password = shadow::password_of(row, shadow.get(row.name.as_slice()).copied(), shadow_seen);
        facts.shell_facts = shells.facts(&row.shell);
        facts.last_login = logins.of(&row.name, row.uid);
        access.fill(row, &groups.of(row), &mut facts);
        report.accounts.push(facts);
    }
    access.fill_keys(&mut report.accounts);
    report.sections.extend(logins.into_sections());
    report.sections.extend(access.into_sections());
    dropped.truncate(Limits::NOTES / 4);
    let listed = Section { evidence: files.evidence(section::PASSWD), notes: dropped };
    report.sections.insert(section::ACCOUNTS.to_owned(), listed);
}

fn account(row: &passwd::Row, groups: &Groups<'_>, names: &mut Names) -> AccountFacts {
    let (name, name_raw) = names.give(&row.name);
    let mut supplementary: Vec<String> = groups.supplementary(row).map(lossy).collect();
    supplementary.truncate(Limits::GROUPS);
    AccountFacts {
        name,
        name_raw,
        uid: Some(row.uid),
        gid: Some(row.gid),
        gecos: lossy(&row.gecos),
        home: lossy(&row.home),
        shell: lossy(&row.shell),
        primary_group: groups.primary(row).map(lossy),
        groups: supplementary,
        line: Some(row.line),
        origin: Origin::Files,
        ..AccountFacts::default()
    }
}

fn first_by_name(rows: &[shadow::Row]) -> HashMap<&[u8], &shadow::Row> {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        found.entry(row.name.as_slice()).or_insert(row);
    }
    found
}

/// Groups by id and by member.
struct Groups<'a> {
    by_gid: HashMap<u32, &'a [u8]>,
    by_member: HashMap<&'a [u8], Vec<(&'a [u8], u32)>>,
}

impl<'a> Groups<'a> {
    fn new(files: &'a AccountFiles) -> Self {
        let mut groups = Groups { by_gid: HashMap::new(), by_member: HashMap::new() };
        let known: HashSet<&[u8]> = files.passwd.iter().map(|row| row.name.as_slice()).collect();
        for group in &files.group {
            groups.by_gid.entry(group.gid).or_insert(&group.name);
            for member in group.members.iter().filter(|member| known.contains(member.as_slice())) {
                let list = groups.by_member.entry(member).or_default();
                // A row may name a member twice.
                let entry = (group.name.as_slice(), group.gid);
                if list.len() < Limits::GROUPS && list.last() != Some(&entry) {
                    list.push(entry);
                }
            }
        }
        groups
    }

    fn primary(&self, row: &passwd::Row) -> Option<&'a [u8]> {
        self.by_gid.get(&row.gid).copied()
    }

    fn supplementary(&self, row: &passwd::Row) -> impl Iterator<Item = &'a [u8]> {
        let list = self.by_member.get(row.name.as_slice()).map(Vec::as_slice).unwrap_or_default();
        let own = row.gid;
        list.iter().filter(move |(_, gid)| *gid != own).map(|(name, _)| *name)
    }

    /// Names and ids of all groups, the primary one first.
    fn of(&self, row: &passwd::Row) -> Vec<(String, u32)> {
        let primary = self.primary(row).map(|name| (lossy(name), row.gid));
        let list = self.by_member.get(row.name.as_slice()).map(Vec::as_slice).unwrap_or_default();
        let others = list.iter().filter(|(_, gid)| *gid != row.gid).map(|(name, gid)| (lossy(name), *gid));
        primary.into_iter().chain(others).take(Limits::GROUPS).collect()
    }
}

/// With which rights the host's own files could be read: nothing denied, something protected readable, or neither.
/// Users' files have no say: an odd one in a home says nothing about the collector.
fn privilege(report: &HostReport) -> Privilege {
    let seen =
        |name: &str| report.sections.get(name).map_or(Evidence::NotCollected, |section| section.evidence);
    let protected = [section::SHADOW, section::GSHADOW, section::SUDOERS, section::SSHD].map(seen);
    if !protected.contains(&Evidence::Denied) {
        Privilege::Root
    } else if [section::SHADOW, section::SUDOERS].map(seen).contains(&Evidence::Ok) {
        Privilege::Partial
    } else {
        Privilege::None
    }
}
