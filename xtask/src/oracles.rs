//! `cargo xtask oracles`: the differential tests of the collectors, at length. Each holds what we read against what a
//! real program says; the tests themselves are in crates/collect/tests. Here they are given something to compare
//! with (sources of Debian packages, roots of Debian releases), started, and their tallies printed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::test::{cargo, has, install_packages, is_root, step, target_dir};

/// The oracles: name, file of tests, name of the test, and the cases of an ordinary long run.
const ORACLES: [(&str, &str, &str, u32); 19] = [
    ("sudoers", "sudoers_oracle", "rights_agree_with_sudo", 1500),
    ("sudoers-json", LIB, "sudoers::json_oracle::policies_agree_with_cvtsudoers", 2000),
    ("sudoers-json-regress", LIB, "sudoers::json_oracle::policies_of_sudo_agree_with_cvtsudoers", 1),
    ("sshd-settings", "sshd_oracle", "settings_agree_with_sshd", 1500),
    ("sshd-regress", "sshd_oracle", "settings_agree_on_the_configurations_of_openssh", 1),
    ("keys", "keys_oracle", "keys_agree_with_ssh_keygen", 3000),
    ("account-files", "files_oracle", "rows_agree_with_getent", 2000),
    ("password-ages", "files_oracle", "states_and_days_agree_with_passwd_and_chage", 3000),
    ("wtmp", "last_oracle", "wtmp_agrees_with_utmpdump_and_last", 1500),
    ("wtmp-util-linux", "last_oracle", "wtmp_files_of_util_linux", 1),
    ("lastlog", "last_oracle", "lastlog_agrees_with_lslogins", 500),
    ("lastlog2-wtmpdb", "last_oracle", "databases_agree_with_sqlite", 500),
    ("wtmpdb-lastlog2-real", "login_databases_oracle", "databases_agree_with_wtmpdb_and_lastlog2", 60),
    ("keys-openssh", "keys_oracle", "keys_of_openssh", 1),
    ("sudoers-regress", "sudoers_oracle", "rights_agree_on_the_policies_of_sudo", 1),
    ("debian-roots", "releases", "debian_releases", 1),
    ("real-logins", "real_logins", "states_agree_with_real_logins", 30),
    ("real-logins-debian-11", "real_logins", "states_agree_with_real_logins_of_debian_11", 12),
    ("real-logins-debian-13", "real_logins", "states_agree_with_real_logins_of_debian_13", 12),
];
/// Tests within the library: they look at what it does not show.
const LIB: &str = "";
/// Source packages whose own test inputs are used.
const SOURCES: [&str; 3] = ["sudo", "openssh", "util-linux"];
/// Releases of Debian of which a root is made.
const SUITES: [&str; 3] = ["bullseye", "bookworm", "trixie"];
/// What the roots hold besides the minimum.
const INCLUDE: &str = "--include=sudo,openssh-server,adduser,passwd,login,util-linux";
/// And those of the release that has the newer records of logins.
const LOGIN_RECORDS: (&str, &str) = ("trixie", ",lastlog2,wtmpdb,libpam-lastlog2,libpam-wtmpdb");

/// Which oracles to ask, and how much.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Ask only this oracle.
    #[arg(long)]
    only: Option<String>,
    /// Cases for each oracle, instead of the number usual for it.
    #[arg(long)]
    cases: Option<u32>,
    /// Seed of the generated cases.
    #[arg(long)]
    seed: Option<u64>,
    /// Fetch and make nothing: what is missing is skipped.
    #[arg(long)]
    offline: bool,
}

/// Runs the oracles; exit code 1 when anything differs.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    let root = crate::contract::root();
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.starts_with(only));
    if !ORACLES.iter().any(|(name, ..)| wanted(name)) {
        let names: Vec<&str> = ORACLES.iter().map(|(name, ..)| *name).collect();
        return Err(format!("no such oracle; there are {}", names.join(", ")));
    }
    install_packages()?;
    let cache = target_dir(&root).join("oracles");
    std::fs::create_dir_all(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    if !options.offline {
        fetch(&cache);
    }
    step("build", cargo(&root).args(["test", "--package", "collect", "--tests", "--locked", "--no-run"]))?;
    let report = cache.join("report.tsv");
    std::fs::write(&report, "").map_err(|e| format!("{}: {e}", report.display()))?;
    let mut failed = Vec::new();
    for (name, file, test, cases) in ORACLES.iter().filter(|(name, ..)| wanted(name)) {
        let mut command = cargo(&root);
        command.args(["test", "--package", "collect", "--locked", "--quiet"]);
        if *file == LIB {
            command.arg("--lib");
        } else {
            command.args(["--test", file]);
        }
        command
            .args([test, "--", "--nocapture", "--exact"])
            .env("ORACLE_REPORT", &report)
            .env("ORACLE_CASES", options.cases.unwrap_or(*cases).to_string());
        if let Some(seed) = options.seed {
            command.env("ORACLE_SEED", seed.to_string());
        }
        if step(name, &mut command).is_err() {
            failed.push(*name);
        }
    }
    print(&report)?;
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("differences or failures: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// The tallies as a table.
fn print(report: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(report).map_err(|e| format!("{}: {e}", report.display()))?;
    println!("\n{:<24} {:>7} {:>11}  listed; skipped", "oracle", "cases", "differences");
    for line in text.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (name, cases, differences, listed, skipped) = (next(), next(), next(), next(), next());
        let rest: Vec<String> = [("listed", listed), ("skipped", skipped)]
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(what, text)| format!("{what}: {text}"))
            .collect();
        println!("{name:<24} {cases:>7} {differences:>11}  {}", rest.join(" | "));
    }
    Ok(())
}

