//! A service on a data directory, with a clock that the test sets.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests: each uses some; a panic is the report")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::{Role, TenantId};
use serde_json::{Value, json};
use service::{Caller, Clock, Service, Settings, call};
use wire::{Lang, Params};

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// One run of the service.
pub struct Rig {
    runtime: tokio::runtime::Runtime,
    pub service: Arc<Service>,
    now: Arc<AtomicI64>,
}

impl Rig {
    /// A service whose clock says `at`, in UTC unless the settings are changed.
    pub fn open(dir: &Path, at: i64, change: impl FnOnce(&mut Settings)) -> Self {
        let now = Arc::new(AtomicI64::new(at));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
        let mut settings = Settings { clock, zone: jiff::tz::TimeZone::UTC, ..Settings::new(dir) };
        change(&mut settings);
        let service = Service::open(settings).unwrap();
        service.load().unwrap();
        Rig { runtime: tokio::runtime::Runtime::new().unwrap(), service, now }
    }

    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub fn set(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    /// The present instant as a parameter.
    pub fn at(&self) -> String {
        jiff::Timestamp::from_millisecond(self.now()).unwrap().to_string()
    }

    /// Calls an action of the hosts' or the project's own service with a key; an error is its code and message.
    pub fn call_as(
        &self,
        role: Role,
        secret_id: &str,
        action: &str,
        params: &Value,
    ) -> Result<Value, String> {
        let caller = Caller {
            tenant: TenantId::DEFAULT,
            secret_id: secret_id.into(),
            role,
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

    /// The same as an administrator.
    pub fn call(&self, action: &str, params: &Value) -> Result<Value, String> {
        self.call_as(Role::Admin, "AKID", action, params)
    }

    /// A call that has to succeed.
    pub fn ask(&self, action: &str, params: &Value) -> Value {
        self.call(action, params).unwrap()
    }

    /// The code of a call that has to fail.
    pub fn refused(&self, action: &str, params: &Value) -> String {
        let error = self.call(action, params).unwrap_err();
        error.split(':').next().unwrap().to_owned()
    }

    /// A host reports accounts, each with its shell.
    pub fn report(&self, host: &str, accounts: &[(&str, &str)]) -> Value {
        self.ask("ReportHost", &json!({"Report": report(host, self.now(), accounts)}))
    }

    /// The ids of all hosts.
    pub fn hosts(&self) -> Vec<String> {
        let listed = self.ask("ListHosts", &json!({}));
        listed["Hosts"].as_array().unwrap().iter().map(|h| h["Quuid"].as_str().unwrap().into()).collect()
    }
}

/// A report of a host with accounts, each with its shell.
pub fn report(host: &str, at: i64, accounts: &[(&str, &str)]) -> String {
    let account = |(name, shell): &(&str, &str)| json!({"name": name, "uid": 7, "gecos": "of the host", "shell": shell});
    json!({
        "format": 1, "collected_at": at, "host": {"quuid": host, "hostname": host},
        "sections": {"passwd": {"evidence": "ok"}},
        "accounts": accounts.iter().map(account).collect::<Vec<_>>(),
    })
    .to_string()
}
