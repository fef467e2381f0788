//! What one changed account on a host of a thousand costs the server: told as changes, and as a whole report.

use std::fs;
use std::io::Write;
use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use model::facts::{self, Changes, HostReport};
use serde::Serialize;
use serde_json::{Value, json};

use crate::generate::Fleet;
use crate::measure::quantile;
use crate::report::{duration, grouped};
use crate::server::{Client, ROLLCALL, Server};
use crate::{Options, Result};

const ACCOUNTS: u64 = 1_000;
const HOSTS: u64 = 20;
/// Turns of each way.
const TURNS: u64 = 10;

/// What was found for one way of telling.
#[derive(Debug, Default, Serialize)]
pub struct Way {
    /// Bytes of a request.
    pub bytes: f64,
    /// Processor seconds of the server for one.
    pub server_cpu: f64,
    /// Median of the time until the answer, in seconds.
    pub p50: f64,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Agents {
    /// Only what is different.
    pub changes: Way,
    /// Everything.
    pub whole: Way,
}

/// Measures, in turns, on a server of its own.
pub fn run(options: &Options) -> Result<Agents> {
    let path = options.work.join("data-agents");
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    fs::create_dir(&path)?;
    let server = Server::start(&options.rollcall, &path)?;
    let client = server.client();
    let fleet = Fleet::new();
    let mut reports: Vec<HostReport> = (0..HOSTS).map(|host| large(&fleet, host)).collect();
    for report in &reports {
        send(&client, &whole(report)?, report)?;
    }
    let (mut by_changes, mut by_whole) = (Samples::default(), Samples::default());
    for turn in 0..if options.quick { 1 } else { TURNS } {
        by_changes.turn(&server, &client, &mut reports, turn * 2, changes)?;
        by_whole.turn(&server, &client, &mut reports, turn * 2 + 1, |_, after| whole(after))?;
    }
    drop(server);
    fs::remove_dir_all(path)?;
    Ok(Agents { changes: by_changes.way(), whole: by_whole.way() })
}

impl Agents {
    /// As a line of the document.
    pub fn markdown(&self) -> String {
        let way = |way: &Way| {
            let bytes = grouped(way.bytes.round() as u64);
            format!(
                "{bytes} bytes, {} of the server's processor, answered in {}",
                duration(way.server_cpu),
                duration(way.p50)
            )
        };
        format!(
            "\nOne changed account on a host of {}, signed HTTP, durable: as changes {}; as a whole report {}.\n",
            grouped(ACCOUNTS),
            way(&self.changes),
            way(&self.whole),
        )
    }
}

/// What one way took so far.
#[derive(Default)]
struct Samples {
    bytes: u64,
    cpu: f64,
    times: Vec<f64>,
}

impl Samples {
    /// Changes one account on every host and tells that. Only telling is measured.
    fn turn(
        &mut self,
        server: &Server,
        client: &Client,
        reports: &mut [HostReport],
        turn: u64,
        body: impl Fn(&HostReport, &HostReport) -> Result<Value>,
    ) -> Result<()> {
        let mut bodies = Vec::new();
        for report in reports.iter_mut() {
            let before = report.clone();
            report.collected_at += 1_000;
            let place = usize::try_from(turn * 37 % ACCOUNTS)?;
            let account = report.accounts.get_mut(place).ok_or("no such account")?;
            account.gecos = format!("changed in turn {turn}");
            bodies.push(body(&before, report)?);
        }
        let cpu = server.cpu_seconds()?;
        for (body, report) in bodies.iter().zip(reports.iter()) {
            let begin = Instant::now();
            self.bytes += send(client, body, report)?;
            self.times.push(begin.elapsed().as_secs_f64());
        }
        self.cpu += server.cpu_seconds()? - cpu;
        Ok(())
    }

    fn way(&self) -> Way {
        let count = self.times.len() as f64;
        Way {
            bytes: self.bytes as f64 / count,
            server_cpu: self.cpu / count,
            p50: quantile(&self.times, 0.5),
        }
    }
}

/// Sends a report; the bytes of the request. Afterwards the server has to have this very report.
fn send(client: &Client, body: &Value, report: &HostReport) -> Result<u64> {
    let bytes = serde_json::to_vec(body)?;
    let answer = crate::server::unwrap(&client.send(ROLLCALL, "ReportHost", &bytes)?)?;
    if answer["Digest"] != json!(digest(report)?) || answer["Changed"] != json!(true) {
        return Err(format!("ReportHost: {answer}").into());
    }
    Ok(bytes.len() as u64)
}

fn whole(report: &HostReport) -> Result<Value> {
    Ok(json!({"ReportGzip": pack(report, Compression::fast())?}))
}

fn changes(before: &HostReport, after: &HostReport) -> Result<Value> {
    let changes = pack(&Changes::between(before, after)?, Compression::default())?;
    let quuid = model::rules::quuid(&after.host).ok_or("a host without an id")?;
    Ok(json!({"Quuid": quuid, "Base": digest(before)?, "Digest": digest(after)?, "Changes": changes}))
}

/// As the agent packs it.
fn pack(what: &impl Serialize, how: Compression) -> Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), how);
    gzip.write_all(&serde_json::to_vec(what)?)?;
    Ok(STANDARD.encode(gzip.finish()?))
}

fn digest(report: &HostReport) -> Result<String> {
    Ok(facts::print_digest(facts::digest(&facts::undated_json(&mut report.clone())?)))
}

/// A host with the accounts of many.
fn large(fleet: &Fleet, host: u64) -> HostReport {
    let mut report = fleet.report(host);
    let more = (0..).flat_map(|other| fleet.report(1_000 + host * 1_000 + other).accounts);
    let more = more.filter(|account| account.uid.is_some_and(|uid| uid >= 1_000));
    for (line, mut account) in (report.accounts.len() + 1..=ACCOUNTS as usize).zip(more) {
        account.name = format!("{}{line}", account.name);
        account.home = format!("/home/{}", account.name);
        (account.uid, account.line) = (u32::try_from(line).ok().map(|n| n + 2_000), u32::try_from(line).ok());
        report.accounts.push(account);
    }
    report
}
