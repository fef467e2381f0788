//! The HTTP around the service: listening, limits, signatures, envelopes, downloads, probes, metrics and the log.
//! What an action does is not known here; what a request means on the wire is `wire`'s business.

mod answer;
mod api;
mod app;
mod backend;
mod config;
mod download;
mod error;
mod keys;
mod listen;
mod metrics;
mod pages;
mod rate;
mod stall;
mod tls;

pub use backend::{Backend, Caller, Download, Gauge, LiveKey};
pub use config::{Config, Limits, TlsFiles};
pub use error::Error;
pub use listen::Bound;

use std::sync::Arc;

/// Serves the API on a bound listener until `stop` is ready; requests that run then are answered.
///
/// # Errors
/// [`Error::CutOff`] when some of them took longer than the time for stopping.
pub async fn serve<B: Backend>(
    bound: Bound,
    config: Config,
    backend: Arc<B>,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    bound.run(app::App::new(config, backend), stop).await
}
