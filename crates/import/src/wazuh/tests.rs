//! Documents in the forms of the API and the indexer, through to what the rules make of the report.

use model::facts::{Evidence, HashClass, HostReport, WindowsKind, section};
use model::{PasswordStatus, rules};
use serde_json::{Value, json};

use crate::{Host, Importer, Input, Kind, Problem};

fn import(host: Option<&str>, texts: &[String]) -> (Vec<Host>, Vec<Problem>) {
    let mut importer = Importer::new(Kind::Wazuh);
    let mut problems = Vec::new();
    for text in texts {
        let mut note = |problem: Problem| {
            problems.push(problem);
            true
        };
        importer.read(&Input { host, written: 9_000, table: None }, &mut text.as_bytes(), &mut note).unwrap();
    }
    (importer.into_hosts().collect(), problems)
}

fn one(host: Option<&str>, texts: &[String]) -> HostReport {
    let (mut hosts, problems) = import(host, texts);
    assert_eq!((hosts.len(), problems), (1, vec![]));
    *hosts.remove(0).report.unwrap()
}

fn indexed(mut document: Value) -> Value {
    document["agent"] = json!({"id": "001", "name": "c9cc", "version": "v4.14.0"});
    document["wazuh"] = json!({"cluster": {"name": "jammy"}, "schema": {"version": "1.0"}});
    json!({"_index": "wazuh-states-inventory-users-jammy", "_id": "x", "_score": 1, "_source": document})
}

fn users() -> Vec<Value> {
    vec![
        indexed(
            json!({"login": {"status": false}, "process": {"pid": 0}, "user": {"auth_failures": {"count": 0}, "group": {"id": 0, "id_signed": 0},
            "groups": ["root", "docker"], "home": "/home/u1", "id": "1000", "is_hidden": false, "is_remote": true, "name": "u1",
            "password": {"last_change": 20270, "max_days_between_changes": 99999, "min_days_between_changes": 0, "status": "not_set", "warning_days_before_expiration": 7},
            "shell": "/bin/bash", "uid_signed": 1000}}),
        ),
        indexed(
            json!({"user": {"full_name": "root", "group": {"id": 0}, "groups": ["root"], "home": "/root", "id": 0, "last_login": 1_749_605_216, "name": "root",
            "password": {"expiration_date": -1, "hash_algorithm": "y", "inactive_days": -1, "last_change": 1_748_563_200, "max_days_between_changes": 90,
            "min_days_between_changes": 0, "status": "active", "warning_days_before_expiration": 7}, "roles": ["sudo"], "shell": "/bin/bash"},
            "state": {"modified_at": "2025-09-16T19:13:26.087Z"}}),
        ),
        // Without a row in shadow all numbers are 0.
        indexed(
            json!({"user": {"id": 998, "name": "svc", "groups": null, "shell": "/sbin/nologin", "last_login": 0, "password": {"status": null, "last_change": 0,
            "inactive_days": 0, "expiration_date": 0, "max_days_between_changes": 0}}}),
        ),
    ]
}

fn hits(documents: &[Value], total: usize) -> String {
    json!({"took": 1, "hits": {"total": {"value": total, "relation": "eq"}, "hits": documents}}).to_string()
}

#[test]
fn documents_of_the_indexer() {
    let group = indexed(json!({"group": {"id": 0, "name": "root", "users": null}}));
    let system = indexed(
        json!({"host": {"hostname": "web1", "os": {"name": "Ubuntu", "platform": "ubuntu", "version": "24.04"}}}),
    );
    let address = indexed(json!({"network": {"ip": "192.168.33.65", "name": "eth1", "protocol": "IPv4"}}));
    let lines = format!("{group}\n{system}\n{address}\n");
    let report = one(None, &[hits(&users(), 3), lines]);
    assert_eq!((report.host.hostname.as_str(), report.host.os_name.as_str()), ("web1", "Ubuntu 24.04"));
    assert_eq!(report.host.addresses[0].ip, "192.168.33.65");
    let names: Vec<_> = report.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["root", "svc", "u1"]);
    let [root, svc, u1] = [0, 1, 2].map(|i| rules::account(&report.accounts[i], &report.host, 0));
    assert_eq!(
        (root.password.status(20_300), root.password_due, root.last_login),
        (Some(PasswordStatus::Normal), Some(20_328), Some(1_749_605_216))
    );
    // A line of sudoers begins with the name: for which hosts is not said.
    assert_eq!((root.is_sudo, u1.is_sudo), (None, None));
    assert_eq!(
        (svc.password.status(0), svc.password_lock_days, svc.expires, svc.last_login, svc.shell_login),
        (None, None, None, None, false)
    );
    assert_eq!(
        (u1.password.status(0), u1.password_changed, u1.disabled),
        (Some(PasswordStatus::Locked), Some(20_270), true)
    );
    assert_eq!(
        (report.accounts[2].primary_group.as_deref(), &report.accounts[2].groups[..]),
        (Some("root"), &["docker".to_owned()][..])
    );
    assert_eq!(report.sections[section::SHADOW].evidence, Evidence::Truncated);
    for name in [section::SUDOERS, section::SSHD, section::KEYS] {
        assert_eq!(report.sections[name].evidence, Evidence::NotCollected);
    }
    assert!(
        [root, svc, u1].iter().all(|account| account.login_type.is_none() && account.ssh_login.is_none())
    );
}

