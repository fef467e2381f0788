//! The past through the API: lists as of an instant are the lists of that instant, events tell what changed, and what
//! is older than history is kept is refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::{Role, TenantId};
use serde_json::{Value, json};
use service::{Caller, Clock, Service, Settings, call};
use wire::{Lang, Params};

const START: i64 = 1_790_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

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
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let settings = Settings { clock, zone, history_keep: 30 * DAY, ..Settings::new(dir) };
        let service = Service::open(settings).unwrap();
        service.load().unwrap();
        Rig { runtime: tokio::runtime::Runtime::new().unwrap(), service, now }
    }

    fn call(&self, action: &str, params: &Value) -> Result<Value, String> {
        let caller = Caller {
            tenant: TenantId::DEFAULT,
            secret_id: "AKID".into(),
            role: Role::Admin,
            request_id: "r".into(),
            lang: Lang::En,
            source: [127, 0, 0, 1].into(),
        };
        let routed =
            wire::route("2018-02-28", action).or_else(|_| wire::route("2026-12-01", action)).unwrap();
        let params = Params::from_json(params.to_string().as_bytes()).unwrap();
        let body = self.runtime.block_on(call(&self.service, &caller, routed, params));
        let body = body.map_err(|e| format!("{}: {}", e.code().as_str(), e.message(Lang::En)))?;
        Ok(serde_json::from_slice(body.as_json()).unwrap())
    }

    fn list(&self, params: Value) -> Value {
        let mut list = self.call("DescribeAssetUserList", &params).unwrap();
        // The order in which hosts were laid out is nobody's business.
        let users = list["Users"].as_array_mut().unwrap();
        users.sort_by_key(|user| format!("{} {}", user["Quuid"], user["Name"]));
        list
    }

    fn report(&self, host: &str, accounts: &[(&str, &str)]) {
        let account = |(name, shell): &(&str, &str)| json!({"name": name, "uid": 7, "shell": shell});
        let report = json!({
            "format": 1,
            "collected_at": self.now.load(Ordering::Relaxed),
            "host": {"quuid": host, "hostname": host},
            "sections": {"passwd": {"evidence": "ok"}},
            "accounts": accounts.iter().map(account).collect::<Vec<_>>(),
        });
        self.call("ReportHost", &json!({"Report": report.to_string()})).unwrap();
    }

    fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    /// The same, with the server listening in the last hour of it.
    fn pass_listening(&self, millis: i64) {
        self.pass(millis - HOUR);
        self.service.sweep();
        self.pass(HOUR);
    }

    fn at(&self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.now.load(Ordering::Relaxed)).unwrap();
        at.to_string()
    }
}

/// What happens to the hosts, one step an hour.
fn step(rig: &Rig, number: usize) {
    match number {
        0 => rig.report("a", &[("root", "/bin/sh"), ("anna", "/bin/sh")]),
        1 => rig.report("b", &[("root", "/bin/sh")]),
        2 => rig.report("a", &[("root", "/bin/zsh"), ("carl", "/bin/sh")]),
        3 => rig.report("b", &[("root", "/bin/sh"), ("eve", "/bin/sh")]),
        4 => rig.report("c", &[("root", "/bin/sh")]),
        5 => rig.report("a", &[("root", "/bin/zsh"), ("carl", "/bin/sh"), ("anna", "/bin/sh")]),
        _ => rig.report("b", &[("root", "/bin/dash"), ("eve", "/bin/sh")]),
    }
}

#[test]
fn lists_of_the_past_are_those_there_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::open(dir.path(), START);
    let mut seen =
        vec![(rig.at(), rig.list(json!({})), rig.call("DescribeAssetUserCount", &json!({})).unwrap())];
    for number in 0..7 {
        rig.pass(HOUR);
        step(&rig, number);
        rig.pass(1);
        seen.push((rig.at(), rig.list(json!({})), rig.call("DescribeAssetUserCount", &json!({})).unwrap()));
        if number == 4 {
            let now = rig.now.load(Ordering::Relaxed);
            rig.service.stop();
            drop(rig);
            rig = Rig::open(dir.path(), now);
        }
    }
    rig.pass(3 * DAY);
    for (at, list, counts) in &seen {
        assert_eq!(&rig.list(json!({"AsOf": at})), list, "as of {at}");
        assert_eq!(&rig.call("DescribeAssetUserCount", &json!({"AsOf": at})).unwrap(), counts, "as of {at}");
    }
    let (at, list, _) = &seen[3];
    let of_a = rig.list(json!({"AsOf": at, "Quuid": "a", "Filters": [{"Name": "Name", "Values": ["carl"]}]}));
    assert_eq!(
        of_a["Users"][0],
        list["Users"].as_array().unwrap().iter().find(|u| u["Name"] == "carl").unwrap().clone()
    );
    for (bad, why) in
        [("2099-01-01 00:00:00", "InvalidParameterValue: "), ("yesterday", "InvalidParameterValue: ")]
    {
        let refused = rig.call("DescribeAssetUserList", &json!({"AsOf": bad})).unwrap_err();
        assert!(refused.starts_with(why) && refused.contains("AsOf"), "{refused}");
    }
    rig.service.stop();
}

