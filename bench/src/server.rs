//! A real server as a child process, and a signed client of it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tc3::v3;
use ureq::Agent;

use crate::Result;

/// Name and version of a service.
pub type Api = (&'static str, &'static str);
/// The directory.
pub const EIAM: Api = ("eiam", "2021-04-20");
/// The host accounts.
pub const CWP: Api = ("cwp", "2018-02-28");
/// What has no counterpart at the vendor.
pub const ROLLCALL: Api = ("rollcall", "2026-12-01");

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    /// Kept open: the server may print more.
    _output: BufReader<ChildStdout>,
    url: String,
    key: Key,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "PascalCase")]
struct Key {
    secret_id: String,
    secret_key: String,
}

impl Server {
    /// Starts `program` on a data directory, its log beside it, and waits until it answers.
    pub fn start(program: &Path, data: &Path) -> Result<Self> {
        let log = File::create(data.with_extension("log"))?;
        let mut child = Command::new(program)
            .args(["--data-dir".as_ref(), data.as_os_str()])
            .args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--zone", "UTC"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .ok_or("the server did not start; see its log")?
            .to_owned();
        let key = toml::from_str(&fs::read_to_string(data.join("credentials.toml"))?)?;
        Ok(Server { child, _output: output, url, key })
    }

    /// A client with a connection of its own.
    pub fn client(&self) -> Client {
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).build();
        let host = self.url.trim_start_matches("http://").to_owned();
        Client { agent: config.into(), url: format!("{}/", self.url), host, key: self.key.clone() }
    }

    /// Processor seconds it has used so far.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        Ok(crate::measure::ticks(&stat, 11))
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// Most resident memory since [`Server::forget_peak`], in bytes.
    pub fn peak(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Begins a new peak (proc(5), clear_refs); returns the resident memory in bytes.
    pub fn forget_peak(&self) -> Result<u64> {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?;
        self.memory()
    }

    fn status(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.ok_or_else(|| format!("no {name}"))?.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that does not stop by itself is stopped for good; the data directory survives either.
        let asked = Pid::from_raw(self.child.id().cast_signed()).map(|pid| kill_process(pid, Signal::TERM));
        if !matches!(asked, Some(Ok(()))) {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// Signs and sends, over one connection that stays open.
pub struct Client {
    agent: Agent,
    url: String,
    host: String,
    key: Key,
}

impl Client {
    /// The bytes of the answer.
    pub fn send(&self, api: Api, action: &str, body: &[u8]) -> Result<Vec<u8>> {
        let call = v3::Call {
            method: "POST",
            host: &self.host,
            query: "",
            content_type: "application/json",
            body,
            service: api.0,
            action,
            version: api.1,
            language: None,
            timestamp: jiff::Timestamp::now().as_second(),
            cover_action: false,
            unsigned_payload: false,
        };
        let key = v3::Key { secret_id: &self.key.secret_id, secret_key: &self.key.secret_key, token: None };
        let mut request = self.agent.post(&self.url);
        for (name, value) in v3::sign(&call, &key)? {
            request = request.header(name, value);
        }
        let mut response = request.send(body)?;
        Ok(response.body_mut().with_config().limit(64 << 20).read_to_vec()?)
    }

    /// The members of the answer; an error of the server is one here.
    pub fn call(&self, api: Api, action: &str, request: &serde_json::Value) -> Result<serde_json::Value> {
        let bytes = self.send(api, action, &serde_json::to_vec(request)?)?;
        unwrap(&bytes).map_err(|error| format!("{action}: {error}").into())
    }
}

/// Takes the envelope off an answer.
pub fn unwrap(bytes: &[u8]) -> Result<serde_json::Value> {
    let mut answer: serde_json::Value = serde_json::from_slice(bytes)?;
    let response = answer["Response"].take();
    match response.get("Error") {
        Some(error) => Err(error.to_string().into()),
        None => Ok(response),
    }
}
