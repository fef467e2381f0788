//! Facts of login shells: each path is looked at once.

use std::collections::{HashMap, HashSet};

use model::facts::{Evidence, ShellFacts};
use rustix::fs::FileType;

use crate::{config_files::ReadError, root::Root};

/// Programs that refuse a session by design.
const REFUSING: [&[u8]; 5] = [b"nologin", b"false", b"sync", b"halt", b"shutdown"];

/// Looks at shells, remembering what it saw.
#[derive(Debug)]
pub struct Shells<'a> {
    root: &'a Root,
    listed: Option<HashSet<Vec<u8>>>,
    seen: HashMap<Vec<u8>, ShellFacts>,
}

impl<'a> Shells<'a> {
    /// `listed` is what /etc/shells says, `None` when it could not be read.
    pub fn new(root: &'a Root, listed: Option<HashSet<Vec<u8>>>) -> Self {
        Shells { root, listed, seen: HashMap::new() }
    }

    /// Facts of the shell at `path`.
    pub fn facts(&mut self, path: &[u8]) -> ShellFacts {
        if let Some(facts) = self.seen.get(path) {
            return facts.clone();
        }
        let facts = self.look(path);
        self.seen.insert(path.to_vec(), facts.clone());
        facts
    }

    fn look(&self, path: &[u8]) -> ShellFacts {
        let (evidence, exists, executable) = match self.root.stat(path) {
            _ if !path.starts_with(b"/") => (Evidence::Ok, false, false),
            Ok(stat) => {
                let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
                (Evidence::Ok, true, regular && stat.st_mode & 0o111 != 0)
            }
            Err(ReadError::Absent) => (Evidence::Ok, false, false),
            Err(_) => (Evidence::Denied, false, false),
        };
        let listed = self.listed.as_ref().map(|listed| listed.contains(path));
        ShellFacts { evidence, exists, executable, interactive: is_interactive(path), listed }
    }
}

/// Whether the program is not one of those that refuse a session, by its name.
pub fn is_interactive(path: &[u8]) -> bool {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    !REFUSING.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusing_programs() {
        for path in [
            "/usr/sbin/nologin",
            "/sbin/nologin",
            "/bin/false",
            "/usr/bin/sync",
            "/sbin/shutdown",
            "/sbin/halt",
        ] {
            assert!(!is_interactive(path.as_bytes()), "{path}");
        }
        for path in ["/bin/bash", "/opt/nologin/bash", "/usr/bin/git-shell"] {
            assert!(is_interactive(path.as_bytes()), "{path}");
        }
    }
}
