//! Reports of hosts on a real data directory: what is answered, and what a restart finds.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is the report")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::{Role, TenantId};
use serde_json::{Value, json};
use service::{Caller, Clock, Service, Settings, call};
use wire::{Lang, Params};

const START: i64 = 1_790_000_000_000;

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
        let service = Service::open(Settings { clock, ..Settings::new(dir) }).unwrap();
        service.load().unwrap();
        Rig { runtime: tokio::runtime::Runtime::new().unwrap(), service, now }
    }

    fn call(&self, version: &str, action: &str, params: &Value) -> Result<Value, String> {
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
        let body = self.runtime.block_on(call(&self.service, &caller, action, params));
        let body = body.map_err(|e| e.code().as_str().to_owned())?;
        Ok(serde_json::from_slice(body.as_json()).unwrap())
    }

    fn report(&self, params: &Value) -> Value {
        self.call("2026-12-01", "ReportHost", params).unwrap()
    }

    fn last_report(&self) -> String {
        let hosts = self.call("2026-12-01", "ListHosts", &json!({})).unwrap();
        hosts["Hosts"][0]["LastReportTime"].as_str().unwrap().to_owned()
    }
}

fn report(at: i64, names: &[&str]) -> String {
    let account = |name: &&str| json!({"name": name, "uid": 7, "gecos": "of the host", "shell": "/bin/sh"});
    json!({
        "format": 1,
        "collected_at": at,
        "host": {"quuid": "h", "hostname": "web"},
        "sections": {"passwd": {"evidence": "ok"}},
        "accounts": names.iter().map(account).collect::<Vec<_>>(),
    })
    .to_string()
}

fn counts(answer: &Value) -> (u64, u64, u64, bool, bool) {
    let number = |name: &str| answer[name].as_u64().unwrap();
    let flag = |name: &str| answer[name].as_bool().unwrap();
    (number("Accounts"), number("New"), number("Vanished"), flag("Changed"), flag("ReportNeeded"))
}

#[test]
fn a_digest_renews_the_contact_and_survives_a_clean_stop() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    let first = rig.report(&json!({"Report": report(START - 5, &["root", "anna"])}));
    assert_eq!(counts(&first), (2, 2, 0, true, false));
    let digest = first["Digest"].as_str().unwrap();
    assert_eq!(digest.len(), 32);

    for (minutes, params) in [
        (1, json!({"Quuid": "h", "Digest": digest})),
        (2, json!({"Report": report(START + 5, &["root", "anna"])})),
    ] {
        rig.now.store(START + minutes * 60_000, Ordering::Relaxed);
        let before = rig.last_report();
        let again = rig.report(&params);
        assert_eq!(counts(&again), (2, 0, 0, false, false), "{again}");
        assert_eq!(again["Digest"], digest);
        assert_ne!(rig.last_report(), before);
    }
    let last = rig.last_report();
    for params in [json!({"Quuid": "h", "Digest": "0".repeat(32)}), json!({"Quuid": "i", "Digest": digest})] {
        rig.now.fetch_add(60_000, Ordering::Relaxed);
        let answer = rig.report(&params);
        assert_eq!((counts(&answer), &answer["Digest"]), ((0, 0, 0, false, true), &json!("")));
        assert_eq!(rig.last_report(), last, "nothing was taken in");
    }
    rig.service.stop();
    drop(rig);

    let rig = Rig::open(dir.path(), START + 900_000);
    assert_eq!(rig.last_report(), last, "contacts were written");
    assert_eq!(counts(&rig.report(&json!({"Quuid": "h", "Digest": digest}))), (2, 0, 0, false, false));
    let changed = rig.report(&json!({"Report": report(START + 900_000, &["root", "bert"])}));
    assert_eq!(counts(&changed), (2, 1, 1, true, false));
    assert_ne!(changed["Digest"], digest);
    assert_eq!(counts(&rig.report(&json!({"Quuid": "h", "Digest": digest}))), (0, 0, 0, false, true));
    rig.service.stop();
}

#[test]
fn facts_are_read_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    rig.report(&json!({"Report": report(START, &["root", "anna"])}));
    let one = |name: &str| json!({"Quuid": "h", "Uuid": "", "Name": name});
    let user = rig.call("2018-02-28", "DescribeAssetUserInfo", &one("anna")).unwrap();
    assert_eq!((&user["User"]["Name"], &user["User"]["Remark"]), (&json!("anna"), &json!("of the host")));
    let nobody = rig.call("2018-02-28", "DescribeAssetUserInfo", &one("bert")).unwrap_err();
    assert_eq!(nobody, "ResourceNotFound");
    rig.service.stop();
}

#[test]
fn neither_a_report_nor_a_digest_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path(), START);
    for (params, code) in [
        (json!({}), "MissingParameter"),
        (json!({"Quuid": "h"}), "MissingParameter"),
        (json!({"Digest": "h"}), "MissingParameter"),
        (json!({"Report": ""}), "InvalidParameter"),
        (json!({"Report": "{}"}), "InvalidParameterValue"),
    ] {
        assert_eq!(rig.call("2026-12-01", "ReportHost", &params).unwrap_err(), code, "{params}");
    }
    rig.service.stop();
}
