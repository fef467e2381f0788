//! Differential tests of last logins: generated wtmp files against `utmpdump` and `last`, lastlog against `lslogins`,
//! wtmpdb and lastlog2 against databases filled by `sqlite3` with the schema of the real ones, and the wtmp files of
//! util-linux's own tests in both byte orders.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

#[path = "common/logins.rs"]
mod logins;
#[path = "common/oracle.rs"]
mod oracle;

use std::fmt::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use collect::logins::{database, lastlog, wtmp};
use logins::{HOSTS, LINES, Newest, START, USERS, lastlog_record, ours, seconds, wtmp_file};
use oracle::{Budget, Random, Tally};

fn output(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program).args(arguments).env("TZ", "UTC").env("LC_ALL", "C").output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The newest session of each user in what `utmpdump` prints: eight fields in brackets.
fn dumped(path: &Path) -> Newest {
    let mut newest = Newest::new();
    for line in output("utmpdump", &[path.to_str().unwrap()]).lines() {
        let f: Vec<&str> =
            line.trim_start_matches('[').trim_end_matches(']').split("] [").map(str::trim).collect();
        let time = seconds(f[7]);
        if f[0] == "7" && !f[3].is_empty() && time > 0 && newest.get(f[3]).is_none_or(|old| old.0 < time) {
            let address = if f[6] == "0.0.0.0" { "" } else { f[6] };
            newest.insert(f[3].to_owned(), (time, f[4].to_owned(), f[5].to_owned(), address.to_owned()));
        }
    }
    newest
}

#[test]
fn wtmp_agrees_with_utmpdump_and_last() {
    let mut tally = Tally::new("wtmp");
    if oracle::ready(&mut tally, &["utmpdump", "last"]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wtmp");
        let budget = Budget::new(150, 4);
        let mut random = Random::seeded(0x5eed_0030);
        for _ in (0..).take_while(|done| budget.more(*done)) {
            let file = wtmp_file(&mut random);
            std::fs::write(&path, &file).unwrap();
            let found = ours(&wtmp::parse(&file));
            tally.same(|| "utmpdump".to_owned(), &found, &dumped(&path));
            // last cuts names that fill their field.
            let user = USERS[random.next(4)];
            let line =
                output("last", &["-w", "-n", "1", "--time-format=iso", "-f", path.to_str().unwrap(), user]);
            let first = line.lines().next().filter(|line| line.starts_with(user));
            let time = |line: &str| {
                line.split_whitespace().find(|w| w.contains('T') && w.ends_with("+00:00")).map(seconds)
            };
            let theirs =
                first.map(|line| (time(line).unwrap(), line.split_whitespace().nth(1).unwrap().to_owned()));
            let ours = found.get(user).map(|(time, line, ..)| (*time, line.clone()));
            tally.same(|| format!("last {user}: {line}"), ours, theirs);
        }
    }
    tally.finish();
}

#[test]
fn wtmp_files_of_util_linux() {
    let mut tally = Tally::new("wtmp-util-linux");
    let found = std::fs::read_dir(oracle::cache().join("sources")).into_iter().flatten().flatten();
    let tree = found.map(|e| e.path()).find(|p| p.is_dir() && p.to_string_lossy().contains("/util-linux-"));
    match tree {
        Some(tree) if oracle::ready(&mut tally, &["utmpdump"]) => {
            for name in ["wtmp-a", "wtmp-b", "wtmp-ipv6"] {
                let path = |order: &str| tree.join(format!("tests/ts/utmp/{name}.{order}"));
                let parse = |order: &str| ours(&wtmp::parse(&std::fs::read(path(order)).unwrap()));
                let theirs = dumped(&path("LE"));
                tally.same(|| format!("{name}, little endian"), parse("LE"), theirs.clone());
                tally.same(|| format!("{name}, big endian"), parse("BE"), theirs);
            }
        }
        Some(_) => {}
        None => tally.skip("sources not fetched: cargo xtask oracles fetches them"),
    }
    tally.finish();
}

#[test]
fn lastlog_agrees_with_lslogins() {
    let mut tally = Tally::new("lastlog");
    if oracle::ready(&mut tally, &["lslogins", "unshare"]) {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(40, 4);
        let mut random = Random::seeded(0x5eed_0031);
        for _ in (0..).take_while(|done| budget.more(*done)) {
            lastlog_case(&mut random, dir.path(), &mut tally);
        }
    }
    tally.finish();
}

