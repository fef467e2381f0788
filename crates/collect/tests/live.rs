//! Comparisons with the tools of the machine the tests run on. A tool or right that is missing is said and skipped.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use common::civil;
use model::facts::{AccountFacts, Evidence, HashClass, HostReport, section};

fn scan() -> HostReport {
    collect::scan(&collect::Options::default()).unwrap()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => {
            eprintln!("skipped: {program} {arguments:?} is not to be had here");
            None
        }
    }
}

fn by_name(report: &HostReport) -> BTreeMap<&str, &AccountFacts> {
    report.accounts.iter().map(|account| (account.name.as_str(), account)).collect()
}

#[test]
fn the_report_passes_the_gate() {
    let report = scan();
    assert!(!report.accounts.is_empty());
    model::facts::validate(&report).unwrap();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<HostReport>(&text).unwrap(), report);
    // No form of a hash leaves the host.
    assert!(!text.contains("$6$") && !text.contains("$y$"));
    assert_eq!(model::rules::accounts(&report, &BTreeMap::new()).len(), report.accounts.len());
}

#[test]
fn same_accounts_as_getent() {
    let Some(text) = output("getent", &["-s", "files", "passwd"]) else { return };
    let report = scan();
    let ours: Vec<String> = report
        .accounts
        .iter()
        .map(|a| format!("{}:{}:{}:{}:{}", a.name, a.uid.unwrap(), a.gid.unwrap(), a.gecos, a.home))
        .collect();
    let theirs: Vec<String> = text
        .lines()
        .map(|line| {
            let f: Vec<&str> = line.split(':').collect();
            format!("{}:{}:{}:{}:{}", f[0], f[2], f[3], f[4], f[5])
        })
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn same_groups_as_id() {
    let report = scan();
    for account in report.accounts.iter().take(12) {
        let Some(text) = output("id", &["-Gn", &account.name]) else { return };
        let mut theirs: Vec<&str> = text.split_whitespace().collect();
        let mut ours: Vec<&str> =
            account.primary_group.iter().chain(&account.groups).map(String::as_str).collect();
        assert_eq!(ours.first(), theirs.first(), "{}", account.name);
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "{}", account.name);
    }
}

#[test]
fn same_states_as_passwd() {
    let Some(text) = output("passwd", &["-S", "-a"]) else { return };
    let report = scan();
    if report.sections[section::SHADOW].evidence != Evidence::Ok {
        eprintln!("skipped: shadow is not readable");
        return;
    }
    let accounts = by_name(&report);
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let account = accounts[fields[0]];
        let password = &account.password;
        // passwd -S prints P for an account without a shadow row, which is a guess: see the rules for Unknown.
        let state = match password.class {
            HashClass::Usable => "P",
            HashClass::Empty => "NP",
            HashClass::LockedWithHash | HashClass::LockedNever | HashClass::NoPassword => "L",
            HashClass::Unknown => continue,
        };
        assert_eq!(fields[1], state, "{line}");
        if fields.len() > 6 && fields[2] != "never" {
            let number = |days: Option<i64>| days.unwrap_or(-1).to_string();
            let ours = [password.min, password.max, password.warn, password.inactive].map(number);
            assert_eq!(fields[3..7], ours, "{line}");
        }
    }
}

#[test]
fn same_days_as_chage() {
    let report = scan();
    if report.sections[section::SHADOW].evidence != Evidence::Ok {
        eprintln!("skipped: shadow is not readable");
        return;
    }
    for account in report.accounts.iter().take(8) {
        let Some(text) = output("chage", &["-i", "-l", &account.name]) else { return };
        let row = model::rules::account(account, &report.host, 0);
        let value = |label: &str| {
            let line = text.lines().find(|line| line.starts_with(label)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let date = |day: Option<i32>| day.map_or("never".to_owned(), civil);
        assert_eq!(value("Last password change"), date(row.password_changed), "{}", account.name);
        assert_eq!(value("Password expires"), date(row.password_due), "{}", account.name);
        let expires = model::rules::detail(account, 0).disable_day;
        assert_eq!(value("Account expires"), date(expires), "{}", account.name);
    }
}

#[test]
fn same_machine_as_the_tools() {
    let report = scan();
    let (machine, usage) = (&report.host.machine, &report.host.usage);
    assert_eq!(report.sections[section::CPU].evidence, Evidence::Ok);
    if let Some(text) = output("nproc", &["--all"]) {
        assert_eq!(machine.cpus.map(|n| n.to_string()).as_deref(), Some(text.trim()));
    }
    if let Some(text) = output("uname", &["-r"]) {
        assert_eq!(machine.kernel, text.trim());
    }
    if let Some(text) = output("free", &["-b"]) {
        let total = text.lines().find_map(|line| line.strip_prefix("Mem:")).unwrap_or_default();
        assert_eq!(machine.memory.map(|n| n.to_string()).as_deref(), total.split_whitespace().next());
    }
    if let Some(text) = output("df", &["-B1", "--output=source,fstype,size,target", "/"]) {
        let row: Vec<&str> = text.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        let root = machine.disks.iter().find(|disk| disk.mount == "/").unwrap();
        let size = root.size.map(|n| n.to_string()).unwrap_or_default();
        assert_eq!([root.device.as_str(), &root.file_system, &size, "/"], row[..]);
        assert!(usage.used("/") <= root.size);
    }
    if let Some(text) = output("uptime", &["-s"]) {
        assert!(usage.booted.is_some() && text.starts_with("20"));
    }
    assert!(usage.load.is_some());
    // Nothing but the moment differs in a second look.
    let (mut one, mut two) = (report, scan());
    one.take_moment();
    two.take_moment();
    assert_eq!(one.host, two.host);
}

#[test]
fn an_image_says_nothing_of_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let root = Some(dir.path().to_owned());
    let report = collect::scan(&collect::Options { root, ..Default::default() }).unwrap();
    assert_eq!(report.host.machine, Default::default());
    assert_eq!(report.host.usage, Default::default());
    for name in [section::CPU, section::DISKS, section::LOAD] {
        assert_eq!(report.sections[name].evidence, Evidence::NotCollected);
    }
}
