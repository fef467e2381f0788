//! Reads a policy: the main file, what it includes, and the limits on both. A file that sudo would refuse (owner,
//! mode) is left out and reported, as sudo does.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::findings::{Finding, Problem};
use super::parse::{self, Sink};
use super::token::AliasKind;
use super::tree::{AliasBody, Completeness, Defaults, Policy, UserSpec};
use crate::config_files::{Files, ReadError, Source};

/// Deepest nesting of includes (sudoers(5)).
pub const MAX_DEPTH: usize = 128;
/// Most files read for one policy.
pub const MAX_FILES: usize = 2048;
/// Most bytes read for one policy.
pub const MAX_BYTES: usize = 32 << 20;
/// Most findings kept.
pub const MAX_FINDINGS: usize = 256;

/// Where the policy starts and who must own its files (sudo.conf can change each).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Main file.
    pub file: String,
    /// Owner every file must have.
    pub uid: u32,
    /// Group that may have write access.
    pub gid: u32,
}

impl Default for Start {
    fn default() -> Self {
        Self { file: "/etc/sudoers".to_owned(), uid: 0, gid: 0 }
    }
}

/// Reads and parses the policy of a host whose short name is `short_host` (for `%h` in includes).
pub fn load(files: &dyn Files, start: &Start, short_host: &str) -> Policy {
    let mut policy = Policy::default();
    let file: Arc<str> = Arc::from(start.file.as_str());
    let mut spent = Spent { reads: 1, bytes: 0, open_line: false };
    let source = files.read(&file);
    let mut loader =
        Loader { files, start, short_host, policy: &mut policy, file, depth: 0, spent: &mut spent };
    match source {
        Ok(source) => {
            loader.run(&source);
            loader.refuse_if_unfinished();
        }
        Err(error) => {
            loader.unreadable(error);
            if !matches!(error, ReadError::Absent | ReadError::NotRegular) {
                policy.completeness = Completeness::Unknown;
            }
        }
    }
    policy
}

/// What the limits are counted against, and how the reading stands.
struct Spent {
    reads: usize,
    bytes: usize,
    /// The text so far ends within a line.
    open_line: bool,
}

struct Loader<'a> {
    files: &'a dyn Files,
    start: &'a Start,
    short_host: &'a str,
    policy: &'a mut Policy,
    file: Arc<str>,
    depth: usize,
    spent: &'a mut Spent,
}