#[test]
fn answers_of_the_api() {
    let answer = |items: Value, total: u64| {
        json!({"data": {"affected_items": items, "total_affected_items": total, "failed_items": []}, "error": 0}).to_string()
    };
    let flat = json!({"scan": {"id": 0, "time": "2025-09-16T19:13:26Z"}, "user.name": "ann", "user.id": "1000", "user.group_id": 1000, "user.groups": "ann:adm",
        "user.shell": "/bin/bash", "user.password_status": "locked", "user.password_last_change": 1745971200.0, "user.last_login": "2025/09/16 10:00:00"});
    let nested =
        json!({"user": {"name": "bob", "id": 1001, "group_id": 1001, "password": {"status": "empty"}}});
    let groups = json!([{"group": {"id": 1000, "name": "ann"}}]);
    let netaddr = json!([{"iface": "eth0", "proto": "ipv4", "address": "10.0.0.9", "netmask": "255.0.0.0"}]);
    let texts = [answer(json!([flat, nested]), 2), answer(groups, 1), answer(netaddr, 1)];
    let report = one(Some("web1"), &texts);
    assert_eq!(
        (report.host.hostname.as_str(), report.host.addresses.len(), report.accounts.len()),
        ("web1", 1, 2)
    );
    let ann = &report.accounts[0];
    assert_eq!(
        (ann.uid, ann.gid, ann.primary_group.as_deref(), ann.groups.len()),
        (Some(1000), Some(1000), Some("ann"), 1)
    );
    assert_eq!((ann.password.class, ann.password.last_change), (HashClass::NoPassword, Some(20_208)));
    assert_eq!(ann.last_login.record.as_ref().unwrap().time, 1_758_016_800);
    assert_eq!(report.accounts[1].password.class, HashClass::Empty);
    assert_eq!((report.accounts[1].home.as_str(), report.accounts[1].shell.as_str()), ("/", "/bin/sh"));
    let (hosts, problems) = import(None, &texts);
    assert!(hosts.is_empty() && problems.iter().all(|p| p.message.contains("--host")), "{problems:?}");
}

#[test]
fn a_page_is_no_account_list() {
    let all = users();
    let (hosts, _) = import(None, &[hits(&all[..2], 3)]);
    assert!(hosts[0].report.as_ref().unwrap_err().contains("3 documents"), "{hosts:?}");
    let (hosts, _) = import(None, &[hits(&all[..2], 3), hits(&all[2..], 3)]);
    assert!(hosts[0].report.is_ok());
}

#[test]
fn windows_agents() {
    let user = |name: &str, groups: Value| {
        indexed(
            json!({"user": {"name": name, "id": "1006", "groups": groups, "type": "local", "shell": "C:\\Windows\\system32\\cmd.exe",
        "uuid": format!("S-1-5-21-1-{name}"), "password": {"last_change": 0, "inactive_days": 0}, "group": {"id": 513}}}),
        )
    };
    let group =
        |name: &str, sid: &str, id: u32| indexed(json!({"group": {"name": name, "uuid": sid, "id": id}}));
    let documents = [
        user("a", json!(["Administratoren"])),
        user("b", json!(["Benutzer"])),
        user("c", json!(["other"])),
        group("Administratoren", "S-1-5-32-544", 544),
        group("Benutzer", "S-1-5-32-545", 545),
    ];
    let report = one(None, &[documents.iter().map(|d| format!("{d}\n")).collect()]);
    let kinds: Vec<_> = report.accounts.iter().map(|a| a.windows.clone().unwrap().kind).collect();
    assert_eq!(kinds, [WindowsKind::Administrator, WindowsKind::Standard, WindowsKind::Unknown]);
    let a = rules::account(&report.accounts[0], &report.host, 0);
    assert_eq!((a.is_sudo, a.password.status(0), a.is_domain), (None, None, Some(false)));
}

#[test]
fn other_inventories_are_passed_over() {
    let package = indexed(json!({"package": {"name": "bash"}}));
    let service = indexed(json!({"service": {"name": "x"}, "user": {"name": "root"}}));
    let bulk = json!({"index": {"_index": "wazuh-states-inventory-users-x"}});
    let text = format!("{package}\n{service}\n{bulk}\n{{\"a\": 1}}\n");
    let (hosts, problems) = import(None, &[text]);
    assert_eq!((hosts.len(), problems.len(), problems[0].line), (0, 1, 4));
}
