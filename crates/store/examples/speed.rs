//! Measures the store: `cargo run --release -p store --example speed [people] [hosts]`.
//! Imports people 5,000 rows a write, imports them again unchanged, loads them; puts hosts of 50 accounts, puts them
//! again unchanged, loads them; and times single durable writes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool: a failure is its result")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use model::facts::{AccountFacts, Evidence, HostReport, Section, section};
use model::{PersonPatch, TenantId};
use store::{
    Change, Facts, FirstKey, HostUpdate, Limits, Options, PersonImport, PersonKey, Reader, Share,
    SqliteStore, Write, Writer,
};

const ONE: TenantId = TenantId::DEFAULT;
/// Imports at a time.
const WRITERS: u64 = 20;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let people = numbers.next().unwrap_or(1_000_000);
    let hosts = numbers.next().unwrap_or(2_000);
    let dir = tempfile::tempdir_in(".").unwrap();
    let path = dir.path().join("speed.db");
    let store = SqliteStore::open(&path, Limits::default()).unwrap();
    let writer = Writer::start(Box::new(store), Options::default(), || 1_700_000_000_000, |_| ()).unwrap();
    let first_key = FirstKey { secret_id: "AKID".into(), name: "first".into(), sealed_secret: vec![0; 60] };
    let change = Change::CreateTenant { name: "default".into(), first_key, root_org_node: "root".into() };
    writer.write_blocking(Write::new(ONE, change)).unwrap();

    timed("import", people, || import(&writer, people));
    timed("import again, unchanged", people, || import(&writer, people));
    let singles = 500;
    timed("single durable changes, one after the other", singles, || modify(&writer, singles));
    timed("hosts of 50 accounts", hosts, || put_hosts(&writer, hosts, 1));
    timed("the same hosts again", hosts, || put_hosts(&writer, hosts, 2));
    timed("stop", 1, || writer.stop());
    let mut store = SqliteStore::open(&path, Limits::default()).unwrap();
    let mut loaded = 0_u64;
    timed("load people", people, || store.each_person(ONE, Share::ALL, &mut |_| loaded += 1).unwrap());
    assert_eq!(loaded, people);
    let mut accounts = 0;
    timed("load accounts", hosts * 50, || {
        store.each_host(ONE, &mut |_, rows| accounts += rows.len()).unwrap();
    });
    println!("{accounts} accounts; file {} MB", std::fs::metadata(&path).unwrap().len() >> 20);
}

fn timed(what: &str, number: u64, run: impl FnOnce()) {
    let (start, before) = (Instant::now(), used());
    run();
    let (seconds, used) = (start.elapsed().as_secs_f64(), used());
    let (cpu, written) = (used.0 - before.0, used.1 - before.1);
    println!(
        "{what}: {number} in {seconds:.2} s, {:.0} a second; CPU {cpu:.2} s, {written:.0} MB written",
        number as f64 / seconds
    );
}

/// CPU seconds of this process and megabytes it has written, so far.
fn used() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at| after_name.split_whitespace().nth(at).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    ((ticks(11) + ticks(12)) / 100.0, written.and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0) / 1e6)
}

/// Looks random, is the same each time.
fn scatter(number: u64) -> u64 {
    number
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn row(number: u64) -> PersonImport {
    let random = scatter(number);
    PersonImport {
        user_name: format!("user{number:07}"),
        id: None,
        new_id: format!("{:08x}-{:04x}-4000-8000-{:012x}", random >> 32, random & 0xffff, number),
        org_node: "7a4c2f50-0000-4000-8000-000000000000".into(),
        display_name: Some(format!("Person {number}")),
        phone: Some(format!("+86-1{:010}", scatter(number) % 10_000_000_000)),
        email: Some(format!("person.{:x}.{number}@example.com", random & 0xff)),
        status: None,
        description: number.is_multiple_of(3).then(|| "imported from the directory".to_owned()),
        created: Some(1_600_000_000_000),
        updated: Some(1_600_000_000_000),
        last_login: None,
    }
}

/// Some writes at a time, as a program does that reads ahead: the writer commits them together.
fn import(writer: &Writer, people: u64) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _thread in 0..WRITERS {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(5_000, Ordering::Relaxed);
                    if first >= people {
                        break;
                    }
                    let rows = (first..people.min(first + 5_000)).map(row).collect();
                    let change = Change::ImportPeople { rows, dry_run: false };
                    writer.write_blocking(Write::new(ONE, change)).unwrap();
                }
            });
        }
    });
}

fn modify(writer: &Writer, number: u64) {
    for number in 0..number {
        let key = PersonKey::Name(format!("user{number:07}"));
        let patch = PersonPatch { display_name: Some("changed".into()), ..Default::default() };
        writer.write_blocking(Write::new(ONE, Change::ModifyPerson { key, patch })).unwrap();
    }
}

fn put_hosts(writer: &Writer, hosts: u64, received: i64) {
    for host in 0..hosts {
        let account = |n: u64| AccountFacts {
            name: format!("account{n}"),
            uid: Some(n as u32),
            gid: Some(n as u32),
            gecos: format!("Account {n} of host {host}"),
            home: format!("/home/account{n}"),
            shell: "/bin/bash".into(),
            groups: vec!["users".into(), format!("group{}", n % 7)],
            ..Default::default()
        };
        let evidence = Section { evidence: Evidence::Ok, ..Default::default() };
        let report = HostReport {
            format: 1,
            collected_at: received,
            sections: [(section::PASSWD.to_owned(), evidence)].into(),
            accounts: (0..50).map(account).collect(),
            ..Default::default()
        };
        let facts = Facts::new(report).unwrap();
        let update = HostUpdate::new(&format!("host-{host:06}"), &facts, received).unwrap();
        let change = Change::PutHost(Box::new(update));
        writer.write_blocking(Write::new(ONE, change)).unwrap();
    }
}
