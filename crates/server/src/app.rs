//! What every request shares, and which path goes where. Every path that is not named here is the API: clients may
//! carry a path of their own, the signature always covers `/`.

use crate::{
    api, backend::Backend, config::Config, config::Limits, download, keys::SigningKeys, metrics::Metrics,
    pages, rate::Rate,
};
use axum::{Router, routing::get};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Shared by all requests.
pub(crate) struct App<B> {
    pub(crate) backend: Arc<B>,
    pub(crate) config: Config,
    pub(crate) keys: SigningKeys,
    pub(crate) rate: Rate,
    pub(crate) metrics: Metrics,
    /// KiB of large request bodies that may be in memory.
    pub(crate) body_memory: Arc<Semaphore>,
}

impl<B: Backend> App<B> {
    pub(crate) fn new(config: Config, backend: Arc<B>) -> Arc<Self> {
        Arc::new(Self {
            backend,
            keys: SigningKeys::default(),
            rate: Rate::new(config.rate_per_second),
            metrics: Metrics::new(),
            body_memory: Arc::new(Semaphore::new(body_memory(&config.limits))),
            config,
        })
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/healthz", get(pages::alive))
            .route("/readyz", get(pages::ready::<B>))
            .route("/metrics", get(pages::metrics::<B>))
            .route("/download/{token}/{file_name}", get(download::download::<B>))
            .fallback(api::handle::<B>)
            .with_state(self)
    }
}

/// KiB for large bodies; at least one of the largest has to fit, or it would wait for nothing.
fn body_memory(limits: &Limits) -> usize {
    limits
        .body_memory
        .max(limits.body_bytes)
        .max(limits.form_bytes)
        .div_ceil(1024)
        .min(Semaphore::MAX_PERMITS)
}
