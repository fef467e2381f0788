//! `cargo xtask generate`: writes the Rust that follows from `api/*.json`. The same contract always gives the same
//! bytes; a test compares them with the tree.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::contract::{Contract, Error, root};

mod actions;
mod codes;
mod dispatch;
pub mod names;
mod types;

/// One file to be written.
struct Output {
    /// Path below the root of the repository.
    path: PathBuf,
    /// Its whole content.
    text: String,
}

/// Writes the files, or only compares them when `check` is set.
pub fn run(check: bool) -> Result<ExitCode, Error> {
    let outputs = outputs()?;
    let mut differs = false;
    for output in &outputs {
        let path = root().join(&output.path);
        if is_current(output) {
            continue;
        }
        differs = true;
        if check {
            eprintln!("differs: {}", output.path.display());
        } else {
            std::fs::write(&path, &output.text).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("wrote {}", output.path.display());
        }
    }
    Ok(if check && differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn is_current(output: &Output) -> bool {
    std::fs::read_to_string(root().join(&output.path)).is_ok_and(|text| text == output.text)
}

/// Every file the contract leads to.
fn outputs() -> Result<Vec<Output>, Error> {
    let contract = Contract::load()?;
    let mut files = Vec::new();
    for service in &contract.services {
        files.push((format!("crates/wire/src/generated/{}.rs", service.service), types::write(service)?));
    }
    files.push(("crates/wire/src/generated/codes.rs".to_owned(), codes::write(&contract)?));
    files.push(("crates/wire/src/generated/actions.rs".to_owned(), actions::write(&contract)?));
    files.push(("crates/service/src/dispatch.rs".to_owned(), dispatch::write(&contract)?));
    files.into_iter().map(|(path, text)| Ok(Output { text: format(&text)?, path: path.into() })).collect()
}

/// Runs rustfmt over a file with the settings of the repository.
fn format(text: &str) -> Result<String, Error> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt could not be started: {error}"))?;
    // rustfmt reads everything before it writes, so writing first cannot block.
    rustfmt.stdin.take().ok_or("rustfmt has no input")?.write_all(text.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        return Err("rustfmt refused generated code".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_is_what_generate_would_write() {
        let stale: Vec<_> = outputs().unwrap().into_iter().filter(|output| !is_current(output)).collect();
        let stale: Vec<_> = stale.iter().map(|output| output.path.display().to_string()).collect();
        assert!(stale.is_empty(), "run `cargo xtask generate`, these differ: {stale:?}");
    }
}
