//! A server of this tree on loopback with a certificate of its own, and a wine of its own that runs the agent. What is
//! checked is in `wine`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Place, output, run_step, windows::LINKER};
use crate::test;

/// What the standard library takes its randomness from and wine 8 lacks.
const SHIM: &str = "__declspec(dllimport) unsigned char SystemFunction036(void *, unsigned long);\n\
    __declspec(dllexport) int ProcessPrng(unsigned char *at, unsigned long long length)\n\
    { return SystemFunction036(at, (unsigned long)length); }\n";
/// Seconds one command may take.
const PATIENCE: &str = "120";

/// Fails with what was seen unless all is well.
pub fn expect(fine: bool, what: &str, seen: &impl std::fmt::Display) -> Result<(), String> {
    if fine { Ok(()) } else { Err(format!("not so: {what}: {seen}")) }
}

/// A path of this system as wine has it.
pub fn wine_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

/// A program that is killed when it is let go.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Presses Ctrl+C; the exit code.
    pub fn interrupt(mut self) -> Result<Option<i32>, String> {
        // To wine this signal is the key.
        run_step(Command::new("kill").args(["-INT", &self.0.id().to_string()]))?;
        let started = Instant::now();
        loop {
            match self.0.try_wait().map_err(|e| e.to_string())? {
                Some(status) => return Ok(status.code()),
                None if started.elapsed() > Duration::from_secs(20) => {
                    return Err("it does not end after Ctrl+C".to_owned());
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

/// A server.
pub struct Server {
    /// Its address.
    pub url: String,
    /// Its certificate (PEM).
    pub certificate: PathBuf,
    binary: PathBuf,
    data: PathBuf,
    _running: Running,
}

impl Server {
    /// Starts one, built before or now.
    pub fn start(place: &Place, stage: &Path, build: bool) -> Result<Server, String> {
        if build {
            let arguments = ["build", "--locked", "--package", "rollcall"];
            run_step(test::cargo(&place.root).args(arguments))?;
        }
        let binary = place.target.join("debug/rollcall");
        let (certificate, key) = (stage.join("server.pem"), stage.join("server.key"));
        output(
            Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
                .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
                .arg(&key)
                .arg("-out")
                .arg(&certificate),
        )?;
        let data = stage.join("data");
        let log = stage.join("server.log");
        let log = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data)
            .arg("--tls-cert")
            .arg(&certificate)
            .arg("--tls-key")
            .arg(&key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", binary.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take();
        let running = Running(child);
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line).map_err(|e| e.to_string())?;
        }
        match line.trim().rsplit(' ').next() {
            Some(url) if url.starts_with("https://") => {
                Ok(Server { url: url.to_owned(), certificate, binary, data, _running: running })
            }
            _ => Err(format!("the server says no address: {line:?}; see server.log in {}", stage.display())),
        }
    }

    /// Calls an action; `Response`.
    pub fn call(&self, service: &str, action: &str, parameters: &Value) -> Result<Value, String> {
        let mut command = Command::new(&self.binary);
        command.args(["call", service, action]).arg(parameters.to_string());
        command.arg("--data-dir").arg(&self.data).args(["--endpoint", &self.url, "--ca"]);
        let text = output(command.arg(&self.certificate))?;
        serde_json::from_str(&text).map_err(|e| format!("{action}: {e}: {text}"))
    }

    /// A token for one host.
    pub fn token(&self) -> Result<String, String> {
        let made = self.call("rollcall", "CreateEnrolmentToken", &json!({"Uses": 1}))?;
        made["Token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token: {made}"))
    }
}

/// A wine with the agent in it.
pub struct Wine {
    /// Name of the account wine has.
    pub user: String,
    /// Steps that were as they should be.
    pub steps: u32,
    prefix: PathBuf,
    program: PathBuf,
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Everything of this prefix, and of no other; there may be nothing left.
        let _ = Command::new("wineserver").arg("-k").env("WINEPREFIX", &self.prefix).status();
    }
}

