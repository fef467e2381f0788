//! `--dry-run`: what would come, and what of it would be unknown.

use model::facts::{HostReport, accept};
use model::rules;
use serde_json::{Value, json};

use super::send::{Outlet, Refused};
use crate::{
    error::CliError,
    output::{
        line,
        table::{Column, Format, plain, print},
    },
};

/// Hosts shown one by one.
const SHOWN: usize = 200;

const COLUMNS: [Column; 5] = [
    plain("HOST", "Host"),
    plain("OS", "Os"),
    plain("ACCOUNTS", "Accounts"),
    plain("UNKNOWN", "Unknown"),
    plain("ID", "Quuid"),
];

/// Counts reports instead of sending them.
#[derive(Debug, Default)]
pub struct Preview {
    rows: Vec<Value>,
    hosts: u64,
    accounts: u64,
    left_out: u64,
}

impl Preview {
    /// Shows what would come.
    pub fn print(&self) -> Result<(), CliError> {
        print(Format::Table, &COLUMNS, &self.rows)?;
        let more = self.hosts.saturating_sub(SHOWN as u64);
        let more = if more > 0 { format!(" ({more} hosts not shown)") } else { String::new() };
        let left_out =
            if self.left_out > 0 { format!(", {} left out", self.left_out) } else { String::new() };
        line(&format!("{} hosts, {} accounts{left_out}; nothing was sent{more}", self.hosts, self.accounts))
    }
}

impl Outlet for Preview {
    fn text(&mut self, place: String, text: String) -> Result<Vec<Refused>, CliError> {
        let read = serde_json::from_str::<HostReport>(&text).map_err(|e| format!("it is no report: {e}"));
        match read.and_then(|report| accept(report).map_err(|e| e.to_string())) {
            Ok(report) => self.report(place, &report),
            Err(why) => Ok(vec![Refused { place, why }]),
        }
    }

    fn report(&mut self, _place: String, report: &HostReport) -> Result<Vec<Refused>, CliError> {
        self.hosts += 1;
        self.accounts += report.accounts.len() as u64;
        if self.rows.len() < SHOWN {
            let unknown = report.sections.iter().filter(|(_, section)| !section.evidence.is_complete());
            self.rows.push(json!({
                "Host": report.host.hostname,
                "Os": report.host.os_name,
                "Accounts": report.accounts.len(),
                "Unknown": unknown.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
                "Quuid": rules::quuid(&report.host),
            }));
        }
        Ok(Vec::new())
    }

    fn flush(&mut self) -> Result<Vec<Refused>, CliError> {
        Ok(Vec::new())
    }

    fn sent(&self) -> u64 {
        0
    }

    fn left_out(&mut self, count: u64, _what: &'static str) {
        self.left_out += count;
    }
}
