//! The packages on an older system, Debian 11, under a systemd that is really booted: the server starts by itself, the
//! line it prints installs and enrols the agent, and what that reports is complete.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Place, booted::Booted, output, run_step};
use crate::{oracles, test};

const SUITE: &str = "bullseye";
/// The name has to be resolved by that system's glibc.
const SERVER: &str = "http://localhost:19322";
const OPTIONS: &str = "ROLLCALL_OPTIONS=\"--listen 127.0.0.1:19322\"\n";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1gqNBdfm3Ixx9XCTQYPDjD8Z0mdI2TXSNHCyUHyZbY ann\n";
/// Makes an account with a key, as somebody would.
const NEW_ACCOUNT: &str = "useradd -m -s /bin/bash -p '$6$abcdefgh$x' ann && install -d -m 700 -o ann -g ann /home/ann/.ssh \
    && install -m 600 -o ann -g ann /root/key /home/ann/.ssh/authorized_keys";

/// Installs and runs both packages in a copy of the root; says so where there can be none.
///
/// # Errors
/// The first thing that is not as it should be.
pub fn run(place: &Place, packages: &[PathBuf]) -> Result<(), String> {
    let skipped = |why: &str| {
        println!("note: {why}; the packages are not tried on Debian 11");
        Ok(())
    };
    if packages.len() < 2 {
        return skipped("only one package was made");
    }
    if place.native {
        return skipped("the programs are linked with this system's glibc");
    }
    if !test::has("apt-get") || !test::is_root() {
        return skipped("a root of Debian 11 is only made on Debian, as root");
    }
    test::install_packages()?;
    let root = place.dist.join(format!("root-{SUITE}"));
    super::empty(&root)?;
    let tried = match copy(&place.target.join("oracles"), &root).and_then(|()| Booted::start(&root)) {
        Ok(booted) => in_order(&root, &booted, packages),
        Err(why) => skipped(&why),
    };
    std::fs::remove_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    tried
}

/// A copy of the root with systemd in it.
fn copy(cache: &Path, root: &Path) -> Result<(), String> {
    std::fs::create_dir_all(cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    oracles::make_root(cache, SUITE)?;
    let from = cache.join(format!("root-{SUITE}")).join(".");
    run_step(Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(root))?;
    if root.join("lib/systemd/systemd").exists() && root.join("usr/bin/curl").exists() {
        return Ok(());
    }
    println!("installing: systemd and curl into {}", root.display());
    let install =
        "apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd curl >/dev/null";
    let mut apt = Command::new("unshare");
    apt.args([
        "--mount",
        "sh",
        "-c",
        "mount -t proc proc \"$1/proc\" && exec chroot \"$1\" sh -c \"$2\"",
        "sh",
    ]);
    run_step(apt.arg(root).arg(install).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()))
}

fn in_order(root: &Path, booted: &Booted, packages: &[PathBuf]) -> Result<(), String> {
    println!("==> the packages on Debian 11, under its systemd");
    put(root, "etc/default/rollcall", OPTIONS.as_bytes())?;
    put(root, "etc/machine-id", b"0123456789abcdef0123456789abcdef\n")?;
    put(root, "root/key", KEY.as_bytes())?;
    super::write(&root.join("etc/hosts"), b"127.0.0.1 localhost\n", 0o644)?;
    let [server, agent] = packages else { return Err("there is a package too many".to_owned()) };
    let read = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    put(root, "root/server.deb", &read(server)?)?;
    run_step(&mut booted.command(&["dpkg", "-i", "/root/server.deb"]))?;
    let name = agent.file_name().unwrap_or_default();
    super::write(&root.join("var/lib/rollcall/packages").join(name), &read(agent)?, 0o644)?;
    let active = || run_step(&mut booted.command(&["systemctl", "is-active", "rollcall", "rollcall-agent"]));
    let worked = reports(booted).and_then(|()| active());
    if worked.is_err() {
        let mut log = booted.command(&["journalctl", "--no-pager", "-n", "60", "-u", "rollcall*"]);
        println!("{}", output(&mut log).unwrap_or_else(|error| error));
    }
    worked?;
    run_step(&mut booted.command(&["dpkg", "-P", "rollcall-agent", "rollcall"]))?;
    let left = booted.command(&["systemctl", "is-active", "rollcall", "rollcall-agent"]).status();
    if left.is_ok_and(|status| status.success()) {
        return Err("a service goes on after the purge of its package".to_owned());
    }
    println!("Debian 11: server installed, agent installed by its line, reported whole, purged");
    Ok(())
}

fn put(root: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    super::write(&root.join(name), bytes, 0o600)
}

/// Installs the agent, and waits until a new account is seen with all that it may do.
fn reports(booted: &Booted) -> Result<(), String> {
    let cli = |words: &[&str]| {
        let place = ["--data-dir", "/var/lib/rollcall", "--endpoint", SERVER];
        output(&mut booted.command(&[&["rollcall"], words, &place[..]].concat()))
    };
    let command = wait("a token", || {
        let made = cli(&["hosts", "token", "create", "--format", "json"])?;
        let made: serde_json::Value = serde_json::from_str(&made).map_err(|e| format!("{e}: {made}"))?;
        made["Command"].as_str().map(str::to_owned).ok_or_else(|| "no command".to_owned())
    })?;
    if !command.contains("/install.sh") {
        return Err(format!("the server does not find the package of the agent: {command}"));
    }
    let done = booted.command(&["sh", "-c", &command]).status().map_err(|e| format!("nsenter: {e}"))?;
    if !done.success() {
        return Err(format!("the line that installs the agent failed ({done})"));
    }
    let account = |name: &str| {
        let list = cli(&["accounts", "list", "--format", "json"])?;
        let list: serde_json::Value = serde_json::from_str(&list).map_err(|e| format!("{e}: {list}"))?;
        let found = list.as_array().into_iter().flatten().find(|account| account["Name"] == name);
        found.cloned().ok_or_else(|| format!("there is no account {name}: {list}"))
    };
    wait("the first report", || account("root"))?;

    run_step(&mut booted.command(&["sh", "-c", NEW_ACCOUNT]))?;
    let started = Instant::now();
    wait("the new account, with its key", || match account("ann")? {
        // 1: by key; 3: by key or password. 999 would say that the unit does not let the agent read keys.
        ann if ann["LoginType"] == 1 || ann["LoginType"] == 3 => Ok(()),
        ann => Err(ann.to_string()),
    })?;
    println!("a new account was on the list after {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn wait<T>(what: &str, mut try_it: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let until = Instant::now() + Duration::from_secs(45);
    loop {
        match try_it() {
            Err(error) if Instant::now() > until => return Err(format!("{what}: {error}")),
            Err(_) => std::thread::sleep(Duration::from_millis(300)),
            done => return done,
        }
    }
}
