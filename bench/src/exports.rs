//! Exports of host accounts: through the API of a running server to the finished file, beside a plain program that
//! has the rows in memory (the floor), the `sqlite3` program and DuckDB, which write the same rows. The files are
//! compared record by record, the floor's byte by byte.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::generate::{ACCOUNTS, Fleet};
use crate::load::hosts;
use crate::measure::children_cpu_seconds;
use crate::server::{CWP, Client, Server};
use crate::{Options, Result};

mod book;
mod busy;
mod duck;
mod floor;
mod python;
mod table;
mod tables;

use book::BookRow;
use busy::Busy;

/// How often the state of a task is asked for.
const POLL: Duration = Duration::from_millis(20);

/// One export: what it is called, the request, the same in SQL.
struct Job {
    text: &'static str,
    request: fn() -> Value,
    sql: &'static str,
}

const JOBS: [Job; 2] = [
    Job { text: "all accounts", request: || json!({}), sql: "select * from accounts" },
    Job {
        text: "half of them, last login first",
        request: || {
            json!({
                "Filters": [{ "Name": "MachineName", "Values": ["-gz-", "-sh-"] }],
                "By": "LoginTime", "Order": "desc",
            })
        },
        sql: "select * from accounts where (MachineName like '%-gz-%' or MachineName like '%-sh-%') \
              order by nullif(LastLoginTime, '') desc nulls last, Quuid, Name",
    },
];

/// Everything about exports.
#[derive(Debug, Default, Serialize)]
pub struct Exports {
    /// CSV.
    pub lines: Vec<ExportRow>,
    /// Workbooks.
    pub book: Option<BookRow>,
    /// What other requests feel.
    pub busy: Option<Busy>,
}

/// One export; wall and processor seconds.
#[derive(Debug, Serialize)]
pub struct ExportRow {
    /// What it exports.
    pub text: &'static str,
    /// Rows, compared one by one and found equal.
    pub rows: u64,
    /// Size of our file in bytes.
    pub bytes: u64,
    /// Ours, from the request to the finished file.
    pub ours: Cost,
    /// Most memory of the server beyond what it held before, in bytes.
    pub growth: u64,
    /// The plain program.
    pub floor: Cost,
    /// Those of sqlite3.
    pub sqlite: Cost,
    /// Those of DuckDB, where it can be installed.
    pub duckdb: Option<Cost>,
}

/// Wall and processor seconds.
pub type Cost = (f64, f64);

/// The other sides, with the rows of all accounts.
struct Peers {
    sqlite: PathBuf,
    duck: Option<duck::Duck>,
}

/// Measures the exports.
pub fn run(options: &Options, server: &Server, data: &Path) -> Result<Exports> {
    let client = server.client();
    let mut peers = None;
    let mut lines = Vec::new();
    for job in &JOBS {
        let export = export(&client, server, data, &(job.request)())?;
        let floor = floor(options, job, &export)?;
        let peers: &Peers = match &mut peers {
            Some(peers) => peers,
            // The first file holds all rows: what the others get is checked against the generator, not against itself.
            place => {
                check(options, &export.file)?;
                let sqlite = table::load(options, &export.file)?;
                place.insert(Peers { sqlite, duck: duck::Duck::load(options, &export.file)? })
            }
        };
        lines.push(beside(options, job, export, floor, peers)?);
    }
    let book = Some(book::run(options, &client, server, data)?);
    let busy = Some(busy::run(options, server, &(JOBS[0].request)())?);
    Ok(Exports { lines, book, busy })
}

/// Lets the plain program write the rows of an export, and compares.
fn floor(options: &Options, job: &Job, export: &Export) -> Result<Cost> {
    let target = options.work.join("floor.csv");
    let floor = floor::Floor::read(&export.file)?.write(&target)?;
    table::same(&export.file, &target)?;
    std::fs::remove_file(&target)?;
    let (ours, more) = (export.cost.1, export.growth / 1_000_000);
    eprintln!("{}: {ours:.2} s CPU and {more} MB, a plain program {:.2} s CPU", job.text, floor.1);
    Ok(floor)
}

