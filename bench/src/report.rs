//! What a run found: as tables for people, as JSON for programs.

use std::fs;

use serde::Serialize;

use crate::accounts::{AccountsReport, FilterRow};
use crate::agents::Agents;
use crate::exports::Exports;
use crate::machines::Machines;
use crate::measure::{Samples, quantile};
use crate::people::http::CONNECTIONS;
use crate::people::mixed::Mixed;
use crate::people::postgres::PeerRow;
use crate::people::{Answer, Question};
use crate::plot::Chart;
use crate::{Options, Result};

const JSON: &str = "docs/bench.json";
const DOCUMENT: &str = "docs/performance.md";
const PEOPLE_PLOT: &str = "docs/people.svg";
const ACCOUNTS_PLOT: &str = "docs/accounts.svg";
const BEGIN: &str = "<!-- bench:begin (written by `cargo xtask bench`) -->";
const END: &str = "<!-- bench:end -->";

/// One run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Processor and number of cores.
    pub machine: String,
    /// Day of the run, UTC.
    pub day: String,
    /// People of the directory.
    pub people_count: u64,
    /// Host accounts of the export.
    pub account_count: u64,
    /// Accounts in memory, in process.
    pub accounts: AccountsReport,
    /// Questions to the directory, in process.
    pub people: Vec<PeopleRow>,
    /// The same beside PostgreSQL.
    pub peers: Vec<PeerRow>,
    /// Three random conditions: median, 99th percentile, longest.
    pub conjunctions: Option<[f64; 3]>,
    /// Readers beside writers, through HTTP.
    pub mixed: Option<Mixed>,
    /// The same through HTTP.
    pub http: Vec<HttpRow>,
    /// Some of them beside a bare handler with the same bytes.
    pub floor: Vec<FloorRow>,
    /// Lists and counts of machines.
    pub machines: Option<Machines>,
    /// A changed account on a large host.
    pub agents: Option<Agents>,
    /// The writers of exports alone.
    pub formats: Vec<FormatRow>,
    /// Exports of host accounts.
    pub exports: Exports,
    /// Seconds from the start of the server with both loaded to its first answer.
    pub start: f64,
    /// Resident memory of the server then, in bytes.
    pub memory: u64,
}

/// One question through HTTP.
#[derive(Debug, Serialize)]
pub struct HttpRow {
    /// Short name.
    pub question: String,
    /// What it asks.
    pub text: &'static str,
    /// What was measured.
    #[serde(flatten)]
    pub load: Load,
    /// Answers compared with SQLite's and found equal.
    pub compared: usize,
}

/// One question, or a mix, to the server and to a bare handler that verifies the same and returns the same bytes.
#[derive(Debug, Serialize)]
pub struct FloorRow {
    /// Short name.
    pub question: String,
    /// The server.
    pub ours: Load,
    /// The bare handler.
    pub bare: Load,
}

/// What clients on the same machine did to a server and what it cost; times in seconds.
#[derive(Debug, Default)]
pub struct Load {
    /// The time of every answer.
    pub times: Vec<f64>,
    /// How long it took.
    pub wall: f64,
    /// Processor time of the server.
    pub server_cpu: f64,
    /// Processor time of the clients.
    pub client_cpu: f64,
}

/// What is told of a load: answers a second, quantiles, processor time for each answer.
#[derive(Debug, Serialize)]
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
    server_cpu: f64,
    client_cpu: f64,
}

impl Load {
    /// Adds a further turn.
    pub fn add(&mut self, turn: Load) {
        self.times.extend(turn.times);
        self.wall += turn.wall;
        self.server_cpu += turn.server_cpu;
        self.client_cpu += turn.client_cpu;
    }

    fn figures(&self) -> Figures {
        let count = self.times.len() as f64;
        Figures {
            per_second: count / self.wall,
            p50: quantile(&self.times, 0.5),
            p99: quantile(&self.times, 0.99),
            server_cpu: self.server_cpu / count,
            client_cpu: self.client_cpu / count,
        }
    }
}

