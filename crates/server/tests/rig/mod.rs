//! A server on a loopback port with a small service behind it, and a client that sends exact bytes.

#![allow(dead_code, reason = "every test file uses its own part")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test rig is the report")]

use model::{Credential, KeyState, Role, TenantId};
use server::{Backend, Bound, Caller, Config, Download, Gauge, LiveKey};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::{ActionId, Body, Error, Params, cwp, eiam};

pub const SECRET_ID: &str = "AKIDVECTOR00000000000000EXAMPLE";
pub const SECRET: &str = "VectorSecretKey000000000EXAMPLE";
pub const NOW: i64 = 1_751_500_800;

/// The service behind the server: decodes parameters, remembers calls, answers little.
pub struct Fake {
    pub now: AtomicI64,
    pub ready: AtomicBool,
    pub keys: Mutex<HashMap<String, Arc<LiveKey>>>,
    pub calls: Mutex<Vec<(Caller, ActionId)>>,
    pub files: Mutex<HashMap<String, (std::path::PathBuf, String)>>,
    pub delay: Mutex<Duration>,
}

impl Fake {
    fn new() -> Arc<Self> {
        let fake = Self {
            now: AtomicI64::new(NOW * 1000),
            ready: AtomicBool::new(true),
            keys: Mutex::default(),
            calls: Mutex::default(),
            files: Mutex::default(),
            delay: Mutex::default(),
        };
        fake.put(credential(SECRET_ID), SECRET);
        Arc::new(fake)
    }

    pub fn put(&self, credential: Credential, secret: &str) {
        let id = credential.secret_id.clone();
        let key = LiveKey::new(credential, secret.to_owned().into());
        self.keys.lock().unwrap().insert(id, Arc::new(key));
    }

    pub fn set_time(&self, seconds: i64) {
        self.now.store(seconds * 1000, Ordering::SeqCst);
    }
}

pub fn credential(secret_id: &str) -> Credential {
    Credential {
        secret_id: secret_id.to_owned(),
        tenant: TenantId::DEFAULT,
        name: "test".to_owned(),
        role: Role::Admin,
        state: KeyState::Enabled,
        sealed_secret: Vec::new(),
        token_hash: None,
        expires: None,
        created: 0,
    }
}

pub fn token_hash(token: &str) -> Option<[u8; 32]> {
    Some(Sha256::digest(token.as_bytes()).into())
}

impl Backend for Fake {
    fn now(&self) -> model::Millis {
        self.now.load(Ordering::SeqCst)
    }

    fn key(&self, secret_id: &str) -> Option<Arc<LiveKey>> {
        self.keys.lock().unwrap().get(secret_id).cloned()
    }

    async fn call(self: Arc<Self>, caller: Caller, action: ActionId, params: Params) -> Result<Body, Error> {
        action.action().authorize(caller.role, caller.tenant == TenantId::DEFAULT)?;
        self.calls.lock().unwrap().push((caller, action));
        let delay = *self.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        match action {
            ActionId::EiamListUsers => {
                params.decode::<eiam::ListUsersRequest>()?;
                Ok(Body::empty())
            }
            ActionId::CwpExportAssetUserList => {
                params.decode::<cwp::ExportAssetUserListRequest>()?;
                Body::new(&cwp::ExportAssetUserListResponse { task_id: "11".into() })
            }
            ActionId::CwpExportTasks => {
                params.decode::<cwp::ExportTasksRequest>()?;
                Ok(Body::empty())
            }
            ActionId::EiamDeleteUser | ActionId::EiamDescribeUserInfo => panic!("a handler with a defect"),
            _ => Ok(Body::empty()),
        }
    }

    fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    fn download(&self, token: &str) -> Option<Download> {
        let (path, file_name) = self.files.lock().unwrap().get(token).cloned()?;
        let file = std::fs::File::open(path).ok()?;
        let bytes = file.metadata().ok()?.len();
        Some(Download { file, file_name, bytes, content_type: "text/csv; charset=utf-8" })
    }

    fn gauges(&self) -> Vec<Gauge> {
        let size = |what: &str, value| Gauge {
            name: "rows",
            help: "Rows in memory",
            label: Some(("kind", what.to_owned())),
            value,
        };
        vec![size("people", 3.0), size("accounts", 7.0)]
    }
}

