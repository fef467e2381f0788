//! `cargo xtask dist --windows`: cross-builds the live backend for Windows and runs it under wine, as far as that tells
//! anything: that it links, starts, survives what wine does not know, and prints a report the server would take. The
//! agent itself uses Linux for its state and its watching, so what is built is the report program of crate `windows`.
//!
//! Rust's own toolchain has no library for this target here; Debian's `rustc-web` comes with its sources.

use std::path::Path;
use std::process::Command;

use super::{Place, empty, run_step};
use crate::test;

const TARGET: &str = "x86_64-pc-windows-gnu";
const PACKAGES: [&str; 6] =
    ["rustc-web", "cargo-web", "rust-web-src", "gcc-mingw-w64-x86-64", "wine64", "wine"];
/// Debian's compiler: never the one on the path.
const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std";
const LINKER: &str = "x86_64-w64-mingw32-gcc";
/// What the standard library takes its randomness from and wine 8 lacks.
const SHIM: &str = "__declspec(dllimport) unsigned char SystemFunction036(void *, unsigned long);\n\
    __declspec(dllexport) int ProcessPrng(unsigned char *at, unsigned long long length)\n\
    { return SystemFunction036(at, (unsigned long)length); }\n";

/// Builds and runs.
pub fn run(place: &Place) -> Result<(), String> {
    let there = [CARGO, RUSTC, SOURCES].iter().all(|path| Path::new(path).exists());
    if !there || !test::has(LINKER) || !test::has("wine") {
        test::apt(&PACKAGES)?;
    }
    let target = place.target.join("windows");
    run_step(
        Command::new(CARGO)
            .args(["build", "--locked", "--release", "--package", "windows", "--example", "windows-report"])
            .args([
                "--target",
                TARGET,
                "-Zbuild-std=std,panic_abort",
                "--config",
                "profile.release.panic='abort'",
            ])
            .current_dir(&place.root)
            .env("CARGO_TARGET_DIR", &target)
            // Building the standard library is not stable yet; nothing else unstable is used.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", RUSTC)
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER),
    )?;
    let stage = place.dist.join("windows");
    empty(&stage)?;
    let program = stage.join("windows-report.exe");
    let built = target.join(TARGET).join("release/examples/windows-report.exe");
    std::fs::copy(&built, &program).map_err(|e| format!("{}: {e}", built.display()))?;
    println!("{}", program.display());
    wine(&stage, &program)
}

/// Runs the program in a prefix of its own; the report must have an account and say what it does not know.
fn wine(stage: &Path, program: &Path) -> Result<(), String> {
    let shim = stage.join("bcryptprimitives.c");
    std::fs::write(&shim, SHIM).map_err(|e| format!("{}: {e}", shim.display()))?;
    run_step(
        Command::new(LINKER)
            .args(["-shared", "-o"])
            .arg(stage.join("bcryptprimitives.dll"))
            .arg(&shim)
            .arg("-ladvapi32"),
    )?;
    let under_wine = |arguments: &[&str]| {
        Command::new("timeout")
            .args(["120", "wine"])
            .arg(program)
            .args(arguments)
            .env("WINEPREFIX", stage.join("prefix"))
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=;bcryptprimitives=n")
            .env("WINEDEBUG", "-all")
            .output()
            .map_err(|e| format!("wine cannot be run: {e}"))
    };
    let live = under_wine(&[])?;
    let text = String::from_utf8_lossy(&live.stdout);
    let report: serde_json::Value = serde_json::from_str(text.trim()).map_err(|e| {
        format!("no report ({}): {e}: {}", live.status, String::from_utf8_lossy(&live.stderr))
    })?;
    let accounts = report["accounts"].as_array().map_or(0, Vec::len);
    if !live.status.success() || report["host"]["os"] != "windows" || accounts == 0 {
        return Err(format!("not the report of a Windows host: {text}"));
    }
    println!("wine: {accounts} account(s), sections {}", report["sections"]);
    let missing = under_wine(&["C:\\nowhere"])?;
    if missing.status.code() != Some(1) {
        return Err(format!("without hives it ends with {}, not with 1", missing.status));
    }
    println!("wine: without hives it fails with 1, as it should");
    Ok(())
}
