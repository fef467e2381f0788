//! `rollcall people import`: check the whole file here, then against the directory, then write it.

use std::path::PathBuf;

use clap::Args;

use super::{
    batch::{Batches, Totals},
    check::{Problem, Problems, SHOWN, check},
    send::{Outcome, send_all},
    source::Source,
};
use crate::{
    client::Client,
    error::CliError,
    output::{
        line, note,
        progress::{Unit, bar},
    },
};

/// Options of `people import`.
#[derive(Debug, Args)]
pub struct Import {
    /// CSV file, UTF-8, with a header of column names
    file: PathBuf,
    /// Only check the file and count what would happen
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(client: impl FnOnce() -> Result<Client, CliError>, args: &Import) -> Result<(), CliError> {
    let source = Source::open(&args.file)?;
    let rows = check_file(&source)?;
    if rows == 0 {
        return line("no people in the file");
    }
    let client = client()?;
    let planned = pass(&client, &source, true)?;
    if args.dry_run {
        return line(&format!("{rows} people: {}; nothing was written", counts(planned, "to ")));
    }
    let done = pass(&client, &source, false)?;
    line(&format!("{rows} people: {}", counts(done, "")))
}

/// Checks everything that can be checked without the server; returns the number of people.
fn check_file(source: &Source) -> Result<u64, CliError> {
    let mut rows = source.rows()?;
    let progress = bar("checking", Unit::Bytes, Some(source.size()));
    let mut problems = Problems::default();
    let count = check(&mut rows, &mut problems, |position| progress.set_position(position))?;
    progress.finish_and_clear();
    refuse(source, problems, "nothing was written")?;
    Ok(count)
}

/// Sends the file once; with `dry_run` the server only checks.
fn pass(client: &Client, source: &Source, dry_run: bool) -> Result<Totals, CliError> {
    let doing = if dry_run { "comparing" } else { "writing" };
    let progress = bar(doing, Unit::Bytes, Some(source.size()));
    let batches = Batches::new(source.rows()?, dry_run);
    let Outcome { totals, problems, failed } = send_all(client, batches, dry_run, &progress);
    progress.finish_and_clear();
    let written = match dry_run {
        true => "nothing was written".to_owned(),
        false => format!("written before: {}", counts(totals, "")),
    };
    if let Some(error) = failed {
        let next = "run the same command again: people already written are recognised and left as they are";
        return Err(error.context(format!("the import stopped, {written}")).or_next(next));
    }
    refuse(source, problems, &written)?;
    Ok(totals)
}

/// Shows the problems and turns them into the command's error; no problems, no error.
fn refuse(source: &Source, problems: Problems, written: &str) -> Result<(), CliError> {
    if problems.count == 0 {
        return Ok(());
    }
    let file = source.path().display().to_string();
    for Problem { line, column, message } in &problems.shown {
        let place = if column.is_empty() { String::new() } else { format!(" {column}:") };
        note(&format!("{file}:{line}:{place} {message}"));
    }
    let more = if problems.count > SHOWN as u64 { format!(", {SHOWN} shown") } else { String::new() };
    let noun = if problems.count == 1 { "problem" } else { "problems" };
    Err(CliError::bad_input(format!("{file} has {} {noun}{more}; {written}", problems.count))
        .next("correct the lines and run the same command again"))
}

fn counts(totals: Totals, to: &str) -> String {
    let (create, update) = if to.is_empty() { ("created", "updated") } else { ("create", "update") };
    let Totals { created, updated, unchanged } = totals;
    format!("{created} {to}{create}, {updated} {to}{update}, {unchanged} unchanged")
}
