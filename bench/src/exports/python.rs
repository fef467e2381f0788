//! Python packages of the run's own, in an environment below its working directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Options;

/// A Python with this package, installed when it is missing; `None` where that is impossible, which is told: such a
/// peer is left out.
pub fn with(options: &Options, package: &str) -> Option<PathBuf> {
    // Not made canonical: a link followed would lead out of the environment.
    let place = std::path::absolute(options.work.join("python")).ok()?;
    let python = place.join("bin/python");
    let ready = python.exists() || did(Command::new("python3").args(["-m", "venv"]).arg(&place));
    if ready && (has(&python, package) || install(&python, package)) {
        return Some(python);
    }
    eprintln!("note: {package} cannot be installed, so nothing is compared with it");
    None
}

fn has(python: &Path, package: &str) -> bool {
    let Some((name, version)) = package.split_once("==") else { return false };
    let program =
        "import sys; from importlib.metadata import version; sys.exit(version(sys.argv[1]) != sys.argv[2])";
    did(Command::new(python).args(["-c", program, name, version]).stderr(std::process::Stdio::null()))
}

fn install(python: &Path, package: &str) -> bool {
    did(Command::new(python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ]))
}

fn did(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
