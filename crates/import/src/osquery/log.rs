//! One record of a result log: whose it is, when, of which run, and which rows it says are there or gone. Formats:
//! event (one row), batch (`diffResults`) and snapshot, as osquery's documentation on logging has them.

use serde_json::{Map, Value};

use crate::values::{number, text, text_at};

/// A record.
#[derive(Debug)]
pub struct Entry<'a> {
    /// What osquery calls the host.
    pub host: String,
    /// Seconds since the epoch.
    pub at: i64,
    /// Number of the run of the query; 0 is the first, which tells everything. `None` in old versions.
    pub run: Option<i64>,
    /// Machine id, when a decorator gives it.
    pub machine_id: Option<String>,
    /// The rows.
    pub change: Change<'a>,
}

/// What a record tells.
#[derive(Debug)]
pub enum Change<'a> {
    /// All rows there are.
    Snapshot(Vec<&'a Map<String, Value>>),
    /// What is gone and what is new since the last run.
    Difference { removed: Vec<&'a Map<String, Value>>, added: Vec<&'a Map<String, Value>> },
}

/// Whether a value is a record of a result log, and no plain row.
pub fn is_entry(value: &Value) -> bool {
    ["columns", "snapshot", "diffResults"]
        .iter()
        .any(|member| value.get(member).is_some_and(|m| !m.is_string()))
}

impl<'a> Entry<'a> {
    /// Reads a record; `host` is what to call a host that the record does not name.
    ///
    /// # Errors
    /// What is missing, in English.
    pub fn read(value: &'a Value, host: Option<&str>) -> Result<Entry<'a>, String> {
        let named =
            ["hostIdentifier", "host_identifier", "hostname"].iter().find_map(|name| text_at(value, name));
        let host =
            named.or_else(|| host.map(str::to_owned)).ok_or("the record names no host (hostIdentifier)")?;
        let scalar = |name: &str| value.get(name).and_then(text).and_then(|text| number(&text));
        let at = scalar("unixTime").ok_or("the record has no unixTime")?;
        let machine_id =
            ["decorations.machine_id", "machine_id"].iter().find_map(|name| text_at(value, name));
        let change = change(value)?;
        Ok(Entry { host, at, run: scalar("counter"), machine_id, change })
    }
}

fn change(value: &Value) -> Result<Change<'_>, String> {
    if let Some(rows) = value.get("snapshot") {
        return Ok(Change::Snapshot(rows_of(rows)?));
    }
    if let Some(difference) = value.get("diffResults") {
        let part = |name: &str| difference.get(name).map_or_else(|| Ok(Vec::new()), rows_of);
        return Ok(Change::Difference { removed: part("removed")?, added: part("added")? });
    }
    let row = value.get("columns").and_then(Value::as_object).ok_or("the record has no columns")?;
    match value.get("action").and_then(Value::as_str) {
        Some("added") => Ok(Change::Difference { removed: Vec::new(), added: vec![row] }),
        Some("removed") => Ok(Change::Difference { removed: vec![row], added: Vec::new() }),
        // Rows of one snapshot logged one by one have one time.
        Some("snapshot") => Ok(Change::Snapshot(vec![row])),
        _ => Err("the record's action is none of added, removed, snapshot".to_owned()),
    }
}

fn rows_of(rows: &Value) -> Result<Vec<&Map<String, Value>>, String> {
    let rows = match rows {
        Value::Array(rows) => rows.as_slice(),
        // An empty part of a difference is printed as an empty text.
        Value::String(text) if text.is_empty() => &[],
        _ => return Err("the rows are no list".to_owned()),
    };
    rows.iter().map(|row| row.as_object().ok_or_else(|| "a row is no object".to_owned())).collect()
}
