//! `cargo xtask dist --check`: the packages are really installed, the programs run as their services do (by systemd
//! where that runs, else under the same user with the same capabilities), and removed and purged again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Program, output, run_step, units};

/// Address the server is started on, for nobody else.
const LISTEN: &str = "127.0.0.1:19321";

/// Installs, starts, removes and purges each package.
///
/// # Errors
/// The first thing that is not as it should be.
pub fn run(programs: &[Program], packages: &[PathBuf]) -> Result<(), String> {
    for (program, package) in programs.iter().zip(packages) {
        println!("==> {} is installed, started, removed and purged", program.name);
        let state = PathBuf::from("/var/lib").join(program.name);
        let unit = format!("/usr/lib/systemd/system/{}.service", program.name);
        if state.exists() {
            return Err(format!("{} exists: this machine is in use", state.display()));
        }
        run_step(Command::new("dpkg").arg("-i").arg(package))?;
        let checked = started(program, &unit);
        let removed = run_step(Command::new("dpkg").args(["-r", program.name]));
        let kept = state.exists();
        let purged = run_step(Command::new("dpkg").args(["-P", program.name]));
        checked.and(removed).and(purged)?;
        expect(kept, "a removal keeps the state")?;
        expect(!Path::new(&unit).exists(), "the unit is gone")?;
        let left = Command::new("dpkg-query").args(["-W", program.name]).output();
        expect(!left.is_ok_and(|o| o.status.success()), "dpkg knows it no more")?;
        if program.name == "rollcall-agent" {
            expect(!state.exists(), "a purge takes the agent's state")?;
            expect(
                output(Command::new("getent").args(["passwd", program.name])).is_err(),
                "the user is gone",
            )?;
        } else {
            // Kept for the administrator; here it was made a moment ago by this check.
            std::fs::remove_dir_all(&state).map_err(|e| format!("{}: {e}", state.display()))?;
            run_step(Command::new("userdel").arg(program.name))?;
        }
    }
    println!("packages: {} passed, 0 failed", programs.len());
    Ok(())
}

fn started(program: &Program, unit: &str) -> Result<(), String> {
    output(Command::new("getent").args(["passwd", program.name]))?;
    units::check(unit)?;
    if Path::new("/run/systemd/system").exists() {
        return run_step(Command::new("systemctl").args(["is-active", program.name]));
    }
    println!("note: systemd does not run here; the program is started as its unit would");
    let mut child = spawn(program)?;
    let seen = answers(program, &mut child);
    let ended = end(&mut child);
    seen.and(ended)
}

/// The program under its own user, with the capability of its unit and no other.
fn spawn(program: &Program) -> Result<Child, String> {
    let (capability, arguments): (_, &[&str]) = if program.name == "rollcall-agent" {
        ("dac_read_search", &["run"])
    } else {
        ("net_bind_service", &["serve", "--data-dir", "/var/lib/rollcall", "--listen", LISTEN])
    };
    Command::new("setpriv")
        .args([format!("--reuid={}", program.name), format!("--regid={}", program.name)])
        .args(["--clear-groups", "--no-new-privs"])
        .arg(format!("--bounding-set=-all,+{capability}"))
        .args([format!("--inh-caps=-all,+{capability}"), format!("--ambient-caps=-all,+{capability}")])
        .arg(format!("/usr/bin/{}", program.name))
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("setpriv: {e}"))
}

/// Waits until the program works.
fn answers(program: &Program, child: &mut Child) -> Result<(), String> {
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{} ended by itself ({status})", program.name));
        }
        let works = if program.name == "rollcall-agent" {
            // Exit code 3 says that it is not enrolled, which is the truth.
            let status = Command::new("rollcall-agent").args(["status", "--format", "json"]).output();
            status.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains("\"Running\": true"))
        } else {
            std::net::TcpStream::connect(LISTEN).is_ok()
        };
        if works {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Err(format!("{} did not get to work within 30 s", program.name))
}

/// Ends it as a service manager does.
fn end(child: &mut Child) -> Result<(), String> {
    run_step(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    let status = child.wait().map_err(|e| e.to_string())?;
    expect(status.success(), &format!("it ends cleanly on SIGTERM ({status})"))
}

fn expect(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("not so: {what}")) }
}
