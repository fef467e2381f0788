//! Rows of other programs: all files are read, then each host's report is made and sent.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use import::{Importer, Input, Kind, Problem, ReadError, Table};
use indicatif::ProgressBar;

use super::{Args, problems::Problems, send::Outlet};
use crate::{
    error::CliError,
    output::progress::{Unit, bar},
};

/// Reads the files and passes on the reports of the hosts in them.
pub fn read(kind: Kind, args: &Args, outlet: &mut dyn Outlet) -> Result<(), CliError> {
    let mut importer = Importer::new(kind);
    let mut lines = Problems::new(args.keep_going);
    for file in &args.files {
        let (path, table) = split(kind, file);
        read_file(&mut importer, &path, table, args.host.as_deref(), &mut lines)?;
    }
    outlet.left_out(lines.count, "lines");
    let count = importer.hosts();
    if count == 0 {
        return Err(CliError::bad_input("there is no host in the files")
            .next("see docs/import.md for what they may hold"));
    }
    let progress = bar("sending", Unit::Rows, Some(count as u64));
    let mut hosts = Problems::new(args.keep_going);
    for host in importer.into_hosts() {
        let place = format!("host {}", host.label);
        match host.report {
            Ok(report) => {
                let refused = outlet.report(place, &report)?;
                tell(refused, outlet.sent(), &mut hosts, &progress)?;
            }
            Err(why) => hosts.take(place, &why, outlet.sent(), &progress)?,
        }
        progress.inc(1);
    }
    let refused = outlet.flush()?;
    tell(refused, outlet.sent(), &mut hosts, &progress)?;
    progress.finish_and_clear();
    outlet.left_out(hosts.count, "hosts");
    Ok(())
}

fn tell(
    refused: Vec<super::send::Refused>,
    sent: u64,
    hosts: &mut Problems,
    progress: &ProgressBar,
) -> Result<(), CliError> {
    refused.into_iter().try_for_each(|refused| hosts.take(&refused.place, &refused.why, sent, progress))
}

/// File and table of `FILE=TABLE`. A file that is called so goes first.
fn split(kind: Kind, file: &Path) -> (PathBuf, Option<Table>) {
    let table = file.to_str().filter(|_| kind == Kind::Osquery && !file.exists()).and_then(|text| {
        let (path, name) = text.rsplit_once('=')?;
        Some((PathBuf::from(path), Some(Table::named(name)?)))
    });
    table.unwrap_or_else(|| (file.to_owned(), None))
}

fn read_file(
    importer: &mut Importer,
    path: &Path,
    table: Option<Table>,
    host: Option<&str>,
    lines: &mut Problems,
) -> Result<(), CliError> {
    let cannot = |e: &std::io::Error| CliError::io(format!("could not read {}", path.display()), e);
    let file = File::open(path).map_err(|e| cannot(&e))?;
    let about = file.metadata().map_err(|e| cannot(&e))?;
    let written = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let input = Input { host, table, written: i64::try_from(written.as_millis()).unwrap_or(0) };
    let progress = bar("reading", Unit::Bytes, Some(about.len()));
    let mut reader = BufReader::with_capacity(1 << 16, progress.wrap_read(file));
    let mut stopped = None;
    let mut take = |problem: Problem| {
        let place = format!("{}:{}", path.display(), problem.line);
        stopped = lines.take(place, &problem.message, 0, &progress).err();
        stopped.is_none()
    };
    let read = importer.read(&input, &mut reader, &mut take);
    progress.finish_and_clear();
    match read {
        Ok(()) => Ok(()),
        Err(ReadError::Io(error)) => Err(cannot(&error)),
        Err(other) => {
            Err(stopped.unwrap_or_else(|| CliError::bad_input(format!("{}: {other}", path.display()))))
        }
    }
}
