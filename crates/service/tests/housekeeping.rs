//! Hosts that fall silent are counted as offline and cleared away, on a clock that the test sets.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

mod common;

use std::path::Path;

use common::{DAY, HOUR, MINUTE, Rig};
use model::Role;
use serde_json::{Value, json};

/// 2026-09-21T00:00:00Z.
const START: i64 = 1_789_948_800_000;

fn open(dir: &Path, at: i64) -> Rig {
    Rig::open(dir, at, |_| ())
}

/// A sweep at an instant.
fn sweep(rig: &Rig, now: i64) {
    rig.set(now);
    rig.service.sweep();
}

fn report(rig: &Rig, host: &str) {
    rig.report(host, &[("ann", "/bin/sh")]);
}

fn cleared(rig: &Rig, params: &Value) -> Vec<(String, String)> {
    let listed = rig.ask("DescribeMachineClearHistory", params);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entry = |entry: &Value| (text(entry, "InstanceName"), text(entry, "CreateTime"));
    listed["List"].as_array().unwrap().iter().map(entry).collect()
}

fn trend(rig: &Rig, list: &str) -> Vec<(String, i64)> {
    let range = json!({"BeginDate": "2026-09-01", "EndDate": "2026-10-31"});
    let trend = rig.ask("DescribeAssetRecentMachineInfo", &range);
    let day = |day: &Value| (day["Key"].as_str().unwrap().to_owned(), day["Value"].as_i64().unwrap());
    trend[list].as_array().unwrap().iter().map(day).collect()
}

fn days(counted: &[(&str, i64)]) -> Vec<(String, i64)> {
    counted.iter().map(|(day, count)| ((*day).to_owned(), *count)).collect()
}

#[test]
fn silent_hosts_are_cleared_once_the_server_has_listened() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    report(&rig, "a");
    report(&rig, "b");
    sweep(&rig, START + 40 * DAY);
    assert_eq!(rig.hosts(), ["a", "b"], "nothing is cleared unless it was asked for");
    rig.ask("ModifyMachineAutoClearConfig", &json!({"ClearRule": 2}));
    report(&rig, "b");
    rig.service.stop();
    drop(rig);

    let back = START + 43 * DAY;
    let rig = open(dir.path(), back);
    sweep(&rig, back + HOUR / 2);
    assert_eq!(rig.hosts(), ["a", "b"], "the server was away: hosts get an hour to be heard of");
    report(&rig, "b");
    sweep(&rig, back + HOUR);
    assert_eq!(rig.hosts(), ["b"]);
    assert_eq!(cleared(&rig, &json!({})), [("a".to_owned(), "2026-11-03 01:00:00".to_owned())]);
    let filter = |name: &str, values: Value| json!({"Filters": [{"Name": name, "Values": values}]});
    assert_eq!(cleared(&rig, &filter("TimeBetween", json!(["2026-11-03", "2026-11-03"]))).len(), 1);
    assert!(cleared(&rig, &filter("TimeBetween", json!(["2026-11-04", "2026-11-05"]))).is_empty());
    assert_eq!(cleared(&rig, &filter("Keywords", json!(["x", "A"]))).len(), 1);
    assert!(cleared(&rig, &filter("Keywords", json!(["b"]))).is_empty());
    sweep(&rig, back + 4 * DAY);
    assert_eq!(rig.hosts(), ["b"], "the clock jumped, or the machine slept");
    sweep(&rig, back + 4 * DAY + HOUR);
    let newest = json!({"Order": "DESC", "By": "AgentLastOfflineTime"});
    let names: Vec<_> = cleared(&rig, &newest).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "a"]);
    rig.ask("DeleteMachineClearHistory", &json!({"Ids": [1, 2]}));
    assert!(cleared(&rig, &json!({})).is_empty());
}

