//! An agent on Windows: its own functions tell of the accounts, a look now and then of changes, and the console of the
//! program's end.

pub mod files;
mod watch;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use ::windows::{live, offline};
use model::facts::{self, HostReport};
pub use watch::Watch;

/// Who may read and write everything of the agent.
pub const ADMINISTRATOR: &str = "an administrator";
/// What to do when the host could not be looked at.
pub const LOOK_FAILED: &str = "check --hives and the rights of the agent";
/// Why a host cannot be told from others.
pub const NO_MACHINE_ID: &str =
    "this host does not tell the identifier of its machine (NetUserModalsGet); run this as an administrator";

/// Where the state is, for the command line.
pub const STATE_HELP: &str =
    "Directory of the agent's key, enrolment and queue [default: %ProgramData%\\Rollcall Agent]";

/// Where the state is unless told otherwise.
pub fn default_state() -> PathBuf {
    let all = std::env::var_os("ProgramData").map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from);
    all.join("Rollcall Agent")
}

/// What is looked at.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Source {
    /// Directory with copies of the registry hives SAM, SYSTEM and SOFTWARE to look at [default: this system]
    #[arg(long, value_name = "DIR")]
    hives: Option<PathBuf>,
}

/// What a look saw, to know whether another one sees anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    quuid: Option<String>,
    digest: [u8; 16],
}

impl Source {
    /// Looks at the accounts; the report, and how to know whether anything has changed since.
    ///
    /// # Errors
    /// What made that impossible.
    pub fn look(&self, quuid: Option<&str>) -> Result<(HostReport, Seen), String> {
        let quuid = quuid.map(str::to_owned);
        let mut report = match &self.hives {
            Some(dir) => {
                let options = offline::Options {
                    dir: dir.clone(),
                    quuid: quuid.clone(),
                    ..offline::Options::default()
                };
                offline::scan(&options).map_err(|e| e.to_string())
            }
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
                live::scan(&live::Options { now, quuid: quuid.clone(), ..live::Options::default() })
                    .map_err(|e| e.to_string())
            }
        }?;
        let undated = facts::undated_json(&mut report).map_err(|e| e.to_string())?;
        Ok((report, Seen { quuid, digest: facts::digest(&undated) }))
    }
}

/// Does `last` when the system or a person wants the program to end: Ctrl+C, Ctrl+Break, a console that is closed, a
/// system that goes down.
///
/// # Errors
/// When that cannot be heard of.
pub fn end_on_signal(last: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let mut last = Some(last);
    let handler = move || {
        if let Some(last) = last.take() {
            last();
        }
    };
    ctrlc::set_handler(handler).map_err(|e| format!("Ctrl+C cannot be taken: {e}"))
}
