//! What the differential tests share: reproducible chance, how much to try, and the tally of cases and differences.
//! `cargo xtask oracles` sets the variables and reads the tallies; in an ordinary test run each oracle tries a few
//! seconds' worth.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic there is its report")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Most differences shown of one oracle.
const SHOWN: usize = 5;

fn setting(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// xorshift64: reproducible, no dependency.
pub struct Random(u64);

impl Random {
    /// Seeded by `ORACLE_SEED`, else by the oracle's own number.
    pub fn seeded(default: u64) -> Random {
        // Zero would stay zero.
        Random(setting("ORACLE_SEED").map_or(default, |seed| (seed ^ default).max(1)))
    }

    pub fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.next(n) == 0
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.next(from.len())]
    }

    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.next(usize::try_from(to - from + 1).unwrap())).unwrap()
    }
}

/// Whether this is a long run, by `cargo xtask oracles`.
pub fn long() -> bool {
    setting("ORACLE_CASES").is_some()
}

/// How much to try: `ORACLE_CASES` cases, however long they take, else as many as fit the seconds.
#[derive(Clone, Copy)]
pub struct Budget {
    pub cases: usize,
    pub seconds: u64,
    end: Instant,
}

impl Budget {
    pub fn new(most: usize, seconds: u64) -> Budget {
        let (cases, seconds) = match setting("ORACLE_CASES") {
            Some(cases) => (usize::try_from(cases).unwrap(), 24 * 3600),
            None => (most, setting("ORACLE_SECONDS").unwrap_or(seconds)),
        };
        Budget { cases, seconds, end: Instant::now() + Duration::from_secs(seconds) }
    }

    /// Whether the next case may start, `done` being behind.
    pub fn more(&self, done: usize) -> bool {
        done < self.cases && (done == 0 || Instant::now() < self.end)
    }
}

/// Cases tried by one oracle and what came of them.
pub struct Tally {
    name: &'static str,
    cases: usize,
    differences: Vec<String>,
    listed: BTreeMap<String, usize>,
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    pub fn new(name: &'static str) -> Tally {
        Tally { name, cases: 0, differences: Vec::new(), listed: BTreeMap::new(), skipped: BTreeMap::new() }
    }

    /// One case: `None` when both sides agree, else what differs.
    pub fn case(&mut self, difference: Option<String>) {
        self.cases += 1;
        self.differences.extend(difference);
    }

    /// One case of two values.
    pub fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: impl FnOnce() -> String,
        ours: T,
        theirs: T,
    ) {
        let differs = ours != theirs;
        self.case(differs.then(|| format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", what())));
    }

    /// One case that differs for a reason docs/oracles.md gives.
    pub fn listed(&mut self, reason: &str) {
        self.cases += 1;
        *self.listed.entry(reason.to_owned()).or_default() += 1;
    }

    /// A case that says nothing, and why.
    pub fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Says what came of it, to `ORACLE_REPORT` too, and fails when anything differed.
    pub fn finish(self) {
        let counts = |map: &BTreeMap<String, usize>| {
            map.iter().map(|(why, n)| format!("{n} {why}")).collect::<Vec<_>>().join("; ")
        };
        let (listed, skipped) = (counts(&self.listed), counts(&self.skipped));
        let line = format!("{}\t{}\t{}\t{listed}\t{skipped}", self.name, self.cases, self.differences.len());
        eprintln!("oracle {}", line.replace('\t', " | "));
        if let Some(path) = std::env::var_os("ORACLE_REPORT") {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            writeln!(file, "{line}").unwrap();
        }
        let shown: Vec<&str> = self.differences.iter().take(SHOWN).map(String::as_str).collect();
        assert!(
            shown.is_empty(),
            "{} differences, among them:\n{}",
            self.differences.len(),
            shown.join("\n")
        );
    }
}

/// Whether every program is there and binding files is allowed; if not, the tally says so.
pub fn ready(tally: &mut Tally, programs: &[&str]) -> bool {
    for program in programs {
        let there = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            .iter()
            .any(|dir| PathBuf::from(dir).join(program).exists());
        if !there {
            tally.skip(&format!("{program} is not installed"));
            return false;
        }
    }
    if !rustix::process::geteuid().is_root() {
        tally.skip("needs root");
        return false;
    }
    let allowed = Command::new("unshare").args(["-m", "true"]).output();
    if !allowed.is_ok_and(|out| out.status.success()) {
        tally.skip("mount namespaces are not allowed here");
        return false;
    }
    true
}

/// Where fetched sources and made roots are kept: `target/oracles`.
pub fn cache() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target =
        target.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")));
    target.join("oracles")
}

/// Days since the epoch.
pub fn today() -> i32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i32::try_from(now.as_secs() / 86_400).unwrap()
}