impl Serialize for Load {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.figures().serialize(serializer)
    }
}

/// One writer.
#[derive(Debug, Serialize)]
pub struct FormatRow {
    /// What it writes.
    pub text: &'static str,
    /// Rows.
    pub rows: u64,
    /// Cells of a row.
    pub cells: usize,
    /// Processor seconds.
    pub cpu: f64,
}

/// One question; times in seconds.
#[derive(Debug, Serialize)]
pub struct PeopleRow {
    /// Short name.
    pub question: String,
    /// What it asks.
    pub text: &'static str,
    /// Median and 99th percentile here.
    pub ours: (f64, f64),
    /// Median and 99th percentile of SQLite.
    pub sqlite: (f64, f64),
    /// Average here and of SQLite.
    pub mean: (f64, f64),
    /// SQLite's median in ours.
    pub ratio: f64,
    /// Average total, where asked for.
    pub total: Option<f64>,
    /// Answers compared and found equal.
    pub compared: usize,
}

impl PeopleRow {
    /// The row of a question.
    pub fn new(question: Question, ours: &Samples<Answer>, theirs: &Samples<Answer>) -> Self {
        let times = |samples: &Samples<Answer>| (samples.quantile(0.5), samples.quantile(0.99));
        let (our, their) = (times(ours), times(theirs));
        let mean = |samples: &Samples<Answer>| {
            samples.answers.iter().map(|(_, time)| time).sum::<f64>() / samples.answers.len() as f64
        };
        let totals: Vec<f64> =
            ours.answers.iter().filter_map(|(answer, _)| Some(answer.total? as f64)).collect();
        PeopleRow {
            question: format!("{question:?}"),
            text: question.text(),
            ours: our,
            sqlite: their,
            mean: (mean(ours), mean(theirs)),
            ratio: their.0 / our.0,
            total: (!totals.is_empty()).then(|| totals.iter().sum::<f64>() / totals.len() as f64),
            compared: ours.answers.len().min(theirs.answers.len()),
        }
    }
}

impl Report {
    /// An empty report.
    pub fn new(options: &Options) -> Self {
        Report {
            machine: machine(),
            day: jiff::Zoned::now().strftime("%Y-%m-%d").to_string(),
            people_count: options.people,
            account_count: options.accounts,
            accounts: AccountsReport::default(),
            people: Vec::new(),
            peers: Vec::new(),
            conjunctions: None,
            mixed: None,
            http: Vec::new(),
            floor: Vec::new(),
            machines: None,
            agents: None,
            formats: Vec::new(),
            exports: Exports::default(),
            start: 0.0,
            memory: 0,
        }
    }