#[test]
fn events_and_the_history_of_a_host() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    for number in 0..7 {
        rig.pass(HOUR);
        step(&rig, number);
    }
    let events = rig.call("ListAccountEvents", &json!({})).unwrap();
    let told: Vec<_> = events["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{} {} {}", e["Quuid"].as_str().unwrap(), e["Name"].as_str().unwrap(), e["Kinds"]))
        .collect();
    assert_eq!(
        told,
        [
            "b root [\"shell\"]",
            "a anna [\"new\"]",
            "b eve [\"new\"]",
            "a root [\"shell\"]",
            "a carl [\"new\"]",
            "a anna [\"vanished\"]",
        ]
    );
    let shell = &events["Events"][0];
    assert_eq!(
        (&shell["Before"]["Shell"], &shell["After"]["Shell"]),
        (&json!("/bin/sh"), &json!("/bin/dash"))
    );
    assert_eq!((&events["Events"][1]["Before"], &events["Events"][5]["After"]), (&Value::Null, &Value::Null));
    assert_eq!(shell["Digest"].as_str().unwrap().len(), 32);
    let total = |params: Value| rig.call("ListAccountEvents", &params).unwrap()["Total"].clone();
    assert_eq!(total(json!({"Kinds": ["new", "vanished"]})), 4);
    assert_eq!(total(json!({"Name": "root", "Quuid": "a"})), 1);
    assert_eq!(total(json!({"Start": rig.at()})), 1);
    assert!(rig.call("ListAccountEvents", &json!({"Kinds": ["x"]})).unwrap_err().contains("Kinds"));

    let uuid = rig.list(json!({"Quuid": "a"}))["Users"][0]["Uuid"].clone();
    let history = |params: Value| {
        let answer = rig.call("DescribeHistoryAccounts", &params).unwrap();
        let row =
            |r: &Value| format!("{} {}", r["ModifyType"].as_str().unwrap(), r["Username"].as_str().unwrap());
        let rows: Vec<_> = answer["HistoryAccounts"].as_array().unwrap().iter().map(row).collect();
        (answer["TotalCount"].as_u64().unwrap(), rows)
    };
    let all = ["CREATE anna", "MODIFY root", "CREATE carl", "DELETE anna", "CREATE anna", "CREATE root"];
    assert_eq!(history(json!({"Uuid": uuid})), (6, all.map(str::to_owned).to_vec()));
    for offset in 0..7 {
        let page = history(json!({"Uuid": uuid, "Offset": offset, "Limit": 2})).1;
        assert_eq!(page, all.iter().skip(offset).take(2).map(|s| (*s).to_owned()).collect::<Vec<_>>());
    }
    let anna = json!({"Uuid": uuid, "Filters": [{"Name": "Username", "Values": ["ann"]}]});
    assert_eq!(history(anna).0, 3);
    assert_eq!(history(json!({"Uuid": "nobody"})), (0, vec![]));
    let statistics = rig.call("DescribeAccountStatistics", &json!({"Limit": 1})).unwrap();
    assert_eq!(statistics["TotalCount"], 4);
    assert_eq!(statistics["AccountStatistics"], json!([{"Username": "root", "MachineNum": 3}]));
    rig.service.stop();
}

#[test]
fn what_is_older_than_history_is_kept_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    let mut seen = Vec::new();
    for number in 0..7 {
        rig.pass_listening(6 * DAY);
        step(&rig, number);
        seen.push((rig.now.load(Ordering::Relaxed), rig.at(), rig.list(json!({}))));
    }
    rig.service.sweep();
    let horizon = rig.now.load(Ordering::Relaxed) - 30 * DAY;
    for (millis, at, list) in &seen {
        let answer = rig.call("DescribeAssetUserList", &json!({"AsOf": at}));
        if *millis < horizon {
            let refused = answer.unwrap_err();
            assert!(refused.contains("history is there from 20"), "{refused}");
        } else {
            assert_eq!(&rig.list(json!({"AsOf": at})), list, "as of {at}");
        }
    }
    let left = rig.call("ListAccountEvents", &json!({})).unwrap();
    assert_eq!(left["Total"], 6, "the first change came at the horizon");
    rig.pass_listening(12 * DAY);
    rig.service.sweep();
    assert_eq!(rig.call("ListAccountEvents", &json!({})).unwrap()["Total"], 3);
    assert_eq!(&rig.list(json!({"AsOf": seen[5].1})), &seen[5].2);
    rig.service.stop();
}

#[test]
fn clocks_that_jump_lose_no_history() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    let mut seen = Vec::new();
    for number in 0..3 {
        rig.pass_listening(2 * HOUR);
        step(&rig, number);
        seen.push((rig.at(), rig.list(json!({}))));
    }
    let events = rig.call("ListAccountEvents", &json!({})).unwrap();
    // Ten years ahead and back, as a clock does that is set right: rounds of the server in between, and no report.
    for jump in [3650 * DAY, -3650 * DAY] {
        rig.pass(jump);
        for _minute in 0..50 {
            rig.pass(60_000);
            rig.service.sweep();
        }
    }
    assert_eq!(rig.call("ListAccountEvents", &json!({})).unwrap(), events);
    for (at, list) in &seen {
        assert_eq!(&rig.list(json!({"AsOf": at})), list, "as of {at}");
    }
    // Changes that are told while the clock is behind come after those there were, and after them as well.
    rig.pass(-DAY);
    step(&rig, 3);
    let behind = rig.list(json!({}));
    rig.pass(2 * DAY);
    assert_eq!(rig.list(json!({}))["Total"], behind["Total"]);
    let numbers = |answer: &Value| -> Vec<u64> {
        answer["Events"].as_array().unwrap().iter().map(|e| e["Id"].as_u64().unwrap()).collect()
    };
    let all = rig.call("ListAccountEvents", &json!({"Limit": 100})).unwrap();
    assert!(all["Total"].as_u64() > events["Total"].as_u64());
    assert!(numbers(&all).is_sorted_by(|a, b| a > b));
    rig.service.stop();
}
