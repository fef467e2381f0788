//! What HTTP, signatures and the bytes of an answer cost whoever answers: a bare axum handler that verifies the same
//! signature of the same requests and returns answers it was started with. A process of its own, as the server is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::serve::ListenerExt;
use tc3::v3::{Authorization, SigningKey, verify};
use tokio::net::TcpListener;

use crate::Result;
use crate::server::{Key, Server};

/// How to run one.
#[derive(clap::Args)]
pub struct Options {
    /// File with the key of the callers.
    #[arg(long)]
    credentials: PathBuf,
    /// Files with the answers; the path of a request is the number of one.
    answers: Vec<PathBuf>,
}

/// Starts one with these answers, as a process of this program; its files go to `work`.
pub fn start(work: &Path, credentials: &Path, answers: &[Vec<u8>]) -> Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["floor".as_ref(), "--credentials".as_ref(), credentials.as_os_str()]);
    for (number, answer) in answers.iter().enumerate() {
        let path = work.join(format!("answer-{number}.json"));
        fs::write(&path, answer)?;
        command.arg(path);
    }
    Server::spawn(command, credentials)
}

struct Known {
    key: Key,
    /// Date and service the signing key is for; a bench does not last beyond midnight unnoticed.
    scope: (String, &'static str),
    signing: SigningKey,
    answers: Vec<Bytes>,
}

/// Serves until it is killed, with the runtime settings of the real server.
pub fn serve(options: &Options) -> Result<()> {
    let key = Key::read(&options.credentials)?;
    let scope = (tc3::utc_date(now()).ok_or("no date")?, crate::server::EIAM.0);
    let signing = SigningKey::derive(&key.secret_key, &scope.0, scope.1);
    let answers = options.answers.iter().map(|path| fs::read(path).map(Bytes::from));
    let known = Known { key, scope, signing, answers: answers.collect::<std::io::Result<_>>()? };
    let router = Router::new().fallback(answer).with_state(Arc::new(known));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        // The real server sets it; without it nothing is worse here, with it nothing is different.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, router).await?)
    })
}

async fn answer(
    State(known): State<Arc<Known>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> std::result::Result<Response<Body>, StatusCode> {
    check(&known, &method, &headers, &body).ok_or(StatusCode::FORBIDDEN)?;
    let number: Option<usize> = uri.path().strip_prefix('/').and_then(|path| path.parse().ok());
    let bytes = number.and_then(|number| known.answers.get(number)).ok_or(StatusCode::NOT_FOUND)?;
    let mut answer = Response::new(Body::from(bytes.clone()));
    // The headers of the real server, so that as many bytes go over the network.
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-tc-requestid", HeaderValue::from_static("00000000-0000-4000-8000-000000000000"));
    Ok(answer)
}

fn check(known: &Known, method: &Method, headers: &HeaderMap, body: &[u8]) -> Option<()> {
    let auth = Authorization::parse(headers.get("authorization")?.as_bytes()).ok()?;
    let timestamp = tc3::parse_timestamp(headers.get("x-tc-timestamp")?.as_bytes()).ok()?;
    tc3::check_window(timestamp, now()).ok()?;
    if auth.secret_id != known.key.secret_id
        || (auth.date.as_str(), auth.service.as_str()) != (&known.scope.0, known.scope.1)
    {
        return None;
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let body = tc3::Body::Bytes(body);
    let request = tc3::Request { method: method.as_str(), query: "", headers: &headers, body };
    verify(&request, &auth, timestamp, &known.signing).ok().map(drop)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
