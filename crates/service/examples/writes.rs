//! Measures what is written through the service, durable, in process:
//! `cargo run --release -p service --example writes [hosts] [people]`.
//! Reports of hosts of 50 accounts (about 30 KB of JSON each) for the first time, the same again whole and by digest,
//! and a start with them; then new people, 8 at a time, beside the same rows written by SQLite alone in groups.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool: a failure is its result")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use model::{Role, TenantId};
use serde_json::{Value, json};
use service::{Caller, Service, Settings, call};
use tokio::runtime::Runtime;
use wire::{ActionId, Lang, Params};

const ACCOUNTS: u64 = 50;
/// Reports on their way at once.
const REPORTERS: u64 = 64;
const CREATORS: u64 = 8;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let hosts = numbers.next().unwrap_or(20_000);
    let people = numbers.next().unwrap_or(20_000);
    let dir = tempfile::tempdir_in(".").unwrap();
    let runtime = Runtime::new().unwrap();
    reports(&runtime, dir.path(), hosts);
    let service = open(dir.path(), "a start with them", hosts * ACCOUNTS);
    let hashed = people.min(200);
    timed("CreateUser with the hash of its password, 8 at a time", hashed, || {
        create(
            &runtime,
            &service,
            hashed,
            ("2021-04-20", "CreateUser"),
            |(name, _, _)| json!({"UserName": format!("new-{name}"), "Password": "correct horse"}),
        );
    });
    timed("imports of one new person, 8 at a time", people, || {
        create(
            &runtime,
            &service,
            people,
            ("2026-12-01", "ImportUsers"),
            |(name, phone, email)| json!({"Users": [{"UserName": name, "DisplayName": name, "Phone": phone, "Email": email}]}),
        );
    });
    service.stop();
    timed("the same rows, SQLite alone in groups", people, || bare(&dir.path().join("bare.db"), people));
}

fn timed<T>(what: &str, number: u64, run: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let result = run();
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{what}: {number} in {seconds:.2} s (CPU {cpu:.2} s), {:.0} a second", number as f64 / seconds);
    result
}

/// CPU seconds of this process so far.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks =
        |at: usize| after_name.split_whitespace().nth(at).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn open(dir: &Path, what: &str, number: u64) -> Arc<Service> {
    timed(what, number, || {
        let service = Service::open(Settings::new(dir)).unwrap();
        service.load().unwrap();
        service
    })
}

fn reports(runtime: &Runtime, dir: &Path, hosts: u64) {
    let service = open(dir, "a start with nothing", 0);
    let action = wire::route("2026-12-01", "ReportHost").unwrap();
    let whole = |host: u64| json!({"Report": report(host)});
    let size = report(0).len();
    println!("a report has {size} bytes");
    let digests = send(runtime, &service, action, "reports for the first time, accounts", hosts, whole);
    send(runtime, &service, action, "the same reports whole, accounts", hosts, whole);
    let short = |host: u64| json!({"Quuid": quuid(host), "Digest": digests[host as usize]});
    let answers = send(runtime, &service, action, "the same by digest, accounts", hosts, short);
    assert_eq!(answers, digests);
    timed("stop", 1, || service.stop());
    let size = std::fs::metadata(dir.join("rollcall.db")).unwrap().len();
    println!("the database has {} bytes an account", size / (hosts * ACCOUNTS));
}

/// Sends a call for each host, many at a time, and gives back the digests. Bodies are made beforehand, some at a time.
fn send(
    runtime: &Runtime,
    service: &Arc<Service>,
    action: ActionId,
    what: &str,
    hosts: u64,
    params: impl Fn(u64) -> Value,
) -> Vec<String> {
    const TOGETHER: u64 = 10_000;
    let mut digests = Vec::new();
    let (mut seconds, mut cpu) = (0.0, 0.0);
    for first in (0..hosts).step_by(TOGETHER as usize) {
        let bodies: Vec<Vec<u8>> =
            (first..hosts.min(first + TOGETHER)).map(|h| params(h).to_string().into_bytes()).collect();
        let (start, before) = (Instant::now(), cpu_seconds());
        digests.extend(runtime.block_on(send_all(service, action, bodies)));
        seconds += start.elapsed().as_secs_f64();
        cpu += cpu_seconds() - before;
    }
    let accounts = hosts * ACCOUNTS;
    println!(
        "{what}: {accounts} in {seconds:.2} s (CPU {cpu:.2} s), {:.0} a second",
        accounts as f64 / seconds
    );
    digests
}

