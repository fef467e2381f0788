//! An agent on Linux: the collector reads the host, inotify tells of changes, signals end the program.

pub mod files;
mod watch;

use std::path::{Path, PathBuf};

use collect::root::Looked;
use model::facts::HostReport;
pub use watch::Watch;

/// Who may read and write everything of the agent.
pub const ADMINISTRATOR: &str = "root";
/// What to do when the host could not be looked at.
pub const LOOK_FAILED: &str = "check --root and the rights of the agent";
/// Why a host cannot be told from others.
pub const NO_MACHINE_ID: &str = "this host has no machine id; make one with `systemd-machine-id-setup` or \
     `dbus-uuidgen --ensure=/etc/machine-id`";

/// Where the state is, for the command line.
pub const STATE_HELP: &str =
    "Directory of the agent's key, enrolment and queue [default: /var/lib/rollcall-agent]";

/// Where the state is unless told otherwise.
pub fn default_state() -> PathBuf {
    PathBuf::from("/var/lib/rollcall-agent")
}

/// What is looked at.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Source {
    /// Root of the host to look at, as an unpacked image [default: this system]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl Source {
    /// Looks at the accounts; the report, and what was looked at for it.
    ///
    /// # Errors
    /// What made that impossible.
    pub fn look(&self, quuid: Option<&str>) -> Result<(HostReport, Vec<Looked>), String> {
        let options = collect::Options {
            root: self.root.clone(),
            quuid: quuid.map(str::to_owned),
            ..collect::Options::default()
        };
        collect::scan_noting(&options).map_err(|e| {
            let root = self.root.as_deref().unwrap_or(Path::new("/"));
            format!("{} cannot be looked at: {e}", root.display())
        })
    }
}

/// Does `last` when the system or a person wants the program to end.
///
/// # Errors
/// When signals cannot be taken.
pub fn end_on_signal(last: impl FnOnce() + Send + 'static) -> Result<(), String> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let failed = |e: std::io::Error| format!("signals cannot be taken: {e}");
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let wait = move || {
        if signals.forever().next().is_some() {
            last();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop).map_err(failed)
}
