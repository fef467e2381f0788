//! `cargo xtask dist`: release binaries, a Debian package each for server and agent, and tarballs, below
//! `target/dist`. `dpkg-deb` and `tar` do the packing; times, owners and order are fixed, so that the same binaries
//! give the same files.

mod booted;
mod check;
mod debian;
mod old;
mod portable;
mod rig;
mod units;
mod windows;
mod wine;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::contract;

/// One program as it is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Name of the package, the binary, the service and its user.
    pub name: &'static str,
    /// Package of the workspace.
    krate: &'static str,
    /// Profile it is built with.
    profile: &'static str,
    /// Documents that go along.
    documents: &'static [&'static str],
    /// Largest size of the binary in bytes.
    largest: u64,
}

const SERVER: Program = Program {
    name: "rollcall",
    krate: "rollcall",
    profile: "release",
    documents: &["README.md", "CHANGELOG.md", "LICENSE"],
    largest: 64 << 20,
};
const AGENT: Program = Program {
    name: "rollcall-agent",
    krate: "agent",
    profile: "agent",
    documents: &["docs/agent.md", "LICENSE"],
    largest: 12 << 20,
};

/// What to make.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Make and check only this one.
    #[arg(long, value_parser = ["rollcall", "rollcall-agent"])]
    only: Option<String>,
    /// Take the binaries that were built before.
    #[arg(long)]
    no_build: bool,
    /// Link with this system's glibc: the programs run here and on newer systems only.
    #[arg(long)]
    native: bool,
    /// Install, start, remove and purge the packages on this machine (Debian, as root), and in a root of Debian 11.
    #[arg(long)]
    check: bool,
    /// Build the agent for Windows instead, and run it under wine (installs compiler and wine on Debian, as root).
    #[arg(long, conflicts_with_all = ["only", "native", "check"])]
    windows: bool,
}

/// Where things are.
struct Place {
    root: PathBuf,
    target: PathBuf,
    dist: PathBuf,
    /// Link with this system's glibc.
    native: bool,
    /// Instant of everything packed: that of the last commit.
    epoch: String,
}

/// Makes the packages; with `--check` proves them.
///
/// # Errors
/// The first step that failed.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    let root = contract::root();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let dist = target.join("dist");
    std::fs::create_dir_all(&dist).map_err(|e| format!("{}: {e}", dist.display()))?;
    let epoch = output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(&root))
        .unwrap_or_else(|_| "0".to_owned());
    let place = Place { root, target, dist, native: options.native, epoch };
    if options.windows {
        windows::run(&place, !options.no_build)?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |program: &&Program| options.only.as_deref().is_none_or(|only| only == program.name);
    let programs: Vec<Program> = [SERVER, AGENT].iter().filter(wanted).copied().collect();
    let mut packages = Vec::new();
    for program in &programs {
        if !options.no_build {
            build(&place, program)?;
        }
        let binary = binary(&place, program)?;
        packages.push(debian::package(&place, program, &binary)?);
    }
    if options.only.is_none() {
        tarball(&place, "rollcall", &programs)?;
    }
    if programs.contains(&AGENT) {
        // A server hands this one out to hosts without Debian's packages.
        tarball(&place, AGENT.name, &[AGENT])?;
    }
    if options.check {
        check::run(&programs, &packages)?;
        old::run(&place, &packages)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build(place: &Place, program: &Program) -> Result<(), String> {
    println!("==> {}", program.name);
    if !place.native {
        return portable::build(place, program);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--locked", "--profile", program.profile, "--package", program.krate];
    run_step(Command::new(cargo).args(arguments).current_dir(&place.root))
}

/// The binary, if it is there and no larger than it may be.
fn binary(place: &Place, program: &Program) -> Result<PathBuf, String> {
    let path = match place.native {
        true => place.target.join(program.profile).join(program.name),
        false => portable::binary(place, program),
    };
    let size = std::fs::metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?.len();
    println!("{}: {:.1} MB", path.display(), size as f64 / 1e6);
    if size > program.largest {
        return Err(format!("{} is larger than {} bytes", path.display(), program.largest));
    }
    Ok(path)
}

/// Programs in one archive, for systems without Debian's packages.
fn tarball(place: &Place, what: &str, programs: &[Program]) -> Result<(), String> {
    let name = format!("{what}-{}-{}-linux", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let stage = place.dist.join(&name);
    empty(&stage)?;
    for program in programs {
        install(&binary(place, program)?, &stage.join(program.name), 0o755)?;
        for document in program.documents {
            let from = place.root.join(document);
            install(&from, &stage.join(from.file_name().unwrap_or_default()), 0o644)?;
        }
        let unit = format!("{}.service", program.name);
        install(&place.root.join("packaging/systemd").join(&unit), &stage.join(&unit), 0o644)?;
    }
    let archive = place.dist.join(format!("{name}.tar.gz"));
    run_step(
        Command::new("tar")
            .args([
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--use-compress-program=gzip -9n",
            ])
            .arg(format!("--mtime=@{}", place.epoch))
            .arg("-cf")
            .arg(&archive)
            .arg("-C")
            .arg(&place.dist)
            .arg(&name),
    )?;
    println!("{}", archive.display());
    Ok(())
}

/// An empty directory.
fn empty(dir: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(format!("{}: {e}", dir.display())),
        _ => {}
    }
    std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))
}

/// Copies a file to its place, whose directories are made.
fn install(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let bytes = std::fs::read(from).map_err(|e| format!("{}: {e}", from.display()))?;
    write(to, &bytes, mode)
}

fn write(to: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |e: std::io::Error| format!("{}: {e}", to.display());
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    std::fs::write(to, bytes).map_err(failed)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode)).map_err(failed)
}

fn run_step(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let status = command.status().map_err(|e| format!("{shown}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} failed ({status})")) }
}

fn output(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let done = command.output().map_err(|e| format!("{shown}: {e}"))?;
    if !done.status.success() {
        return Err(format!("{shown} failed: {}", String::from_utf8_lossy(&done.stderr)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
