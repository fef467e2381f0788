//! The one form in which the program reports failure: what failed, the service's code and request id when
//! there is one, and what to do next. Exit codes are decided here and nowhere else.

use std::{fmt::Display, io};

use crate::{
    client::CallError,
    output::{escape, style},
};

/// Exit code for a failed command.
pub const EXIT_FAILED: u8 = 1;
/// Exit code for a wrong command line.
pub const EXIT_USAGE: u8 = 2;
/// Exit code for an input file with problems; nothing was written.
pub const EXIT_BAD_INPUT: u8 = 3;

/// Why a command ended early.
#[derive(Debug)]
pub struct CliError {
    what: String,
    code: Option<String>,
    request_id: Option<String>,
    next: Option<String>,
    exit: u8,
}

impl CliError {
    /// A failure described by `what`, a sentence without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), code: None, request_id: None, next: None, exit: EXIT_FAILED }
    }

    /// A failure with all its causes.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut what = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Some errors repeat their cause in their own text.
            if !what.ends_with(&text) {
                what = format!("{what}: {text}");
            }
            cause = inner.source();
        }
        Self::new(what)
    }

    /// A wrong command line that the parser could not see.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit: EXIT_USAGE, ..Self::new(what) }
    }

    /// A file that cannot be taken as it is.
    pub fn bad_input(what: impl Into<String>) -> Self {
        Self { exit: EXIT_BAD_INPUT, ..Self::new(what) }
    }

    /// Something the operating system refused, with the path or name it was about.
    pub fn io(what: impl Display, error: &io::Error) -> Self {
        Self::new(format!("{what}: {error}"))
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds what the reader can do about it unless something closer is known.
    #[must_use]
    pub fn or_next(mut self, next: &str) -> Self {
        self.next.get_or_insert_with(|| next.to_owned());
        self
    }

    /// Puts what was being attempted in front.
    #[must_use]
    pub fn context(mut self, doing: impl Display) -> Self {
        self.what = format!("{doing}: {}", self.what);
        self
    }

    /// Exit code of the program.
    pub fn exit_code(&self) -> u8 {
        self.exit
    }

    /// Writes the report to stderr. Nothing is written for a reader that closed its end of the pipe.
    pub fn report(&self) {
        if self.exit == 0 {
            return;
        }
        let mut text = format!("{} {}\n", style::bad("error:"), escape::terminal(&self.what));
        if let Some(code) = &self.code {
            let id = self.request_id.as_deref().unwrap_or("-");
            text.push_str(&format!(" code: {}  request: {}\n", escape::terminal(code), escape::terminal(id)));
        }
        if let Some(next) = &self.next {
            text.push_str(&format!(" next: {next}\n"));
        }
        // A closed stderr leaves no one to tell.
        let _ = io::Write::write_all(&mut io::stderr().lock(), text.as_bytes());
    }
}

impl From<CallError> for CliError {
    fn from(error: CallError) -> Self {
        let next = error.advice().map(str::to_owned);
        let mut out = Self { next, ..Self::new(error.to_string()) };
        if let CallError::Api(api) = error {
            out.what = api.message;
            out.code = Some(api.code);
            out.request_id = Some(api.request_id);
        }
        out
    }
}

/// Failures while writing to stdout. A closed pipe (`rollcall … | head`) is the reader's wish, not a failure.
pub fn stdout_failed(error: &io::Error) -> CliError {
    let exit = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { EXIT_FAILED };
    CliError { exit, ..CliError::io("could not write to the standard output", error) }
}

/// Adds what was being attempted to any failure of a result.
pub trait Context<T> {
    /// Converts the error and puts `doing` in front of it.
    fn doing(self, doing: impl Display) -> Result<T, CliError>;
}

impl<T, E: Into<CliError>> Context<T> for Result<T, E> {
    fn doing(self, doing: impl Display) -> Result<T, CliError> {
        self.map_err(|error| error.into().context(doing))
    }
}
