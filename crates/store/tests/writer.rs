//! The writing thread: order, groups, failure, stopping; and a process killed in the middle of its writes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic in a test is the report")]
#![allow(dead_code, reason = "the suite's helpers are shared, not every test uses all")]

mod suite;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};

use store::{
    Change, Effect, Limits, Options, Reader, Refusal, SqliteStore, Store, StoreError, Write, WriteError,
    Writer, Written,
};
use suite::{ONE, create, person};

fn sqlite(path: &Path) -> Box<dyn Store> {
    let mut store = SqliteStore::open(path, Limits::default()).unwrap();
    if store.tenants().unwrap().is_empty() {
        suite::with_two_tenants(&mut store);
    }
    Box::new(store)
}

fn ids(written: &[Written]) -> Vec<String> {
    let id = |w: &Written| match &w.effect {
        Effect::Person(p) => p.id.clone(),
        other => panic!("{other:?}"),
    };
    written.iter().map(id).collect()
}

/// A writer whose observer notes what it sees, and the notes.
fn observed(path: &Path, options: Options) -> (Writer, Arc<Mutex<Vec<Vec<String>>>>) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let clock = AtomicI64::new(0);
    let seen = Arc::clone(&notes);
    let writer = Writer::start(
        sqlite(path),
        options,
        move || clock.fetch_add(1, Ordering::Relaxed),
        move |written| seen.lock().unwrap().push(ids(written)),
    )
    .unwrap();
    (writer, notes)
}

#[tokio::test]
async fn answers_come_after_the_observer_and_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let (writer, notes) = observed(&path, Options::default());
    let mut reader = sqlite(&path).reader().unwrap();
    for number in 0..20_u64 {
        let name = format!("p{number}");
        writer.write(create(ONE, person(&name))).await.unwrap();
        assert_eq!(notes.lock().unwrap().last().unwrap(), &[format!("id-{name}")]);
        assert_eq!(reader.counts(ONE).unwrap().people, number + 1);
    }
    let error = writer.write(create(ONE, person("p1"))).await.unwrap_err();
    assert!(matches!(error, WriteError::Refused(Refusal::UserNameTaken)), "{error}");
    assert_eq!(notes.lock().unwrap().len(), 20, "nothing to see in a refusal");
}

/// The writer is held in the commit of the first group until everything else waits, so that nothing depends on who is
/// faster.
#[tokio::test]
async fn what_waits_is_committed_together_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (entered, committing) = mpsc::channel();
    let (hold, held) = mpsc::channel::<()>();
    let clock = move || {
        entered.send(()).unwrap();
        held.recv().map_or(0, |()| unreachable!("nothing is ever sent"))
    };
    let notes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&notes);
    let store = sqlite(&dir.path().join("db"));
    let options = Options { queue: 512, group: 50, imports: 50 };
    let observer = move |written: &[Written]| seen.lock().unwrap().push(ids(written));
    let writer = Writer::start(store, options, clock, observer).unwrap();

    let begin = |number: u32| {
        let write = writer.write(create(ONE, person(&format!("p{number:03}"))));
        // One poll puts it into the queue, where there is a place; tokio would put it off after many others.
        let mut write = Box::pin(tokio::task::unconstrained(write));
        assert!(write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        write
    };
    let mut writes = vec![begin(0)];
    committing.recv().unwrap();
    writes.extend((1..500).map(begin));
    drop(hold);
    for write in writes {
        write.await.unwrap();
    }

    let groups = notes.lock().unwrap().clone();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 50, 50, 50, 50, 50, 50, 50, 50, 50, 49]);
    assert_eq!(groups.concat(), (0..500).map(|n| format!("id-p{n:03}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn stopping_writes_what_is_queued() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let (writer, _) = observed(&path, Options { queue: 4, group: 2, imports: 2 });
    let writer = Arc::new(writer);
    let mut tasks = Vec::new();
    for number in 0..50 {
        let writer = Arc::clone(&writer);
        let write = create(ONE, person(&format!("p{number}")));
        tasks.push(tokio::spawn(async move { writer.write(write).await }));
        tokio::task::yield_now().await;
    }
    let stopper = Arc::clone(&writer);
    tokio::task::spawn_blocking(move || stopper.stop()).await.unwrap();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(error) => assert!(matches!(error, WriteError::Stopped), "{error}"),
        }
    }
    assert!(matches!(writer.write(create(ONE, person("late"))).await, Err(WriteError::Stopped)));
    writer.stop();
    assert_eq!(sqlite(&path).counts(ONE).unwrap().people, done);
    let log = std::fs::metadata(dir.path().join("db-wal")).map_or(0, |m| m.len());
    assert_eq!(log, 0, "the log was emptied");
}

