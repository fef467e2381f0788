//! The writers alone: the same rows as CSV, as JSON lines and as a workbook, and as CSV by the `csv` crate, which has
//! no formula guard. Shows whether writing CSV by hand still pays.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use export::xlsx::XlsxWriter;
use export::{Cell, LineWriter, RowWriter};

use crate::generate::{ACCOUNTS, Fleet};
use crate::measure::cpu_seconds;
use crate::report::FormatRow;
use crate::{Options, Result};

const NAMES: [&str; 12] = [
    "MachineName",
    "OsInfo",
    "InstanceID",
    "Name",
    "Uid",
    "Gid",
    "HomePath",
    "Shell",
    "Gecos",
    "PrimaryGroup",
    "Line",
    "LastLoginTime",
];
/// Hosts whose accounts are written over and over.
const HOSTS: u64 = 200;

/// Measures each writer.
pub fn run(options: &Options) -> Result<Vec<FormatRow>> {
    let table = Table::new();
    let rounds = (options.accounts / (HOSTS * ACCOUNTS)).max(1);
    let file = options.work.join("formats.out");
    let csv = measure("CSV", rounds, || {
        let mut writer = LineWriter::csv(File::create(&file)?);
        table.write(&mut writer, rounds)
    })?;
    let plain = measure("CSV by the csv crate, no guard", rounds, || table.plain(&file, rounds))?;
    let jsonl = measure("JSON lines", rounds, || {
        let mut writer = LineWriter::jsonl(File::create(&file)?);
        table.write(&mut writer, rounds)
    })?;
    // A tenth: a workbook costs more than ten times as much.
    let rounds = rounds.div_ceil(10);
    let xlsx = measure("XLSX", rounds, || {
        let mut writer = XlsxWriter::new(BufWriter::new(File::create(&file)?), &options.work)?;
        table.write(&mut writer, rounds)
    })?;
    std::fs::remove_file(&file)?;
    Ok(vec![csv, plain, jsonl, xlsx])
}

fn measure(text: &'static str, rounds: u64, write: impl FnOnce() -> Result<()>) -> Result<FormatRow> {
    let begin = cpu_seconds();
    write()?;
    let cpu = cpu_seconds() - begin;
    let rows = rounds * HOSTS * ACCOUNTS;
    Ok(FormatRow { text, rows, cells: NAMES.len(), cpu })
}

/// The texts and numbers of the rows.
struct Table(Vec<([String; 8], [i64; 3], Option<i64>)>);

impl Table {
    fn new() -> Self {
        let fleet = Fleet::new();
        let mut rows = Vec::new();
        for report in (0..HOSTS).map(|host| fleet.report(host)) {
            for account in report.accounts {
                let number = |n: Option<u32>| n.map_or(-1, i64::from);
                let host = report.host.clone();
                let texts = [
                    host.hostname,
                    host.os_name,
                    host.instance_id.unwrap_or_default(),
                    account.name,
                    account.home,
                    account.shell,
                    account.gecos,
                    account.primary_group.unwrap_or_default(),
                ];
                let numbers = [number(account.uid), number(account.gid), number(account.line)];
                rows.push((texts, numbers, account.last_login.record.map(|record| record.time)));
            }
        }
        Table(rows)
    }

    fn cells(row: &([String; 8], [i64; 3], Option<i64>)) -> [Cell<'_>; 12] {
        let ([machine, os, instance, name, home, shell, gecos, group], [uid, gid, line], login) = row;
        [
            machine.into(),
            os.into(),
            instance.into(),
            name.into(),
            (*uid).into(),
            (*gid).into(),
            home.into(),
            shell.into(),
            gecos.into(),
            group.into(),
            (*line).into(),
            (*login).into(),
        ]
    }

    fn write(&self, writer: &mut dyn RowWriter, rounds: u64) -> Result<()> {
        writer.header(&NAMES)?;
        for row in (0..rounds).flat_map(|_| &self.0) {
            writer.row(&Self::cells(row))?;
        }
        Ok(writer.finish()?)
    }

    fn plain(&self, file: &Path, rounds: u64) -> Result<()> {
        let mut writer = csv::WriterBuilder::new().buffer_capacity(256 << 10).from_path(file)?;
        writer.write_record(NAMES)?;
        let mut number = itoa::Buffer::new();
        for row in (0..rounds).flat_map(|_| &self.0) {
            for cell in Self::cells(row) {
                match cell {
                    Cell::Text(text) => writer.write_field(text)?,
                    Cell::Int(value) => writer.write_field(number.format(value))?,
                    Cell::Empty => writer.write_field("")?,
                }
            }
            writer.write_record(None::<&[u8]>)?;
        }
        Ok(writer.flush()?)
    }
}
