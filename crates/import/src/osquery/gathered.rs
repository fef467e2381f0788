//! The rows of all hosts while files are read.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use serde_json::{Map, Value};

use super::log::{Change, Entry, is_entry};
use super::report::report;
use super::rows::Rows;
use super::tables::{Row, Table};
use crate::gather::Budget;
use crate::records::records;
use crate::values::number;
use crate::{Input, Made, Problems, ReadError};

/// What is gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    hosts: BTreeMap<String, HostRows>,
    budget: Budget,
}

/// What is gathered of one host.
#[derive(Debug, Default)]
pub struct HostRows {
    /// Rows by table.
    pub tables: BTreeMap<Table, Rows>,
    /// The newest login of each account, a row of [`Table::Last`]. Older ones are not kept.
    pub logins: HashMap<String, (i64, Row)>,
    /// Whether the table of logins was seen at all.
    pub logins_seen: bool,
    /// Machine id, when a decorator gives it.
    pub machine_id: Option<String>,
    /// Newest record, in seconds.
    pub at: i64,
}

impl Gathered {
    /// Reads a log, or lists of rows.
    pub fn read(
        &mut self,
        input: &Input<'_>,
        reader: &mut dyn BufRead,
        problems: &mut dyn Problems,
    ) -> Result<(), ReadError> {
        if let (Some(host), Some(table)) = (input.host, input.table) {
            // An empty list says something, too.
            self.host(host)?.whole(table, input.written / 1000);
        }
        records(reader, problems, &mut |value| self.take(&value, input))
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Their reports.
    pub fn into_hosts(self) -> Made {
        Box::new(self.hosts.into_iter().map(|(name, rows)| {
            let report = report(&name, &rows);
            (name, report)
        }))
    }

    fn host(&mut self, name: &str) -> Result<&mut HostRows, ReadError> {
        if !self.hosts.contains_key(name) {
            self.budget.spend([name])?;
        }
        Ok(self.hosts.entry(name.to_owned()).or_default())
    }

    fn take(&mut self, value: &Value, input: &Input<'_>) -> Result<Result<(), String>, ReadError> {
        if is_entry(value) {
            return match Entry::read(value, input.host) {
                Ok(entry) => self.entry(entry).map(Ok),
                Err(message) => Ok(Err(message)),
            };
        }
        let Some(columns) = value.as_object() else { return Ok(Err("it is no JSON object".to_owned())) };
        if columns.contains_key("severity") {
            // A status message between the results.
            return Ok(Ok(()));
        }
        let fits = |table: &Table| table.fits(columns);
        let Some(table) = input.table.filter(fits).or_else(|| Table::of(columns)) else {
            return Ok(Err(
                "it is neither a record of a result log nor a row of a table that is used".to_owned()
            ));
        };
        let Some(host) = input.host else {
            return Ok(Err("the row names no host: say which one with --host".to_owned()));
        };
        let at = input.written / 1000;
        self.host(host)?.whole(table, at);
        self.added(host, table, columns, at).map(Ok)
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), ReadError> {
        let Entry { host, at, run, machine_id, change } = entry;
        let (removed, added, whole) = match change {
            Change::Snapshot(rows) => (Vec::new(), rows, true),
            Change::Difference { removed, added } => (removed, added, run == Some(0)),
        };
        let removed = removed.into_iter().map(|columns| (columns, false));
        let added = added.into_iter().map(|columns| (columns, true));
        for (columns, there) in removed.chain(added) {
            // Other queries are passed over, and so are hosts that have no row of ours.
            let Some(table) = Table::of(columns) else { continue };
            let rows = self.host(&host)?;
            rows.at = rows.at.max(at);
            rows.machine_id = machine_id.clone().or_else(|| rows.machine_id.take());
            if whole {
                rows.whole(table, at);
            } else {
                rows.table(table).changed(at, run.is_some());
            }
            if there {
                self.added(&host, table, columns, at)?;
            } else if table != Table::Last {
                // A login stays one when its record is rotated away.
                let row = table.row(columns);
                self.budget.spend(texts(&row))?;
                self.host(&host)?.table(table).removed(row, at);
            }
        }
        Ok(())
    }

    fn added(
        &mut self,
        host: &str,
        table: Table,
        columns: &Map<String, Value>,
        at: i64,
    ) -> Result<(), ReadError> {
        let row = table.row(columns);
        self.budget.spend(texts(&row))?;
        let rows = self.host(host)?;
        rows.at = rows.at.max(at);
        if table == Table::Last {
            rows.login(row);
        } else {
            rows.table(table).added(row, at);
        }
        Ok(())
    }
}

fn texts(row: &Row) -> impl Iterator<Item = &str> {
    row.iter().map(|value| value.as_deref().unwrap_or_default())
}

impl HostRows {
    /// The rows of a table.
    pub fn table(&mut self, table: Table) -> &mut Rows {
        self.tables.entry(table).or_default()
    }

    fn whole(&mut self, table: Table, at: i64) {
        self.at = self.at.max(at);
        if table == Table::Last {
            self.logins_seen = true;
        } else {
            self.table(table).whole(at);
        }
    }

    /// Keeps a login if it is the newest of its account.
    fn login(&mut self, row: Row) {
        self.logins_seen = true;
        let value = |name: &str| Table::Last.value(&row, name);
        // utmp(5): 7 is the process of a user; others are boots, ends of sessions and waiting terminals.
        let of_user = match (value("type"), value("type_name")) {
            (Some(kind), _) => kind == "7",
            (None, Some(name)) => name == "user-process",
            (None, None) => true,
        };
        let (Some(name), Some(time)) = (value("username"), value("time").and_then(number)) else { return };
        if !of_user || time <= 0 {
            return;
        }
        let name = name.to_owned();
        let newest = self.logins.entry(name).or_default();
        if time > newest.0 {
            *newest = (time, row);
        }
    }
}