/// Gets sources and roots where they are missing; what cannot be had is said, and skipped by the tests.
fn fetch(cache: &Path) {
    if !has("apt-get") || !is_root() {
        println!("note: sources and roots of Debian are only fetched on Debian, as root");
        return;
    }
    fetch_sources(cache);
    for suite in SUITES {
        if let Err(error) = make_root(cache, suite) {
            println!("note: {error}; tests that want this root are skipped");
        }
    }
}

/// Gets the sources only, which takes seconds.
pub fn fetch_sources(cache: &Path) {
    if !has("apt-get") || !is_root() {
        return;
    }
    let mut missing = SOURCES.iter().filter(|name| !has_source(cache, name)).peekable();
    if missing.peek().is_some() {
        let missing: Vec<&str> = missing.copied().collect();
        if let Err(error) = sources(cache, &missing) {
            println!("note: {error}; tests that want these sources are skipped");
        }
    }
}

fn has_source(cache: &Path, name: &str) -> bool {
    let entries = std::fs::read_dir(cache.join("sources")).into_iter().flatten().flatten();
    let prefix = format!("{name}-");
    entries.into_iter().any(|e| e.path().is_dir() && e.file_name().to_string_lossy().starts_with(&prefix))
}

/// Fetches source packages by a private list of sources: the machine's own is left as it is.
fn sources(cache: &Path, names: &[&str]) -> Result<(), String> {
    println!("fetching: sources of {} into {}", names.join(", "), cache.display());
    let make = |path: PathBuf| {
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display())).map(|()| path)
    };
    let (parts, lists) = (make(cache.join("apt/parts"))?, make(cache.join("apt/lists/partial"))?);
    let sources = make(cache.join("sources"))?;
    let own = "/etc/apt/sources.list.d/debian.sources";
    let text = std::fs::read_to_string(own).map_err(|e| format!("{own}: {e}"))?;
    let text: String = text
        .lines()
        .map(|l| if l == "Types: deb" { "Types: deb-src\n".into() } else { format!("{l}\n") })
        .collect();
    let list = parts.join("debian.sources");
    std::fs::write(&list, text).map_err(|e| format!("{}: {e}", list.display()))?;
    let apt = || {
        let mut command = Command::new("apt-get");
        command.current_dir(&sources);
        command.args(["-qq", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", "APT::Sandbox::User=root"]);
        command.arg("-o").arg(format!("Dir::Etc::sourceparts={}", parts.display()));
        command.arg("-o").arg(format!("Dir::State::lists={}", lists.parent().unwrap_or(&lists).display()));
        command
    };
    step("source lists", apt().arg("update"))?;
    let log = cache.join("apt/log");
    let out = std::fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    step("sources", apt().arg("source").args(names).stdout(out))
}

/// Makes the root of a release once; half a root is made again.
pub fn make_root(cache: &Path, suite: &str) -> Result<(), String> {
    let root = cache.join(format!("root-{suite}"));
    let records = suite == LOGIN_RECORDS.0;
    let complete =
        || root.join("usr/sbin/sshd").exists() && (!records || root.join("usr/bin/wtmpdb").exists());
    if complete() {
        return Ok(());
    }
    if !has("debootstrap") {
        return Err("debootstrap is not installed".into());
    }
    let own = std::fs::read_to_string("/etc/apt/sources.list.d/debian.sources").unwrap_or_default();
    let mirror =
        own.lines().find_map(|line| line.strip_prefix("URIs: ")).ok_or("no Debian mirror is configured")?;
    let turn = cache.join("lock");
    let turn = std::fs::File::create(&turn).map_err(|e| format!("{}: {e}", turn.display()))?;
    // `dist --check` wants such a root, too; two that make it at once would take it apart.
    turn.lock().map_err(|e| format!("the roots are in use: {e}"))?;
    if complete() {
        return Ok(());
    }
    let part = cache.join(format!("part-{suite}"));
    if part.exists() {
        std::fs::remove_dir_all(&part).map_err(|e| format!("{}: {e}", part.display()))?;
    }
    println!("making: a root of Debian {suite} in {}", root.display());
    let log = cache.join(format!("{suite}.log"));
    let out = std::fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let mut command = Command::new("debootstrap");
    let include = format!("{INCLUDE}{}", if records { LOGIN_RECORDS.1 } else { "" });
    command.args(["--variant=minbase", &include, suite]).arg(&part).arg(mirror).stdout(out);
    step(&format!("root of {suite}"), &mut command)?;
    if root.exists() {
        std::fs::remove_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    }
    std::fs::rename(&part, &root).map_err(|e| format!("{}: {e}", root.display()))
}