async fn send_all(service: &Arc<Service>, action: ActionId, bodies: Vec<Vec<u8>>) -> Vec<String> {
    let (bodies, next) = (Arc::new(bodies), Arc::new(AtomicU64::new(0)));
    let mut senders = Vec::new();
    for _sender in 0..REPORTERS {
        let (service, bodies, next) = (Arc::clone(service), Arc::clone(&bodies), Arc::clone(&next));
        senders.push(tokio::spawn(async move {
            let mut digests = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed) as usize;
                let Some(body) = bodies.get(index) else { return digests };
                let answer = answer(&service, action, body).await;
                digests.push((index, answer["Digest"].as_str().unwrap().to_owned()));
            }
        }));
    }
    let mut digests = Vec::new();
    for sender in senders {
        digests.extend(sender.await.unwrap());
    }
    digests.sort_unstable();
    digests.into_iter().map(|(_, digest)| digest).collect()
}

async fn answer(service: &Arc<Service>, action: ActionId, body: &[u8]) -> Value {
    let caller = Caller {
        tenant: TenantId::DEFAULT,
        secret_id: "AKIDmeasuring000000000000000000000000".into(),
        role: Role::Admin,
        request_id: "8a7b1c9e-0000-4000-8000-000000000000".into(),
        lang: Lang::En,
        source: [127, 0, 0, 1].into(),
    };
    let body = call(service, &caller, action, Params::from_json(body).unwrap()).await.unwrap();
    serde_json::from_slice(body.as_json()).unwrap()
}

/// Looks random, is the same each time.
fn scatter(number: u64) -> u64 {
    number
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn quuid(host: u64) -> String {
    let random = scatter(host);
    format!("{:08x}-{:04x}-5000-8000-{:012x}", random >> 32, random & 0xffff, host)
}

/// A report as a collector makes it.
fn report(host: u64) -> String {
    let account = |n: u64| {
        let random = scatter(host * ACCOUNTS + n);
        let name = if n < 40 {
            format!("service{n}")
        } else {
            format!("user{:05}", random % 50_000) + &n.to_string()
        };
        let mut account = json!({
            "name": name, "uid": n, "gid": n, "gecos": format!("Account {n} of the host"), "home": format!("/home/{name}"),
            "shell": if n < 40 { "/usr/sbin/nologin" } else { "/bin/bash" }, "primary_group": name,
            "line": n + 1, "origin": "files",
            "password": {"evidence": "ok", "class": "usable", "algorithm": "yescrypt", "last_change": 19_000 + random % 900,
                         "min": 0, "max": 99_999, "warn": 7},
            "shell_facts": {"evidence": "ok", "exists": true, "executable": true, "interactive": n >= 40, "listed": true},
            "sudo": {"evidence": "ok", "grants": []},
            "ssh": {"evidence": "ok", "installed": true, "allowed": {"choice": "yes", "by": ""}, "password": "no",
                    "kbd_interactive": "no", "pubkey": "yes", "permit_empty": "no", "permit_root": "prohibit_password",
                    "use_pam": true},
            "keys": {"evidence": "ok", "keys": []},
            "last_login": {"evidence": "ok"},
        });
        if n >= 40 {
            account["last_login"]["record"] = json!({"time": 1_700_000_000 + random % 50_000_000, "terminal": "pts/0",
                "host": format!("10.0.{}.{}", random % 255, random % 253), "source": "wtmp"});
        }
        account
    };
    json!({
        "format": 1, "collected_at": 1_790_000_000_000_u64 + host, "collector": "rollcall 0.1.0",
        "host": {"quuid": quuid(host), "hostname": format!("host-{host:06}"), "os": "linux", "os_id": "debian",
                 "os_name": "Debian GNU/Linux 12 (bookworm)", "os_version": "12", "privilege": "root",
                 "addresses": [{"ip": format!("10.{}.{}.{}", host >> 16, (host >> 8) & 255, host & 255), "interface": "eth0"}]},
        "sections": {"passwd": {"evidence": "ok"}, "shadow": {"evidence": "ok"}, "group": {"evidence": "ok"},
                     "sudoers": {"evidence": "ok"}, "sshd": {"evidence": "ok"}, "wtmp": {"evidence": "absent"}},
        "accounts": (0..ACCOUNTS).map(account).collect::<Vec<_>>(),
    })
    .to_string()
}

fn person(number: u64) -> (String, String, String) {
    let random = scatter(number);
    (
        format!("user{number:07}"),
        format!("+86-1{:010}", random % 10_000_000_000),
        format!("person.{:x}.{number}@example.com", random & 0xff),
    )
}

/// New people through the service. The import of one person takes the same way as CreateUser, but for the hash.
fn create(
    runtime: &Runtime,
    service: &Arc<Service>,
    people: u64,
    (version, action): (&str, &str),
    params: impl Fn((String, String, String)) -> Value + Copy + Send + 'static,
) {
    let action = wire::route(version, action).unwrap();
    let next = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        let mut creators = Vec::new();
        for _creator in 0..CREATORS {
            let (service, next) = (Arc::clone(service), Arc::clone(&next));
            creators.push(tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= people {
                        return;
                    }
                    answer(&service, action, params(person(number)).to_string().as_bytes()).await;
                }
            }));
        }
        for creator in creators {
            creator.await.unwrap();
        }
    });
}