#[test]
fn blocking_writes_and_dropping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let (writer, _) = observed(&path, Options::default());
    writer.write_blocking(create(ONE, person("a"))).unwrap();
    drop(writer);
    assert_eq!(sqlite(&path).counts(ONE).unwrap().people, 1);
}

/// A store whose commits fail.
struct Failing(Box<dyn Store>);

impl Store for Failing {
    fn commit(&mut self, _: &[Write], _: i64) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
        Err(StoreError::Full)
    }
    fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        self.0.reader()
    }
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        Err(StoreError::Full)
    }
    fn check(&mut self) -> Result<(), StoreError> {
        self.0.check()
    }
}

impl Reader for Failing {
    fn tenants(&mut self) -> Result<Vec<model::Tenant>, StoreError> {
        self.0.tenants()
    }
    fn root_org_node(&mut self, t: model::TenantId) -> Result<Option<String>, StoreError> {
        self.0.root_org_node(t)
    }
    fn each_person(
        &mut self,
        t: model::TenantId,
        share: store::Share,
        f: &mut dyn FnMut(model::Person),
    ) -> Result<(), StoreError> {
        self.0.each_person(t, share, f)
    }
    fn each_host(
        &mut self,
        t: model::TenantId,
        f: &mut dyn FnMut(model::HostState, &[model::AccountView<'_>]),
    ) -> Result<(), StoreError> {
        self.0.each_host(t, f)
    }
    fn host(&mut self, t: model::TenantId, q: &str) -> Result<Option<model::HostRecord>, StoreError> {
        self.0.host(t, q)
    }
    fn labels(&mut self, tenant: model::TenantId) -> Result<model::Labels, StoreError> {
        self.0.labels(tenant)
    }

    fn cleared(&mut self, tenant: model::TenantId) -> Result<Vec<model::ClearedHost>, StoreError> {
        self.0.cleared(tenant)
    }

    fn host_days(
        &mut self,
        tenant: model::TenantId,
        first: model::Day,
        last: model::Day,
    ) -> Result<Vec<model::HostDay>, StoreError> {
        self.0.host_days(tenant, first, last)
    }

    fn host_facts(
        &mut self,
        t: model::TenantId,
        q: &[&str],
    ) -> Result<Vec<Option<model::facts::HostFacts>>, StoreError> {
        self.0.host_facts(t, q)
    }
    fn credentials(&mut self) -> Result<Vec<model::Credential>, StoreError> {
        self.0.credentials()
    }
    fn tasks(&mut self) -> Result<Vec<model::ExportTask>, StoreError> {
        self.0.tasks()
    }
    fn enrolment_tokens(&mut self) -> Result<Vec<model::EnrolmentToken>, StoreError> {
        self.0.enrolment_tokens()
    }
    fn agents(&mut self) -> Result<Vec<model::Agent>, StoreError> {
        self.0.agents()
    }
    fn scans(&mut self) -> Result<Vec<model::Scan>, StoreError> {
        self.0.scans()
    }
    fn events(
        &mut self,
        t: model::TenantId,
        filter: &store::EventFilter,
        o: u64,
        l: u64,
    ) -> Result<(Vec<store::AccountEvent>, u64), StoreError> {
        self.0.events(t, filter, o, l)
    }
    fn history_from(&mut self, t: model::TenantId) -> Result<i64, StoreError> {
        self.0.history_from(t)
    }
    fn host_at(
        &mut self,
        t: model::TenantId,
        q: &str,
        at: i64,
    ) -> Result<Option<model::HostEntry>, StoreError> {
        self.0.host_at(t, q, at)
    }
    fn account_at(
        &mut self,
        t: model::TenantId,
        q: &str,
        name: &str,
        at: i64,
    ) -> Result<Option<(model::HostEntry, Option<model::facts::AccountFacts>)>, StoreError> {
        self.0.account_at(t, q, name, at)
    }
    fn host_rebuilt(
        &mut self,
        t: model::TenantId,
        q: &str,
        at: i64,
    ) -> Result<Option<model::HostEntry>, StoreError> {
        self.0.host_rebuilt(t, q, at)
    }
    fn oldest(&mut self, t: model::TenantId, q: &str) -> Result<Option<model::HostEntry>, StoreError> {
        self.0.oldest(t, q)
    }
    fn each_changed(
        &mut self,
        t: model::TenantId,
        at: i64,
        f: &mut dyn FnMut(String, Option<model::HostEntry>),
    ) -> Result<(), StoreError> {
        self.0.each_changed(t, at, f)
    }
    fn removed_hosts(&mut self, t: model::TenantId) -> Result<Vec<String>, StoreError> {
        self.0.removed_hosts(t)
    }
    fn person_password_hash(&mut self, t: model::TenantId, id: &str) -> Result<Option<String>, StoreError> {
        self.0.person_password_hash(t, id)
    }
    fn change_seq(&mut self, t: model::TenantId) -> Result<u64, StoreError> {
        self.0.change_seq(t)
    }
    fn counts(&mut self, t: model::TenantId) -> Result<store::Counts, StoreError> {
        self.0.counts(t)
    }
    fn audit(&mut self, t: model::TenantId, a: u64, l: u64) -> Result<Vec<store::AuditRecord>, StoreError> {
        self.0.audit(t, a, l)
    }
}

#[test]
fn a_failed_group_is_told_to_its_callers_and_to_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = Box::new(Failing(sqlite(&dir.path().join("db"))));
    let writer = Writer::start(store, Options::default(), || 0, |_| panic!("observed")).unwrap();
    for _still_there in 0..2 {
        let error = writer.write_blocking(create(ONE, person("a"))).unwrap_err();
        assert!(matches!(&error, WriteError::Failed(e) if matches!(**e, StoreError::Full)), "{error}");
    }
}

#[test]
fn after_a_panic_of_the_observer_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let writer = Writer::start(sqlite(&path), Options::default(), || 0, |_| panic!("meant")).unwrap();
    for name in ["a", "b"] {
        let error = writer.write_blocking(create(ONE, person(name))).unwrap_err();
        assert!(matches!(error, WriteError::Stopped), "{error}");
    }
    writer.stop();
    assert_eq!(sqlite(&path).counts(ONE).unwrap().people, 1);
}

