//! A rollcall server on a temporary data directory, and the program run against it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
};

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Its address.
    pub url: String,
    /// Its data directory.
    pub dir: tempfile::TempDir,
}

/// The program with a clean environment.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.env_clear().env("ROLLCALL_LOG", "warn").stdin(Stdio::null());
    command
}

/// Runs the program on a data directory.
pub fn run(dir: &Path, args: &[&str]) -> Output {
    program().args(args).arg("--data-dir").arg(dir).output().unwrap()
}

/// Runs the program, which has to succeed, and returns its stdout.
pub fn succeed(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program, which has to fail with `code`, and returns its stderr.
pub fn fail(dir: &Path, args: &[&str], code: i32) -> String {
    let output = run(dir, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    stderr
}

/// A file with `text`.
pub fn file(dir: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

impl Server {
    /// Starts a server on a fresh directory.
    pub fn start(extra: &[&str]) -> Self {
        Self::start_on(tempfile::tempdir().unwrap(), extra)
    }

    /// Starts a server on a directory.
    pub fn start_on(dir: tempfile::TempDir, extra: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path())
            .args(extra)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the one line").to_owned();
        Server { child, stdout, url, dir }
    }

    /// Its data directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Asks it to stop as an init system does, and waits. Returns how it ended, what else it printed, and the
    /// directory.
    pub fn stop(mut self) -> (ExitStatus, String, tempfile::TempDir) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        let fresh = tempfile::tempdir().unwrap();
        (status, rest, std::mem::replace(&mut self.dir, fresh))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
