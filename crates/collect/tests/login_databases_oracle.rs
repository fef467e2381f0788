//! wtmpdb and lastlog2 themselves, in the root of Debian 13 that `cargo xtask oracles` makes: records come about by
//! their programs and PAM modules (imports of old files, boots, sessions of su and login, renamed and cleared users),
//! and what the collector reads in the databases is held against what the programs list.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

#[path = "common/logins.rs"]
mod logins;
#[path = "common/oracle.rs"]
mod oracle;

use std::fmt::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use collect::logins::{database, lastlog};
use logins::{HOSTS, LINES, Newest, START, USERS, lastlog_record, ours, seconds, wtmp_file};
use oracle::{Budget, Random, Tally};

/// Puts the case's directory at /mnt of the root and its accounts in place, and goes there.
const ENTER: &str = r#"set -e
mount --bind "$CASE" "$BASE/mnt"; mount -t proc proc "$BASE/proc"; mount --rbind /dev "$BASE/dev"
mount -t devpts devpts "$BASE/dev/pts" -o newinstance,ptmxmode=0666
mount --bind "$BASE/dev/pts/ptmx" "$BASE/dev/ptmx"
for f in passwd shadow; do mount --bind "$CASE/$f" "$BASE/etc/$f"; done
mount -t tmpfs tmpfs "$BASE/var/log"; mount -t tmpfs tmpfs "$BASE/run"
mount -t tmpfs tmpfs "$BASE/var/lib/lastlog"
exec chroot "$BASE" sh -c "$WORK"
"#;

