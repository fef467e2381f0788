//! The collector on roots of real Debian releases (made by `cargo xtask oracles`), against what the releases' own
//! tools say inside them: `getent`, `passwd -S -a`, `sshd -T`, `sudo -l -U`. Some accounts are made there first, by the
//! releases' own `useradd`, on a copy of /etc.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use std::path::Path;
use std::process::Command;

use model::facts::{Evidence, HashClass, HostReport};
use model::rules;
use oracle::Tally;

/// Makes accounts in every ordinary way, in a private copy of /etc.
const MAKE: &str = "useradd -m -s /bin/bash al; useradd -r sys1; useradd -m -G sudo su1; useradd -e 2020-01-02 old
    usermod -p '$6$abcdefgh$XqwJcW6OI747PCzoKGoK' al; usermod -p '$6$abcdefgh$XqwJcW6OI747PCzoKGoK' su1; passwd -q -l su1
    useradd -p '' open; chage -M 30 -d 2020-01-01 -W 5 -I 3 al; chage -d 0 sys1; groupadd ops; usermod -aG ops al
    echo '%ops ALL=(root) NOPASSWD: /bin/ls' > /etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops
    printf 'Match Group ops\\n PasswordAuthentication no\\n' >> /etc/ssh/sshd_config";

#[test]
fn debian_releases() {
    let mut tally = Tally::new("debian-roots");
    if oracle::ready(&mut tally, &["unshare"]) {
        for suite in ["bullseye", "bookworm", "trixie"] {
            let root = oracle::cache().join(format!("root-{suite}"));
            if root.join("usr/sbin/sshd").exists() {
                release(&root, &mut tally);
            } else {
                tally.skip(&format!("no root of {suite}: cargo xtask oracles makes it"));
            }
        }
    }
    tally.finish();
}

/// Runs a script in the release with `etc` for its /etc.
fn inside(root: &Path, etc: &Path, script: &str) -> String {
    let (root, etc) = (root.display(), etc.display());
    let outer = format!(
        "mount --bind {etc} {root}/etc; mount --rbind /proc {root}/proc; mount --rbind /dev {root}/dev
         mount -t tmpfs tmpfs {root}/home; mount -t tmpfs tmpfs {root}/run; mkdir {root}/run/sshd
         exec chroot {root} sh -c \"$0\""
    );
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", &outer, script])
        .env("LC_ALL", "C")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

fn release(root: &Path, tally: &mut Tally) {
    let copy = tempfile::tempdir().unwrap();
    let etc = copy.path().join("etc");
    let made = Command::new("cp").arg("-a").arg(root.join("etc")).arg(&etc).status().unwrap();
    assert!(made.success());
    inside(root, &etc, MAKE);
    // The scan sees the copy of /etc over the programs of the release.
    std::fs::create_dir(copy.path().join("usr")).unwrap();
    for programs in ["usr/sbin", "usr/bin"] {
        let mut command = Command::new("cp");
        command.arg("-a").arg(root.join(programs)).arg(copy.path().join("usr"));
        assert!(command.status().unwrap().success());
    }
    for (name, target) in [("bin", "usr/bin"), ("sbin", "usr/sbin")] {
        std::os::unix::fs::symlink(target, copy.path().join(name)).unwrap();
    }
    let options = collect::Options {
        root: Some(copy.path().to_owned()),
        hostname: Some("web1".into()),
        ..collect::Options::default()
    };
    let report = collect::scan(&options).unwrap();
    accounts(root, &etc, &report, tally);
    states(root, &etc, &report, tally);
    for name in ["root", "al", "su1", "open"] {
        access(root, &etc, &report, name, tally);
    }
}

fn accounts(root: &Path, etc: &Path, report: &HostReport, tally: &mut Tally) {
    let getent = inside(root, etc, "getent -s files passwd");
    let names: Vec<&str> = getent.lines().filter_map(|line| line.split(':').next()).collect();
    let ours: Vec<&str> = report.accounts.iter().map(|a| a.name.as_str()).collect();
    tally.same(|| format!("accounts of {}", root.display()), ours, names);
    for account in &report.accounts {
        let groups = inside(root, etc, &format!("id -Gn {}", account.name));
        let mut theirs: Vec<&str> = groups.split_whitespace().collect();
        let mut ours: Vec<&str> =
            account.primary_group.iter().chain(&account.groups).map(String::as_str).collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        tally.same(|| format!("groups of {} in {}", account.name, root.display()), ours, theirs);
    }
}

fn states(root: &Path, etc: &Path, report: &HostReport, tally: &mut Tally) {
    for line in inside(root, etc, "passwd -S -a").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let password = &common::account(report, fields[0]).password;
        let state = match password.class {
            HashClass::Usable => "P",
            HashClass::Empty => "NP",
            HashClass::LockedWithHash | HashClass::LockedNever | HashClass::NoPassword => "L",
            HashClass::Unknown => "?",
        };
        let ages = [password.min, password.max, password.warn, password.inactive];
        let ours = ages.map(|n| n.unwrap_or(-1).to_string());
        let theirs: Vec<String> = fields[3..7].iter().map(|f| (*f).to_owned()).collect();
        tally.same(|| format!("{}: {line}", root.display()), (state, ours.to_vec()), (fields[1], theirs));
    }
}

fn access(root: &Path, etc: &Path, report: &HostReport, name: &str, tally: &mut Tally) {
    let account = common::account(report, name);
    let listed = inside(root, etc, &format!("sudo -h web1 -l -U {name}"));
    let ours = rules::is_sudo(&account.sudo);
    tally.same(
        || format!("sudo of {name} in {}: {listed}", root.display()),
        ours,
        Some(listed.contains("    (")),
    );
    let effective = inside(
        root,
        etc,
        &format!(
            "ssh-keygen -A >/dev/null; sshd -T -C user={name},host=h,addr=10.0.0.1,laddr=127.0.0.1,lport=22,rdomain="
        ),
    );
    let value = |keyword: &str| {
        effective.lines().find_map(|line| line.strip_prefix(keyword)).unwrap_or("?").trim() == "yes"
    };
    assert_eq!(account.ssh.evidence, Evidence::Ok);
    let ours = (account.ssh.password.possible(), account.ssh.use_pam, account.ssh.pubkey.possible());
    let theirs = (
        Some(value("passwordauthentication ")),
        Some(value("usepam ")),
        Some(value("pubkeyauthentication ")),
    );
    tally.same(|| format!("sshd settings for {name} in {}", root.display()), ours, theirs);
}
