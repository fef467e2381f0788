//! Differential tests of the account files: rows of generated passwd, group and shadow files against what the C
//! library takes (`getent -s files`), and states and days of generated shadow rows against `passwd -S` and `chage -l`
//! on the same root.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use std::fmt::Write as _;
use std::process::Command;

use collect::etc::{group, passwd, shadow};
use common::{HostRoot, account};
use model::facts::{HashClass, PasswordFacts};
use model::rules;
use oracle::{Budget, Random, Tally};

const NUMBERS: [&str; 18] = [
    "0",
    "7",
    "19000",
    "99999",
    "4294967294",
    "4294967295",
    "4294967296",
    "-1",
    "+5",
    " 5",
    "5 ",
    " ",
    "x",
    "",
    "99999999999999999999",
    "0x7",
    "05",
    "12",
];
const FILES: [&str; 3] = ["passwd", "group", "shadow"];

fn number(r: &mut Random) -> &'static str {
    if r.one_in(3) { r.pick(&NUMBERS) } else { r.pick(&["0", "7", "1000", "19000"]) }
}

/// One row, sound or damaged.
fn row(r: &mut Random, file: &str, i: usize) -> String {
    let name = format!("{}u{i}", r.pick(&["", "", "", "", " ", "\t", "U.", "é", "#"]));
    let mut fields = vec![name, r.pick(&["x", "", "*", "!"]).to_owned()];
    match file {
        "passwd" => {
            fields.extend([number(r).to_owned(), number(r).to_owned()]);
            fields.extend(["", "Full Name,,", "/home/u", "/bin/sh"].map(str::to_owned).into_iter().skip(1));
        }
        "group" => {
            fields.push(number(r).to_owned());
            fields.push(
                r.pick(&["", "u1", "u1,u2", "u1, u2", "u1,,u3", ",u1", "u1,", " u4 ", "u1 ,u2"]).to_owned(),
            );
        }
        _ => (0..7).for_each(|_| fields.push(number(r).to_owned())),
    }
    match r.next(9) {
        0 => fields.truncate(1 + r.next(fields.len())),
        1 => fields.push(r.pick(&["", "more", "7"]).to_owned()),
        2 => fields[0].clear(),
        _ => {}
    }
    fields.join(":") + r.pick(&["", "", "", "", " "])
}

/// What `getent` prints for each version of the three files.
fn ask(cases: &[[String; 3]]) -> Vec<[String; 3]> {
    let dir = tempfile::tempdir().unwrap();
    for (i, case) in cases.iter().enumerate() {
        for (file, text) in FILES.iter().zip(case) {
            std::fs::write(dir.path().join(format!("{file}{i}")), text).unwrap();
        }
    }
    let mut script = format!("cd {}; touch passwd group shadow\n", dir.path().display());
    FILES.iter().for_each(|file| writeln!(script, "mount --bind {file} /etc/{file} || exit 1").unwrap());
    write!(
        script,
        "i=0; while [ $i -lt {} ]; do for f in passwd group shadow; do cat $f$i > $f; getent -s files $f; echo ==END; \
         done; i=$((i+1)); done",
        cases.len()
    )
    .unwrap();
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let answers: Vec<String> = text.split_terminator("==END\n").map(str::to_owned).collect();
    assert_eq!(answers.len(), cases.len() * 3, "{}", String::from_utf8_lossy(&out.stderr));
    answers.chunks(3).map(|chunk| [chunk[0].clone(), chunk[1].clone(), chunk[2].clone()]).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn our_rows(file: &str, bytes: &[u8]) -> Vec<String> {
    match file {
        "passwd" => {
            let line = |r: &passwd::Row| {
                format!(
                    "{}:{}:{}:{}:{}:{}",
                    text(&r.name),
                    r.uid,
                    r.gid,
                    text(&r.gecos),
                    text(&r.home),
                    text(&r.shell)
                )
            };
            passwd::parse(file, bytes).rows.iter().map(line).collect()
        }
        "group" => {
            let members = |r: &group::Row| r.members.iter().map(|m| text(m)).collect::<Vec<_>>().join(",");
            let line = |r: &group::Row| format!("{}:{}:{}", text(&r.name), r.gid, members(r));
            group::parse(file, bytes).rows.iter().map(line).collect()
        }
        _ => {
            let line = |r: &shadow::Row| format!("{}:{}", text(&r.name), days(&r.facts));
            let rows = shadow::parse(file, bytes).rows;
            rows.iter().filter(|r| r.facts.class != HashClass::Unknown).map(line).collect()
        }
    }
}

fn days(f: &PasswordFacts) -> String {
    let day = |day: Option<i64>| day.map(|day| day.to_string()).unwrap_or_default();
    [f.last_change, f.min, f.max, f.warn, f.inactive, f.expire].map(day).join(":")
}

/// The same members of a line of getent.
fn their_rows(file: &str, answer: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut f: Vec<&str> = line.splitn(if file == "passwd" { 7 } else { 9 }, ':').collect();
        match file {
            "passwd" => {
                // What the empty fields mean.
                f[5] = if f[5].is_empty() { "/" } else { f[5] };
                f[6] = if f[6].is_empty() { "/bin/sh" } else { f[6] };
                [f[0], f[2], f[3], f[4], f[5], f[6]].join(":")
            }
            "group" => [f[0], f[2], f[3]].join(":"),
            _ => format!("{}:{}", f[0], f[2..8].join(":")),
        }
    };
    // Nobody can be named by an empty name, and nobody can become the id that means "none".
    let usable = |line: &&str| !line.starts_with(':') && (file == "shadow" || !line.contains(":4294967295:"));
    answer.lines().filter(usable).map(line).collect()
}

