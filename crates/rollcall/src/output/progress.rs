//! Progress of long work: a bar on a terminal's stderr, nothing anywhere else.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `total` steps called `unit`; `None` is an unknown total. Hidden unless stderr is a terminal.
pub fn bar(doing: &'static str, unit: Unit, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, target());
    let counts = match unit {
        Unit::Rows => "{human_pos}/{human_len} ({per_sec}, {eta} left)",
        Unit::Bytes => "{bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)",
    };
    let open = match unit {
        Unit::Rows => "{human_pos}",
        Unit::Bytes => "{bytes}",
    };
    let template = match total {
        Some(_) => format!("{{msg}} [{{bar:30}}] {counts}"),
        None => format!("{{msg}} {{spinner}} {open}"),
    };
    // The templates above are fixed and well-formed; the default style is still a bar.
    bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(doing);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// Lines, people, hosts.
    Rows,
    /// Bytes.
    Bytes,
}

fn target() -> ProgressDrawTarget {
    if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}
