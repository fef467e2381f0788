//! Exports of host accounts: through the API of a running server to the finished file, beside the `sqlite3` program
//! writing the same rows as CSV. The files are compared record by record.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::generate::{ACCOUNTS, Fleet};
use crate::load::hosts;
use crate::measure::children_cpu_seconds;
use crate::report::ExportRow;
use crate::server::{CWP, Client, Server};
use crate::{Options, Result};

mod table;

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
        text: "enabled ones with 10. in an address, last login first",
        request: || {
            json!({
                "Filters": [{ "Name": "Status", "Values": ["1"] }, { "Name": "IP", "Values": ["10."] }],
                "By": "LoginTime", "Order": "desc",
            })
        },
        sql: "select * from accounts where Status = 1 and (MachineIp like '%10.%' or MachineWanIp like '%10.%') \
              order by nullif(LastLoginTime, '') desc nulls last, Quuid, Name",
    },
];

/// Measures the exports.
pub fn run(options: &Options, server: &Server, data: &Path) -> Result<Vec<ExportRow>> {
    let client = server.client();
    let mut database = None;
    let mut rows = Vec::new();
    for job in JOBS {
        let (ours, file) = export(&client, server, data, &(job.request)())?;
        let database: &PathBuf = match &mut database {
            Some(path) => path,
            // The first file holds all rows: what SQLite gets is checked against the generator, not against itself.
            place => {
                check(options, &file)?;
                place.insert(table::load(options, &file)?)
            }
        };
        let target = options.work.join("sqlite.csv");
        let sqlite = sqlite(database, job.sql, &target)?;
        let records = table::compare(&file, &target)?;
        rows.push(ExportRow { text: job.text, rows: records, bytes: file.metadata_len()?, ours, sqlite });
    }
    Ok(rows)
}

/// Wall and processor seconds.
pub type Cost = (f64, f64);

/// Runs one export to its end; the cost includes asking for it and waiting.
fn export(client: &Client, server: &Server, data: &Path, request: &Value) -> Result<(Cost, PathBuf)> {
    let (begin, cpu) = (Instant::now(), server.cpu_seconds()?);
    let task =
        client.call(CWP, "ExportAssetUserList", request)?["TaskId"].as_str().ok_or("no TaskId")?.to_owned();
    loop {
        let state = client.call(CWP, "ExportTasks", &json!({ "TaskId": task }))?;
        match state["Status"].as_str() {
            Some("PENDING") => std::thread::sleep(POLL),
            Some("FINISHED") => break,
            _ => return Err(format!("export: {state}").into()),
        }
    }
    let cost = (begin.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
    Ok((cost, data.join("exports").join(format!("{task}.csv"))))
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

trait Length {
    fn metadata_len(&self) -> Result<u64>;
}

impl Length for PathBuf {
    fn metadata_len(&self) -> Result<u64> {
        Ok(std::fs::metadata(self)?.len())
    }
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
