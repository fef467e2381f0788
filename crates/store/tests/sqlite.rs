//! The suite on SQLite, and what is SQLite's own: files, damage, the file of somebody else.
#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

mod suite;

use std::path::PathBuf;

use sha2::Digest;
use store::{Limits, Reader, SqliteStore, Store, StoreError};
use tempfile::TempDir;

struct Files {
    dir: TempDir,
    number: usize,
}

impl Files {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), number: 0 }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(format!("{}.db", self.number))
    }

    fn open(&self, limits: Limits) -> Box<dyn Store> {
        Box::new(SqliteStore::open(self.path(), limits).unwrap())
    }
}

impl suite::Rig for Files {
    fn fresh(&mut self) -> Box<dyn Store> {
        self.number += 1;
        self.open(Limits::default())
    }

    fn reopen(&mut self) -> Box<dyn Store> {
        self.open(Limits::default())
    }

    fn limited(&mut self, most: u64) -> Box<dyn Store> {
        self.number += 1;
        self.open(Limits { people: most, hosts: most, pending_tasks: most, tags: most, host_events: most })
    }
}

#[test]
fn keeps_what_every_store_keeps() {
    suite::run(&mut Files::new());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let mut files = Files::new();
    let _store = suite::two_tenants(&mut files);
    let names: Vec<PathBuf> =
        std::fs::read_dir(files.dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        assert_eq!(std::fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600, "{name:?}");
    }
}