#[test]
fn rows_agree_with_getent() {
    let mut tally = Tally::new("account-files");
    if oracle::ready(&mut tally, &["getent", "unshare"]) {
        let budget = Budget::new(150, 10);
        let mut random = Random::seeded(0x5eed_0020);
        let mut file = |name: &str| {
            let rows: Vec<String> = (0..12).map(|i| row(&mut random, name, i) + "\n").collect();
            rows.concat()
        };
        let cases: Vec<[String; 3]> = (0..budget.cases).map(|_| FILES.map(&mut file)).collect();
        for (case, answers) in cases.iter().zip(ask(&cases)) {
            for ((file, text), answer) in FILES.iter().zip(case).zip(&answers) {
                let (ours, theirs) = (our_rows(file, text.as_bytes()), their_rows(file, answer));
                tally.same(|| format!("{file}:\n{text}"), ours, theirs);
            }
        }
    }
    tally.finish();
}

const FIELDS: [&str; 9] = ["$6$s$h", "$y$j9T$s$h", "!$6$s$h", "!", "!!", "!*", "*", "", "*LK*"];

fn shadow_row(r: &mut Random, name: &str) -> String {
    let today = i64::from(oracle::today());
    let day = |r: &mut Random| match r.next(6) {
        0 => String::new(),
        1 => "0".to_owned(),
        _ => r.between(1, today + 400).to_string(),
    };
    let (changed, expire) = (day(r), day(r));
    let ages = [
        r.pick(&["", "0", "3", "40"]),
        r.pick(&["", "0", "30", "90", "9999", "10000", "99999"]),
        r.pick(&["", "0", "7"]),
        r.pick(&["", "0", "5", "30"]),
    ];
    format!("{name}:{}:{changed}:{}:{expire}:\n", r.pick(&FIELDS), ages.join(":"))
}

#[test]
fn states_and_days_agree_with_passwd_and_chage() {
    let mut tally = Tally::new("password-ages");
    if oracle::ready(&mut tally, &["passwd", "chage"]) {
        let budget = Budget::new(400, 8);
        let mut random = Random::seeded(0x5eed_0021);
        let names: Vec<String> = (0..budget.cases).map(|i| format!("u{i}")).collect();
        let passwd: String = names
            .iter()
            .enumerate()
            .map(|(i, n)| format!("{n}:x:{}:1::/home/{n}:/bin/sh\n", 1000 + i))
            .collect();
        // The tools want to know who asks.
        let passwd = format!("root:x:0:0::/root:/bin/sh\n{passwd}");
        let shadow: String = names.iter().map(|name| shadow_row(&mut random, name)).collect();
        let root = HostRoot::empty()
            .file("/etc/passwd", passwd.as_bytes(), 0o644)
            .file("/etc/group", b"users:x:1:\n", 0o644)
            .file("/etc/shadow", shadow.as_bytes(), 0o640);
        let report = root.scan();
        let path = root.dir.path().to_str().unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let out =
                Command::new(program).args(["-R", path]).args(arguments).env("LC_ALL", "C").output().unwrap();
            String::from_utf8_lossy(&out.stdout).into_owned()
        };
        let states = run("passwd", &["-S", "-a"]);
        assert!(!states.is_empty(), "passwd says nothing");
        for ((name, row), state) in names.iter().zip(shadow.lines()).zip(states.lines().skip(1)) {
            if !budget.more(tally.cases() / 2) {
                break;
            }
            let facts = account(&report, name);
            tally.same(|| format!("passwd -S: {row}"), our_state(name, &facts.password), state.to_owned());
            let account = rules::account(facts, &report.host, 0);
            let detail = rules::detail(facts, 0);
            let listed = run("chage", &["-i", "-l", name]);
            let expires = (detail.disable_day, "Account expires");
            let due = (account.password_due, "Password expires");
            let none = |what: &str| match facts.password.last_change {
                Some(0) if what.contains("assword") => "password must be changed".to_owned(),
                _ => "never".to_owned(),
            };
            let changed = (account.password_changed, "Last password change");
            let ours = [changed, due, expires]
                .map(|(day, what)| format!("{what} {}", day.map_or_else(|| none(what), common::civil)));
            let theirs = ["Last password change", "Password expires", "Account expires"]
                .map(|label| format!("{label} {}", value(&listed, label)));
            tally.same(|| format!("chage -l: {row}"), ours, theirs);
        }
    }
    tally.finish();
}

fn our_state(name: &str, facts: &PasswordFacts) -> String {
    let class = match facts.class {
        HashClass::Usable => "P",
        HashClass::Empty => "NP",
        HashClass::LockedWithHash | HashClass::LockedNever | HashClass::NoPassword => "L",
        HashClass::Unknown => "?",
    };
    let changed =
        facts.last_change.map_or("never".to_owned(), |day| common::civil(i32::try_from(day).unwrap()));
    let ages = [facts.min, facts.max, facts.warn, facts.inactive].map(|n| n.unwrap_or(-1).to_string());
    format!("{name} {class} {changed} {}", ages.join(" "))
}

fn value(listing: &str, label: &str) -> String {
    let line = listing.lines().find(|line| line.starts_with(label)).unwrap_or_default();
    line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}
