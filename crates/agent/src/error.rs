//! Why a command ended early, what to do next, and with which exit code.

/// Exit codes besides 0 (done) and 2 (wrong command line).
pub mod exit {
    /// Refused or failed.
    pub const FAILED: u8 = 1;
    /// Not enrolled, or not approved yet.
    pub const NOT_ENROLLED: u8 = 3;
    /// The server did not answer; what was to be sent is kept.
    pub const LATER: u8 = 4;
    /// Done, but the state directory could not be written.
    pub const STATE: u8 = 5;
}

/// A failure of a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// A sentence without a full stop.
    pub what: String,
    /// What to do next.
    pub next: Option<String>,
    /// Exit code.
    pub exit: u8,
}

impl Failure {
    /// A plain failure.
    pub fn new(what: impl Into<String>) -> Failure {
        Failure { what: what.into(), next: None, exit: exit::FAILED }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    /// Sets the exit code.
    #[must_use]
    pub fn exit(mut self, code: u8) -> Failure {
        self.exit = code;
        self
    }
}
