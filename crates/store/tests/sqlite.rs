//! The suite on SQLite, and what is SQLite's own: files, damage, the file of somebody else.
#![allow(clippy::unwrap_used, reason = "a panic in a test is the report")]

mod suite;

use std::path::PathBuf;

use store::{Limits, SqliteStore, Store, StoreError};
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
        self.open(Limits { people: most, hosts: most, pending_tasks: most })
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
    let outside = rusqlite::Connection::open(files.path()).unwrap();
    outside.execute("UPDATE host_bodies SET body = x'09'", []).unwrap();
    let again = suite::put_host(suite::ONE, "h", 2, suite::report(2, &["root"], true));
    let answers = store.commit(&[again, suite::create(suite::ONE, suite::person("a"))], 3).unwrap();
    assert!(matches!(answers[0], Err(store::Refusal::HostDamaged(_))), "{:?}", answers[0]);
    assert!(answers[1].is_ok());
    let error = store.each_host(suite::ONE, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("host \"h\" of tenant 1"), "{error}");
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