fn lastlog_case(r: &mut Random, dir: &Path, tally: &mut Tally) {
    let (path, mut passwd) = (dir.join("lastlog"), String::new());
    let file =
        std::fs::File::options().create(true).truncate(true).read(true).write(true).open(&path).unwrap();
    let mut expected = Vec::new();
    for (i, user) in USERS[..4].iter().enumerate() {
        let uid = [u32::try_from(i).unwrap() + 1000, 70_000_000 + u32::try_from(r.next(9)).unwrap()]
            [r.next(2)]
            + 10 * u32::try_from(i).unwrap();
        writeln!(passwd, "{user}:x:{uid}:1::/:/bin/sh").unwrap();
        if !r.one_in(3) {
            let bytes = lastlog_record(START + r.between(0, 500_000_000), r.pick(&LINES), r.pick(&HOSTS));
            file.write_all_at(&bytes, lastlog::offset(uid)).unwrap();
        }
        let mut read = vec![0; lastlog::RECORD];
        let found = file.read_at(&mut read, lastlog::offset(uid)).unwrap();
        let entry = lastlog::parse(&read[..found]);
        expected.push(entry.map_or_else(
            || format!("{user}|||"),
            |e| format!("{user}|{}|{}|{}", e.time, e.terminal, e.host),
        ));
    }
    std::fs::write(dir.join("passwd"), passwd).unwrap();
    let script = format!(
        "cd {}; mount --bind passwd /etc/passwd; lslogins --raw --time-format=iso --lastlog lastlog --wtmp-file /dev/null \
         --btmp-file /dev/null -o USER,LAST-LOGIN,LAST-TTY,LAST-HOSTNAME -l {} 2>&1",
        dir.display(),
        USERS[..4].join(",")
    );
    let listing = output("unshare", &["-m", "sh", "-c", &script]);
    let mut theirs: Vec<String> = listing
        .lines()
        .skip(1)
        .map(|line| {
            let f: Vec<&str> = line.split(' ').collect();
            let get = |i: usize| f.get(i).copied().unwrap_or_default();
            let time = if get(1).starts_with("20") { seconds(get(1)).to_string() } else { String::new() };
            let known = !time.is_empty();
            format!(
                "{}|{time}|{}|{}",
                get(0),
                if known { get(2) } else { "" },
                if known { get(3) } else { "" }
            )
        })
        .collect();
    theirs.sort();
    expected.sort();
    tally.same(|| listing.clone(), expected, theirs);
}

/// The schemas as the real tools make them (Debian 13).
const SCHEMAS: &str = "PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT);
CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, TTY TEXT, \
RemoteHost TEXT, Service TEXT) STRICT;";

#[test]
fn databases_agree_with_sqlite() {
    let mut tally = Tally::new("lastlog2-wtmpdb");
    if oracle::ready(&mut tally, &["sqlite3"]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let budget = Budget::new(40, 4);
        let mut random = Random::seeded(0x5eed_0032);
        for _ in (0..).take_while(|done| budget.more(*done)) {
            let _ = std::fs::remove_file(&path);
            let mut sql = SCHEMAS.to_owned();
            for _ in 0..random.next(30) {
                let (user, line, host) = (random.pick(&USERS), random.pick(&LINES), random.pick(&HOSTS));
                let micros =
                    random.between(START, START + 500_000_000) * 1_000_000 + random.between(0, 999_999);
                let host = if host.is_empty() { "NULL".to_owned() } else { format!("'{host}'") };
                let kind = random.pick(&["1", "2", "3", "3", "3"]);
                write!(sql, "INSERT INTO wtmp(Type,User,Login,TTY,RemoteHost) VALUES({kind},'{user}',{micros},'{line}',{host});\
                    REPLACE INTO Lastlog2 VALUES('{user}',{},'{line}',{host},'sshd');", micros / 1_000_000).unwrap();
            }
            let db = path.to_str().unwrap();
            sql.push_str("COMMIT;");
            output("sqlite3", &[db, &sql]);
            let bytes = std::fs::read(&path).unwrap();
            let ask = |query: &str| -> Newest {
                let rows = output("sqlite3", &["-separator", "|", db, query]);
                rows.lines()
                    .map(|row| {
                        let f: Vec<&str> = row.split('|').collect();
                        (
                            f[0].to_owned(),
                            (f[1].parse().unwrap(), f[2].to_owned(), f[3].to_owned(), String::new()),
                        )
                    })
                    .collect()
            };
            let sessions =
                ask("SELECT User, Login/1000000, TTY, coalesce(RemoteHost,'') FROM wtmp w WHERE Type=3 AND \
                Login=(SELECT max(Login) FROM wtmp WHERE User=w.User AND Type=3)");
            tally.same(|| sql.clone(), ours(&database::wtmpdb(&bytes).unwrap()), sessions);
            let last = ask("SELECT Name, Time, TTY, coalesce(RemoteHost,'') FROM Lastlog2");
            tally.same(|| sql.clone(), ours(&database::lastlog2(&bytes).unwrap()), last);
        }
    }
    tally.finish();
}
