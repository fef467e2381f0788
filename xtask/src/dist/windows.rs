//! `cargo xtask dist --windows`: cross-builds the agent for Windows, packs it, and runs it under wine (`wine`).
//!
//! Rust's own toolchain has no library for this target here; Debian's `rustc-web` comes with its sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::{AGENT, Place, empty, install, output, run_step, wine};
use crate::test;

const TARGET: &str = "x86_64-pc-windows-gnu";
const PACKAGES: [&str; 8] =
    ["rustc-web", "cargo-web", "rust-web-src", "gcc-mingw-w64-x86-64", "wine64", "wine", "openssl", "zip"];
/// Debian's compiler: never the one on the path.
const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std";
/// The C compiler for this target.
pub const LINKER: &str = "x86_64-w64-mingw32-gcc";
const OBJDUMP: &str = "x86_64-w64-mingw32-objdump";
/// What goes along, by its name in the archive.
const DOCUMENTS: [(&str, &str); 3] = [
    ("packaging/windows/README.txt", "README.txt"),
    ("packaging/windows/rollcall-agent.xml", "rollcall-agent.xml"),
    ("LICENSE", "LICENSE.txt"),
];
/// Libraries every Windows from 10 on has; the program has to bring every other one along.
const SYSTEM_LIBRARIES: [&str; 11] = [
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "crypt32.dll",
    "iphlpapi.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "netapi32.dll",
    "ntdll.dll",
    "userenv.dll",
    "ws2_32.dll",
];

/// Builds, packs and runs; without `build` what was built before.
pub fn run(place: &Place, build: bool) -> Result<(), String> {
    let there = [CARGO, RUSTC, SOURCES].iter().all(|path| Path::new(path).exists());
    if !there || ![LINKER, "wine", "openssl", "zip"].iter().all(|program| test::has(program)) {
        test::apt(&PACKAGES)?;
    }
    if build {
        let started = Instant::now();
        self::build(place)?;
        println!("built in {:.0} s", started.elapsed().as_secs_f64());
    }
    let program = program(place)?;
    pack(place, &program)?;
    wine::check(place, &program, build)
}

fn build(place: &Place) -> Result<(), String> {
    println!("==> {} for {TARGET}", AGENT.name);
    let abort = format!("profile.{}.panic='abort'", AGENT.profile);
    run_step(
        Command::new(CARGO)
            .args(["build", "--locked", "--profile", AGENT.profile, "--package", AGENT.krate])
            .args(["--target", TARGET, "-Zbuild-std=std,panic_abort", "--config", &abort])
            .current_dir(&place.root)
            .env("CARGO_TARGET_DIR", target(place))
            // Building the standard library is not stable yet; nothing else unstable is used.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", RUSTC)
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER),
    )
}

fn target(place: &Place) -> PathBuf {
    place.target.join("windows")
}

/// The program, if it is there, no larger than it may be, and needs nothing else.
fn program(place: &Place) -> Result<PathBuf, String> {
    let built = target(place).join(TARGET).join(AGENT.profile).join(format!("{}.exe", AGENT.name));
    let size = std::fs::metadata(&built).map_err(|e| format!("{}: {e}", built.display()))?.len();
    println!("{}: {:.1} MB", built.display(), size as f64 / 1e6);
    if size > AGENT.largest {
        return Err(format!("{} is larger than {} bytes", built.display(), AGENT.largest));
    }
    stands_alone(&built)?;
    Ok(built)
}

/// Whether it needs nothing but what every Windows has.
fn stands_alone(program: &Path) -> Result<(), String> {
    let headers = output(Command::new(OBJDUMP).arg("-p").arg(program))?;
    let needed = headers.lines().filter_map(|line| line.trim().strip_prefix("DLL Name: "));
    let mut needed: Vec<String> = needed.map(str::to_ascii_lowercase).collect();
    needed.sort();
    needed.dedup();
    // Names of sets of functions, which the system maps to its libraries.
    let strange =
        |name: &&String| !SYSTEM_LIBRARIES.contains(&name.as_str()) && !name.starts_with("api-ms-win-core-");
    match needed.iter().find(strange) {
        Some(name) => Err(format!("it needs {name}, which not every Windows has")),
        None => {
            println!("needs {}", needed.join(", "));
            Ok(())
        }
    }
}

/// One archive: the program, how to install it, and its task.
fn pack(place: &Place, program: &Path) -> Result<(), String> {
    let name = format!("{}-{}-x86_64-windows", AGENT.name, env!("CARGO_PKG_VERSION"));
    let stage = place.dist.join(&name);
    empty(&stage)?;
    install(program, &stage.join(format!("{}.exe", AGENT.name)), 0o755)?;
    for (from, to) in DOCUMENTS {
        install(&place.root.join(from), &stage.join(to), 0o644)?;
    }
    let archive = place.dist.join(format!("{name}.zip"));
    match std::fs::remove_file(&archive) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {e}", archive.display()));
        }
        _ => {}
    }
    let files = DOCUMENTS.map(|(_, to)| to.to_owned()).into_iter().chain([format!("{}.exe", AGENT.name)]);
    let mut files: Vec<PathBuf> = files.map(|file| Path::new(&name).join(file)).collect();
    files.sort();
    for file in &files {
        run_step(Command::new("touch").arg(format!("--date=@{}", place.epoch)).arg(place.dist.join(file)))?;
    }
    run_step(
        Command::new("zip")
            .args(["-q", "-9", "-X"])
            .arg(&archive)
            .args(&files)
            .current_dir(&place.dist)
            .env("TZ", "UTC"),
    )?;
    println!("{}", archive.display());
    Ok(())
}
