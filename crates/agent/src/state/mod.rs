//! What the agent remembers between starts, in one directory of mode 0700: its instance key, its enrolment, how far it
//! has come, and the reports that wait. A file that makes no sense is put aside and told about; a disk that takes
//! nothing is told about once, and the agent goes on from memory.

mod dir;
mod files;
mod queue;

use std::io;
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

pub use dir::Dir;
pub use files::{Credential, Enrolment, Progress, Trouble};
pub use queue::{Limits, Packed, Queue};

use crate::{error::Failure, log::Level, log::Log, system::ADMINISTRATOR};

const INSTANCE: &str = "instance.key";
const ENROLMENT: &str = "enrolment.json";
const PROGRESS: &str = "progress.json";
const QUEUE: &str = "queue";
/// The last report that arrived: its digest, and the rest is gzip.
const LAST: &str = "last-report";
/// Characters of a digest.
const DIGEST: usize = 32;
/// Most bytes of a file other than a report.
const SMALL: u64 = 1 << 20;

/// The state of an agent.
pub struct State {
    dir: Dir,
    /// The reports that wait.
    pub queue: Queue,
    /// How far the agent has come.
    pub progress: Progress,
    last: Option<Packed>,
    /// Whether the enrolment could not be read.
    unreadable: bool,
    /// Whether the last write failed.
    failing: bool,
    /// Whether any write failed.
    failed: bool,
}

impl State {
    /// Opens the state for a program that sends reports.
    pub fn open(path: &Path, limits: Limits, log: &Log) -> State {
        let dir = Dir::new(path);
        let prepared = dir.prepare();
        let (queue, found) = Queue::open(Dir::new(&dir.join(QUEUE)), limits);
        let progress = read_json(&dir, PROGRESS, log).unwrap_or_default();
        let last = read_last(&dir, limits.bytes);
        let mut state =
            State { dir, queue, progress, last, unreadable: false, failing: false, failed: false };
        state.noted(prepared.and(found), log);
        state
    }

    /// What the agent is enrolled with, as it is on the disk now.
    pub fn enrolment(&mut self, log: &Log) -> Option<Enrolment> {
        // It is read again and again; one failure is told once.
        let readable = self.dir.read(ENROLMENT, SMALL).is_ok();
        if !readable && std::mem::replace(&mut self.unreadable, true) {
            return None;
        }
        self.unreadable = !readable;
        read_json(&self.dir, ENROLMENT, log)
    }

    /// Keeps what the agent is enrolled with.
    pub fn set_enrolment(&mut self, enrolment: &Enrolment, log: &Log) {
        let written = write_json(&self.dir, ENROLMENT, enrolment);
        self.noted(written, log);
    }

    /// Keeps how far the agent has come.
    pub fn save_progress(&mut self, log: &Log) {
        let written = write_json(&self.dir, PROGRESS, &self.progress);
        self.noted(written, log);
    }

    /// The key that tells this installation from another one with the same machine id; made when there is none.
    ///
    /// # Errors
    /// When it can neither be read nor kept.
    pub fn instance_key(&self, log: &Log) -> Result<String, Failure> {
        instance_key(&self.dir, log)
    }

    /// Puts a report into the queue; how many others had to go for it.
    pub fn push(&mut self, report: Packed, log: &Log) -> usize {
        let pushed = self.queue.push(report);
        self.noted(pushed.trouble.map_or(Ok(()), Err), log);
        pushed.dropped
    }

    /// Forgets the oldest report.
    pub fn pop(&mut self, log: &Log) {
        if let Some(removed) = self.queue.pop() {
            self.noted(removed, log);
        }
    }

    /// The last report that arrived, when it is still there.
    pub fn last(&self) -> Option<&Packed> {
        self.last.as_ref()
    }

    /// Keeps the last report that arrived, so that the next one need only say what is different.
    pub fn set_last(&mut self, report: Packed, log: &Log) {
        let written = self.dir.write(LAST, &[report.digest.as_bytes(), &report.gzip].concat());
        self.last = Some(report);
        self.noted(written, log);
    }

    /// The server has another one.
    pub fn forget_last(&mut self) {
        self.last = None;
    }

    /// Whether anything could not be written.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Tells the first failure of a row, and the first success after it.
    fn noted(&mut self, result: io::Result<()>, log: &Log) {
        let dir = self.dir.path().display().to_string();
        match result {
            Err(error) if !self.failing => {
                let next = "make room, or make the directory writable for the agent; it goes on from memory";
                log.event(
                    Level::Error,
                    "state_not_written",
                    &[("dir", &dir), ("error", &error), ("next", &next)],
                );
                self.failing = true;
                self.failed = true;
            }
            Ok(()) if self.failing => {
                log.event(Level::Info, "state_written_again", &[("dir", &dir)]);
                self.failing = false;
            }
            _ => {}
        }
    }
}