const CHILD: &str = "STORE_TEST_CRASH_FILE";

/// Not a test of its own: the process that [`every_answered_write_survives_a_kill`] kills. Writes from several
/// threads and prints the id of each person after the answer.
#[test]
fn crash_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let writer = Writer::start(sqlite(Path::new(&path)), Options::default(), || 0, |_| ()).unwrap();
    let round = std::process::id();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0.. {
                    let mut someone = person(&format!("{round}-{thread}-{number}"));
                    // Large enough that a checkpoint happens now and then.
                    someone.description = Some("x".repeat(2_000));
                    writer.write_blocking(create(ONE, someone.clone())).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "answered {}", someone.id).unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn every_answered_write_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let mut answered = BTreeSet::new();
    for round in 1..=3 {
        answered.extend(run_and_kill(&path, 150 * round));
        let mut store = sqlite(&path);
        store.check().unwrap();
        let people = suite::people(store.as_mut(), ONE);
        assert_eq!(store.counts(ONE).unwrap().people, people.len() as u64);
        let there: BTreeSet<String> = people.into_iter().map(|p| p.id).collect();
        let lost: Vec<_> = answered.difference(&there).collect();
        assert!(lost.is_empty(), "lost {lost:?}");
    }
    assert!(answered.len() >= 900);
}

/// Ids the child was answered for until it was killed.
fn run_and_kill(path: &Path, after: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash_child", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (lines, answers) = mpsc::channel();
    let pump = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            // The first line shares its line with the harness's "test crash_child ... ".
            if let Some((_, id)) = line.split_once("answered ") {
                lines.send(id.to_owned()).unwrap();
            }
        }
    });
    let mut ids: Vec<String> = answers.iter().take(after).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    pump.join().unwrap();
    ids.extend(answers);
    ids
}

#[test]
fn an_import_larger_than_a_group_is_written_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = sqlite(&dir.path().join("db"));
    let writer = Writer::start(store, Options { queue: 1, group: 2, imports: 2 }, || 0, |_| ()).unwrap();
    let row = |number: usize| store::PersonImport {
        user_name: format!("p{number}"),
        id: None,
        new_id: format!("id{number}"),
        org_node: "root".into(),
        display_name: None,
        phone: None,
        email: None,
        status: None,
        description: None,
        created: None,
        updated: None,
        last_login: None,
    };
    let change = Change::ImportPeople { rows: (0..10).map(row).collect(), dry_run: false };
    let written = writer.write_blocking(Write::new(ONE, change)).unwrap();
    assert!(matches!(written.effect, Effect::Imported(i) if i.created == 10));
}
