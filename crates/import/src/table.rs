//! A table of accounts: CSV with a header line, one account a line, all accounts of each host. An empty cell is
//! unknown. The columns are in docs/import.md.

mod cells;
mod columns;
mod fence;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::io::BufRead;

use model::facts::{AccountFacts, Address, Evidence, HostFacts, HostReport, Limits, Os, section};

use crate::account::{Accounts, Coverage, frame, seen};
use crate::gather::Budget;
use crate::ids::{machine_id, quuid};
use crate::records::tell;
use crate::{Input, Made, Problems, ReadError};

use cells::Cells;
use columns::Header;
use fence::Fence;

/// What is gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    hosts: BTreeMap<String, TableHost>,
    budget: Budget,
}

#[derive(Debug, Default)]
struct TableHost {
    facts: HostFacts,
    at: i64,
    names: HashSet<String>,
    accounts: Vec<AccountFacts>,
}

impl Gathered {
    /// Reads a table.
    pub fn read(
        &mut self,
        input: &Input<'_>,
        reader: &mut dyn BufRead,
        problems: &mut dyn Problems,
    ) -> Result<(), ReadError> {
        let fence = Fence::new(reader);
        let left = fence.left();
        let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(fence);
        let header = match table.headers().map(Header::read) {
            Ok(Ok(header)) => header,
            Ok(Err(message)) => return tell(problems, 1, message),
            Err(error) => return failed(error, 1, problems),
        };
        let mut record = csv::StringRecord::new();
        loop {
            left.fill();
            let line = table.position().line();
            match table.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    failed(error, line, problems)?;
                    if left.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
            }
            let line = record.position().map_or(line, csv::Position::line);
            if record.len() > header.len() {
                tell(problems, line, "there are more cells than columns".to_owned())?;
                continue;
            }
            self.budget.spend(record.iter())?;
            if let Err(message) = self.take(&Cells::new(&header, &record), input) {
                tell(problems, line, message)?;
            }
        }
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Their reports.
    pub fn into_hosts(self) -> Made {
        Box::new(self.hosts.into_values().map(|host| (host.facts.hostname.clone(), Ok(host.report()))))
    }

    fn take(&mut self, cells: &Cells<'_>, input: &Input<'_>) -> Result<(), String> {
        let name = cells.text("host").or(input.host).ok_or("host: it is empty")?;
        let os = match cells.text("os").map(str::to_ascii_lowercase).as_deref() {
            None | Some("linux") => Os::Linux,
            Some("windows") => Os::Windows,
            Some(_) => {
                return Err("os: neither linux nor windows (the version belongs into os_name)".to_owned());
            }
        };
        let machine = match cells.text("machine_id") {
            Some(text) => Some(machine_id(text).ok_or("machine_id: not 32 hexadecimal digits")?),
            None => None,
        };
        let account = cells.account(os, input.written / 1000)?;
        let given = cells.text("quuid").map(str::to_owned);
        let id = given.or_else(|| machine.is_none().then(|| quuid("csv", name)));
        let key = id.clone().or_else(|| machine.clone()).unwrap_or_default();
        let at = cells.instant("collected_at")?.map_or(input.written, |seconds| seconds.saturating_mul(1000));
        let host = self.hosts.entry(key).or_default();
        if host.facts.hostname.is_empty() {
            host.facts.hostname = name.to_owned();
            host.facts.os = os;
            host.facts.quuid = id;
            host.facts.machine_id = machine.unwrap_or_default();
        } else if host.facts.os != os {
            return Err("os: another one than before for this host".to_owned());
        }
        if !host.names.insert(account.name.clone()) {
            return Err(format!("name: {} occurs before on this host", account.name));
        }
        host.at = host.at.max(at);
        if let Some(release) = cells.text("os_name").filter(|_| host.facts.os_name.is_empty()) {
            host.facts.os_name = release.to_owned();
        }
        for ip in cells.addresses()? {
            let address = Address { ip, interface: String::new() };
            if host.facts.addresses.len() < Limits::ADDRESSES && !host.facts.addresses.contains(&address) {
                host.facts.addresses.push(address);
            }
        }
        host.accounts.push(account);
        Ok(())
    }
}

/// A record that could not be read: only the file's own failure ends the reading.
fn failed(error: csv::Error, line: u64, problems: &mut dyn Problems) -> Result<(), ReadError> {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() != std::io::ErrorKind::FileTooLarge => {
            Err(ReadError::Io(error))
        }
        csv::ErrorKind::Io(error) => tell(problems, line, error.to_string()),
        csv::ErrorKind::Utf8 { .. } => tell(problems, line, "it is not UTF-8".to_owned()),
        other => tell(problems, line, format!("it is not CSV: {other:?}")),
    }
}

impl TableHost {
    fn report(self) -> HostReport {
        let mut report = frame("csv", self.at, self.facts);
        let mut covered: [(&str, Coverage); 5] =
            [section::GROUP, section::SHADOW, section::SUDOERS, section::KEYS, section::LASTLOG]
                .map(|name| (name, Coverage::default()));
        let mut accounts = Accounts::default();
        for account in self.accounts {
            for (name, coverage) in &mut covered {
                coverage.count(match *name {
                    section::GROUP => account.primary_group.is_some() || !account.groups.is_empty(),
                    section::SHADOW => account.password.evidence.is_complete(),
                    section::SUDOERS => account.sudo.evidence.is_complete(),
                    section::KEYS => account.keys.evidence.is_complete(),
                    _ => account.last_login.evidence.is_complete(),
                });
            }
            accounts.push(account);
        }
        for (name, coverage) in covered {
            seen(&mut report, name, coverage.evidence(), Vec::new());
        }
        accounts.into_report(Evidence::Ok, None, &mut report);
        report
    }
}
