//! What every request shares, and which path goes where. Every path that is not named here is the API: clients may
//! carry a path of their own, the signature always covers `/`.

use crate::{
    api, backend::Backend, config::Config, config::Limits, download, keys::SigningKeys, listen::Peer,
    metrics::Metrics, pages, rate::Rate,
};
use axum::http::{Method, Request, Response};
use axum::{Router, body::Body, routing::get};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

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

    /// Which path goes where.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/healthz", get(pages::alive))
            .route("/readyz", get(pages::ready::<B>))
            .route("/metrics", get(pages::metrics::<B>))
            .route("/install.sh", get(download::install_script::<B>))
            .route("/install/{name}", get(download::package::<B>))
            .route("/download/{token}/{file_name}", get(download::download::<B>))
            .fallback(api::fallback::<B>)
            .with_state(self)
    }

    /// Answers one request. A plain call of the API is answered right here: looking for its route and boxing what
    /// answers it would cost as much as many answers do.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        router: &Router,
        peer: Peer,
        mut request: Request<Incoming>,
    ) -> Response<Body> {
        if is_call(&request) {
            return api::handle(self, peer, request).await;
        }
        request.extensions_mut().insert(peer);
        match router.clone().oneshot(request.map(Body::new)).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// Whether no route can want this request. Anything unusual is the router's to decide.
fn is_call<T>(request: &Request<T>) -> bool {
    let path = request.uri().path();
    matches!(*request.method(), Method::GET | Method::POST)
        && !matches!(path, "/healthz" | "/readyz" | "/metrics" | "/install.sh")
        && !path.starts_with("/download/")
        && !path.starts_with("/install/")
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
