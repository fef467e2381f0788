//! Builds programs that run on older systems than this one: linked by zig, which brings the symbols of every version of
//! glibc along. zig and `cargo-zigbuild` come from the Python package index into an environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Program, run_step};
use crate::test;

/// The version of glibc that is linked against, the oldest the standard library of Rust works with (2013).
pub const GLIBC: (u32, u32) = (2, 17);
/// Pinned: the same tools give the same program.
const TOOLS: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.0"];

/// Builds a program and answers where it is.
///
/// # Errors
/// The first step that failed.
pub fn build(place: &Place, program: &Program) -> Result<(), String> {
    let tools = tools(place)?;
    let target = format!("{}.{}.{}", triple(), GLIBC.0, GLIBC.1);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tools.clone()).chain(std::env::split_paths(&path)))
        .map_err(|e| format!("PATH: {e}"))?;
    run_step(
        Command::new(tools.join("cargo-zigbuild"))
            .args(["zigbuild", "--locked", "--profile", program.profile, "--package", program.krate])
            .args(["--target", &target])
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", &place.target)
            .current_dir(&place.root),
    )
}

/// Where a program that was built lies.
pub fn binary(place: &Place, program: &Program) -> PathBuf {
    place.target.join(triple()).join(program.profile).join(program.name)
}

fn triple() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// The directory of the tools' programs, made or brought up to date when the pins have changed.
fn tools(place: &Place) -> Result<PathBuf, String> {
    let venv = place.target.join("dist-tools");
    let (bin, stamp) = (venv.join("bin"), venv.join("pins.txt"));
    let wanted = TOOLS.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(bin);
    }
    println!("installing: {} into {}", TOOLS.join(", "), venv.display());
    let hint = |error: String| {
        format!("{error}\nwithout them, `--native` builds for systems with this one's glibc or a newer one")
    };
    install(&venv, &bin).map_err(hint)?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(bin)
}

fn install(venv: &Path, bin: &Path) -> Result<(), String> {
    let make = || run_step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
    if make().is_err() {
        test::apt(&["python3-venv"])?;
        make()?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run_step(Command::new(bin.join("python")).args(pip).args(TOOLS))
}