    /// The tables.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}, {}.\n", self.day, self.machine);
        let people = grouped(self.people_count);
        if self.accounts.accounts > 0 {
            text += &accounts(&self.accounts);
        }
        if !self.people.is_empty() {
            let head = ["", "question", "ours p50", "p99", "SQLite p50", "p99", "times faster", "total"];
            let rows: Vec<_> = self.people.iter().map(PeopleRow::cells).collect();
            text += &format!("\n{people} people, in process, one thread, every answer compared:\n\n");
            text += &table(&head, &rows);
        }
        if !self.peers.is_empty() {
            let head = ["", "", "ours", "SQLite", "PostgreSQL", "times less than the best"];
            let rows: Vec<_> = self.peers.iter().map(PeerRow::cells).collect();
            text += "\nProcessor time of each question, averages:\n\n";
            text += &table(&head, &rows);
        }
        if let Some([half, most, worst]) = self.conjunctions {
            text += &format!(
                "\nThree random conditions with any order, any page and the total: median {}, 99th percentile {}, \
                 longest {}.\n",
                duration(half),
                duration(most),
                duration(worst)
            );
        }
        if !self.http.is_empty() {
            let head = ["", "question", "answers/s", "p50", "p99", "server CPU each"];
            let rows: Vec<_> = self.http.iter().map(HttpRow::cells).collect();
            text += &format!(
                "\n{people} people, signed HTTP, {CONNECTIONS} connections, clients on the same machine:\n\n"
            );
            text += &table(&head, &rows);
        }
        if !self.floor.is_empty() {
            let head = [
                "",
                "who",
                "answers/s",
                "p50",
                "p99",
                "server CPU each",
                "client CPU each",
                "of the bare handler",
            ];
            let rows: Vec<_> = self.floor.iter().flat_map(FloorRow::cells).collect();
            text += "\nBeside a bare axum handler that verifies the same signature and returns the same bytes:\n\n";
            text += &table(&head, &rows);
        }
        text += &self.mixed.as_ref().map(Mixed::markdown).unwrap_or_default();
        text += &self.machines.as_ref().map(Machines::markdown).unwrap_or_default();
        text += &self.agents.as_ref().map(Agents::markdown).unwrap_or_default();
        text += &self.exports.markdown();
        if !self.formats.is_empty() {
            let head = ["writer alone", "", "rows", "cells a row", "CPU", "rows a CPU second"];
            let rows: Vec<_> = self.formats.iter().map(FormatRow::cells).collect();
            text += "\n";
            text += &table(&head, &rows);
        }
        if self.memory > 0 {
            let (accounts, megabytes) = (grouped(self.account_count), self.memory / 1_000_000);
            let start = duration(self.start);
            text += &format!(
                "\nWith {people} people and {accounts} accounts the server answers {start} after its \
                start and holds {megabytes} MB.\n"
            );
        }
        text
    }

    /// Writes the documents, below the present directory.
    pub fn write(&self) -> Result<()> {
        fs::write(JSON, serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(PEOPLE_PLOT, self.people_plot())?;
        fs::write(ACCOUNTS_PLOT, self.accounts_plot())?;
        let document = fs::read_to_string(DOCUMENT)?;
        let parts = document.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
        let (head, tail) = parts.ok_or_else(|| format!("{DOCUMENT} has no place for the tables"))?;
        Ok(fs::write(DOCUMENT, format!("{head}{BEGIN}\n{}{END}{tail}", self.markdown()))?)
    }
}

impl Report {
    fn people_plot(&self) -> String {
        let group = |row: &PeopleRow| {
            (format!("{} {}", row.question, row.text), vec![Some(row.ours.0), Some(row.sqlite.0)])
        };
        Chart {
            title: &format!("{} people: median of a question, in process", grouped(self.people_count)),
            series: &["Rollcall", "SQLite"],
            groups: self.people.iter().map(group).collect(),
            print: duration,
        }
        .svg()
    }

    fn accounts_plot(&self) -> String {
        let group = |row: &FilterRow| (row.filter.clone(), vec![Some(row.first.0), Some(row.deep.0)]);
        Chart {
            title: &format!(
                "{} accounts: median of a page with its total",
                grouped(self.accounts.accounts as u64)
            ),
            series: &["first page", "at nine tenths"],
            groups: self.accounts.filters.iter().map(group).collect(),
            print: duration,
        }
        .svg()
    }
}

impl PeerRow {
    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.question.clone(), String::new()];
        cells.extend([self.ours, self.sqlite, self.postgres].map(duration));
        cells.push(ratio(self.sqlite.min(self.postgres) / self.ours));
        cells
    }
}

impl Mixed {
    fn markdown(&self) -> String {
        format!(
            "\nReaders through HTTP, 400 paced questions a second (Q1, Q3, Q7): median {}, 99th percentile {} on the idle \
             server; {}, {} and at worst {} while {} people (median {}, 99th percentile {}) and {:.0} hosts a second \
             change.\n",
            duration(self.idle.0),
            duration(self.idle.1),
            duration(self.busy.0),
            duration(self.busy.1),
            duration(self.busy.2),
            grouped(self.writes.round() as u64),
            duration(self.write.0),
            duration(self.write.1),
            self.reports,
        )
    }
}

