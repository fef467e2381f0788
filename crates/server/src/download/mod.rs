//! `GET /download/{token}/{file_name}`: finished exports, by signed link. The token alone decides which file it is;
//! nothing in the address is ever used as a path. `GET /install.sh` and `/install/{name}`: the agent for new hosts, for
//! everybody, by the names the service itself has found.

mod body;
mod disposition;
mod range;

use crate::{app::App, backend::Backend, backend::Download, listen::Peer};
use axum::{
    body::Body,
    extract::{Extension, Path, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};
use range::Range;
use sha2::{Digest, Sha256};
use std::{io, sync::Arc};
use tokio::io::AsyncSeekExt;

/// Answers a download, HEAD included.
pub(crate) async fn download<B: Backend>(
    State(app): State<Arc<App<B>>>,
    Extension(peer): Extension<Peer>,
    Path((token, _file_name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let request_id = crate::answer::request_id();
    let answer = match find(&app, &token).await {
        None => plain(StatusCode::NOT_FOUND, "There is no such file, or the link has expired.\n"),
        Some(found) => match send(found, &etag(&token), &method, &headers).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%request_id, %error, "an export cannot be read");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "The file cannot be read.\n")
            }
        },
    };
    app.metrics.downloads(answer.status().as_u16());
    tracing::info!(%request_id, status = answer.status().as_u16(), source = %peer.ip, "download");
    guarded(answer)
}

/// The script that installs the agent.
pub(crate) async fn install_script<B: Backend>(State(app): State<Arc<App<B>>>) -> Response<Body> {
    let backend = Arc::clone(&app.backend);
    let script = tokio::task::spawn_blocking(move || backend.install_script()).await.ok().flatten();
    guarded(match script {
        None => plain(StatusCode::NOT_FOUND, "There are no packages of the agent here.\n"),
        Some(script) => {
            let mut answer = Response::new(Body::from(script));
            put(&mut answer, header::CONTENT_TYPE, "text/x-shellscript; charset=utf-8");
            answer
        }
    })
}

/// A package of the agent.
pub(crate) async fn package<B: Backend>(
    State(app): State<Arc<App<B>>>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let (backend, wanted) = (Arc::clone(&app.backend), name.clone());
    let found = tokio::task::spawn_blocking(move || backend.package(&wanted)).await.ok().flatten();
    guarded(match found {
        None => plain(StatusCode::NOT_FOUND, "There is no such package.\n"),
        Some(found) => {
            let tag = etag(&format!("{name} {}", found.bytes));
            send(found, &tag, &method, &headers).await.unwrap_or_else(|error| {
                tracing::error!(name, %error, "a package cannot be read");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "The package cannot be read.\n")
            })
        }
    })
}

/// Looks the token up away from the threads that serve, since it opens a file.
async fn find<B: Backend>(app: &Arc<App<B>>, token: &str) -> Option<Download> {
    let (backend, token) = (Arc::clone(&app.backend), token.to_owned());
    // A panic while looking has been reported by the panic hook; for the client the file is not there.
    tokio::task::spawn_blocking(move || backend.download(&token)).await.ok().flatten()
}

async fn send(
    found: Download,
    etag: &str,
    method: &Method,
    headers: &HeaderMap,
) -> io::Result<Response<Body>> {
    let mut file = tokio::fs::File::from_std(found.file);
    let length = found.bytes;
    let range = if current(headers, etag) {
        Range::parse(value(headers, &header::RANGE), length)
    } else {
        Range::Whole
    };
    let mut answer = Response::new(Body::empty());
    let (first, count) = match range {
        Range::Whole => (0, length),
        Range::Part { first, last } => {
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            put(&mut answer, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
            (first, last - first + 1)
        }
        Range::Unsatisfiable => {
            *answer.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            put(&mut answer, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(answer);
        }
    };
    put(&mut answer, header::CONTENT_TYPE, found.content_type);
    put(&mut answer, header::CONTENT_LENGTH, &count.to_string());
    put(&mut answer, header::CONTENT_DISPOSITION, &disposition::attachment(&found.file_name));
    put(&mut answer, header::ACCEPT_RANGES, "bytes");
    put(&mut answer, header::ETAG, etag);
    if *method != Method::HEAD {
        file.seek(io::SeekFrom::Start(first)).await?;
        *answer.body_mut() = Body::new(body::FileBody::new(file, count));
    }
    Ok(answer)
}

/// A validator for `If-Range`. The file behind a token never changes, so its hash names the content.
fn etag(token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    format!("\"{}\"", hex::encode(hash.get(..16).unwrap_or_default()))
}

/// Whether a range may be honoured: there is no `If-Range`, or it names this content.
fn current(headers: &HeaderMap, etag: &str) -> bool {
    value(headers, &header::IF_RANGE).is_none_or(|v| v.trim_ascii() == etag.as_bytes())
}

fn value<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a [u8]> {
    headers.get(name).map(HeaderValue::as_bytes)
}

fn put(answer: &mut Response<Body>, name: header::HeaderName, text: &str) {
    match HeaderValue::from_str(text) {
        Ok(value) => {
            answer.headers_mut().insert(name, value);
        }
        // Every text above is printable ASCII by construction, save a content type from a damaged store.
        Err(error) => tracing::error!(header = %name, %error, "a header of a download cannot be sent"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// Nobody may guess the type, keep a copy, or learn the link from a referrer.
fn guarded(mut answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer
}
