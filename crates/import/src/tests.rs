//! What holds for every source: nothing panics, what is not told stays unknown, and a log of changes says the same as
//! the list it leads to.

use std::collections::BTreeSet;

use model::facts::{Evidence, HashClass, HostReport, section};
use model::rules;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Host, Importer, Input, Kind, Problem};

fn import(kind: Kind, texts: &[&[u8]]) -> Vec<Host> {
    let mut importer = Importer::new(kind);
    for &text in texts {
        let mut text = text;
        importer
            .read(&Input { host: Some("h"), ..Input::default() }, &mut text, &mut |_: Problem| true)
            .unwrap();
    }
    importer.into_hosts().collect()
}

fn reports(kind: Kind, text: &str) -> Vec<HostReport> {
    import(kind, &[text.as_bytes()])
        .into_iter()
        .filter_map(|host| host.report.ok())
        .map(|report| *report)
        .collect()
}

/// Nothing that needs a source may be known without it.
fn unknown_stays_unknown(report: &HostReport) {
    let evidence =
        |name: &str| report.sections.get(name).map_or(Evidence::NotCollected, |section| section.evidence);
    // A policy with a line that sudo skips is decided by the others.
    let decided =
        evidence(section::SUDOERS).is_complete() || evidence(section::SUDOERS) == Evidence::Malformed;
    for facts in &report.accounts {
        let account = rules::account(facts, &report.host, 0);
        hold(account.login_type.is_none() && account.ssh_login.is_none(), "sshd is in no source");
        if !decided {
            hold(account.is_sudo != Some(false), "no sudo");
        }
        if facts.password.class == HashClass::Unknown {
            hold(account.password.status(0).is_none() && account.password_lock_days.is_none(), "password");
        }
        if evidence(section::SHADOW) == Evidence::NotCollected {
            hold(account.password.status(0).is_none(), "password without shadow");
        }
    }
}

fn hold(holds: bool, what: &str) {
    assert!(holds, "{what}");
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec![
            "", "0", "1", "27", "1000", "-1", "4294967296", "root", "ann", "active", "locked", "not_set", "empty", "6", "y", "/bin/sh", "!", "%sudo", "ALL", "ALL=(ALL) ALL",
            "/etc/sudoers", "#includedir", "@includedir", "/etc/sudoers.d", "S-1-5-21-1-500", "windows", "darwin", "10.0.0.1", "2026-01-01", "99999999999999999999",
            "ssh-rsa AAAA", "\\", "Defaults", "1e309", "sudo", "7",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![6 => word().prop_map(Value::from), 1 => any::<i64>().prop_map(Value::from), 1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null), 1 => proptest::collection::vec(word(), 0..3).prop_map(Value::from)]
}

fn object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::collection::vec((proptest::sample::select(names), scalar()), 0..10)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

const COLUMNS: [&[&str]; 8] = [
    &["username", "uid", "gid", "directory", "shell", "uuid", "description"],
    &["gid", "groupname"],
    &["uid", "gid"],
    &["username", "password_status", "hash_alg", "last_change", "max", "inactive", "expire"],
    &["username", "tty", "time", "type", "host"],
    &["uid", "key", "key_file", "algorithm", "options"],
    &["source", "header", "rule_details"],
    &["name", "version", "platform"],
];

fn entry() -> impl Strategy<Value = Value> {
    let rows = proptest::sample::select(COLUMNS.to_vec()).prop_flat_map(|names| {
        let row = proptest::collection::vec(scalar(), names.len())
            .prop_map(move |values| names.iter().map(|n| (*n).to_owned()).zip(values).collect::<Value>());
        proptest::collection::vec(row, 0..5)
    });
    let action = proptest::sample::select(vec!["added", "removed", "snapshot"]);
    (rows, action, 0..5_i64, 0..3_i64, any::<bool>()).prop_map(|(rows, action, at, counter, batch)| match (action, batch) {
        ("snapshot", _) => json!({"action": action, "snapshot": rows, "unixTime": at, "hostIdentifier": "h"}),
        ("added", true) => json!({"diffResults": {"added": rows, "removed": ""}, "unixTime": at, "counter": counter, "hostIdentifier": "h"}),
        _ => json!({"action": action, "columns": rows.first(), "unixTime": at, "counter": counter, "hostIdentifier": "h"}),
    })
}

