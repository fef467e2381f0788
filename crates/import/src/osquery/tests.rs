//! Logs in the formats of osquery's documentation, through to what the rules make of the report.

use model::facts::{Evidence, HostReport, WindowsKind, section};
use model::{Account, LoginType, PasswordStatus, rules};
use serde_json::{Value, json};

use crate::{Host, Importer, Input, Kind, Problem};

use super::Table;

/// A working key made for this test.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann@pc";

fn import(files: &[(Input<'_>, String)]) -> (Vec<Host>, Vec<Problem>) {
    let mut importer = Importer::new(Kind::Osquery);
    let mut problems = Vec::new();
    for (input, text) in files {
        let mut note = |problem: Problem| {
            problems.push(problem);
            true
        };
        importer.read(input, &mut text.as_bytes(), &mut note).unwrap();
    }
    (importer.into_hosts().collect(), problems)
}

fn log(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn one(records: &[Value]) -> HostReport {
    let (mut hosts, problems) = import(&[(Input::default(), log(records))]);
    assert_eq!((hosts.len(), problems), (1, vec![]));
    *hosts.remove(0).report.unwrap()
}

fn snapshot(host: &str, name: &str, at: i64, rows: Value) -> Value {
    json!({"action": "snapshot", "snapshot": rows, "name": name, "hostIdentifier": host, "unixTime": at,
        "calendarTime": "x", "epoch": 0, "counter": 0, "numerics": false})
}

fn event(action: &str, counter: i64, at: i64, columns: Value) -> Value {
    json!({"action": action, "columns": columns, "name": "pack_x_y", "hostIdentifier": "web1",
        "unixTime": at.to_string(), "epoch": "0", "counter": counter.to_string()})
}

fn user(name: &str, uid: &str, shell: &str) -> Value {
    json!({"username": name, "uid": uid, "gid": uid, "uid_signed": uid, "gid_signed": uid, "description": "A, B",
        "directory": format!("/home/{name}"), "shell": shell, "uuid": "", "include_remote": "0"})
}

fn account(report: &HostReport, name: &str) -> Account {
    let facts = report.accounts.iter().find(|account| account.name == name).unwrap();
    rules::account(facts, &report.host, 0)
}

fn full() -> Vec<Value> {
    vec![
        snapshot(
            "web1",
            "users",
            100,
            json!([
                user("root", "0", "/bin/bash"),
                user("ann", "1000", "/bin/sh"),
                user("svc", "1001", "/usr/sbin/nologin")
            ]),
        ),
        snapshot(
            "web1",
            "groups",
            100,
            json!([{"gid": "1000", "groupname": "ann"}, {"gid": "27", "groupname": "sudo"}, {"gid": "0", "groupname": "root"}]),
        ),
        snapshot(
            "web1",
            "user_groups",
            100,
            json!([{"uid": "1000", "gid": "1000"}, {"uid": "1000", "gid": "27"}, {"uid": "0", "gid": "0"}]),
        ),
        snapshot(
            "web1",
            "shadow",
            100,
            json!([
            {"username": "root", "password_status": "locked", "hash_alg": "", "last_change": "19000", "min": "0", "max": "99999", "warning": "7", "inactive": "-1", "expire": "-1", "flag": "-1"},
            {"username": "ann", "password_status": "active", "hash_alg": "y", "last_change": "19000", "min": "0", "max": "90", "warning": "7", "inactive": "14", "expire": "20000", "flag": "-1"}]),
        ),
        snapshot(
            "web1",
            "sudoers",
            100,
            json!([
            {"source": "/etc/sudoers", "header": "Defaults", "rule_details": "env_reset"},
            {"source": "/etc/sudoers", "header": "root", "rule_details": "ALL=(ALL:ALL) ALL"},
            {"source": "/etc/sudoers", "header": "%sudo", "rule_details": "ALL=(ALL:ALL) ALL"}]),
        ),
        snapshot(
            "web1",
            "last",
            100,
            json!([
            {"username": "ann", "tty": "pts/0", "pid": "1", "type": "7", "time": "1700000000", "host": "192.0.2.7"},
            {"username": "ann", "tty": "pts/1", "pid": "2", "type": "7", "time": "1700000100", "host": "pc.example"},
            {"username": "ann", "tty": "pts/1", "pid": "2", "type": "8", "time": "1700000200", "host": ""}]),
        ),
        snapshot(
            "web1",
            "keys",
            100,
            json!([{"uid": "1000", "key": KEY, "key_file": "/home/ann/.ssh/authorized_keys"}]),
        ),
        snapshot(
            "web1",
            "os_version",
            100,
            json!([{"name": "Debian GNU/Linux", "version": "12 (bookworm)", "platform": "debian", "major": "12", "minor": "0"}]),
        ),
        snapshot(
            "web1",
            "if",
            100,
            json!([{"interface": "lo", "address": "127.0.0.1"}, {"interface": "eth0", "address": "10.0.0.5"}, {"interface": "eth0", "address": "fe80::1%eth0"}]),
        ),
    ]
}

#[test]
fn all_tables_make_one_report() {
    let report = one(&full());
    assert_eq!(report.host.os_name, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!((report.collected_at, report.accounts.len()), (100_000, 3));
    assert_eq!(
        report.host.addresses.iter().map(|a| a.ip.as_str()).collect::<Vec<_>>(),
        ["10.0.0.5", "fe80::1"]
    );
    let ann = account(&report, "ann");
    assert_eq!(
        (ann.is_sudo, ann.is_root, ann.shell_login, ann.last_login),
        (Some(true), Some(false), true, Some(1_700_000_100))
    );
    assert_eq!(ann.password.status(19_085), Some(PasswordStatus::Expiring));
    assert_eq!((ann.password_lock_days, ann.expires), (Some(14), Some(19_105)));
    let facts = &report.accounts[1];
    assert_eq!((facts.primary_group.as_deref(), &facts.groups[..]), (Some("ann"), &["sudo".to_owned()][..]));
    let login = facts.last_login.record.as_ref().unwrap();
    assert_eq!(
        (login.host.as_str(), login.ip.as_deref(), login.terminal.as_str()),
        ("pc.example", None, "pts/1")
    );
    assert_eq!((facts.keys.keys.len(), facts.keys.keys[0].comment.as_str()), (1, "ann@pc"));
    assert!(facts.keys.keys[0].effective, "{:?}", facts.keys.keys[0]);
    // Locked there may be `*` here: no password matches, which is all that is known.
    let root = account(&report, "root");
    assert_eq!(
        (root.password.status(19_085), root.disabled, root.password_lock_days),
        (Some(PasswordStatus::Locked), false, Some(-1))
    );
    let svc = account(&report, "svc");
    assert_eq!((svc.is_sudo, svc.password.status(0), svc.shell_login), (Some(false), None, false));
    // sshd_config is in no table that is used.
    for name in ["root", "ann", "svc"] {
        let account = account(&report, name);
        assert_eq!((account.login_type, account.ssh_login), (None::<LoginType>, None), "{name}");
    }
}

#[test]
fn without_a_table_its_fields_are_unknown() {
    let report = one(&full()[..1]);
    let problems: Vec<&String> =
        report.sections.iter().filter(|(_, s)| !s.evidence.is_complete()).map(|(n, _)| n).collect();
    for name in
        [section::SHADOW, section::GROUP, section::SUDOERS, section::KEYS, section::WTMP, section::SSHD]
    {
        assert!(problems.iter().any(|problem| *problem == name), "{name}");
        assert_eq!(report.sections[name].evidence, Evidence::NotCollected, "{name}");
    }
    for name in ["root", "ann", "svc"] {
        let account = account(&report, name);
        assert_eq!((account.is_sudo, account.login_type, account.ssh_login), (None, None, None), "{name}");
        assert_eq!((account.password.status(20_000), account.password_lock_days), (None, None), "{name}");
        assert_eq!((account.last_login, account.expires), (None, None), "{name}");
    }
}

#[test]
fn sudo_needs_the_groups() {
    let mut records = full();
    records.remove(2);
    let report = one(&records);
    assert_eq!(account(&report, "ann").is_sudo, None);
    assert_eq!(account(&report, "root").is_sudo, None);
    assert_eq!(report.sections[section::SUDOERS].evidence, Evidence::NotCollected);
    assert_eq!(report.sections[section::GROUP].evidence, Evidence::NotCollected);
}

#[test]
fn differences_are_applied_by_time_in_any_order() {
    let mut records = vec![
        event("added", 0, 100, user("root", "0", "/bin/bash")),
        event("added", 0, 100, user("ann", "1000", "/bin/sh")),
        event("removed", 1, 200, user("ann", "1000", "/bin/sh")),
        event("added", 1, 200, user("ann", "1000", "/bin/zsh")),
        event("added", 2, 300, user("bob", "1001", "/bin/sh")),
        event("removed", 3, 400, user("bob", "1001", "/bin/sh")),
    ];
    let expected = one(&records);
    let shells: Vec<_> = expected.accounts.iter().map(|a| (a.name.as_str(), a.shell.as_str())).collect();
    assert_eq!(shells, [("root", "/bin/bash"), ("ann", "/bin/zsh")]);
    records.reverse();
    let mut reversed = one(&records);
    reversed.accounts.sort_by_key(|a| a.uid);
    assert_eq!(reversed.accounts, expected.accounts);
    // A new epoch starts over.
    records.push(event("added", 0, 500, user("root", "0", "/bin/bash")));
    assert_eq!(one(&records).accounts.len(), 1);
}

#[test]
fn batches_are_differences() {
    let batch = |counter: i64, at: i64, added: Value, removed: Value| {
        json!({"diffResults": {"added": added, "removed": removed},
        "name": "users", "hostname": "web1", "unixTime": at, "epoch": 0, "counter": counter})
    };
    let report = one(&[
        batch(0, 100, json!([user("root", "0", "/bin/sh"), user("ann", "1000", "/bin/sh")]), json!("")),
        batch(1, 200, json!([user("bob", "1001", "/bin/sh")]), json!([user("ann", "1000", "/bin/sh")])),
    ]);
    assert_eq!(report.accounts.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["root", "bob"]);
    assert!(report.sections[section::PASSWD].evidence.is_complete());
}

#[test]
fn a_log_without_its_beginning_is_no_account_list() {
    let (hosts, _) =
        import(&[(Input::default(), log(&[event("added", 7, 100, user("ann", "1000", "/bin/sh"))]))]);
    assert!(hosts[0].report.as_ref().unwrap_err().contains("first run"));
    let mut old = event("added", 7, 100, user("ann", "1000", "/bin/sh"));
    old.as_object_mut().unwrap().remove("counter");
    let report = one(&[old]);
    assert_eq!(report.sections[section::PASSWD].evidence, Evidence::Truncated);
    let mac = snapshot("web1", "os", 1, json!([{"name": "macOS", "version": "14", "platform": "darwin"}]));
    let (hosts, _) = import(&[(Input::default(), log(&[mac]))]);
    assert!(hosts[0].report.as_ref().unwrap_err().contains("macOS"));
}

#[test]
fn changed_sudoers_with_denials_are_undecided() {
    let line =
        |header: &str, rest: &str| json!({"source": "/etc/sudoers", "header": header, "rule_details": rest});
    let mut records = full()[..3].to_vec();
    records.push(event("added", 0, 100, line("ann", "ALL=ALL")));
    records.push(event("added", 1, 200, line("ann", "ALL=/bin/ls")));
    assert_eq!(account(&one(&records), "ann").is_sudo, Some(true));
    records.push(event("added", 2, 300, line("ann", "ALL=!ALL")));
    assert_eq!(account(&one(&records), "ann").is_sudo, None);
}

#[test]
fn lists_of_osqueryi_are_tables_of_a_named_host() {
    let input = |table| Input { host: Some("web1"), table, written: 5_000 };
    let users = format!("[\n  {},\n  {}\n]\n", user("root", "0", "/bin/sh"), user("ann", "1000", ""));
    let (hosts, problems) = import(&[
        (input(None), users.clone()),
        (input(Some(Table::UserGroups)), "[\n  {\"uid\":\"1000\",\"gid\":\"1000\"}\n]\n".to_owned()),
        (input(Some(Table::Groups)), "[\n  {\"gid\":\"1000\",\"groupname\":\"ann\"}\n]\n".to_owned()),
        (input(Some(Table::Shadow)), "[\n\n]\n".to_owned()),
    ]);
    assert_eq!(problems, []);
    let report = hosts[0].report.as_ref().unwrap();
    assert_eq!((report.collected_at, report.accounts[1].shell.as_str()), (5_000, "/bin/sh"));
    assert_eq!(report.accounts[1].primary_group.as_deref(), Some("ann"));
    assert_eq!(report.sections[section::SHADOW].evidence, Evidence::Ok);
    let (hosts, problems) = import(&[(Input::default(), users)]);
    assert!(
        hosts.is_empty() && problems.len() == 2 && problems[0].message.contains("--host"),
        "{problems:?}"
    );
}

#[test]
fn windows_hosts() {
    let user = |name: &str, uid: &str, kind: &str| {
        json!({"username": name, "uid": uid, "gid": "513", "description": "", "directory": "C:\\Users\\x",
        "shell": "C:\\Windows\\system32\\cmd.exe", "uuid": format!("S-1-5-21-1-2-3-{uid}"), "type": kind})
    };
    let report = one(&[
        snapshot(
            "win1",
            "users",
            100,
            json!([
                user("Administrator", "500", "local"),
                user("eva", "1001", "local"),
                user("dom", "1105", "roaming")
            ]),
        ),
        snapshot(
            "win1",
            "user_groups",
            100,
            json!([{"uid": "500", "gid": "544"}, {"uid": "1001", "gid": "545"}]),
        ),
    ]);
    let kinds: Vec<_> = report
        .accounts
        .iter()
        .map(|a| a.windows.clone().unwrap())
        .map(|w| (w.kind, w.domain, w.enabled))
        .collect();
    assert_eq!(
        kinds,
        [
            (WindowsKind::Administrator, Some(false), None),
            (WindowsKind::Standard, Some(false), None),
            (WindowsKind::Unknown, None, None)
        ]
    );
    assert_eq!(report.accounts[1].sid.as_deref(), Some("S-1-5-21-1-2-3-1001"));
}

#[test]
fn the_id_stays_and_a_machine_id_goes_first() {
    let mut records = full();
    let id = one(&records).host.quuid.unwrap();
    assert_eq!(id, one(&records).host.quuid.unwrap());
    records[0]["decorations"] = json!({"machine_id": "0123456789abcdef0123456789abcdef"});
    let host = one(&records).host;
    assert_eq!((host.quuid, host.machine_id.as_str()), (None, "0123456789abcdef0123456789abcdef"));
    assert_ne!(rules::quuid(&one(&records).host), Some(id));
}

#[test]
fn other_queries_and_their_hosts_are_passed_over() {
    let mut other = event("added", 0, 100, json!({"path": "/", "device": "sda1", "blocks": "7"}));
    other["hostIdentifier"] = json!("db1");
    let mut records = full();
    records.push(other);
    assert_eq!(one(&records), one(&full()));
}

#[test]
fn bad_records_have_their_lines() {
    let text = format!(
        "{}{{\"columns\": {{}}, \"unixTime\": 1}}\nnot json\n{{\"severity\": 0}}\n[1]\n",
        log(&full()[..1])
    );
    let (hosts, problems) = import(&[(Input::default(), text)]);
    assert_eq!(hosts.len(), 1);
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 5]);
}
