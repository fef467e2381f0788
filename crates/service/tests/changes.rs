//! Reports that come as changes of the last one: the outcome is that of the whole report, and whatever does not lead
//! there changes nothing.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod common;

use std::io::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use model::facts::{self, Changes, HostReport};
use serde_json::{Value, json};

const START: i64 = 1_790_000_000_000;

struct Rig {
    rig: common::Rig,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Rig { rig: common::Rig::open(dir.path(), START, |_| ()), _dir: dir }
    }

    /// A call; an error is its code.
    fn call(&self, action: &str, params: &Value) -> Result<Value, String> {
        let code = |error: String| error.split(':').next().unwrap().to_owned();
        self.rig.call(action, params).map_err(code)
    }

    fn whole(&self, report: &HostReport) -> Value {
        self.call("ReportHost", &json!({"Report": serde_json::to_string(report).unwrap()})).unwrap()
    }

    fn changes(&self, before: &HostReport, after: &HostReport) -> Result<Value, String> {
        self.call("ReportHost", &sparing(before, after))
    }

    /// The raw facts and everything else that is told of an account.
    fn detail(&self, name: &str) -> Result<Value, String> {
        self.call("DescribeAssetUserInfo", &json!({"Quuid": "h", "Uuid": "", "Name": name}))
    }

    /// Everything that a report may have changed.
    fn state(&self) -> Value {
        let list = self.call("DescribeAssetUserList", &json!({"Limit": 100})).unwrap();
        let hosts = self.call("ListHosts", &json!({})).unwrap();
        let events = self.call("ListAccountEvents", &json!({})).unwrap();
        json!([list, hosts, events])
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.rig.service.stop();
    }
}

fn report(names: &[&str]) -> HostReport {
    let account = |(line, name): (usize, &&str)| json!({"name": name, "uid": 7, "gecos": "of the host", "shell": "/bin/sh", "line": line + 1});
    serde_json::from_value(json!({
        "format": 1,
        "collected_at": START - 5,
        "host": {"quuid": "h", "hostname": "web"},
        "sections": {"passwd": {"evidence": "ok"}, "sudoers": {"evidence": "denied"}},
        "accounts": names.iter().enumerate().map(account).collect::<Vec<_>>(),
    }))
    .unwrap()
}

fn digest(report: &HostReport) -> String {
    facts::print_digest(facts::digest(&facts::undated_json(&mut report.clone()).unwrap()))
}

fn pack(text: &str) -> String {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    STANDARD.encode(out.finish().unwrap())
}

fn sparing(before: &HostReport, after: &HostReport) -> Value {
    let changes = serde_json::to_string(&Changes::between(before, after).unwrap()).unwrap();
    json!({"Quuid": "h", "Base": digest(before), "Digest": digest(after), "Changes": pack(&changes)})
}

#[test]
fn changes_do_what_the_whole_report_does() {
    let first = report(&["root", "anna", "bert", "carl"]);
    let mut second = report(&["root", "bert", "carl", "dora"]);
    second.host.hostname = "renamed".into();
    second.accounts[1].shell = "/bin/bash".into();
    second.sections.remove("sudoers");
    second.collected_at = START;
    second.host.usage.memory_used = Some(77);
    let (whole, sparing) = (Rig::new(), Rig::new());
    for rig in [&whole, &sparing] {
        assert_eq!(rig.whole(&first)["Digest"], digest(&first));
    }
    let (expected, answer) = (whole.whole(&second), sparing.changes(&first, &second).unwrap());
    assert_eq!(answer, expected);
    assert_eq!(
        (&answer["New"], &answer["Vanished"], &answer["Digest"]),
        (&json!(1), &json!(1), &json!(digest(&second)))
    );
    assert_eq!(sparing.state(), whole.state());
    for name in ["root", "anna", "bert", "carl", "dora"] {
        assert_eq!(sparing.detail(name), whole.detail(name), "{name}");
    }
    let again = sparing.changes(&first, &second).unwrap();
    assert_eq!(
        (&again["ReportNeeded"], &again["Changed"]),
        (&json!(false), &json!(false)),
        "its answer was lost"
    );
    // On a host on which nothing has changed: a contact, and how busy it is.
    let mut third = second.clone();
    third.collected_at = START + 5;
    third.host.usage.memory_used = Some(78);
    assert_eq!(sparing.changes(&second, &third).unwrap(), whole.whole(&third));
    assert_eq!(sparing.changes(&third, &first).unwrap()["Vanished"], 1, "and back");
}

