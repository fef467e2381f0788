//! Account lists that other programs have collected (osquery, Wazuh, tables) as reports of hosts, so that value does
//! not wait for agents. Bytes in, [`HostReport`]s out: nothing here opens a file or a connection. What a source does
//! not say is `not_collected` and stays unknown; the mapping of every field is in docs/import.md.
//!
//! Rows of one host are scattered over a log, so all hosts are gathered before the first report is made, up to
//! [`MOST_BYTES`].

mod account;
mod gather;
mod ids;
mod osquery;
mod records;
mod sudo;
mod table;
mod values;
mod wazuh;

use std::io::BufRead;

use model::facts::{HostReport, accept};

pub use gather::MOST_BYTES;
pub use osquery::Table;
pub use records::{LONGEST, skip_line};

/// Where the rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// osqueryd's result logs, or `osqueryi --json`.
    Osquery,
    /// Wazuh's inventory of users and groups, from its API or its indexer.
    Wazuh,
    /// A table with one account a line.
    Csv,
}

/// One file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Input<'a> {
    /// The host its rows belong to when they name none.
    pub host: Option<&'a str>,
    /// The osquery table its rows are of, when their columns do not say.
    pub table: Option<Table>,
    /// When it was written, in milliseconds since the epoch: the time of collection of rows without a time.
    pub written: i64,
}

/// Something in a file that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// Why, in English.
    pub message: String,
}

/// Why reading a file ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// More rows than are kept in memory.
    #[error("more than {} MB of rows: import fewer hosts at a time", MOST_BYTES >> 20)]
    Full,
    /// [`Problems::take`] said so.
    #[error("stopped")]
    Stopped,
}

/// Who hears of problems.
pub trait Problems {
    /// Takes a problem; false ends the reading.
    fn take(&mut self, problem: Problem) -> bool;
}

impl<F: FnMut(Problem) -> bool> Problems for F {
    fn take(&mut self, problem: Problem) -> bool {
        self(problem)
    }
}

/// A host made of gathered rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// What the source calls it.
    pub label: String,
    /// Its report, or why it can have none.
    pub report: Result<Box<HostReport>, String>,
}

/// Gathers the rows of all files, then makes the reports.
#[derive(Debug)]
pub enum Importer {
    /// See [`Kind::Osquery`].
    Osquery(osquery::Gathered),
    /// See [`Kind::Wazuh`].
    Wazuh(wazuh::Gathered),
    /// See [`Kind::Csv`].
    Csv(table::Gathered),
}

impl Importer {
    /// An importer without rows.
    pub fn new(kind: Kind) -> Importer {
        match kind {
            Kind::Osquery => Importer::Osquery(osquery::Gathered::default()),
            Kind::Wazuh => Importer::Wazuh(wazuh::Gathered::default()),
            Kind::Csv => Importer::Csv(table::Gathered::default()),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ReadError`]; what was read before stays gathered.
    pub fn read(
        &mut self,
        input: &Input<'_>,
        reader: &mut dyn BufRead,
        problems: &mut dyn Problems,
    ) -> Result<(), ReadError> {
        match self {
            Importer::Osquery(gathered) => gathered.read(input, reader, problems),
            Importer::Wazuh(gathered) => gathered.read(input, reader, problems),
            Importer::Csv(gathered) => gathered.read(input, reader, problems),
        }
    }

    /// How many hosts are gathered.
    pub fn hosts(&self) -> usize {
        match self {
            Importer::Osquery(gathered) => gathered.hosts(),
            Importer::Wazuh(gathered) => gathered.hosts(),
            Importer::Csv(gathered) => gathered.hosts(),
        }
    }

    /// The reports, in the order of the hosts' names. Each has passed [`accept`].
    pub fn into_hosts(self) -> Box<dyn Iterator<Item = Host>> {
        let made = match self {
            Importer::Osquery(gathered) => gathered.into_hosts(),
            Importer::Wazuh(gathered) => gathered.into_hosts(),
            Importer::Csv(gathered) => gathered.into_hosts(),
        };
        Box::new(made.map(|(label, report)| {
            let checked = report.and_then(|r| accept(r).map(Box::new).map_err(|error| error.to_string()));
            Host { label, report: checked }
        }))
    }
}

/// Reports still unchecked, by the name of their host.
type Made = Box<dyn Iterator<Item = (String, Result<HostReport, String>)>>;

#[cfg(test)]
mod tests;
