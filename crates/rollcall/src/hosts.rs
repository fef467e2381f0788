//! `rollcall hosts`: the hosts that have reported, and sending reports from a file.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::{
    client::{Client, OWN, Target},
    error::{CliError, Context},
    output::{
        line, note,
        progress::{Unit, bar},
        table::{Column, Format, plain, print},
    },
    paging::{Extent, Page},
};

/// Reports a call may carry, and their size: half of what the server takes and less than the protocol's limit,
/// because a report travels as text inside JSON and grows by its quotes.
const BATCH_REPORTS: usize = 500;
const BATCH_BYTES: usize = 4 << 20;
/// Longest line taken. A host with a hundred thousand accounts stays below it.
const LONGEST_LINE: u64 = 4 << 20;
/// Problems shown one by one.
const SHOWN: usize = 50;

const COLUMNS: [Column; 7] = [
    plain("HOST", "MachineName"),
    plain("ADDRESS", "MachineIp"),
    plain("OS", "OsInfo"),
    plain("ACCOUNTS", "Accounts"),
    plain("LAST REPORT", "LastReportTime"),
    plain("COULD NOT READ", "Problems"),
    plain("ID", "Quuid"),
];

/// Commands for hosts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List hosts
    #[command(after_help = "Example:\n  rollcall hosts list --keyword web --format json")]
    List(List),
    /// Send the reports in a file, one JSON report a line (`rollcall scan --format json` makes one)
    #[command(after_help = "\
A line that is no report stops the import unless --keep-going is given; reports sent before stay, and
sending a report again changes nothing.

Example:
  rollcall hosts import reports.jsonl --keep-going")]
    Import(Import),
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only hosts with this in their name, address or id
    #[arg(long)]
    keyword: Option<String>,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// File with one report a line
    file: PathBuf,
    /// Leave out lines that are no reports instead of stopping
    #[arg(long)]
    keep_going: bool,
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    let client = target.client()?;
    match command {
        Command::List(args) => list(&client, &args),
        Command::Import(args) => import(&client, &args),
    }
}

fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let rows = args.extent.fetch(|offset, limit| {
        let request = json!({"Keyword": args.keyword, "Offset": offset, "Limit": limit});
        Ok(Page::take(client.call(OWN, "ListHosts", &request)?, "Hosts", "Total"))
    });
    print(args.format, &COLUMNS, &rows.doing("could not list hosts")?)
}

fn import(client: &Client, args: &Import) -> Result<(), CliError> {
    let cannot = |e: &std::io::Error| CliError::io(format!("could not read {}", args.file.display()), e);
    let file = File::open(&args.file).map_err(|e| cannot(&e))?;
    let size = file.metadata().map_err(|e| cannot(&e))?.len();
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut run = Run::new(client, args, bar("sending", Unit::Bytes, Some(size)));
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(|e| cannot(&e))?;
        if read == 0 {
            break;
        }
        run.progress.inc(read as u64);
        if !text.ends_with(b"\n") && read as u64 == LONGEST_LINE {
            run.bad(number, "the line is longer than 4 MB")?;
            let rest = skip_line(&mut reader).map_err(|e| cannot(&e))?;
            run.progress.inc(rest);
            continue;
        }
        run.line(number, &text)?;
    }
    run.finish()
}

/// Reads to the end of the line without keeping it.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (used, done) = match buffer.iter().position(|b| *b == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        skipped += used as u64;
        if done {
            return Ok(skipped);
        }
    }
}

/// An import on its way.
struct Run<'a> {
    client: &'a Client,
    file: &'a Path,
    keep_going: bool,
    progress: ProgressBar,
    batch: Vec<(u64, String)>,
    bytes: usize,
    taken: u64,
    bad: u64,
}

impl<'a> Run<'a> {
    fn new(client: &'a Client, args: &'a Import, progress: ProgressBar) -> Self {
        let (file, keep_going) = (args.file.as_path(), args.keep_going);
        Self { client, file, keep_going, progress, batch: Vec::new(), bytes: 0, taken: 0, bad: 0 }
    }

    /// Takes one line of the file.
    fn line(&mut self, number: u64, bytes: &[u8]) -> Result<(), CliError> {
        let Ok(text) = std::str::from_utf8(bytes) else { return self.bad(number, "it is not UTF-8") };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(());
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
            return self.bad(number, &format!("it is not JSON: {error}"));
        }
        if self.batch.len() == BATCH_REPORTS || self.bytes + text.len() > BATCH_BYTES {
            self.send()?;
        }
        self.bytes += text.len();
        self.batch.push((number, text.to_owned()));
        Ok(())
    }

    /// Reports a bad line, and stops unless told to keep going.
    fn bad(&mut self, number: u64, why: &str) -> Result<(), CliError> {
        if !self.keep_going {
            return Err(self.stop(number, why));
        }
        self.bad += 1;
        if self.bad <= SHOWN as u64 {
            let text = format!("{}:{number}: {why}", self.file.display());
            self.progress.suspend(|| note(&text));
        }
        Ok(())
    }

    fn stop(&self, number: u64, why: &str) -> CliError {
        CliError::bad_input(format!(
            "{}:{number}: {why} ({} reports sent before)",
            self.file.display(),
            self.taken
        ))
        .next("correct the line, or leave out such lines with --keep-going")
    }

    fn send(&mut self) -> Result<(), CliError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let reports: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
        let answer = self
            .client
            .call(OWN, "ReportHosts", &json!({"Reports": reports}))
            .doing(format!("could not send the reports ({} sent before)", self.taken))?;
        let results = answer.get("Results").and_then(Value::as_array).cloned().unwrap_or_default();
        let refused: Vec<&Value> =
            results.iter().filter(|r| r.get("Code").is_some_and(|c| !c.is_null())).collect();
        self.taken += (batch.len() - refused.len().min(batch.len())) as u64;
        for result in refused {
            let index = result.get("Index").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
            let number = index.and_then(|i| batch.get(i)).map_or(0, |(number, _)| *number);
            let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
            self.bad(number, &format!("{} ({})", text("Message"), text("Code")))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), CliError> {
        self.send()?;
        self.progress.finish_and_clear();
        let left_out = if self.bad > 0 { format!(", {} lines left out", self.bad) } else { String::new() };
        line(&format!("{} reports taken in{left_out}", self.taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_skipped_to_its_end() {
        let mut reader = BufReader::with_capacity(4, &b"abcdefgh\nnext\n"[..]);
        assert_eq!(skip_line(&mut reader).unwrap(), 9);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "next\n");
    }
}
