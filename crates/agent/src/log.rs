//! One line for each event on the standard error, fields in place of prose: `event=scanned accounts=31 changed=true`.
//! Under systemd each line carries its priority. Secrets never get here.

use std::cell::RefCell;
use std::fmt::{Display, Write as _};
use std::io::Write;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What happens all the time.
    Info,
    /// Something does not work now, but the agent goes on.
    Warning,
    /// Somebody has to do something.
    Error,
}

impl Level {
    fn priority(self) -> &'static str {
        match self {
            Level::Info => "<6>",
            Level::Warning => "<4>",
            Level::Error => "<3>",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Where events go.
pub struct Log {
    out: RefCell<Box<dyn Write>>,
    journal: bool,
}

impl Log {
    /// To the standard error.
    pub fn stderr() -> Log {
        Log::to(Box::new(std::io::stderr()), std::env::var_os("JOURNAL_STREAM").is_some())
    }

    /// To anything; `journal` puts the priority in front of each line (sd-daemon(3)).
    pub fn to(out: Box<dyn Write>, journal: bool) -> Log {
        Log { out: RefCell::new(out), journal }
    }

    /// Writes one event.
    pub fn event(&self, level: Level, name: &str, fields: &[(&str, &dyn Display)]) {
        let mut line = String::new();
        if self.journal {
            line.push_str(level.priority());
        } else {
            line.push_str("level=");
            line.push_str(level.name());
            line.push(' ');
        }
        line.push_str("event=");
        line.push_str(name);
        for (name, value) in fields {
            line.push(' ');
            line.push_str(name);
            line.push('=');
            push_value(&mut line, &value.to_string());
        }
        line.push('\n');
        // Nobody is left to tell when the standard error is gone.
        let _ = self.out.borrow_mut().write_all(line.as_bytes());
    }
}

/// A value as it is when it is one plain word, else quoted, with control characters escaped.
fn push_value(line: &mut String, value: &str) {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
    if !value.is_empty() && value.chars().all(plain) {
        line.push_str(value);
    } else {
        // Writing to a String does not fail.
        let _ = write!(line, "{value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_forge_lines() {
        let mut line = String::new();
        push_value(&mut line, "plain/1.0");
        line.push(' ');
        push_value(&mut line, "a b\nevent=x \u{1b}[1m\"");
        assert_eq!(line, "plain/1.0 \"a b\\nevent=x \\u{1b}[1m\\\"\"");
    }
}
