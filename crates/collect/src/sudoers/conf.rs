//! Where sudo's policy comes from: sudo.conf(5)'s policy plugin and its arguments, and nsswitch.conf's `sudoers` line.

use std::sync::Arc;

use super::load::Start;
use crate::config_files::{Files, ReadError};

const SUDO_CONF: &str = "/etc/sudo.conf";
const NSSWITCH: &str = "/etc/nsswitch.conf";

/// A file and what in it points to a source that is not read.
pub type Elsewhere = (Arc<str>, String);

/// The main sudoers file and its owner after sudo.conf, and the policy plugin if it is not sudo's own.
pub fn start(files: &dyn Files) -> (Start, Option<Elsewhere>) {
    let mut start = Start::default();
    let text = match files.read(SUDO_CONF) {
        // sudo ignores a sudo.conf that others could write.
        Ok(source) if source.uid == 0 && source.mode & 0o002 == 0 => source.bytes,
        Ok(_) | Err(ReadError::Absent | ReadError::NotRegular) => return (start, None),
        Err(error) => return (start, Some((Arc::from(SUDO_CONF), error.to_string()))),
    };
    let text = String::from_utf8_lossy(&text);
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("plugin")) {
            continue;
        }
        let (symbol, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if symbol == "sudoers_policy" {
            words.for_each(|argument| apply(&mut start, argument));
        } else if symbol.contains("policy") {
            return (start, Some((Arc::from(SUDO_CONF), format!("policy plugin {symbol} {path}"))));
        }
    }
    (start, None)
}

fn apply(start: &mut Start, argument: &str) {
    match argument.split_once('=') {
        Some(("sudoers_file", path)) if path.starts_with('/') => path.clone_into(&mut start.file),
        Some(("sudoers_uid", id)) => start.uid = id.parse().unwrap_or(start.uid),
        Some(("sudoers_gid", id)) => start.gid = id.parse().unwrap_or(start.gid),
        _ => {}
    }
}

/// The sources of nsswitch.conf's `sudoers` line that are not files.
pub fn other_sources(files: &dyn Files) -> Option<Elsewhere> {
    let source = files.read(NSSWITCH).ok()?;
    let text = String::from_utf8_lossy(&source.bytes);
    let line = text.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        line.strip_prefix("sudoers").map(str::trim_start).and_then(|rest| rest.strip_prefix(':'))
    })?;
    let others: Vec<&str> =
        line.split_whitespace().filter(|name| !name.starts_with('[') && *name != "files").collect();
    (!others.is_empty()).then(|| (Arc::from(NSSWITCH), others.join(" ")))
}
