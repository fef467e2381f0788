//! Hosts that fall silent are counted as offline and cleared away, on a clock that the test sets.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use model::{Role, TenantId};
use serde_json::{Value, json};
use service::{Caller, Clock, Service, Settings, call};
use wire::{Lang, Params};

/// 2026-09-21T00:00:00Z.
const START: i64 = 1_789_948_800_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const CWP: &str = "2018-02-28";
const OWN: &str = "2026-12-01";

struct Rig {
    runtime: tokio::runtime::Runtime,
    service: Arc<Service>,
    now: Arc<AtomicI64>,
}

impl Rig {
    fn open(dir: &Path, at: i64) -> Self {
        let now = Arc::new(AtomicI64::new(at));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
        let settings = Settings { clock, zone: TimeZone::UTC, ..Settings::new(dir) };
        let service = Service::open(settings).unwrap();
        service.load().unwrap();
        Rig { runtime: tokio::runtime::Runtime::new().unwrap(), service, now }
    }

    /// A sweep at an instant.
    fn at(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
        self.service.sweep();
    }

    fn ask(&self, version: &str, action: &str, params: &Value) -> Value {
        let caller = Caller {
            tenant: TenantId::DEFAULT,
            secret_id: "AKID".into(),
            role: Role::Admin,
            request_id: "r".into(),
            lang: Lang::En,
            source: [127, 0, 0, 1].into(),
        };
        let action = wire::route(version, action).unwrap();
        let params = Params::from_json(params.to_string().as_bytes()).unwrap();
        let body = self.runtime.block_on(call(&self.service, &caller, action, params)).unwrap();
        serde_json::from_slice(body.as_json()).unwrap()
    }

    fn report(&self, host: &str) {
        let report = json!({
            "format": 1, "collected_at": self.now.load(Ordering::Relaxed),
            "host": {"quuid": host, "hostname": host}, "sections": {"passwd": {"evidence": "ok"}},
            "accounts": [{"name": "ann", "uid": 7}],
        });
        self.ask(OWN, "ReportHost", &json!({"Report": report.to_string()}));
    }

    fn hosts(&self) -> Vec<String> {
        let listed = self.ask(OWN, "ListHosts", &json!({}));
        listed["Hosts"].as_array().unwrap().iter().map(|h| h["Quuid"].as_str().unwrap().into()).collect()
    }

    fn cleared(&self, params: &Value) -> Vec<(String, String)> {
        let listed = self.ask(CWP, "DescribeMachineClearHistory", params);
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let entry = |entry: &Value| (text(entry, "InstanceName"), text(entry, "CreateTime"));
        listed["List"].as_array().unwrap().iter().map(entry).collect()
    }

    fn trend(&self, list: &str) -> Vec<(String, i64)> {
        let range = json!({"BeginDate": "2026-09-01", "EndDate": "2026-10-31"});
        let trend = self.ask(CWP, "DescribeAssetRecentMachineInfo", &range);
        let day = |day: &Value| (day["Key"].as_str().unwrap().to_owned(), day["Value"].as_i64().unwrap());
        trend[list].as_array().unwrap().iter().map(day).collect()
    }
}

fn days(counted: &[(&str, i64)]) -> Vec<(String, i64)> {
    counted.iter().map(|(day, count)| ((*day).to_owned(), *count)).collect()
}

#[test]
fn silent_hosts_are_cleared_once_the_server_has_listened() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    rig.report("a");
    rig.report("b");
    rig.at(START + 40 * DAY);
    assert_eq!(rig.hosts(), ["a", "b"], "nothing is cleared unless it was asked for");
    rig.ask(CWP, "ModifyMachineAutoClearConfig", &json!({"ClearRule": 2}));
    rig.report("b");
    rig.service.stop();
    drop(rig);

    let back = START + 43 * DAY;
    let rig = Rig::open(dir.path(), back);
    rig.at(back + HOUR / 2);
    assert_eq!(rig.hosts(), ["a", "b"], "the server was away: hosts get an hour to be heard of");
    rig.report("b");
    rig.at(back + HOUR);
    assert_eq!(rig.hosts(), ["b"]);
    assert_eq!(rig.cleared(&json!({})), [("a".to_owned(), "2026-11-03 01:00:00".to_owned())]);
    let filter = |name: &str, values: Value| json!({"Filters": [{"Name": name, "Values": values}]});
    assert_eq!(rig.cleared(&filter("TimeBetween", json!(["2026-11-03", "2026-11-03"]))).len(), 1);
    assert!(rig.cleared(&filter("TimeBetween", json!(["2026-11-04", "2026-11-05"]))).is_empty());
    assert_eq!(rig.cleared(&filter("Keywords", json!(["x", "A"]))).len(), 1);
    assert!(rig.cleared(&filter("Keywords", json!(["b"]))).is_empty());
    rig.at(back + 4 * DAY);
    assert_eq!(rig.hosts(), ["b"], "the clock jumped, or the machine slept");
    rig.at(back + 4 * DAY + HOUR);
    let newest = json!({"Order": "DESC", "By": "AgentLastOfflineTime"});
    let names: Vec<_> = rig.cleared(&newest).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "a"]);
    rig.ask(CWP, "DeleteMachineClearHistory", &json!({"Ids": [1, 2]}));
    assert!(rig.cleared(&json!({})).is_empty());
}

#[test]
fn a_clock_that_jumps_clears_nobody_away() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    rig.ask(CWP, "ModifyMachineAutoClearConfig", &json!({"ClearRule": 2}));
    rig.report("a");
    rig.at(START + HOUR);
    let offline = |rig: &Rig| rig.ask(CWP, "DescribeGeneralStat", &json!({}))["AgentsOffline"].clone();
    // A month ahead for half an hour, then back: nobody could be heard of at that time.
    for minute in 0..30 {
        rig.at(START + 30 * DAY + minute * 60_000);
    }
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(1)));
    rig.report("a");
    assert_eq!(offline(&rig), 0);
    rig.at(START + HOUR);
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(0)));
    // It is heard of with the clock set right, and also the store has that contact: as well after the next start.
    rig.report("a");
    rig.at(START + HOUR + 60_000);
    rig.service.stop();
    drop(rig);
    let rig = Rig::open(dir.path(), START + 2 * HOUR);
    assert_eq!((rig.hosts(), offline(&rig)), (vec!["a".to_owned()], json!(1)), "an hour without a report");
}

#[test]
fn hosts_are_counted_day_by_day() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    rig.report("a");
    rig.at(START + 1000);
    rig.at(START + DAY);
    rig.report("b");
    rig.at(START + DAY + HOUR);
    rig.service.stop();
    drop(rig);
    let rig = Rig::open(dir.path(), START + 3 * DAY);
    rig.report("c");
    let total = days(&[("2026-09-21", 1), ("2026-09-22", 2), ("2026-09-24", 3)]);
    assert_eq!(rig.trend("TotalList"), total, "a day without the server is left out");
    assert_eq!(rig.trend("LiveList"), days(&[("2026-09-21", 1), ("2026-09-22", 0), ("2026-09-24", 1)]));
    rig.at(START + 4 * DAY);
    let more =
        |rig: &Rig| rig.ask(CWP, "DescribeMachineGeneral", &json!({}))["CompareYesterdayMachineCnt"].clone();
    assert_eq!(more(&rig), 0, "yesterday nobody counted");
    rig.report("d");
    rig.at(START + 4 * DAY + HOUR);
    rig.at(START + 5 * DAY);
    rig.report("e");
    assert_eq!(more(&rig), 1);
}
