//! Exports through the signed API: start a task, wait for it, fetch the file, all or nothing.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::{
    client::{CWP, Client, Download},
    error::{CliError, Context},
    output::{
        file::AtomicFile,
        progress::{Unit, bar},
    },
};

/// How long a task may take. The largest exports seen take seconds.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Exports the accounts that `request` names into `output`, or into the current directory under the name the
/// server gives. Returns the path.
///
/// # Errors
/// When the request is refused, the task fails, or the file cannot be written; no part of a file stays.
pub fn accounts(client: &Client, request: &Value, output: Option<&Path>) -> Result<PathBuf, CliError> {
    let started = client.call(CWP, "ExportAssetUserList", request).doing("could not start the export")?;
    let task = started.get("TaskId").and_then(Value::as_str).unwrap_or_default();
    let waiting = bar("exporting", Unit::Bytes, None);
    let (url, name) = wait(client, task)?;
    waiting.finish_and_clear();
    let path = match output {
        Some(path) => path.to_owned(),
        None => PathBuf::from(safe_name(&name)),
    };
    let download = client.download(&url).doing("could not fetch the export")?;
    save(download, &path)?;
    Ok(path)
}

/// Polls the task until its file is there; returns link and name.
fn wait(client: &Client, task: &str) -> Result<(String, String), CliError> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let state =
            client.call(CWP, "ExportTasks", &json!({"TaskId": task})).doing("could not follow the export")?;
        let member = |name: &str| state.get(name).and_then(Value::as_str).unwrap_or_default();
        match member("Status") {
            "FINISHED" => return Ok((member("DownloadUrl").to_owned(), member("FileName").to_owned())),
            "PENDING" if began.elapsed() < PATIENCE => sleep(pause),
            "PENDING" => {
                return Err(CliError::new(format!("export {task} is still not ready after an hour")));
            }
            _ => {
                return Err(CliError::new(format!("export {task} failed on the server"))
                    .next("look for the task in the server's log, then start the export again"));
            }
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn save(mut download: Download, path: &Path) -> Result<(), CliError> {
    let progress = bar("fetching", Unit::Bytes, download.length);
    let mut file = AtomicFile::create(path, false)?;
    let copied = copy(&mut download.reader, &mut file, &progress)
        .map_err(|e| CliError::io(format!("could not write {}", path.display()), &e))?;
    if download.length.is_some_and(|length| length != copied) {
        return Err(
            CliError::new("the connection ended before the whole export had arrived").next("try again")
        );
    }
    file.finish()?;
    progress.finish_and_clear();
    Ok(())
}

fn copy(from: &mut dyn Read, to: &mut AtomicFile, progress: &ProgressBar) -> std::io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut copied = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(copied);
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        copied += read as u64;
        progress.set_position(copied);
    }
}

/// The server's name for the file, reduced to what can only be a plain file here.
fn safe_name(name: &str) -> String {
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let kept = kept.trim_start_matches('.');
    if kept.is_empty() { "accounts.csv".to_owned() } else { kept.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_choose_the_directory() {
        assert_eq!(safe_name("asset-user-list-20260101-x.csv"), "asset-user-list-20260101-x.csv");
        assert_eq!(safe_name("../../etc/passwd"), "etcpasswd");
        assert_eq!(safe_name("/.bashrc"), "bashrc");
        assert_eq!(safe_name(""), "accounts.csv");
    }
}