#[test]
fn other_files_are_left_alone() {
    let files = Files::new();
    std::fs::write(files.path(), "no database at all, but long enough for a header ".repeat(100)).unwrap();
    let error = SqliteStore::open(files.path(), Limits::default()).err().unwrap();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    std::fs::remove_file(files.path()).unwrap();
    let theirs = rusqlite::Connection::open(files.path()).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = SqliteStore::open(files.path(), Limits::default()).err().unwrap();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_changed_migration_and_a_newer_schema_are_refused() {
    for (change, text) in [
        ("UPDATE migrations SET checksum = 'x'", "migration 1 (first)"),
        ("INSERT INTO migrations VALUES (999, 'later', 'y')", "start the newer program again"),
    ] {
        let mut files = Files::new();
        drop(suite::two_tenants(&mut files));
        rusqlite::Connection::open(files.path()).unwrap().execute_batch(change).unwrap();
        let error = SqliteStore::open(files.path(), Limits::default()).err().unwrap().to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn damage_is_found_and_named() {
    let mut files = Files::new();
    let mut store = suite::two_tenants(&mut files);
    for number in 0..200 {
        suite::done(store.as_mut(), suite::create(suite::ONE, suite::person(&format!("person {number}"))));
    }
    store.checkpoint().unwrap();
    drop(store);
    let mut bytes = std::fs::read(files.path()).unwrap();
    let from = bytes.len() / 2;
    bytes[from..from + 8192].fill(0xee);
    std::fs::write(files.path(), bytes).unwrap();
    let error = SqliteStore::open(files.path(), Limits::default()).and_then(|mut s| s.check()).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("restore the last backup"));
}

#[test]
fn a_damaged_host_refuses_its_own_writes_only() {
    let mut files = Files::new();
    let mut store = suite::two_tenants(&mut files);
    suite::done(store.as_mut(), suite::put_host(suite::ONE, "h", 1, suite::report(1, &["root"], true)));
    let whole = suite::loaded(store.as_mut(), suite::ONE);
    let outside = rusqlite::Connection::open(files.path()).unwrap();
    outside.execute("UPDATE host_rows SET rows = x'01ff'", []).unwrap();
    assert_eq!(suite::loaded(store.as_mut(), suite::ONE), whole, "made again from the facts");
    outside.execute("UPDATE host_bodies SET body = x'09'", []).unwrap();
    let again = suite::put_host(suite::ONE, "h", 2, suite::report(2, &["root"], true));
    let answers = store.commit(&[again, suite::create(suite::ONE, suite::person("a"))], 3).unwrap();
    assert!(matches!(answers[0], Err(store::Refusal::HostDamaged(_))), "{:?}", answers[0]);
    assert!(answers[1].is_ok());
    for error in
        [store.each_host(suite::ONE, &mut |_, _| ()).unwrap_err(), store.host(suite::ONE, "h").unwrap_err()]
    {
        assert!(error.to_string().contains("host \"h\" of tenant 1"), "{error}");
    }
    outside.execute("DELETE FROM host_rows", []).unwrap();
    let error = store.each_host(suite::ONE, &mut |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("0 have rows, 1 are counted"), "{error}");
}

/// A database as the program of the first version wrote it, with a host in each of two tenants.
fn of_the_first_version(path: &std::path::Path) {
    const SCRIPT: &str = include_str!("../migrations/0001_first.sql");
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.pragma_update(None, "application_id", 0x526f_6c6c).unwrap();
    sql.execute_batch(SCRIPT).unwrap();
    sql.execute_batch(
        "CREATE TABLE migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;
         INSERT INTO tenants (tenant, name, created, root_org_node, hosts) VALUES (1, 'a', 0, 'r', 1), (2, 'b', 0, 'r', 1);
         INSERT INTO hosts VALUES (1, 'h', 10, 30, 30), (2, 'h', 11, 31, 31);",
    )
    .unwrap();
    let checksum = hex::encode(sha2::Sha256::digest(SCRIPT));
    sql.execute("INSERT INTO migrations VALUES (1, 'first', ?1)", [checksum]).unwrap();
    let body = serde_json::json!({
        "report": suite::report(30, &["root", "bert"], false),
        "first_seen": {"root": 10, "anna": 10, "bert": 30},
    });
    let body = [&[1], body.to_string().as_bytes()].concat();
    sql.execute("INSERT INTO host_bodies VALUES (1, 'h', ?1), (2, 'h', ?1)", [body]).unwrap();
}

#[test]
fn a_database_of_the_first_version_gets_its_rows() {
    let files = Files::new();
    of_the_first_version(&files.path());
    for _opened in 0..2 {
        let mut store = files.open(Limits::default());
        let hosts = suite::loaded(store.as_mut(), suite::ONE);
        let state = &hosts[0].state;
        assert_eq!((hosts.len(), state.host.quuid.as_str(), state.first_report), (1, "h", 10));
        assert_eq!((state.contact.last_report(), state.contact.updated()), (30, 30));
        let seen: Vec<_> = hosts[0].accounts.iter().map(|a| (a.name.as_str(), a.first_seen)).collect();
        assert_eq!(seen, [("root", 10), ("bert", 30)]);
        let record = store.host(suite::ONE, "h").unwrap().unwrap();
        assert_eq!(record.first_seen["anna"], 10, "absent from an incomplete list");
        assert_eq!(record.report, suite::report(30, &["root", "bert"], false));
        assert_eq!(suite::loaded(store.as_mut(), suite::TWO).len(), 1);
        let facts = store::Facts::new(record.report).unwrap();
        assert_eq!(state.digest, facts.digest(), "the same report will be no change");
    }
    let mut store = files.open(Limits::default());
    let write = suite::put_host(suite::ONE, "h", 40, suite::report(40, &["anna", "root"], true));
    let store::Effect::Host { entry, new, vanished, .. } = suite::done(store.as_mut(), write) else {
        panic!()
    };
    assert_eq!((entry.accounts[0].first_seen, new, vanished), (10, 0, 1));
    store.check().unwrap();
}

#[test]
fn rows_of_other_rules_are_made_again() {
    let mut files = Files::new();
    let mut store = suite::two_tenants(&mut files);
    for (at, names) in [(1, &["root", "anna"][..]), (2, &["root", "bert"])] {
        suite::done(store.as_mut(), suite::put_host(suite::ONE, "h", at, suite::report(at, names, true)));
    }
    let whole = suite::loaded(store.as_mut(), suite::ONE);
    drop(store);
    let outside = rusqlite::Connection::open(files.path()).unwrap();
    outside
        .execute_batch(
            "UPDATE counters SET value = 0 WHERE name = 'host rows'; UPDATE host_rows SET rows = x'00ff'",
        )
        .unwrap();
    let mut store = files.open(Limits::default());
    assert_eq!(suite::loaded(store.as_mut(), suite::ONE), whole);
    let stale = "SELECT count(*) FROM host_rows WHERE rows = x'00ff'";
    assert_eq!(outside.query_row(stale, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "and written");
}

#[test]
fn a_group_the_engine_fails_leaves_nothing() {
    let mut files = Files::new();
    let mut store = suite::two_tenants(&mut files);
    let outside = rusqlite::Connection::open(files.path()).unwrap();
    outside
        .execute_batch(
            "CREATE TRIGGER fail BEFORE INSERT ON people WHEN new.id = 'id-bad'
             BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    let group = ["a", "bad", "c"].map(|name| suite::create(suite::ONE, suite::person(name)));
    let seq = store.change_seq(suite::ONE).unwrap();
    let error = store.commit(&group, 1).unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    assert!(suite::people(store.as_mut(), suite::ONE).is_empty());
    assert_eq!(store.counts(suite::ONE).unwrap().people, 0);
    assert_eq!(store.change_seq(suite::ONE).unwrap(), seq);
    suite::done(store.as_mut(), suite::create(suite::ONE, suite::person("a")));
}

/// A number from a seed, the same in every run.
fn number(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

/// The report of a host with some of its accounts, each in one of a few states.
fn some_accounts(seed: &mut u64) -> model::facts::HostReport {
    let mut report = suite::report(1, &[], true);
    for name in 0..12 {
        if number(seed, 4) > 0 {
            let mut account = model::facts::AccountFacts { name: format!("u{name}"), ..Default::default() };
            account.uid = Some(u32::try_from(number(seed, 3)).unwrap());
            account.shell = format!("/bin/{}", number(seed, 3));
            report.accounts.push(account);
        }
    }
    report.host.hostname = format!("host {}", number(seed, 2));
    report
}

#[test]
fn the_present_is_made_again_from_first_reports_and_events_alone() {
    const HOSTS: usize = 40;
    let (mut files, mut seed) = (Files::new(), 7);
    let mut store = suite::two_tenants(&mut files);
    let mut at = 0;
    for _round in 0..8 {
        for host in 0..HOSTS {
            at += 1;
            let report = some_accounts(&mut seed);
            suite::done(store.as_mut(), suite::put_host(suite::ONE, &format!("h{host}"), at, report));
        }
    }
    // Once with the whole history, and once when most of it was let go of.
    for before in [0, at - 60] {
        loop {
            let prune = store::Change::PruneHistory { before, most: 7 };
            let effect = suite::done(store.as_mut(), store::Write::new(suite::ONE, prune));
            if !matches!(effect, store::Effect::HistoryPruned { more: true }) {
                break;
            }
        }
        let present = suite::loaded(store.as_mut(), suite::ONE);
        assert_eq!(present.len(), HOSTS);
        store.checkpoint().unwrap();
        let copy = files.dir.path().join(format!("copy-{before}.db"));
        std::fs::copy(files.path(), &copy).unwrap();
        let outside = rusqlite::Connection::open(&copy).unwrap();
        let rows: i64 =
            outside.query_row("SELECT count(*) FROM account_events", [], |row| row.get(0)).unwrap();
        assert!(rows > 0);
        outside
            .execute_batch(
                "PRAGMA foreign_keys = OFF; DELETE FROM hosts; DELETE FROM host_rows; DELETE FROM host_bodies;",
            )
            .unwrap();
        drop(outside);
        let mut copied = SqliteStore::open(&copy, Limits::default()).unwrap();
        assert!(copied.host(suite::ONE, "h0").unwrap().is_none(), "nothing of the present is left");
        for mut entry in present {
            entry.accounts.sort_by(|a, b| a.name.cmp(&b.name));
            let quuid = entry.state.host.quuid.clone();
            let made = copied.host_rebuilt(suite::ONE, &quuid, at).unwrap().unwrap();
            assert_eq!(made.accounts, entry.accounts, "{quuid}");
            assert_eq!(
                (&made.state.host, made.state.digest),
                (&entry.state.host, entry.state.digest),
                "{quuid}"
            );
            assert_eq!(made.state.first_report, entry.state.first_report, "{quuid}");
        }
    }
}
