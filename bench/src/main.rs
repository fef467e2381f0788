//! Benches of Rollcall beside what a user would take instead, on made-up data, in one run. Also the generator of
//! that data, for load tests and demonstrations. Not part of the product.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod accounts;
mod agents;
mod exports;
mod formats;
mod generate;
mod load;
mod machines;
mod measure;
mod people;
mod plot;
mod report;
mod server;

/// What goes wrong ends the run: nothing here is worth recovering.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Benches of Rollcall, and the generator of their data.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, print the tables, write docs/bench.json and the tables in docs/performance.md.
    Run(Options),
    /// Write made-up data.
    #[command(subcommand)]
    Gen(Data),
    /// The bare handler that a run measures the server beside.
    #[command(hide = true)]
    Floor(people::floor::Options),
}

/// How much to measure.
#[derive(Args, Clone)]
struct Options {
    /// People of the directory.
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    /// Host accounts that are searched in memory.
    #[arg(long, default_value_t = 10_000_000)]
    fleet: u64,
    /// Host accounts of the export.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// 10,000,000 host accounts.
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// 50,000 of each and short samples: does everything work, not how fast is it. Writes no documents.
    #[arg(long)]
    quick: bool,
    /// Measure only these parts.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// The server to measure.
    #[arg(long, default_value = "target/release/rollcall")]
    rollcall: PathBuf,
    /// Where databases and files of the run go; kept between runs to save loading.
    #[arg(long, default_value = "target/bench")]
    work: PathBuf,
    /// Seconds for each question and each side.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// The parts of a run.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Questions to the directory, in process, beside SQLite.
    People,
    /// Three random conditions at once, in process.
    Conjunctions,
    /// The questions to the directory asked of PostgreSQL, too; only with `--full` or when asked for together with
    /// `people`.
    Postgres,
    /// Questions while people change, in process; only when asked for.
    Writes,
    /// The same through HTTP; does the first part as well, to compare answers.
    Http,
    /// Three of them beside a bare handler that returns the same bytes.
    Floor,
    /// Readers beside writers, through HTTP.
    Mixed,
    /// Accounts in memory, in process.
    Accounts,
    /// The writers of exports alone.
    Formats,
    /// Exports of host accounts, beside the sqlite3 program.
    Exports,
    /// Lists and counts of machines, through HTTP.
    Machines,
    /// A changed account on a large host: told alone, and with the whole report.
    Agents,
}

#[derive(Subcommand)]
enum Data {
    /// People, as the CSV that imports take.
    People {
        /// How many, at most 10,000,019.
        count: u64,
        /// Where to; `-` is the standard output.
        path: PathBuf,
    },
    /// Host reports of about 50 accounts each, one JSON object a line.
    Fleet {
        /// How many hosts.
        hosts: u64,
        /// Where to; `-` is the standard output.
        #[arg(default_value = "-")]
        path: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(options) => run(&options),
        Command::Gen(Data::People { count, path }) => generate::write_people(count, &path),
        Command::Gen(Data::Fleet { hosts, path }) => generate::write_fleet(hosts, &path),
        Command::Floor(options) => people::floor::serve(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    /// The options with `--quick` worked in.
    fn settled(&self) -> Options {
        let mut options = self.clone();
        if self.full {
            options.accounts = 10_000_000;
        }
        if self.quick {
            options.fleet = self.fleet.min(50_000);
            (options.people, options.accounts) = (self.people.min(50_000), self.accounts.min(50_000));
            options.seconds = self.seconds.min(0.2);
        }
        options
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn run(options: &Options) -> Result<()> {
    let options = options.settled();
    std::fs::create_dir_all(&options.work)?;
    if options.only.contains(&Part::Writes) {
        people::writes::run(&options)?;
    }
    let mut report = report::Report::new(&options);
    if options.wants(Part::Conjunctions) {
        report.conjunctions = Some(people::conjunctions::run(&options)?);
    }
    let mut answers = Vec::new();
    if options.wants(Part::Formats) {
        report.formats = formats::run(&options)?;
    }
    if options.wants(Part::Accounts) {
        report.accounts = accounts::run(&options)?;
    }
    if options.wants(Part::People) || options.wants(Part::Http) {
        (report.people, answers) = people::run(&options)?;
    }
    if options.full || options.only.contains(&Part::Postgres) {
        report.peers = people::postgres::run(&options, &answers, &report.people)?;
    }
    if [Part::Http, Part::Floor, Part::Mixed, Part::Exports, Part::Machines]
        .into_iter()
        .any(|part| options.wants(part))
    {
        let data = load::data(&options, &options.rollcall)?;
        let begin = std::time::Instant::now();
        let server = server::Server::start(&options.rollcall, &data)?;
        report.start = begin.elapsed().as_secs_f64();
        report.memory = server.memory()?;
        if options.wants(Part::Http) {
            report.http = people::http::run(&options, &server, &answers)?;
        }
        if options.wants(Part::Floor) {
            report.floor = people::http::floor(&options, &server, &data)?;
        }
        if options.wants(Part::Machines) {
            report.machines = Some(machines::run(&options, &server)?);
        }
        if options.wants(Part::Exports) {
            report.exports = exports::run(&options, &server, &data)?;
        }
        drop(server);
        if options.wants(Part::Mixed) {
            report.mixed = Some(people::mixed::run(&options, &data)?);
        }
    }
    if options.wants(Part::Agents) {
        report.agents = Some(agents::run(&options)?);
    }
    println!("{}", report.markdown());
    if options.quick || !options.only.is_empty() { Ok(()) } else { report.write() }
}
