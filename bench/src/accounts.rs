//! The accounts of a fleet in memory, in process: every filter with every order, first and deep pages, always with
//! the total; what an account takes; what merging changes costs and how long it holds anybody up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use model::HostEntry;
use model::facts::HostReport;
use roster::{Accounts, HostChange, Loading};
use search::cwp::{Context, Given, filters, sort};
use search::{Filter, Query};
use serde::Serialize;

use crate::generate::{ACCOUNTS, DAY, END, Fleet};
use crate::measure::{cpu_seconds, quantile};
use crate::{Options, Result};

/// The day the questions are asked on.
const TODAY: i32 = (END / DAY) as i32;
/// Rows of a page.
const LIMIT: usize = 100;
/// Times each question is asked.
const TIMES: usize = 12;
/// Hosts that change while pages are read.
const CHANGED: u64 = 500;

/// Conditions as clients send them.
const FILTERS: [&[(&str, &str)]; 20] = [
    &[],
    &[("IP", "10.0.1")],
    &[("MachineName", "db-0001")],
    &[("InstanceID", "ins-00000000")],
    &[("Os", "Ubuntu 22.04.4 LTS")],
    &[("OsType", "linux")],
    &[("Name", "an")],
    &[("NameStrict", "root")],
    &[("Uid", "1003")],
    &[("Gid", "65534")],
    &[("LoginTimeStart", "2025-10-01"), ("LoginTimeEnd", "2025-11-30")],
    &[("Status", "1")],
    &[("Status", "0")],
    &[("LoginType", "3")],
    &[("IsRoot", "1")],
    &[("IsSudo", "1")],
    &[("IsSshLogin", "1")],
    &[("PasswordStatus", "3")],
    &[("Status", "1"), ("IsSudo", "1"), ("IP", "10.")],
    &[("Status", "1"), ("ShellLoginStatus", "1"), ("Name", "a"), ("LoginTimeStart", "2025-01-01")],
];

const ORDERS: [(&str, &str); 7] = [
    ("", ""),
    ("FirstTime", "desc"),
    ("LoginTime", "desc"),
    ("LoginTime", "asc"),
    ("PasswordChangeTime", "asc"),
    ("PasswordDueTime", "desc"),
    ("PasswordLockDays", "asc"),
];

/// What was found; times in seconds.
#[derive(Debug, Default, Serialize)]
pub struct AccountsReport {
    /// Accounts.
    pub accounts: usize,
    /// Hosts.
    pub hosts: u64,
    /// Laying out what was collected.
    pub layout: f64,
    /// Resident memory in bytes for each account.
    pub bytes_each: f64,
    /// One row for each filter.
    pub filters: Vec<FilterRow>,
    /// Over all questions: median, 99th percentile, worst.
    pub all: (f64, f64, f64),
    /// The same while hosts change and are merged.
    pub changing: (f64, f64, f64),
    /// Processor seconds of one merge.
    pub merge: f64,
    /// Longest application of one host's change meanwhile.
    pub longest_write: f64,
}

/// One filter over all orders and pages.
#[derive(Debug, Serialize)]
pub struct FilterRow {
    /// As it is sent.
    pub filter: String,
    /// Accounts that match.
    pub total: usize,
    /// First pages: median and worst.
    pub first: (f64, f64),
    /// Pages at nine tenths: median and worst.
    pub deep: (f64, f64),
}

/// Measures.
pub fn run(options: &Options) -> Result<AccountsReport> {
    let hosts = options.fleet / ACCOUNTS;
    let before = resident()?;
    let fleet = Fleet::new();
    let mut loading = Loading::default();
    for index in 0..hosts {
        let entry = entry(&fleet.report(index), index as i64);
        loading.push(Arc::clone(&entry.state), entry.accounts.iter().map(model::Account::view));
    }
    let begin = Instant::now();
    let accounts = Accounts::loaded(loading);
    let layout = begin.elapsed().as_secs_f64();
    let count = accounts.snapshot().len();
    let mut report = AccountsReport { accounts: count, hosts, layout, ..AccountsReport::default() };
    eprintln!("{count} accounts laid out in {layout:.1} s");
    let mut all = Vec::new();
    for given in FILTERS {
        let row = measure(&accounts, given, &mut all)?;
        eprintln!("{row:?}");
        report.filters.push(row);
    }
    report.all = spread(&all);
    report.bytes_each = (resident()? - before) / count as f64;
    report.merge = merge(&accounts, &fleet);
    changing(&accounts, &fleet, hosts, &mut report)?;
    Ok(report)
}

