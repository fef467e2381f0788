//! Reports of our own, one JSON report a line: passed on as they are.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use import::skip_line;
use indicatif::ProgressBar;

use super::{problems::Problems, send::Outlet};
use crate::{
    error::CliError,
    output::progress::{Unit, bar},
};

/// Longest line taken. A host with a hundred thousand accounts stays below it.
const LONGEST_LINE: u64 = 4 << 20;

/// Passes on the reports of a file.
pub fn read(path: &Path, keep_going: bool, outlet: &mut dyn Outlet) -> Result<(), CliError> {
    let cannot = |e: &std::io::Error| CliError::io(format!("could not read {}", path.display()), e);
    let file = File::open(path).map_err(|e| cannot(&e))?;
    let size = file.metadata().map_err(|e| cannot(&e))?.len();
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let progress = bar("sending", Unit::Bytes, Some(size));
    let mut run = Run { path, problems: Problems::new(keep_going), progress, outlet };
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

/// A file on its way.
struct Run<'a> {
    path: &'a Path,
    problems: Problems,
    progress: ProgressBar,
    outlet: &'a mut dyn Outlet,
}

impl Run<'_> {
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
        for refused in self.outlet.text(self.place(number), text.to_owned())? {
            self.problems.take(&refused.place, &refused.why, self.outlet.sent(), &self.progress)?;
        }
        Ok(())
    }

    fn place(&self, number: u64) -> String {
        format!("{}:{number}", self.path.display())
    }

    fn bad(&mut self, number: u64, why: &str) -> Result<(), CliError> {
        self.problems.take(self.place(number), why, self.outlet.sent(), &self.progress)
    }

    fn finish(mut self) -> Result<(), CliError> {
        for refused in self.outlet.flush()? {
            self.problems.take(&refused.place, &refused.why, self.outlet.sent(), &self.progress)?;
        }
        self.progress.finish_and_clear();
        self.outlet.left_out(self.problems.count, "lines");
        Ok(())
    }
}