#[test]
fn a_clock_that_jumps_clears_nobody_away() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    rig.ask("ModifyMachineAutoClearConfig", &json!({"ClearRule": 2}));
    report(&rig, "a");
    sweep(&rig, START + HOUR);
    let offline = |rig: &Rig| rig.ask("DescribeGeneralStat", &json!({}))["AgentsOffline"].clone();
    // A month ahead for half an hour, then back: nobody could be heard of at that time.
    for minute in 0..30 {
        sweep(&rig, START + 30 * DAY + minute * MINUTE);
    }
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(1)));
    report(&rig, "a");
    assert_eq!(offline(&rig), 0);
    sweep(&rig, START + HOUR);
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(0)));
    // It is heard of with the clock set right, and also the store has that contact: as well after the next start.
    report(&rig, "a");
    sweep(&rig, START + HOUR + MINUTE);
    rig.service.stop();
    drop(rig);
    let rig = open(dir.path(), START + 2 * HOUR);
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(1)), "an hour without a report");
}

#[test]
fn hosts_are_counted_day_by_day() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    report(&rig, "a");
    sweep(&rig, START + 1000);
    sweep(&rig, START + DAY);
    report(&rig, "b");
    sweep(&rig, START + DAY + HOUR);
    rig.service.stop();
    drop(rig);
    let rig = open(dir.path(), START + 3 * DAY);
    report(&rig, "c");
    let total = days(&[("2026-09-21", 1), ("2026-09-22", 2), ("2026-09-24", 3)]);
    assert_eq!(trend(&rig, "TotalList"), total, "a day without the server is left out");
    assert_eq!(trend(&rig, "LiveList"), days(&[("2026-09-21", 1), ("2026-09-22", 0), ("2026-09-24", 1)]));
    sweep(&rig, START + 4 * DAY);
    let more =
        |rig: &Rig| rig.ask("DescribeMachineGeneral", &json!({}))["CompareYesterdayMachineCnt"].clone();
    assert_eq!(more(&rig), 0, "yesterday nobody counted");
    report(&rig, "d");
    sweep(&rig, START + 4 * DAY + HOUR);
    sweep(&rig, START + 5 * DAY);
    report(&rig, "e");
    assert_eq!(more(&rig), 1);
}

#[test]
fn a_host_that_was_cleared_away_comes_back_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let rig = open(dir.path(), START);
    let who = json!({"MachineId": "a".repeat(32), "InstanceKey": "b".repeat(64), "HostName": "away"});
    let token = rig.ask("CreateEnrolmentToken", &json!({"ExpiresIn": 9_000_000}));
    let token = token["SecretId"].as_str().unwrap();
    let enrol = |rig: &Rig| rig.call_as(Role::Enrol, token, "EnrolHost", &who).unwrap();
    let agent = enrol(&rig);
    let (quuid, key) = (agent["Quuid"].as_str().unwrap(), agent["SecretId"].as_str().unwrap());
    let poll = |rig: &Rig| rig.call_as(Role::Agent, key, "PollAgent", &json!({"Quuid": quuid})).unwrap();
    report(&rig, quuid);
    rig.ask("ModifyMachineAutoClearConfig", &json!({"ClearRule": 2}));
    for hour in 0..2 {
        sweep(&rig, START + 3 * DAY + hour * HOUR);
    }
    assert!(rig.hosts().is_empty());
    rig.service.stop();
    drop(rig);

    let rig = open(dir.path(), START + 4 * DAY);
    assert_eq!(poll(&rig)["ReportNeeded"], true);
    assert_eq!(enrol(&rig)["SecretId"], key, "the agent is what it was");
    let report = common::report(quuid, rig.now(), &[("ann", "/bin/zsh")]);
    rig.call_as(Role::Agent, key, "ReportHost", &json!({"Report": report})).unwrap();
    assert_eq!(rig.hosts(), [quuid]);
    assert_eq!(rig.ask("ListAccountEvents", &json!({"Quuid": quuid}))["Total"], 1, "it had vanished");
    let before = json!({"Quuid": quuid, "AsOf": "2026-09-22 00:00:00"});
    assert_eq!(rig.ask("DescribeAssetUserList", &before)["Total"], 1, "with its history");
    rig.service.stop();
}
