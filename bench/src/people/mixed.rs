//! What readers feel of writers: the same paced questions to an idle server, and while a thousand people a second
//! change and hosts report.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use super::Question;
use super::http::request;
use super::questions::Source;
use crate::generate::{Fleet, People};
use crate::measure::quantile;
use crate::server::{Client, EIAM, ROLLCALL, Server};
use crate::{Options, Result};

const READERS: u64 = 4;
const READS_A_SECOND: u64 = 100;
const WRITERS: u64 = 4;
const WRITES_A_SECOND: u64 = 250;
const REPORTS_A_SECOND: u64 = 20;
/// Seconds of each phase; several merges fit into it.
const SECONDS: f64 = 12.0;
const QUESTIONS: [Question; 3] = [Question::Q1, Question::Q3, Question::Q7];

/// What was found; times in seconds.
#[derive(Debug, Serialize)]
pub struct Mixed {
    /// Median and 99th percentile of the idle server.
    pub idle: (f64, f64),
    /// The same beside the writers, and the longest.
    pub busy: (f64, f64, f64),
    /// Changes of people that were answered in a second.
    pub writes: f64,
    /// Their median and 99th percentile.
    pub write: (f64, f64),
    /// Reports of hosts that were answered in a second.
    pub reports: f64,
}

/// Measures, on a copy of the data: what is written here would change the answers of later runs.
pub fn run(options: &Options, data: &Path) -> Result<Mixed> {
    let copy = options.work.join("data-mixed");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let made = Command::new("cp").args(["-r", "--reflink=auto"]).args([data, &copy]).status()?;
    if !made.success() {
        return Err(format!("cp of {}: {made}", data.display()).into());
    }
    let server = Server::start(&options.rollcall, &copy)?;
    let mixed = measure(options, &server);
    drop(server);
    fs::remove_dir_all(copy)?;
    mixed
}

fn measure(options: &Options, server: &Server) -> Result<Mixed> {
    let idle = reads(options, server, &AtomicBool::new(false))?;
    let done = AtomicBool::new(false);
    let reported = AtomicU64::new(0);
    let (busy, writes) = std::thread::scope(|scope| -> Result<_> {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, done) = (server.client(), &done);
                scope.spawn(move || write(&client, writer, options.people, done))
            })
            .collect();
        let (client, done, reported) = (server.client(), &done, &reported);
        let reporter = scope.spawn(move || report(&client, done, reported));
        let busy = reads(options, server, done);
        done.store(true, Ordering::Relaxed);
        let mut writes = Vec::new();
        for writer in writers {
            writes.extend(writer.join().map_err(|_| "a writer panicked")??);
        }
        reporter.join().map_err(|_| "the reporter panicked")??;
        Ok((busy?, writes))
    })?;
    let two = |times: &[f64]| (quantile(times, 0.5), quantile(times, 0.99));
    Ok(Mixed {
        idle: two(&idle),
        busy: (quantile(&busy, 0.5), quantile(&busy, 0.99), quantile(&busy, 1.0)),
        writes: writes.len() as f64 / SECONDS,
        write: two(&writes),
        reports: reported.load(Ordering::Relaxed) as f64 / SECONDS,
    })
}

/// Calls `act` so many times a second until it is done or `stop` says so; the times it took.
fn paced(rate: u64, stop: &AtomicBool, mut act: impl FnMut(u64) -> Result<()>) -> Result<Vec<f64>> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for number in 0..(SECONDS * rate as f64) as u64 {
        let due = Duration::from_secs_f64(number as f64 / rate as f64);
        if let Some(wait) = due.checked_sub(begin.elapsed()) {
            std::thread::sleep(wait);
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let start = Instant::now();
        act(number)?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

fn reads(options: &Options, server: &Server, stop: &AtomicBool) -> Result<Vec<f64>> {
    let source = Source::new(options.people);
    let source = &source;
    let times = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let client = server.client();
                scope.spawn(move || {
                    paced(READS_A_SECOND, stop, |number| {
                        let question = QUESTIONS[(number % 3) as usize];
                        let values = source.values(number * READERS + reader);
                        let body = serde_json::to_vec(&request(question, &values, options.people))?;
                        checked(client.send(EIAM, "ListUsers", &body)?)
                    })
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().map_err(|_| "a reader panicked")?)
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(times.concat())
}

fn write(client: &Client, writer: u64, people: u64, stop: &AtomicBool) -> Result<Vec<f64>> {
    let made = People::new();
    paced(WRITES_A_SECOND, stop, |number| {
        let person = made.person((number * 7919 + writer * 104_729) % people);
        let change = json!({ "UserId": person.id, "Description": format!("change {writer}-{number}") });
        checked(client.send(EIAM, "ModifyUserInfo", &serde_json::to_vec(&change)?)?)
    })
}

fn report(client: &Client, stop: &AtomicBool, reported: &AtomicU64) -> Result<Vec<f64>> {
    let fleet = Fleet::new();
    paced(REPORTS_A_SECOND, stop, |number| {
        let mut changed = fleet.report(number);
        changed.accounts.pop();
        let body = json!({ "Report": serde_json::to_string(&changed)? });
        checked(client.send(ROLLCALL, "ReportHost", &serde_json::to_vec(&body)?)?)?;
        reported.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })
}

fn checked(answer: Vec<u8>) -> Result<()> {
    if answer.starts_with(b"{\"Response\":{\"Error\"") {
        return Err(String::from_utf8_lossy(&answer).into_owned().into());
    }
    Ok(())
}
