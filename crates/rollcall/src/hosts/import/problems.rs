//! What happens to what cannot be taken: the end, or a remark with `--keep-going`.

use std::fmt::Display;

use indicatif::ProgressBar;

use crate::{error::CliError, output::note};

/// Problems shown one by one.
const SHOWN: u64 = 50;

/// Problems met so far.
#[derive(Debug)]
pub struct Problems {
    keep_going: bool,
    /// How many there were.
    pub count: u64,
}

impl Problems {
    /// None so far.
    pub fn new(keep_going: bool) -> Self {
        Self { keep_going, count: 0 }
    }

    /// Takes a problem at a place; `sent` reports have been sent before.
    ///
    /// # Errors
    /// The problem itself, unless told to keep going.
    pub fn take(
        &mut self,
        place: impl Display,
        why: &str,
        sent: u64,
        bar: &ProgressBar,
    ) -> Result<(), CliError> {
        if !self.keep_going {
            return Err(CliError::bad_input(format!("{place}: {why} ({sent} reports sent before)"))
                .next("correct it, or leave out what cannot be taken with --keep-going"));
        }
        self.count += 1;
        if self.count <= SHOWN {
            let text = format!("{place}: {why}");
            bar.suspend(|| note(&text));
        }
        Ok(())
    }
}