/// Lets the others write the rows of an export, and compares.
fn beside(options: &Options, job: &Job, export: Export, floor: Cost, peers: &Peers) -> Result<ExportRow> {
    let target = options.work.join("sqlite.csv");
    let sqlite = sqlite(&peers.sqlite, job.sql, &target)?;
    let rows = table::compare(&export.file, &target)?;
    let duckdb = match &peers.duck {
        Some(duck) => {
            let cost = duck.write(job.sql, &target)?;
            table::compare(&export.file, &target)?;
            Some(cost)
        }
        None => None,
    };
    let bytes = std::fs::metadata(&export.file)?.len();
    std::fs::remove_file(&target)?;
    Ok(ExportRow {
        text: job.text,
        rows,
        bytes,
        ours: export.cost,
        growth: export.growth,
        floor,
        sqlite,
        duckdb,
    })
}

/// A finished export.
struct Export {
    cost: Cost,
    /// Most memory of the server beyond what it held before, in bytes.
    growth: u64,
    file: PathBuf,
}

/// Runs one export to its end; the cost includes asking for it and waiting.
fn export(client: &Client, server: &Server, data: &Path, request: &Value) -> Result<Export> {
    let before = server.forget_peak()?;
    let (begin, cpu) = (Instant::now(), server.cpu_seconds()?);
    let task = submit(client, request)?;
    while !finished(client, &task)? {
        std::thread::sleep(POLL);
    }
    let cost = (begin.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
    let growth = server.peak()?.saturating_sub(before);
    let format = request["Format"].as_str().unwrap_or("csv");
    Ok(Export { cost, growth, file: data.join("exports").join(format!("{task}.{format}")) })
}

/// Asks for an export and returns the number of its task.
fn submit(client: &Client, request: &Value) -> Result<String> {
    let answer = client.call(CWP, "ExportAssetUserList", request)?;
    Ok(answer["TaskId"].as_str().ok_or("no TaskId")?.to_owned())
}

fn finished(client: &Client, task: &str) -> Result<bool> {
    let state = client.call(CWP, "ExportTasks", &json!({ "TaskId": task }))?;
    match state["Status"].as_str() {
        Some("PENDING") => Ok(false),
        Some("FINISHED") => Ok(true),
        _ => Err(format!("export: {state}").into()),
    }
}

fn sqlite(database: &Path, sql: &str, target: &Path) -> Result<Cost> {
    let (begin, cpu) = (Instant::now(), children_cpu_seconds()?);
    let status = Command::new("sqlite3")
        .args([
            "-csv",
            "-header",
            "-cmd",
            "pragma temp_store = memory",
            "-cmd",
            "pragma cache_size = -1000000",
        ])
        .arg(database)
        .arg(sql)
        .stdout(Stdio::from(File::create(target)?))
        .status()
        .map_err(|error| format!("the sqlite3 program is needed to compare with: {error}"))?;
    if !status.success() {
        return Err(format!("sqlite3: {status}").into());
    }
    Ok((begin.elapsed().as_secs_f64(), children_cpu_seconds()? - cpu))
}

/// Checks the export of everything against the generator: as many rows as accounts, and each host's names.
fn check(options: &Options, file: &Path) -> Result<()> {
    let mut expected: u64 = 0;
    let fleet = Fleet::new();
    for index in 0..hosts(options) {
        let report = fleet.report(index);
        for account in &report.accounts {
            expected =
                expected.wrapping_add(table::digest(&report.host.hostname, &account.name, account.uid));
        }
    }
    let (count, found) = table::digests(file)?;
    if count == hosts(options) * ACCOUNTS && found == expected {
        return Ok(());
    }
    Err(format!("the export has {count} accounts, or others than were reported").into())
}

/// Opens a CSV file for reading, past a byte order mark.
fn reader(path: &Path) -> Result<csv::Reader<File>> {
    let mut file = File::open(path)?;
    let mut mark = [0; 3];
    file.read_exact(&mut mark)?;
    if mark != *b"\xEF\xBB\xBF" {
        file = File::open(path)?;
    }
    Ok(csv::ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(file))
}
