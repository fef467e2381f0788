//! A real server as a child process; its clients are in [`client`].

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use crate::Result;

mod client;

pub use client::Client;

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
    host: String,
    key: Key,
}

/// A key as `credentials.toml` has it.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    /// SecretId.
    pub secret_id: String,
    /// SecretKey.
    pub secret_key: String,
}

impl Key {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(toml::from_str(&fs::read_to_string(path)?)?)
    }
}

impl Server {
    /// Starts `program` on a data directory, its log beside it, and waits until it answers.
    pub fn start(program: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--data-dir".as_ref(), data.as_os_str()])
            .args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--zone", "UTC"])
            .stderr(File::create(data.with_extension("log"))?);
        Self::spawn(command, &data.join("credentials.toml"))
    }

    /// Runs a command that says `listening on http://…` once it answers callers with the key of a file.
    pub fn spawn(mut command: Command, credentials: &Path) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let host = line
            .trim()
            .strip_prefix("listening on http://")
            .ok_or("the server did not start; see its log")?
            .to_owned();
        Ok(Server { child, _output: output, host, key: Key::read(credentials)? })
    }

    /// A client with a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.host.clone(), self.key.clone())
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

/// Takes the envelope off an answer.
pub fn unwrap(bytes: &[u8]) -> Result<serde_json::Value> {
    let mut answer: serde_json::Value = serde_json::from_slice(bytes)?;
    let response = answer["Response"].take();
    match response.get("Error") {
        Some(error) => Err(error.to_string().into()),
        None => Ok(response),
    }
}
