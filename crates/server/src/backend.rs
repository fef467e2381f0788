//! What the server needs of the service behind it. `service::Service` is the one that matters; tests bring a small
//! one, so that HTTP is tested without a database.

pub use crate::seam::{Caller, Download, LiveKey};
use std::sync::Arc;
use wire::{ActionId, Body, Error, Params};

/// The service behind the server.
pub trait Backend: Send + Sync + 'static {
    /// The present instant, in milliseconds since the UNIX epoch.
    fn now(&self) -> model::Millis;

    /// The key with this SecretId, disabled ones included.
    fn key(&self, secret_id: &str) -> Option<Arc<LiveKey>>;

    /// Decodes the parameters and does what the action does. Whether the caller may call it has been checked.
    fn dispatch(
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
