//! What the server needs of the service behind it. [`Service`] is the one that matters; tests bring a small one, so
//! that HTTP is tested without a database.

use service::Service;
pub use service::{Caller, Download, LiveKey};
use std::sync::Arc;
use wire::{ActionId, Body, Error, Params};

/// The service behind the server.
pub trait Backend: Send + Sync + 'static {
    /// The present instant, in milliseconds since the UNIX epoch.
    fn now(&self) -> model::Millis;

    /// The key with this SecretId, disabled ones included.
    fn key(&self, secret_id: &str) -> Option<Arc<LiveKey>>;

    /// Checks whether the caller may call the action, decodes the parameters and does what the action does.
    fn call(
        self: Arc<Self>,
        caller: Caller,
        action: ActionId,
        params: Params,
    ) -> impl Future<Output = Result<Body, Error>> + Send;

    /// Whether everything is loaded and calls can be answered.
    fn ready(&self) -> bool;

    /// The file behind the token of a signed link; `None` when the token is wrong, ended, or the file is gone. May
    /// block on the disk.
    fn download(&self, token: &str) -> Option<Download>;

    /// The script that installs the agent on a host; `None` without packages. May block on the disk.
    fn install_script(&self) -> Option<String> {
        None
    }

    /// The package of the agent with this name. May block on the disk.
    fn package(&self, _name: &str) -> Option<Download> {
        None
    }

    /// Sizes to show as metrics, read when somebody asks.
    fn gauges(&self) -> Vec<Gauge>;
}

/// One size to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Metric name without prefix, such as `roster_rows`.
    pub name: &'static str,
    /// One English sentence.
    pub help: &'static str,
    /// One label, when the metric has several values.
    pub label: Option<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

impl Backend for Service {
    fn now(&self) -> model::Millis {
        Service::now(self)
    }

    fn key(&self, secret_id: &str) -> Option<Arc<LiveKey>> {
        self.keyring().find(secret_id)
    }

    async fn call(self: Arc<Self>, caller: Caller, action: ActionId, params: Params) -> Result<Body, Error> {
        service::call(&self, &caller, action, params).await
    }

    fn ready(&self) -> bool {
        Service::ready(self)
    }

    fn download(&self, token: &str) -> Option<Download> {
        self.downloads().open(token)
    }

    fn install_script(&self) -> Option<String> {
        Service::install_script(self)
    }

    fn package(&self, name: &str) -> Option<Download> {
        self.packages().open(name)
    }

    fn gauges(&self) -> Vec<Gauge> {
        let now = Service::gauges(self);
        let rows = |what: &str, rows: usize| Gauge {
            name: "roster_rows",
            help: "Rows in memory, of all tenants",
            label: Some(("kind", what.to_owned())),
            value: float(rows),
        };
        let single = |name, help, value| Gauge { name, help, label: None, value };
        vec![
            rows("tenants", now.tenants),
            rows("people", now.people),
            rows("hosts", now.hosts),
            rows("accounts", now.accounts),
            rows("keys", now.keys),
            single("exports_pending", "Exports that have not ended", float(now.exports_pending)),
            single("database_bytes", "Size of the database file", now.database_bytes as f64),
            single("ready", "Whether calls can be answered", f64::from(u8::from(Service::ready(self)))),
        ]
    }
}

/// Exact up to 2^53, far beyond anything counted here.
fn float(count: usize) -> f64 {
    count as f64
}
