//! The accounts as a table of SQLite, and what is compared of two files.

use std::fs::File;
use std::hash::Hasher;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use rusqlite::{Connection, params_from_iter};
use rustc_hash::FxHasher;

use super::reader;
use crate::{Options, Result};

/// Columns that hold numbers.
pub const NUMBERS: [&str; 15] = [
    "Status",
    "IsRoot",
    "LoginType",
    "ProjectId",
    "UserType",
    "IsDomain",
    "IsSudo",
    "IsSshLogin",
    "ShellLoginStatus",
    "PasswordLockDays",
    "PasswordStatus",
    "IsNew",
    "NetworkType",
    "Uid",
    "Gid",
];

/// Loads a CSV file into a new database. Returns where it is.
pub fn load(options: &Options, file: &Path) -> Result<PathBuf> {
    let path = options.work.join("accounts.sqlite");
    remove(&path)?;
    let connection = Connection::open(&path)?;
    let mut rows = reader(file)?;
    let names: Vec<String> = rows.headers()?.iter().map(str::to_owned).collect();
    let column = |name: &String| {
        let kind = if NUMBERS.contains(&name.as_str()) { "integer" } else { "text" };
        format!("\"{name}\" {kind}")
    };
    let columns: Vec<String> = names.iter().map(column).collect();
    connection.execute_batch(&format!(
        "pragma journal_mode = off; pragma synchronous = off; create table accounts({}); begin",
        columns.join(", ")
    ))?;
    {
        let places = vec!["?"; names.len()].join(", ");
        let mut insert = connection.prepare(&format!("insert into accounts values ({places})"))?;
        for record in rows.records() {
            insert.execute(params_from_iter(record?.iter()))?;
        }
    }
    connection.execute_batch("commit; analyze")?;
    Ok(path)
}

/// Removes a file that need not be there.
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Fails when two files differ in any byte.
pub fn same(ours: &Path, theirs: &Path) -> Result<()> {
    let open = |path| File::open(path).map(|file| BufReader::with_capacity(1 << 20, file));
    let (mut ours, mut theirs) = (open(ours)?, open(theirs)?);
    let mut place = 0;
    loop {
        let (our, their) = (ours.fill_buf()?, theirs.fill_buf()?);
        let both = our.len().min(their.len());
        if our[..both] != their[..both] || (both == 0 && our.len() != their.len()) {
            return Err(format!("the files differ behind byte {place}").into());
        }
        if both == 0 {
            return Ok(());
        }
        ours.consume(both);
        theirs.consume(both);
        place += both;
    }
}

/// Fails when two files differ in any record; returns how many there are, without the header.
pub fn compare(ours: &Path, theirs: &Path) -> Result<u64> {
    let (mut ours, mut theirs) = (reader(ours)?, reader(theirs)?);
    let (mut our, mut their) = (ByteRecord::new(), ByteRecord::new());
    let mut count = 0;
    loop {
        match (ours.read_byte_record(&mut our)?, theirs.read_byte_record(&mut their)?) {
            (false, false) => return Ok(count),
            (true, true) if our == their => count += 1,
            _ => {
                return Err(format!("the files differ in record {}: {our:?} and {their:?}", count + 1).into());
            }
        }
    }
}

/// A number for one account that does not depend on its place.
pub fn digest(host: &str, name: &str, uid: Option<u32>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(host.as_bytes());
    hasher.write(name.as_bytes());
    hasher.write_u64(uid.map_or(u64::MAX, u64::from));
    hasher.finish()
}

/// How many accounts a file has, and the sum of their digests.
pub fn digests(file: &Path) -> Result<(u64, u64)> {
    let mut rows = reader(file)?;
    let names = rows.headers()?.clone();
    let place = |name: &str| names.iter().position(|n| n == name).ok_or_else(|| format!("no column {name}"));
    let (host, name, uid) = (place("MachineName")?, place("Name")?, place("Uid")?);
    let (mut count, mut sum) = (0, 0u64);
    for record in rows.records() {
        let record = record?;
        let field = |place: usize| record.get(place).unwrap_or_default();
        sum = sum.wrapping_add(digest(field(host), field(name), field(uid).parse().ok()));
        count += 1;
    }
    Ok((count, sum))
}