impl Wine {
    /// Makes one.
    pub fn start(stage: &Path, program: &Path) -> Result<Wine, String> {
        let dir = stage.join("program");
        std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let here = dir.join("rollcall-agent.exe");
        std::fs::copy(program, &here).map_err(|e| format!("{}: {e}", program.display()))?;
        let shim = stage.join("bcryptprimitives.c");
        std::fs::write(&shim, SHIM).map_err(|e| format!("{}: {e}", shim.display()))?;
        let library = dir.join("bcryptprimitives.dll");
        let arguments = ["-shared", "-o"];
        run_step(Command::new(LINKER).args(arguments).arg(library).arg(&shim).arg("-ladvapi32"))?;
        let user = output(Command::new("id").arg("-un"))?;
        let wine = Wine { user, steps: 0, prefix: stage.join("prefix"), program: here };
        std::fs::create_dir_all(&wine.prefix).map_err(|e| format!("{}: {e}", wine.prefix.display()))?;
        let started = Instant::now();
        // It stays between commands; it is ended with this value.
        for words in [&["60", "wineserver", "-p"][..], &["300", "wine", "wineboot", "--init"]] {
            run_step(wine.wine(words).stdout(Stdio::null()).stderr(Stdio::null()))?;
        }
        println!(
            "{}: prepared in {:.0} s",
            output(&mut wine.wine(&["60", "wine", "--version"]))?,
            started.elapsed().as_secs_f64()
        );
        Ok(wine)
    }

    fn wine(&self, words: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(words);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=;bcryptprimitives=n,b")
            .env("WINEDEBUG", "-all")
            .stdin(Stdio::null());
    }

    /// Runs a command of the agent, which has to end with a code; its standard output.
    pub fn run(&mut self, what: &str, words: &[&str], code: i32) -> Result<String, String> {
        let program = self.program.clone();
        self.ended(what, &program, words, code)
    }

    /// Runs a program of wine's own, which has to succeed.
    pub fn tool(&mut self, what: &str, words: &[&str]) -> Result<(), String> {
        let (program, words) = words.split_first().ok_or("no program")?;
        self.ended(what, Path::new(program), words, 0).map(drop)
    }

    fn ended(&mut self, what: &str, program: &Path, words: &[&str], code: i32) -> Result<String, String> {
        let started = Instant::now();
        // Files, not pipes: wine's own programs, which go on, hold whatever the first command has.
        let (out, error) = (self.log("out")?, self.log("err")?);
        let mut command = self.wine(&[PATIENCE, "wine"]);
        let status = command.arg(program).args(words).stdout(out.1).stderr(error.1).status();
        let status = status.map_err(|e| format!("wine cannot be run: {e}"))?;
        let read = |path: &Path| {
            std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        };
        let (out, error) = (read(&out.0), read(&error.0));
        let what = format!("{what}: {code} after {:.1} s", started.elapsed().as_secs_f64());
        self.step(&what, status.code() == Some(code), &format!("{status}: {out}{error}"))?;
        Ok(out)
    }

    /// An empty file for what a command says.
    fn log(&self, name: &str) -> Result<(PathBuf, File), String> {
        let path = self.prefix.with_file_name(format!("{name}.log"));
        let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok((path, file))
    }

    /// Notes a step.
    pub fn step(&mut self, what: &str, fine: bool, seen: &str) -> Result<(), String> {
        expect(fine, what, &seen)?;
        self.steps += 1;
        println!("    {what}");
        Ok(())
    }

    /// What the agent says of itself.
    pub fn status(&mut self, code: i32) -> Result<Value, String> {
        let text = self.run("status", &["status", "--format", "json"], code)?;
        serde_json::from_str(&text).map_err(|e| format!("status: {e}: {text}"))
    }

    /// Starts a command of the agent that goes on; what it says is in `run.log`.
    pub fn background(&self, words: &[&str]) -> Result<Running, String> {
        let mut command = Command::new("wine");
        command.stderr(self.log("run")?.1);
        command.arg(&self.program).args(words);
        self.surround(&mut command);
        command.spawn().map(Running).map_err(|e| format!("wine cannot be run: {e}"))
    }

    /// Waits until the agent says something of itself.
    pub fn until(
        &mut self,
        limit: Duration,
        what: &str,
        fine: impl Fn(&Value) -> bool,
    ) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let status = self.status(0)?;
            if fine(&status) {
                return Ok(());
            }
            expect(started.elapsed() < limit, what, &status)?;
        }
    }
}