/// A running server.
pub struct Rig {
    pub fake: Arc<Fake>,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: Option<JoinHandle<Result<(), server::Error>>>,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server whose settings were changed first; the rate limit is off unless set there.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.rate_per_second = 0;
        change(&mut config);
        let fake = Fake::new();
        let bound = Bound::bind(&config).await.unwrap();
        let address = bound.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server::serve(bound, config, Arc::clone(&fake), async {
            stopped.await.ok();
        });
        Self { fake, address, stop: Some(stop), done: Some(tokio::spawn(serving)) }
    }

    /// Asks the server to stop; the handle ends when it has.
    pub fn stop(&mut self) -> JoinHandle<Result<(), server::Error>> {
        drop(self.stop.take());
        self.done.take().unwrap()
    }

    /// Waits until the backend has been called.
    pub async fn until_called(&self) {
        while self.fake.calls.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until so many calls are being read or answered.
    pub async fn until_in_flight(&self, calls: usize) {
        let line = format!("rollcall_requests_in_flight {calls}\n");
        let page = raw("GET /metrics HTTP/1.1", &[("Host".to_owned(), "h".to_owned())], b"");
        while !self.send(&page).await.text().contains(&line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn connect(&self) -> Connection {
        Connection { stream: TcpStream::connect(self.address).await.unwrap(), buffer: Vec::new() }
    }

    /// Sends exact bytes on a connection of their own.
    pub async fn send(&self, request: &[u8]) -> Answer {
        let mut connection = self.connect().await;
        connection.stream.write_all(request).await.unwrap();
        connection.answer().await
    }

    /// Sends a signed call.
    pub async fn call(&self, call: &Call) -> Answer {
        self.send(&call.bytes()).await
    }
}

/// One connection.
pub struct Connection {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Reads one answer: head, then as much body as its length says.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer(true).await.expect("an answer")
    }

    /// The head of an answer to HEAD.
    pub async fn head(&mut self) -> Answer {
        self.try_answer(false).await.expect("an answer")
    }

    /// `None` when the connection ends first.
    pub async fn try_answer(&mut self, has_body: bool) -> Option<Answer> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            self.fill().await?;
        };
        let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|l| l.split_once(": "))
            .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
            .collect();
        let length =
            headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
        let length = if has_body { length } else { 0 };
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Some(Answer { status, headers, body: self.buffer.drain(..length).collect() })
    }

    async fn fill(&mut self) -> Option<()> {
        let mut chunk = [0; 64 * 1024];
        let read = tokio::time::timeout(Duration::from_secs(60), self.stream.read(&mut chunk)).await;
        match read.expect("an answer in time") {
            Ok(0) | Err(_) => None,
            Ok(n) => {
                self.buffer.extend_from_slice(&chunk[..n]);
                Some(())
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `Response` member, after checking what every API answer has to have.
    pub fn response(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("content-encoding"), None);
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        let response = &json["Response"];
        let id = response["RequestId"].as_str().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(self.header("x-tc-requestid"), Some(id));
        assert_eq!(json.as_object().unwrap().len(), 1);
        response.clone()
    }

    /// The error code, or `OK`.
    pub fn code(&self) -> String {
        self.response()["Error"]["Code"].as_str().unwrap_or("OK").to_owned()
    }

    pub fn message(&self) -> String {
        self.response()["Error"]["Message"].as_str().unwrap_or_default().to_owned()
    }
}

/// A call to sign and send; change what a test is about.
#[derive(Clone)]
pub struct Call {
    pub method: String,
    pub query: String,
    pub body: Vec<u8>,
    pub action: String,
    pub version: String,
    pub timestamp: i64,
    pub secret_id: String,
    pub secret: String,
    pub token: Option<String>,
    pub content_type: String,
    pub unsigned: bool,
    pub cover_action: bool,
    /// Headers changed after signing: `None` takes one out.
    pub changes: Vec<(String, Option<String>)>,
    /// A body sent in place of the signed one.
    pub other_body: Option<Vec<u8>>,
}

impl Call {
    pub fn list_users() -> Self {
        Self {
            method: "POST".into(),
            query: String::new(),
            body: b"{}".to_vec(),
            action: "ListUsers".into(),
            version: "2021-04-20".into(),
            timestamp: NOW,
            secret_id: SECRET_ID.into(),
            secret: SECRET.into(),
            token: None,
            content_type: "application/json".into(),
            unsigned: false,
            cover_action: false,
            changes: Vec::new(),
            other_body: None,
        }
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.changes.push((name.into(), Some(value.into())));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.changes.push((name.into(), None));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let key = tc3::v3::Key {
            secret_id: &self.secret_id,
            secret_key: &self.secret,
            token: self.token.as_deref(),
        };
        let call = tc3::v3::Call {
            method: &self.method,
            host: "127.0.0.1:8080",
            query: &self.query,
            content_type: &self.content_type,
            body: &self.body,
            service: "eiam",
            action: &self.action,
            version: &self.version,
            language: Some("en-US"),
            timestamp: self.timestamp,
            cover_action: self.cover_action,
            unsigned_payload: self.unsigned,
        };
        let mut headers: Vec<(String, String)> =
            tc3::v3::sign(&call, &key).unwrap().into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        for (name, value) in &self.changes {
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            headers.extend(value.iter().map(|v| (name.clone(), v.clone())));
        }
        request(&self.method, &self.query, &headers, self.other_body.as_ref().unwrap_or(&self.body))
    }
}

/// A request as bytes, with its `Content-Length` unless there is one.
pub fn request(method: &str, query: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
    raw(&format!("{method} {target} HTTP/1.1"), headers, body)
}

pub fn raw(line: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-length")) && !line.starts_with("GET") {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
