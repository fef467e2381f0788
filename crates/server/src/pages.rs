//! The pages that are not the API: for probes, for a metrics collector, and for somebody with a browser.

use crate::{app::App, backend::Backend};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use std::sync::Arc;

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

/// `/healthz`: the process answers.
pub(crate) async fn alive() -> impl IntoResponse {
    (TEXT, "ok\n")
}

/// `/readyz`: 503 until calls can be answered.
pub(crate) async fn ready<B: Backend>(State(app): State<Arc<App<B>>>) -> impl IntoResponse {
    if app.backend.ready() {
        (StatusCode::OK, TEXT, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, TEXT, "starting\n")
    }
}

/// `/metrics`: OpenMetrics text.
pub(crate) async fn metrics<B: Backend>(State(app): State<Arc<App<B>>>) -> impl IntoResponse {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, TYPE)], app.metrics.text(&app.backend.gauges()))
}

/// What somebody sees who opens the address in a browser.
pub(crate) fn welcome() -> axum::response::Response {
    let text = "Rollcall: people and operating-system accounts, over the Tencent Cloud API 3.0.\n\
                This address answers signed API calls (eiam 2021-04-20, cwp 2018-02-28, rollcall 2026-12-01).\n";
    (TEXT, text).into_response()
}
