//! One API call, from its head to its answer. The order of the checks is part of the contract: method, size, form,
//! common parameters, action, key, time, signature, token, rate; then the service checks role and parameters and acts.

mod auth;
mod body;
mod failure;
mod guard;
mod head;
mod record;
mod sent;

use crate::{answer, app::App, backend::Backend, backend::Caller, listen::Peer, pages};
use axum::{
    body::Body,
    extract::{Extension, State},
    http::{Request, Response},
};
use head::Head;
use record::Record;
use sent::Sent;
use std::sync::Arc;
use tc3::parse_timestamp;
use wire::{ActionId, Code, Error, Kind, envelope};

/// Answers whatever the router has no route for.
pub(crate) async fn fallback<B: Backend>(
    State(app): State<Arc<App<B>>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response<Body> {
    handle(&app, peer, request).await
}

/// Answers a call.
pub(crate) async fn handle<B: Backend, R: body::Incoming>(
    app: &Arc<App<B>>,
    peer: Peer,
    request: Request<R>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let head = Head::new(parts);
    if head.is_browser() {
        return pages::welcome();
    }
    let running = app.metrics.running();
    let mut record = Record::new(&head, peer);
    let outcome = call(app, peer, &head, body, &mut record).await;
    record.finish(&app.metrics, outcome.as_ref().err());
    drop(running);
    let envelope = match outcome {
        Ok(body) => envelope::success(body, &record.request_id),
        Err(error) => envelope::failure(&error, record.lang, &record.request_id),
    };
    answer::json(envelope, &record.request_id, &head.headers)
}

async fn call<B: Backend>(
    app: &Arc<App<B>>,
    peer: Peer,
    head: &Head,
    body: impl body::Incoming,
    record: &mut Record,
) -> Result<wire::Body, Error> {
    head.check_method()?;
    let body = body::read(head, body, &app.config.limits, &app.body_memory).await?;
    let sent = Sent::read(head, &body.bytes)?;
    record.note(head, &sent.common);
    let named = Named::of(head, &sent)?;
    record.action = Some(named.action);
    let key = auth::authenticate(app, peer, head, &body, &sent, named.timestamp)?;
    app.rate.check(&key.credential.secret_id, named.action)?;
    drop(body);
    let caller = Caller {
        tenant: key.credential.tenant,
        secret_id: key.credential.secret_id.clone(),
        role: key.credential.role,
        request_id: record.request_id.clone(),
        lang: record.lang,
        source: peer.ip,
    };
    act(Arc::clone(&app.backend), caller, named.action, sent.params).await
}

/// Runs the action; should it panic, the client still gets an answer. One that may change something runs as a task
/// of its own, so that it ends even when the client goes away in the middle of a write. One that only reads may end
/// with its client, and saves the way through the scheduler.
async fn act<B: Backend>(
    backend: Arc<B>,
    caller: Caller,
    action: ActionId,
    params: wire::Params,
) -> Result<wire::Body, Error> {
    let work = backend.call(caller, action, params);
    let ended = match action.action().kind {
        Kind::Read => guard::caught(work).await,
        Kind::Write | Kind::Task => tokio::spawn(work).await.map_err(|error| error.to_string()),
    };
    ended.unwrap_or_else(|cause| Err(Error::internal(format!("the handler did not end: {cause}"))))
}

/// What the request says it is.
struct Named {
    action: ActionId,
    timestamp: i64,
}

impl Named {
    fn of<'a>(head: &Head, sent: &'a Sent) -> Result<Self, Error> {
        let names = head.common_names();
        let missing = |name| Error::new(Code::MissingParameter).field(name);
        let given = |value: &'a Option<String>| value.as_deref().filter(|v| !v.is_empty());
        let action = given(&sent.common.action).ok_or_else(|| missing(names.action))?;
        let version = given(&sent.common.version).ok_or_else(|| missing(names.version))?;
        let timestamp = given(&sent.common.timestamp).ok_or_else(|| missing(names.timestamp))?;
        let timestamp =
            parse_timestamp(timestamp.as_bytes()).map_err(|e| failure::of(&e).field(names.timestamp))?;
        let action = wire::route(version, action)?;
        wire::check_product(head.host(), action.action().service)?;
        Ok(Self { action, timestamp })
    }
}
