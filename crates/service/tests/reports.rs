//! Reports of hosts on a real data directory: what is answered, and what a restart finds.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod common;

use std::path::Path;

use common::{MINUTE, Rig};
use serde_json::{Value, json};

const START: i64 = 1_790_000_000_000;

fn open(dir: &Path, at: i64) -> Rig {
    Rig::open(dir, at, |_| ())
}

fn last_report(rig: &Rig) -> String {
    rig.ask("ListHosts", &json!({}))["Hosts"][0]["LastReportTime"].as_str().unwrap().to_owned()
}

fn report(at: i64, names: &[&str]) -> String {
    common::report("h", at, &names.iter().map(|name| (*name, "/bin/sh")).collect::<Vec<_>>())
}

fn counts(answer: &Value) -> (u64, u64, u64, bool, bool) {
    let number = |name: &str| answer[name].as_u64().unwrap();
    let flag = |name: &str| answer[name].as_bool().unwrap();
    (number("Accounts"), number("New"), number("Vanished"), flag("Changed"), flag("ReportNeeded"))
}

#[test]
fn a_digest_renews_the_contact_and_survives_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    let first = rig.ask("ReportHost", &json!({"Report": report(START - 5, &["root", "anna"])}));
    assert_eq!(counts(&first), (2, 2, 0, true, false));
    let digest = first["Digest"].as_str().unwrap();
    assert_eq!(digest.len(), 32);

    for (minutes, params) in [
        (1, json!({"Quuid": "h", "Digest": digest})),
        (2, json!({"Report": report(START + 5, &["root", "anna"])})),
    ] {
        rig.set(START + minutes * MINUTE);
        let before = last_report(&rig);
        let again = rig.ask("ReportHost", &params);
        assert_eq!(counts(&again), (2, 0, 0, false, false), "{again}");
        assert_eq!(again["Digest"], digest);
        assert_ne!(last_report(&rig), before);
    }
    let last = last_report(&rig);
    for params in [json!({"Quuid": "h", "Digest": "0".repeat(32)}), json!({"Quuid": "i", "Digest": digest})] {
        rig.pass(MINUTE);
        let answer = rig.ask("ReportHost", &params);
        assert_eq!((counts(&answer), &answer["Digest"]), ((0, 0, 0, false, true), &json!("")));
        assert_eq!(last_report(&rig), last, "nothing was taken in");
    }
    rig.service.stop();
    drop(rig);

    let rig = open(dir.path(), START + 900_000);
    assert_eq!(last_report(&rig), last, "contacts were written");
    assert_eq!(
        counts(&rig.ask("ReportHost", &json!({"Quuid": "h", "Digest": digest}))),
        (2, 0, 0, false, false)
    );
    let changed = rig.ask("ReportHost", &json!({"Report": report(START + 900_000, &["root", "bert"])}));
    assert_eq!(counts(&changed), (2, 1, 1, true, false));
    assert_ne!(changed["Digest"], digest);
    assert_eq!(
        counts(&rig.ask("ReportHost", &json!({"Quuid": "h", "Digest": digest}))),
        (0, 0, 0, false, true)
    );
    rig.service.stop();
}

#[test]
fn facts_are_read_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    rig.ask("ReportHost", &json!({"Report": report(START, &["root", "anna"])}));
    let one = |name: &str| json!({"Quuid": "h", "Uuid": "", "Name": name});
    let user = rig.ask("DescribeAssetUserInfo", &one("anna"));
    assert_eq!((&user["User"]["Name"], &user["User"]["Remark"]), (&json!("anna"), &json!("of the host")));
    assert_eq!(rig.refused("DescribeAssetUserInfo", &one("bert")), "ResourceNotFound");
    rig.service.stop();
}

#[test]
fn neither_a_report_nor_a_digest_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    for (params, code) in [
        (json!({}), "MissingParameter"),
        (json!({"Quuid": "h"}), "MissingParameter"),
        (json!({"Digest": "h"}), "MissingParameter"),
        (json!({"Report": ""}), "InvalidParameter"),
        (json!({"Report": "{}"}), "InvalidParameterValue"),
    ] {
        assert_eq!(rig.refused("ReportHost", &params), code, "{params}");
    }
    rig.service.stop();
}