/// Runs a script in the root; what it printed.
fn inside(base: &Path, case: &Path, work: &str) -> String {
    let out = Command::new("timeout")
        .args(["60", "unshare", "-m", "sh", "-c", ENTER])
        .env("BASE", base)
        .env("CASE", case)
        .env("WORK", format!("cd /mnt; {work}"))
        .envs([("TZ", "UTC"), ("LC_ALL", "C"), ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("LISTED"), "{work}\n{said}{errors}");
    said.into_owned()
}

/// What both programs list of their databases, after a line that tells their output from that of others.
const LIST: &str =
    "echo; echo LISTED; wtmpdb last -f w.db -j -F --time-format iso; echo LISTED; lastlog2 -d l.db";

/// The newest session of each user in `wtmpdb last -j`.
fn sessions(listing: &str) -> Newest {
    let mut newest = Newest::new();
    let value: serde_json::Value = serde_json::from_str(listing.trim()).unwrap_or_default();
    for entry in value["entries"].as_array().into_iter().flatten() {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().trim().to_owned();
        if text("tty") == "system boot" {
            continue;
        }
        let time = seconds(&text("login"));
        if newest.get(&text("user")).is_none_or(|old| old.0 < time) {
            newest.insert(text("user"), (time, text("tty"), text("hostname"), String::new()));
        }
    }
    newest
}

/// The rows of `lastlog2`: name, line, perhaps a host, and the time in six words.
fn last_logins(listing: &str) -> Newest {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut found = Newest::new();
    for line in listing.lines().filter(|line| line.contains("+0000")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (front, date) = words.split_at(words.len() - 6);
        let month = MONTHS.iter().position(|month| *month == date[1]).unwrap() + 1;
        let day: u8 = date[2].parse().unwrap();
        let time = seconds(&format!("{}-{month:02}-{day:02}T{}", date[5], date[3]));
        let word = |i: usize| front.get(i).copied().unwrap_or_default().to_owned();
        found.insert(word(0), (time, word(1), word(2), String::new()));
    }
    found
}

/// Both databases as read here, against both listings; how many records these show. Addresses are told as hosts there.
fn compare(case: &Path, said: &str, tally: &mut Tally) -> usize {
    let mut parts = said.split("LISTED").skip(1);
    let plain = |found: Newest| -> Newest {
        found
            .into_iter()
            .map(|(user, (time, tty, host, _))| (user, (time, tty, host, String::new())))
            .collect()
    };
    let read = |name: &str| std::fs::read(case.join(name)).unwrap_or_default();
    let read_sessions = plain(ours(&database::wtmpdb(&read("w.db")).unwrap_or_default()));
    let (listed_sessions, listed_last) =
        (sessions(parts.next().unwrap()), last_logins(parts.next().unwrap()));
    let records = listed_sessions.len() + listed_last.len();
    tally.same(|| said.to_owned(), read_sessions, listed_sessions);
    let read_last = plain(ours(&database::lastlog2(&read("l.db")).unwrap_or_default()));
    tally.same(|| said.to_owned(), read_last, listed_last);
    records
}

#[test]
fn databases_agree_with_wtmpdb_and_lastlog2() {
    let mut tally = Tally::new("wtmpdb-lastlog2-real");
    let base = oracle::cache().join("root-trixie");
    if !base.join("usr/bin/wtmpdb").exists() || !base.join("usr/bin/lastlog2").exists() {
        tally.skip("no root of Debian 13 with both programs: cargo xtask oracles makes it");
    } else if oracle::ready(&mut tally, &["unshare", "timeout"]) {
        std::fs::create_dir_all(base.join("var/lib/lastlog")).unwrap();
        let budget = Budget::new(10, 2);
        let mut random = Random::seeded(0x5eed_0050);
        let (mut imported, mut lived) = (0, 0);
        for done in (0..).take_while(|done| budget.more(*done)) {
            let case = tempfile::tempdir().unwrap();
            accounts(case.path());
            if done % 10 == 1 {
                let said = inside(&base, case.path(), &sessions_of_pam(&mut random));
                lived += compare(case.path(), &said, &mut tally);
            } else {
                let said = inside(&base, case.path(), &imports(&mut random, case.path()));
                imported += compare(case.path(), &said, &mut tally);
            }
        }
        eprintln!("{imported} records of imports, {lived} of sessions");
        assert!(tally.cases() < 20 || (imported > 0 && lived > 0), "the programs wrote nothing");
    }
    tally.finish();
}

/// Accounts whose shell ends at once.
fn accounts(case: &Path) {
    let (mut passwd, mut shadow) = (String::new(), String::new());
    for (user, uid) in USERS.iter().zip(1000..) {
        let uid = if *user == "root" { 0 } else { uid };
        writeln!(passwd, "{user}:x:{uid}:0::/:/bin/true").unwrap();
        writeln!(shadow, "{user}:*:19000::::::").unwrap();
    }
    std::fs::write(case.join("passwd"), passwd).unwrap();
    std::fs::write(case.join("shadow"), shadow).unwrap();
}

/// Old files that both programs import, and what else they do to their databases.
fn imports(r: &mut Random, case: &Path) -> String {
    std::fs::write(case.join("wtmp"), wtmp_file(r)).unwrap();
    let file = std::fs::File::create(case.join("lastlog")).unwrap();
    for uid in (1000..1005).chain([0]) {
        if !r.one_in(3) {
            let record = lastlog_record(START + r.between(0, 500_000_000), r.pick(&LINES), r.pick(&HOSTS));
            file.write_all_at(&record, lastlog::offset(uid)).unwrap();
        }
    }
    let mut work = String::from("wtmpdb import -f w.db wtmp; lastlog2 -d l.db -i lastlog\n");
    if r.one_in(3) {
        work.push_str("wtmpdb boot -f w.db\n");
    }
    if r.one_in(3) {
        // It leaves bytes that are no text in another column.
        writeln!(work, "lastlog2 -d l.db -r renamed -u {}", r.pick(&USERS)).unwrap();
    }
    if r.one_in(3) {
        writeln!(work, "lastlog2 -d l.db -C -u {}", r.pick(&USERS)).unwrap();
    }
    if r.one_in(4) {
        work.push_str("wtmpdb rotate -f w.db -d 1; wtmpdb import -f w.db wtmp\n");
    }
    work + LIST
}

/// Sessions of su and login, whose PAM modules write the records; with a line each, as `script` gives them.
fn sessions_of_pam(r: &mut Random) -> String {
    let mut work = String::new();
    for _ in 0..=r.next(3) {
        let user = r.pick(&USERS);
        let session = match r.next(3) {
            0 => format!("su -l {user} -c true"),
            1 => format!("login -f {user}"),
            _ => format!("login -h {} -f {user}", r.pick(&HOSTS[1..])),
        };
        writeln!(work, "timeout 20 script -qec '{session}' /dev/null; sleep 1.1").unwrap();
    }
    work.push_str("cp /var/lib/wtmpdb/wtmp.db w.db; cp /var/lib/lastlog/lastlog2.db l.db\n");
    work + LIST
}
