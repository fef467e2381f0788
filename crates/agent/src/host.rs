//! What the agent sees of its host: clocks, chance, accounts, and word of changes. [`Live`] is the real thing; tests
//! have one in which an hour passes at once.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flate2::{Compression, write::GzEncoder};
use model::facts::{self, HostFacts};

use crate::{
    log::{Level, Log},
    state::Packed,
    system::{Source, Watch},
};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The time is over.
    Time,
    /// A file that matters has changed.
    Files,
}

/// One look at the host.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The report.
    pub report: Packed,
    /// Accounts in it.
    pub accounts: u64,
    /// Who the host is.
    pub host: Identity,
    /// Files may have changed between the look and the moment from which on changes are heard of: look again.
    pub again: bool,
}

/// Who the host is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// machine-id(5), or what Windows has in its place.
    pub machine_id: String,
    /// Host name.
    pub name: String,
    /// Operating system.
    pub os_info: String,
}

/// The host.
pub trait Host {
    /// Time since the start; never goes back, whatever happens to the wall clock.
    fn now(&self) -> Duration;
    /// Wall clock, milliseconds since the epoch.
    fn wall(&self) -> i64;
    /// A number in 0..1.
    fn random(&mut self) -> f64;
    /// Waits until time is over or files change.
    fn wait(&mut self, time: Duration) -> Wake;
    /// Looks at the accounts; `quuid` is the id to report.
    ///
    /// # Errors
    /// What made that impossible.
    fn scan(&mut self, quuid: Option<&str>, log: &Log) -> Result<Scan, String>;
}

/// The host the program runs on, or the one that was named.
pub struct Live {
    source: Source,
    started: Instant,
    watch: Option<Watch>,
}

impl Live {
    /// A host; `watching` says whether anybody will wait for changes.
    pub fn new(source: Source, watching: bool, log: &Log) -> Live {
        let watch = watching.then(|| Watch::new(&source)).and_then(|made| {
            made.inspect_err(|e| log.event(Level::Warning, "changes_not_heard", &[("error", e)])).ok()
        });
        Live { source, started: Instant::now(), watch }
    }
}

impl Host for Live {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn random(&mut self) -> f64 {
        // Without randomness everybody waits equally long, which is no reason not to go on.
        let number = getrandom::u32().unwrap_or(u32::MAX / 2);
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }

    fn wait(&mut self, time: Duration) -> Wake {
        match &mut self.watch {
            Some(watch) => watch.wait(time),
            None => {
                std::thread::sleep(time);
                Wake::Time
            }
        }
    }

    fn scan(&mut self, quuid: Option<&str>, log: &Log) -> Result<Scan, String> {
        let (mut report, looked) = self.source.look(quuid)?;
        let again = self.watch.as_mut().is_some_and(|watch| watch.arm(looked, log));
        let host = Identity {
            machine_id: report.host.machine_id.clone(),
            name: report.host.hostname.clone(),
            os_info: os_info(&report.host),
        };
        let accounts = report.accounts.len() as u64;
        let undated = facts::undated_json(&mut report).map_err(|e| e.to_string())?;
        let digest = facts::print_digest(facts::digest(&undated));
        drop(undated);
        let gzip = pack(&report).map_err(|e| e.to_string())?;
        Ok(Scan { report: Packed { digest, gzip }, accounts, host, again })
    }
}

fn pack(report: &facts::HostReport) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut buffered = std::io::BufWriter::with_capacity(1 << 16, &mut gzip);
    serde_json::to_writer(&mut buffered, report)?;
    buffered.flush()?;
    drop(buffered);
    gzip.finish()
}

fn os_info(host: &HostFacts) -> String {
    if host.os_name.is_empty() {
        format!("{} {}", host.os_id, host.os_version).trim().to_owned()
    } else {
        host.os_name.clone()
    }
}
