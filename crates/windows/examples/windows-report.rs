//! Prints the report of the hives in a directory, or of the running Windows when none is given: to try both by hand,
//! and for the run under wine (`cargo xtask dist --windows`).

use std::process::ExitCode;

fn main() -> ExitCode {
    let report = match std::env::args_os().nth(1) {
        Some(dir) => {
            let options = windows::offline::Options { dir: dir.into(), ..Default::default() };
            windows::offline::scan(&options).map_err(|error| error.to_string())
        }
        None => live(),
    };
    let text = report.and_then(|report| serde_json::to_string(&report).map_err(|error| error.to_string()));
    match text {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
fn live() -> Result<model::facts::HostReport, String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let options = windows::live::Options { now, ..Default::default() };
    windows::live::scan(&options).map_err(|error| error.to_string())
}

#[cfg(not(windows))]
fn live() -> Result<model::facts::HostReport, String> {
    Err("give the directory of the hives".to_owned())
}