#[test]
fn a_report_is_needed_where_the_last_one_is_another() {
    let (first, second, third) = (report(&["root", "anna"]), report(&["root", "bert"]), report(&["root"]));
    let rig = Rig::new();
    let needed = |params: &Value| {
        let answer = rig.call("ReportHost", params).unwrap();
        assert_eq!((&answer["ReportNeeded"], &answer["Digest"]), (&json!(true), &json!("")), "{params}");
    };
    needed(&sparing(&first, &second));
    rig.whole(&first);
    let state = rig.state();
    needed(&sparing(&second, &third));
    let with = |name: &str, value: &str| {
        let mut params = sparing(&first, &second);
        params[name] = json!(value);
        params
    };
    needed(&with("Digest", &digest(&third)));
    needed(&with("Base", ""));
    needed(&with("Quuid", "i"));
    // Places that are not there, and a host that would become another one.
    needed(&with("Changes", &pack(r#"{"accounts":[{"keep":{"from":1,"count":2}}]}"#)));
    let mut other = first.clone();
    other.host.quuid = Some("other".into());
    needed(&sparing(&first, &other));
    assert_eq!(rig.state(), state, "nothing was taken in");
    assert_eq!(rig.changes(&first, &second).unwrap()["ReportNeeded"], false);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let first = report(&["root", "anna"]);
    let rig = Rig::new();
    rig.whole(&first);
    let state = rig.state();
    let long = "x".repeat(300);
    for (params, code) in [
        (json!({"Quuid": "h", "Digest": "d", "Changes": "x"}), "MissingParameter"),
        (json!({"Quuid": "h", "Base": digest(&first), "Changes": "x"}), "MissingParameter"),
        (json!({"Base": digest(&first), "Digest": "d", "Changes": "x"}), "MissingParameter"),
    ] {
        assert_eq!(rig.call("ReportHost", &params).unwrap_err(), code, "{params}");
    }
    let large = format!(r#"{{"accounts":[],"more":"{}"}}"#, "x".repeat(facts::CHANGES_MAX));
    for (changes, code) in [
        ("?".to_owned(), "InvalidParameter"),
        ("AAAA".to_owned(), "InvalidParameter"),
        (pack("{\"accounts\":"), "InvalidParameter"),
        (pack(r#"{"accounts":[{"explode":1}]}"#), "InvalidParameter"),
        (pack(r#"{"host":{"os_name":[]}}"#), "InvalidParameter"),
        (pack(&large), "LimitExceeded"),
        (pack(&format!(r#"{{"novelty":[{}{{}}]}}"#, "{},".repeat(1 << 18))), "LimitExceeded"),
        (pack(r#"{"accounts":[{"new":{"name":"a"}},{"new":{"name":"a"}}]}"#), "InvalidParameterValue"),
        (pack(&format!(r#"{{"accounts":[{{"new":{{"name":"{long}"}}}}]}}"#)), "InvalidParameterValue"),
        (pack(r#"{"sections":{"passwd":null},"accounts":[]}"#), "InvalidParameterValue"),
    ] {
        let params =
            json!({"Quuid": "h", "Base": digest(&first), "Digest": digest(&first), "Changes": changes});
        assert_eq!(
            rig.call("ReportHost", &params).unwrap_err(),
            code,
            "{}",
            &changes[..changes.len().min(80)]
        );
    }
    assert_eq!(rig.state(), state);
}