/// The last report that arrived. One that is not whole is found out when it is unpacked; without any the next report is
/// sent whole, which is all that it costs.
fn read_last(dir: &Dir, most: u64) -> Option<Packed> {
    let bytes = dir.read(LAST, most).ok().flatten()?;
    let (digest, gzip) = bytes.split_at_checked(DIGEST)?;
    Some(Packed { digest: str::from_utf8(digest).ok()?.to_owned(), gzip: gzip.to_vec() })
}

/// Reads the enrolment and the progress for those who only look.
///
/// # Errors
/// When the directory cannot be read.
pub fn look(path: &Path, log: &Log) -> io::Result<(Option<Enrolment>, Progress, usize)> {
    let dir = Dir::new(path);
    match std::fs::read_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let waiting = std::fs::read_dir(dir.join(QUEUE)).map_or(0, |entries| {
        entries.flatten().filter(|e| e.file_name().to_string_lossy().ends_with(".gz")).count()
    });
    let enrolment = read_json(&dir, ENROLMENT, log);
    Ok((enrolment, read_json(&dir, PROGRESS, log).unwrap_or_default(), waiting))
}

/// Makes the directory ready for an enrolment and proves that it can be written.
///
/// # Errors
/// When it cannot.
pub fn prepare(path: &Path, log: &Log) -> Result<(Dir, String), Failure> {
    let dir = Dir::new(path);
    dir.prepare().map_err(|e| {
        Failure::new(format!("{} cannot be used: {e}", path.display()))
            .next(format!("run this as {ADMINISTRATOR}, or name another place with --state"))
            .exit(crate::error::exit::STATE)
    })?;
    let key = instance_key(&dir, log)?;
    Ok((dir, key))
}

/// Keeps an enrolment.
///
/// # Errors
/// When it cannot be written.
pub fn keep(dir: &Dir, enrolment: &Enrolment) -> Result<(), Failure> {
    write_json(dir, ENROLMENT, enrolment).map_err(|e| not_kept(dir, &e))
}

fn instance_key(dir: &Dir, log: &Log) -> Result<String, Failure> {
    let read = dir.read(INSTANCE, SMALL).map_err(|e| {
        Failure::new(format!("{} cannot be read: {e}", dir.join(INSTANCE).display()))
            .next(format!("run this as {ADMINISTRATOR} or as the user of the service"))
    })?;
    let key = read.and_then(|bytes| String::from_utf8(bytes).ok()).map(|text| text.trim().to_owned());
    match key {
        Some(key) if key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()) => return Ok(key),
        Some(_) => put_aside(dir, INSTANCE, "it is no instance key", log),
        None => {}
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Failure::new(format!("there is no randomness: {e}")))?;
    let key = hex::encode(bytes);
    dir.write(INSTANCE, format!("{key}\n").as_bytes()).map_err(|e| not_kept(dir, &e))?;
    Ok(key)
}

fn not_kept(dir: &Dir, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", dir.path().display()))
        .next("make room there or make it writable, or name another place with --state")
        .exit(crate::error::exit::STATE)
}

fn write_json(dir: &Dir, name: &str, value: &impl Serialize) -> io::Result<()> {
    dir.write(name, &serde_json::to_vec_pretty(value)?)
}

/// The content of a file; `None` when there is none or it made no sense, which is told and put aside.
fn read_json<T: DeserializeOwned>(dir: &Dir, name: &str, log: &Log) -> Option<T> {
    let bytes = match dir.read(name, SMALL) {
        Ok(bytes) => bytes?,
        Err(error) => {
            log.event(
                Level::Error,
                "state_not_read",
                &[("file", &dir.join(name).display()), ("error", &error)],
            );
            return None;
        }
    };
    // The parser's own message may quote what must not be told.
    let parsed = serde_json::from_slice(&bytes).ok();
    if parsed.is_none() {
        put_aside(dir, name, "it makes no sense", log);
    }
    parsed
}

fn put_aside(dir: &Dir, name: &str, why: &str, log: &Log) {
    let aside = dir.put_aside(name).map_or_else(|e| e.to_string(), |path| path.display().to_string());
    log.event(
        Level::Error,
        "state_put_aside",
        &[("file", &dir.join(name).display()), ("why", &why), ("now", &aside)],
    );
}