impl Loader<'_> {
    fn run(&mut self, source: &Source) {
        if !self.trusted(source.uid, source.gid, source.mode, "ignored by sudo") {
            return;
        }
        self.spent.bytes = self.spent.bytes.saturating_add(source.bytes.len());
        if self.spent.bytes > MAX_BYTES {
            self.note(Problem::TooMuch, 0, "too many sudoers files".to_owned());
            self.partial();
            return;
        }
        let file = Arc::clone(&self.file);
        self.policy.files.push(Arc::clone(&file));
        parse::file(&source.bytes, &file, self);
    }

    /// A policy that ends within a line is no policy to sudo: nobody may do anything.
    fn refuse_if_unfinished(&mut self) {
        if self.spent.open_line {
            self.policy.specs.clear();
            let detail = "the policy ends within a line: sudo refuses all of it".to_owned();
            self.note(Problem::Syntax, 0, detail);
        }
    }

    fn partial(&mut self) {
        self.policy.completeness = self.policy.completeness.max(Completeness::Partial);
    }

    fn note(&mut self, problem: Problem, line: u32, detail: String) {
        if self.policy.findings.len() < MAX_FINDINGS {
            self.policy.findings.push(Finding { file: Arc::clone(&self.file), line, problem, detail });
        }
    }

    /// Owned by root and writable by nobody else (its group counts as root's).
    fn trusted(&mut self, uid: u32, gid: u32, mode: u32, effect: &str) -> bool {
        let why = if uid != self.start.uid {
            format!("owned by uid {uid}, {effect}")
        } else if mode & 0o002 != 0 {
            format!("writable by everyone, {effect}")
        } else if mode & 0o020 != 0 && gid != self.start.gid {
            format!("writable by gid {gid}, {effect}")
        } else {
            return true;
        };
        self.note(Problem::Insecure, 0, why);
        false
    }

    fn unreadable(&mut self, error: ReadError) {
        let problem = match error {
            ReadError::Absent => Problem::Missing,
            ReadError::Denied => Problem::Denied,
            ReadError::TooLarge => Problem::TooLarge,
            ReadError::NotRegular => Problem::NotRegular,
            ReadError::Failed => Problem::Failed,
        };
        self.note(problem, 0, error.to_string());
        if !matches!(error, ReadError::Absent | ReadError::NotRegular) {
            self.partial();
        }
    }

    /// The included path: `%h` is the host's short name, a relative one starts at the including file's directory.
    fn expand(&self, path: &str) -> String {
        let path = path.strip_prefix('"').and_then(|p| p.strip_suffix('"')).unwrap_or(path);
        let path = path.replace("%h", self.short_host);
        if path.starts_with('/') {
            return path;
        }
        let dir = self.file.rfind('/').and_then(|end| self.file.get(..=end)).unwrap_or("/");
        format!("{dir}{path}")
    }

    fn nested(&mut self, path: String, in_dir: bool) {
        if self.spent.reads >= MAX_FILES {
            self.note(Problem::TooMuch, 0, "too many included files".to_owned());
            self.partial();
            return;
        }
        self.spent.reads += 1;
        let file: Arc<str> = Arc::from(path);
        let source = self.files.read(&file);
        let mut loader = Loader {
            files: self.files,
            start: self.start,
            short_host: self.short_host,
            policy: self.policy,
            file,
            depth: self.depth + 1,
            spent: self.spent,
        };
        match source {
            Ok(source) => loader.run(&source),
            Err(ReadError::Absent | ReadError::NotRegular) if in_dir => {}
            Err(error) => loader.unreadable(error),
        }
    }

    fn directory(&mut self, path: String) {
        self.spent.reads += 1;
        let listing = match self.files.list(&path) {
            // A missing directory is no error.
            Err(ReadError::Absent) => return,
            Err(error) => {
                let outer = std::mem::replace(&mut self.file, Arc::from(path));
                self.unreadable(error);
                self.file = outer;
                return;
            }
            Ok(listing) => listing,
        };
        let outer = std::mem::replace(&mut self.file, Arc::from(path.as_str()));
        let trusted = self.trusted(listing.uid, listing.gid, listing.mode, "directory ignored by sudo");
        self.file = outer;
        if !trusted {
            return;
        }
        let mut names = listing.names;
        names.retain(|name| !name.is_empty() && !name.ends_with('~') && !name.contains('.'));
        names.sort_unstable();
        for name in names {
            self.nested(format!("{path}/{name}"), true);
        }
    }
}

impl Sink for Loader<'_> {
    fn spec(&mut self, spec: UserSpec) {
        self.policy.specs.push(spec);
    }

    fn defaults(&mut self, defaults: Defaults) {
        self.policy.defaults.push(defaults);
    }

    fn alias(&mut self, kind: AliasKind, name: String, body: AliasBody) -> bool {
        match self.policy.aliases.entry((kind, name)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(slot) => {
                slot.insert(body);
                true
            }
        }
    }

    fn include(&mut self, path: &str, dir: bool, line: u32) {
        if self.depth >= MAX_DEPTH || self.spent.reads >= MAX_FILES {
            self.note(Problem::TooMuch, line, "too many levels of includes".to_owned());
            self.partial();
            return;
        }
        let path = self.expand(path);
        if dir { self.directory(path) } else { self.nested(path, false) }
    }

    fn problem(&mut self, problem: Problem, line: u32, detail: String) {
        self.note(problem, line, detail);
    }

    fn open_line(&mut self) -> &mut bool {
        &mut self.spent.open_line
    }
}
