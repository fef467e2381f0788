//! Colour, only for people: on a terminal, and not when NO_COLOR is set (no-color.org).

use std::io::{IsTerminal, stderr, stdout};

/// Whether stdout shows colours.
pub fn on_stdout() -> bool {
    stdout().is_terminal() && wanted()
}

/// Whether stderr shows colours.
pub fn on_stderr() -> bool {
    stderr().is_terminal() && wanted()
}

fn wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Bold red on stderr.
pub fn bad(text: &str) -> String {
    paint(text, "1;31", on_stderr())
}

/// Bold on stdout.
pub fn strong(text: &str) -> String {
    paint(text, "1", on_stdout())
}

fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
