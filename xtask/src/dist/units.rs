//! What systemd itself says of a unit: whether it understands every line, and how exposed the service is.

use std::path::Path;
use std::process::Command;

use super::output;
use crate::test::{self, has, is_root};

/// The exposure `systemd-analyze security` may find at most, in tenths: 0 is none, 100 is a service without any limit.
const EXPOSURE: u32 = 20;

/// Checks the unit of a program, which is installed: without the program a unit is not sound.
///
/// # Errors
/// What is wrong with it.
pub fn check(unit: &str) -> Result<(), String> {
    if !has("systemd-analyze") {
        if !has("apt-get") || !is_root() {
            println!("note: systemd-analyze is not installed; {unit} is not checked");
            return Ok(());
        }
        test::apt(&["systemd"])?;
    }
    let shown = |e: std::io::Error| format!("systemd-analyze: {e}");
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no", unit])
        .output()
        .map_err(shown)?;
    // A line it does not understand is ignored with a warning, and a success; so are other units' troubles.
    let said = String::from_utf8_lossy(&verified.stderr);
    let name = Path::new(unit).file_name().unwrap_or_default().to_string_lossy();
    if !verified.status.success() || said.contains(&*name) {
        return Err(format!("systemd-analyze verify {unit}: {} {said}", verified.status));
    }
    let said = output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--no-pager"])
            .arg(format!("--threshold={EXPOSURE}"))
            .arg(unit),
    )?;
    println!("{unit}: understood whole;{}", said.lines().last().unwrap_or_default().trim_start_matches('→'));
    Ok(())
}