const MEMBERS: &[&str] = &[
    "user.name",
    "user.id",
    "user.groups",
    "user.group.id",
    "user.shell",
    "user.roles",
    "user.uuid",
    "user.type",
    "user.last_login",
    "user.password.status",
    "user.password.hash_algorithm",
    "user.password.last_change",
    "user.password.inactive_days",
    "group.name",
    "group.id",
    "group.uuid",
    "host.os.name",
    "host.os.platform",
    "network.ip",
    "agent.id",
    "agent.name",
    "user_name",
    "user_id",
    "scan.time",
];

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

fn user_set() -> impl Strategy<Value = BTreeSet<(u32, bool)>> {
    proptest::collection::btree_set((0..6_u32, any::<bool>()), 1..6)
}

fn user((uid, shell): (u32, bool)) -> Value {
    json!({"username": format!("u{uid}{shell}"), "uid": uid.to_string(), "gid": "0", "directory": "/h", "shell": if shell { "/bin/sh" } else { "/bin/false" }})
}

proptest! {
    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        for kind in [Kind::Osquery, Kind::Wazuh, Kind::Csv] {
            import(kind, &[&text]);
        }
    }

    #[test]
    fn any_osquery_log(entries in proptest::collection::vec(entry(), 0..12)) {
        let text = lines(&entries);
        for report in reports(Kind::Osquery, &text) {
            unknown_stays_unknown(&report);
            prop_assert_eq!(&reports(Kind::Osquery, &text)[0], &report);
        }
    }

    #[test]
    fn any_wazuh_documents(documents in proptest::collection::vec(object(MEMBERS), 0..12)) {
        let text = lines(&documents);
        for report in reports(Kind::Wazuh, &text) {
            unknown_stays_unknown(&report);
        }
        prop_assert_eq!(reports(Kind::Wazuh, &text), reports(Kind::Wazuh, &text));
    }

    #[test]
    fn any_table(rows in proptest::collection::vec(proptest::collection::vec(word(), 8), 0..8)) {
        let mut table = csv::Writer::from_writer(Vec::new());
        let header = ["host", "name", "uid", "os", "sudo", "password_status", "last_login", "ssh_keys"];
        table.write_record(header).unwrap();
        rows.iter().for_each(|row| table.write_record(row).unwrap());
        for report in reports(Kind::Csv, std::str::from_utf8(&table.into_inner().unwrap()).unwrap()) {
            unknown_stays_unknown(&report);
        }
    }

    /// Every change logged as a difference, in any order of the lines, leads to the list that a snapshot has.
    #[test]
    fn differences_lead_to_the_snapshot(states in proptest::collection::vec(user_set(), 1..5), seed in any::<prop::sample::Index>()) {
        let mut records = Vec::new();
        let mut before = BTreeSet::new();
        for (run, state) in states.iter().enumerate() {
            let record = |action: &str, row: (u32, bool)| json!({"action": action, "columns": user(row), "unixTime": 100 + run,
                "counter": run, "hostIdentifier": "h"});
            records.extend(before.difference(state).map(|row| record("removed", *row)));
            records.extend(state.difference(&before).map(|row| record("added", *row)));
            before = state.clone();
        }
        let turn = seed.index(records.len());
        records.rotate_left(turn);
        let last: Vec<Value> = before.into_iter().map(user).collect();
        let snapshot = json!({"action": "snapshot", "snapshot": last, "unixTime": 100, "hostIdentifier": "h"});
        let sorted = |mut report: HostReport| {
            report.accounts.sort_by(|a, b| a.name.cmp(&b.name));
            report.accounts
        };
        let from_log = reports(Kind::Osquery, &lines(&records)).remove(0);
        let from_snapshot = reports(Kind::Osquery, &lines(&[snapshot])).remove(0);
        prop_assert_eq!(sorted(from_log), sorted(from_snapshot));
    }
}