/// The same columns and unique indexes, prepared statements and groups of what waits; nothing else.
fn bare(path: &Path, people: u64) {
    let sql = rusqlite::Connection::open(path).unwrap();
    sql.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -131072;
         CREATE TABLE people (tenant INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, user_name TEXT NOT NULL,
            display_name TEXT NOT NULL, phone TEXT, email TEXT, status TEXT NOT NULL, description TEXT,
            created INTEGER NOT NULL, updated INTEGER NOT NULL, last_login INTEGER, group_ids TEXT, org_node TEXT NOT NULL,
            secondary_org_nodes TEXT, data_source TEXT NOT NULL, expires INTEGER, activated INTEGER,
            password_needs_reset INTEGER NOT NULL, administrator INTEGER NOT NULL, password_hash TEXT,
            PRIMARY KEY (tenant, seq)) STRICT, WITHOUT ROWID;
         CREATE UNIQUE INDEX people_id ON people (tenant, id);
         CREATE UNIQUE INDEX people_user_name ON people (tenant, user_name);
         CREATE UNIQUE INDEX people_phone ON people (tenant, phone) WHERE phone IS NOT NULL;
         CREATE UNIQUE INDEX people_email ON people (tenant, email) WHERE email IS NOT NULL;",
    )
    .unwrap();
    let (give, take) = mpsc::channel::<(u64, mpsc::Sender<()>)>();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _creator in 0..CREATORS {
            let (give, next) = (give.clone(), &next);
            scope.spawn(move || {
                let (done, wait) = mpsc::channel();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= people {
                        return;
                    }
                    give.send((number, done.clone())).unwrap();
                    wait.recv().unwrap();
                }
            });
        }
        drop(give);
        let mut insert = sql
            .prepare(
                "INSERT INTO people VALUES (1, ?1, ?2, ?3, ?3, ?4, ?5, 'NORMAL', NULL, ?6, ?6, NULL, NULL, 'root', NULL,
                 'SELF_CREATE', NULL, ?6, 0, 0, NULL)",
            )
            .unwrap();
        while let Ok(first) = take.recv() {
            let group: Vec<_> = std::iter::once(first).chain(take.try_iter()).collect();
            sql.execute_batch("BEGIN IMMEDIATE").unwrap();
            for (number, _) in &group {
                let (name, phone, email) = person(*number);
                let id = format!("{:08x}-0000-7000-8000-{:012x}", number >> 8, scatter(*number) >> 16);
                insert.execute((*number as i64, id, name, phone, email, 1_790_000_000_000_i64)).unwrap();
            }
            sql.execute_batch("COMMIT").unwrap();
            group.into_iter().for_each(|(_, done)| done.send(()).unwrap());
        }
    });
}
