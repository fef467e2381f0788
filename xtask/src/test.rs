//! `cargo xtask test`: everything that has to hold before a change lands, in the order in which failures are
//! cheapest. Installs what the tests need and says so; what cannot be installed is skipped by the tests that want it,
//! with a message.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Debian packages the tests use as oracles or to get something to compare with, and the program by which each is
/// recognised.
const PACKAGES: [(&str, &str); 8] = [
    ("sudo", "cvtsudoers"),
    ("openssh-server", "sshd"),
    ("openssh-client", "ssh-keygen"),
    ("sqlite3", "sqlite3"),
    ("passwd", "chage"),
    ("debootstrap", "debootstrap"),
    ("dpkg-dev", "dpkg-source"),
    ("chntpw", "chntpw"),
];

/// Which part of the tests to run.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Leave out the end-to-end tests.
    #[arg(long)]
    pub no_e2e: bool,
    /// Leave out format and clippy.
    #[arg(long)]
    pub no_lint: bool,
}

/// Runs the tests; the exit code is that of the first failure.
pub fn run(options: Options) -> Result<ExitCode, String> {
    let root = crate::contract::root();
    if !options.no_lint {
        step("format", cargo(&root).args(["fmt", "--all", "--", "--check"]))?;
        step(
            "clippy",
            cargo(&root).args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        )?;
        deny(&root)?;
    }
    install_packages()?;
    crate::oracles::fetch_sources(&target_dir(&root).join("oracles"));
    unit_tests(&root)?;
    step("doc tests", cargo(&root).args(["test", "--workspace", "--doc", "--locked", "--quiet"]))?;
    if !options.no_e2e {
        end_to_end(&root)?;
    }
    println!("all tests passed");
    Ok(ExitCode::SUCCESS)
}

/// Unit, property, store and integration tests: by nextest where it is installed, else by cargo's own runner.
fn unit_tests(root: &Path) -> Result<(), String> {
    if has("cargo-nextest") {
        return step(
            "tests",
            cargo(root).args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]),
        );
    }
    println!("note: cargo-nextest is not installed; cargo's own test runner is used");
    step(
        "tests",
        cargo(root).args(["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--quiet"]),
    )
}

/// The real binary under the official SDK, the official command line and a raw requester.
fn end_to_end(root: &Path) -> Result<(), String> {
    step(
        "release build",
        cargo(root).args(["build", "--release", "--locked", "--package", "rollcall", "--package", "agent"]),
    )?;
    let python = environment(root)?;
    let binary = target_dir(root).join("release/rollcall");
    let tests = root.join("tests/e2e");
    step(
        "end-to-end tests",
        Command::new(python)
            .args(["-m", "pytest", "-q", "--durations=8", "-p", "no:cacheprovider"])
            .arg(&tests)
            .current_dir(&tests)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("ROLLCALL_BIN", binary),
    )
}

pub fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The Python environment of the end-to-end tests, made or brought up to date when the pins have changed.
fn environment(root: &Path) -> Result<PathBuf, String> {
    let (venv, pins) = (root.join("tests/.venv"), root.join("tests/e2e/requirements.txt"));
    let (python, stamp) = (venv.join("bin/python"), venv.join("pins.txt"));
    let wanted = std::fs::read_to_string(&pins).map_err(|e| format!("{}: {e}", pins.display()))?;
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    println!("installing: the official SDKs and pytest into {}", venv.display());
    let make =
        || step("python environment", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
    if make().is_err() {
        apt(&["python3-venv"])?;
        make()?;
    }
    step(
        "python packages",
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&pins),
    )?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(python)
}

/// Installs missing oracles where that is possible: on Debian, as root.
pub fn install_packages() -> Result<(), String> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(_, program)| !has(program)).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !has("apt-get") || !is_root() {
        println!("note: not installed, so tests that compare with them are skipped: {}", missing.join(", "));
        return Ok(());
    }
    apt(&missing)
}

/// Installs Debian packages without letting their daemons start.
pub fn apt(packages: &[&str]) -> Result<(), String> {
    println!("installing: {}", packages.join(", "));
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let ours = !policy.exists();
    if ours {
        std::fs::write(policy, "#!/bin/sh\nexit 101\n").map_err(|e| format!("{}: {e}", policy.display()))?;
        step("no daemons", Command::new("chmod").arg("755").arg(policy))?;
    }
    let done = step("package lists", Command::new("apt-get").args(["update", "-qq"])).and_then(|()| {
        step(
            "packages",
            Command::new("apt-get")
                .args(["install", "-y", "-qq", "--no-install-recommends"])
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    });
    if ours {
        std::fs::remove_file(policy).map_err(|e| format!("{}: {e}", policy.display()))?;
    }
    done
}

/// Licences, bans and sources, where cargo-deny is installed.
fn deny(root: &Path) -> Result<(), String> {
    if !has("cargo-deny") {
        println!("note: cargo-deny is not installed; licences and sources are not checked");
        return Ok(());
    }
    step("licences and sources", cargo(root).args(["deny", "check", "licenses", "bans", "sources"]))
}

pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs one step, says how long it took, and fails with its name.
pub fn step(name: &str, command: &mut Command) -> Result<(), String> {
    println!("==> {name}");
    let started = Instant::now();
    let status =
        command.status().map_err(|e| format!("{name}: {:?} cannot be run: {e}", command.get_program()))?;
    println!("    {name}: {:.0} s", started.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(format!("{name} failed ({status})")) }
}

/// Whether a program is on the path, or in /usr/sbin, which ordinary users lack.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|dir| dir.join(program).exists())
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}