fn entry(report: &HostReport, moment: i64) -> Arc<HostEntry> {
    let quuid = model::rules::quuid(&report.host).unwrap_or_default();
    let received = END * 1000 + moment;
    let first_seen = report.accounts.iter().map(|a| (a.name.clone(), received)).collect();
    Arc::new(HostEntry {
        state: Arc::new(model::rules::host_state(report, &quuid, received, received)),
        accounts: model::rules::accounts(report, &first_seen),
    })
}

fn filter(given: &[(&str, &str)]) -> Result<Filter> {
    let given: Vec<Given<'_>> =
        given.iter().map(|&(name, value)| Given { name, values: vec![Some(value)], exact: false }).collect();
    Ok(filters(&given, Context { today: TODAY, zone: &TimeZone::UTC })?)
}

fn measure(accounts: &Accounts, given: &[(&str, &str)], all: &mut Vec<f64>) -> Result<FilterRow> {
    let (mut first, mut deep, mut total) = (Vec::new(), Vec::new(), 0);
    for (by, order) in ORDERS {
        let sort = sort(Some(by), Some(order))?;
        for _ in 0..TIMES {
            let ask = |offset| -> Result<_> {
                // Reading the conditions is part of it, as in the server.
                let begin = Instant::now();
                let query = Query { filter: filter(given)?, sort, offset, limit: LIMIT, total: true };
                let snapshot = accounts.snapshot();
                let page = snapshot.search(&query);
                for row in page.rows {
                    std::hint::black_box(snapshot.get(row));
                }
                Ok((begin.elapsed().as_secs_f64(), page.total.unwrap_or_default()))
            };
            let (time, found) = ask(0)?;
            first.push(time);
            total = found;
            deep.push(ask(total / 10 * 9)?.0);
        }
    }
    all.extend(first.iter().chain(&deep));
    let two = |times: &[f64]| (quantile(times, 0.5), quantile(times, 1.0));
    Ok(FilterRow { filter: format!("{given:?}"), total, first: two(&first), deep: two(&deep) })
}

/// Reads pages while hosts change, one after the other, and are merged.
fn changing(accounts: &Accounts, fleet: &Fleet, hosts: u64, report: &mut AccountsReport) -> Result<()> {
    let done = AtomicBool::new(false);
    let (times, longest) = std::thread::scope(|scope| -> Result<_> {
        let writer = scope.spawn(|| {
            let mut longest = 0.0_f64;
            for number in 0..CHANGED {
                let mut changed = fleet.report(number % hosts.max(1));
                changed.accounts.pop();
                let change = [HostChange::Put(entry(&changed, 1_000_000 + number as i64))];
                let begin = Instant::now();
                accounts.apply(&change);
                longest = longest.max(begin.elapsed().as_secs_f64());
                std::thread::sleep(Duration::from_millis(4));
            }
            done.store(true, Ordering::Relaxed);
            longest
        });
        let mut times = Vec::new();
        while !done.load(Ordering::Relaxed) {
            for given in &FILTERS[11..17] {
                let begin = Instant::now();
                let sort = sort(Some("LoginTime"), Some("desc"))?;
                let query = Query { filter: filter(given)?, sort, offset: 0, limit: LIMIT, total: true };
                std::hint::black_box(accounts.snapshot().search(&query));
                times.push(begin.elapsed().as_secs_f64());
            }
        }
        Ok((times, writer.join().map_err(|_| "the writer panicked")?))
    })?;
    report.changing = spread(&times);
    report.longest_write = longest;
    Ok(())
}

/// Processor seconds of a whole merge for one changed host: too few to be merged in the background meanwhile.
fn merge(accounts: &Accounts, fleet: &Fleet) -> f64 {
    accounts.apply(&[HostChange::Put(entry(&fleet.report(0), 2_000_000))]);
    let cpu = cpu_seconds();
    accounts.merge();
    cpu_seconds() - cpu
}

fn spread(times: &[f64]) -> (f64, f64, f64) {
    (quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1.0))
}

/// Resident memory of this process in bytes (proc(5), statm field 2).
fn resident() -> Result<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = statm.split_whitespace().nth(1).ok_or("statm")?.parse()?;
    Ok(pages * rustix::param::page_size() as f64)
}