impl PeopleRow {
    fn cells(&self) -> Vec<String> {
        vec![
            self.question.clone(),
            self.text.to_owned(),
            duration(self.ours.0),
            duration(self.ours.1),
            duration(self.sqlite.0),
            duration(self.sqlite.1),
            ratio(self.ratio),
            self.total.map(|total| grouped(total.round() as u64)).unwrap_or_default(),
        ]
    }
}

impl HttpRow {
    fn cells(&self) -> Vec<String> {
        let figures = self.load.figures();
        let mut cells = vec![self.question.clone(), self.text.to_owned()];
        cells.extend(figures.cells().into_iter().take(4));
        cells
    }
}

impl Figures {
    fn cells(&self) -> [String; 5] {
        [
            grouped(self.per_second.round() as u64),
            duration(self.p50),
            duration(self.p99),
            duration(self.server_cpu),
            duration(self.client_cpu),
        ]
    }
}

impl FloorRow {
    fn cells(&self) -> [Vec<String>; 2] {
        let row = |who: &str, load: &Load, last: String| {
            let head = [self.question.clone(), who.to_owned()];
            head.into_iter().chain(load.figures().cells()).chain([last]).collect()
        };
        let share = self.ours.figures().per_second / self.bare.figures().per_second;
        let share = format!("{:.0} %", share * 100.0);
        [row("ours", &self.ours, share), row("bare handler", &self.bare, String::new())]
    }
}

impl FormatRow {
    fn cells(&self) -> Vec<String> {
        vec![
            self.text.to_owned(),
            String::new(),
            grouped(self.rows),
            self.cells.to_string(),
            format!("{:.2} s", self.cpu),
            grouped((self.rows as f64 / self.cpu) as u64),
        ]
    }
}

fn accounts(report: &AccountsReport) -> String {
    let (count, hosts) = (grouped(report.accounts as u64), grouped(report.hosts));
    let mut text = format!(
        "\n{count} accounts on {hosts} hosts, in process, one thread, all seven orders, always with the total:\n\n"
    );
    let head = ["filter", "", "total", "first page p50", "worst", "deep page p50", "worst"];
    let rows: Vec<_> = report
        .filters
        .iter()
        .map(|row| {
            let mut cells = vec![row.filter.clone(), String::new(), grouped(row.total as u64)];
            cells.extend([row.first.0, row.first.1, row.deep.0, row.deep.1].map(duration));
            cells
        })
        .collect();
    text += &table(&head, &rows);
    let (all, changing) = (report.all, report.changing);
    text += &format!(
        "\nAll of them: median {}, 99th percentile {}, worst {}. An account takes {:.0} bytes; laying them out takes \
         {:.1} s.\nFirst pages while 250 hosts a second change: median {}, 99th percentile {}, worst {}; the longest \
         wait of a change {}.\nA merge takes {:.1} s of processor time.\n",
        duration(all.0),
        duration(all.1),
        duration(all.2),
        report.bytes_each,
        report.layout,
        duration(changing.0),
        duration(changing.1),
        duration(changing.2),
        duration(report.longest_write),
        report.merge,
    );
    text
}

/// An aligned Markdown table; all columns but the first two are numbers.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        if column < 2 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) }
    });
    let mut text = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    text += &line(rule.collect());
    rows.iter().for_each(|row| text += &line(row.clone()));
    text
}

/// Seconds with a unit that suits them.
pub fn duration(seconds: f64) -> String {
    match seconds * 1e6 {
        micros if micros < 100.0 => format!("{micros:.1} µs"),
        micros if micros < 1_000.0 => format!("{micros:.0} µs"),
        micros if micros < 100_000.0 => format!("{:.1} ms", micros / 1e3),
        micros => format!("{:.0} ms", micros / 1e3),
    }
}

pub fn ratio(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { grouped(value.round() as u64) }
}

/// 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} cores of {}", cores, name.map_or("an unknown processor", |(_, name)| name.trim()))
}
