//! Reads sshd_config and what it includes into settings and Match lines, in the order in which sshd meets them. Which
//! of them are in force is `evaluate`'s question.

use std::collections::VecDeque;
use std::sync::Arc;

use super::effective::Set;
use super::glob;
use super::pattern;
use super::words::{arguments, delimited};
use crate::config_files::{Files, ReadError};

/// Deepest nesting of includes (servconf.c).
pub const MAX_DEPTH: usize = 16;
/// Most files read for one configuration.
pub const MAX_FILES: usize = 1024;
/// Most bytes read for one configuration.
pub const MAX_BYTES: usize = 8 << 20;
/// Most names in lists (AllowUsers and its like, key files, methods) in all: an evaluation copies them per block.
const MAX_LISTED: usize = 4096;
/// Most findings kept.
pub const MAX_FINDINGS: usize = 256;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File.
    pub file: Arc<str>,
    /// Line, from 1; 0 for the whole file.
    pub line: u32,
}

/// What is wrong with a configuration; sshd would refuse to start with any of these but a missing file of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The line cannot be understood.
    Syntax,
    /// A file that is named is not there.
    Missing,
    /// The reader has no right to the file.
    Denied,
    /// The file is larger than the reader's limit, or the system failed to read it.
    Unreadable,
    /// Includes nested too deep, or too many files or bytes.
    TooMuch,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: Problem,
    /// What exactly, in English.
    pub detail: String,
}

/// What of a connection a criterion looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trait {
    Host,
    Address,
    LocalAddress,
    LocalPort,
    RDomain,
    /// Criteria of OpenSSH 10: version, sessiontype, command.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Criterion {
    All,
    User(String),
    Group(String),
    /// Something of the connection.
    Connection(Trait, String),
    /// Matches no existing account (`invalid-user`).
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Keyword in lower case and its arguments, at least one.
    Setting {
        keyword: String,
        arguments: VecDeque<String>,
        place: Place,
    },
    Match {
        criteria: Vec<Criterion>,
        text: String,
        place: Place,
    },
    /// The files of one Include line, in order.
    Include(Vec<Vec<Item>>),
}

/// A parsed configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub(super) items: Vec<Item>,
    /// Files read, in order.
    pub files: Vec<Arc<str>>,
    /// What was wrong, in order; capped.
    pub findings: Vec<Finding>,
    /// False when a file that sshd reads could not be read: what is in force is then unknown.
    pub complete: bool,
    /// The main file is there, or at least not known to be absent.
    pub present: bool,
}

/// Reads the configuration that starts at `path` (usually `/etc/ssh/sshd_config`).
pub fn load(files: &dyn Files, path: &str) -> Config {
    let mut config = Config { complete: true, present: true, ..Config::default() };
    let mut loader = Loader { files, config: &mut config, bytes: 0, reads: 0, listed: 0 };
    let items = loader.file(path, 0);
    config.present = !config.files.is_empty() || !config.complete;
    config.items = items;
    config
}

struct Loader<'a> {
    files: &'a dyn Files,
    config: &'a mut Config,
    bytes: usize,
    reads: usize,
    listed: usize,
}

impl Loader<'_> {
    fn note(&mut self, place: Place, problem: Problem, detail: impl Into<String>) {
        if self.config.findings.len() < MAX_FINDINGS {
            self.config.findings.push(Finding { place, problem, detail: detail.into() });
        }
    }

    fn file(&mut self, path: &str, depth: usize) -> Vec<Item> {
        let file: Arc<str> = Arc::from(path);
        let place = |line| Place { file: Arc::clone(&file), line };
        self.reads += 1;
        if self.reads > MAX_FILES || depth > MAX_DEPTH {
            self.config.complete = false;
            self.note(place(0), Problem::TooMuch, "too many included files");
            return Vec::new();
        }
        let source = match self.files.read(path) {
            Ok(source) => source,
            Err(error) => {
                let problem = match error {
                    ReadError::Absent | ReadError::NotRegular => Problem::Missing,
                    ReadError::Denied => Problem::Denied,
                    ReadError::TooLarge | ReadError::Failed => Problem::Unreadable,
                };
                self.config.complete &= problem == Problem::Missing;
                self.note(place(0), problem, error.to_string());
                return Vec::new();
            }
        };
        self.bytes = self.bytes.saturating_add(source.bytes.len());
        if self.bytes > MAX_BYTES {
            self.config.complete = false;
            self.note(place(0), Problem::TooMuch, "too many bytes of configuration");
            return Vec::new();
        }
        self.config.files.push(Arc::clone(&file));
        let text = String::from_utf8_lossy(&source.bytes);
        let mut items = Vec::new();
        for (line, number) in text.split('\n').zip(1u32..) {
            // A C string ends at its first NUL.
            let line = line.split('\0').next().unwrap_or_default();
            match self.line(line, place(number), depth) {
                Ok(item) => items.extend(item),
                Err(detail) => self.note(place(number), Problem::Syntax, detail),
            }
        }
        items
    }

    fn line(&mut self, line: &str, place: Place, depth: usize) -> Result<Option<Item>, String> {
        let line = line.trim_start_matches([' ', '\t', '\r']).trim_end_matches([' ', '\t', '\r', '\x0c']);
        let mut rest = Some(line);
        let quote = |_| "a quote is not closed".to_owned();
        let keyword = match delimited(&mut rest).map_err(quote)? {
            Some(word) if word.is_empty() => delimited(&mut rest).map_err(quote)?,
            word => word,
        };
        let Some(keyword) = keyword.filter(|word| !word.is_empty() && !word.starts_with('#')) else {
            return Ok(None);
        };
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err(format!("no argument after {keyword}"));
        };
        let keyword = keyword.to_ascii_lowercase();
        if keyword == "match" {
            let criteria = criteria(rest)?;
            return Ok(Some(Item::Match { criteria, text: rest.to_owned(), place }));
        }
        let mut arguments = arguments(rest).map_err(quote)?;
        if matches!(keyword.as_str(), "forcecommand" | "authorizedkeyscommand") {
            // The rest of the line as it stands, comment signs and all.
            arguments = VecDeque::from([rest.trim_start().to_owned()]);
        }
        if arguments.is_empty() {
            return Err(format!("no argument after {keyword}"));
        }
        if keyword != "include" {
            Set::check(&keyword, &arguments, &place)?;
            if Set::is_list(&keyword) {
                self.listed = self.listed.saturating_add(arguments.len());
            }
            if self.listed > MAX_LISTED && Set::is_list(&keyword) {
                self.config.complete = false;
                self.note(place, Problem::TooMuch, format!("too many names in lists, from {keyword} on"));
                return Ok(None);
            }
            return Ok(Some(Item::Setting { keyword, arguments, place }));
        }
        let mut included = Vec::new();
        for argument in arguments {
            let pattern = if argument.starts_with('/') { argument } else { format!("/etc/ssh/{argument}") };
            for path in glob::expand(self.files, &pattern) {
                included.push(self.file(&path, depth + 1));
            }
        }
        Ok(Some(Item::Include(included)))
    }
}

/// The criteria of a Match line.
fn criteria(text: &str) -> Result<Vec<Criterion>, String> {
    let mut criteria = Vec::new();
    let mut rest = Some(text);
    let quote = |_| "a quote is not closed".to_owned();
    while let Some(name) = delimited(&mut rest).map_err(quote)?.filter(|name| !name.is_empty()) {
        if name.starts_with('#') {
            break;
        }
        let name = name.to_ascii_lowercase();
        if name == "all" {
            let more =
                delimited(&mut rest).map_err(quote)?.is_some_and(|w| !w.is_empty() && !w.starts_with('#'));
            if more || !criteria.is_empty() {
                return Err("'all' cannot be combined with other criteria".to_owned());
            }
            return Ok(vec![Criterion::All]);
        }
        if name == "invalid-user" {
            criteria.push(Criterion::Never);
            continue;
        }
        let argument = delimited(&mut rest).map_err(quote)?.filter(|a| !a.is_empty() && !a.starts_with('#'));
        let argument = argument.ok_or_else(|| format!("no value for {name}"))?;
        criteria.push(criterion(&name, argument)?);
    }
    if criteria.is_empty() { Err("a Match line without criteria".to_owned()) } else { Ok(criteria) }
}

fn criterion(name: &str, argument: String) -> Result<Criterion, String> {
    let of = match name {
        "user" => return Ok(Criterion::User(argument)),
        "group" => return Ok(Criterion::Group(argument)),
        "address" | "localaddress" if !pattern::valid_addresses(&argument) => {
            return Err(format!("bad address list {argument}"));
        }
        "localport" if argument.parse::<u16>().is_err() => return Err(format!("bad port {argument}")),
        "host" => Trait::Host,
        "address" => Trait::Address,
        "localaddress" => Trait::LocalAddress,
        "localport" => Trait::LocalPort,
        "rdomain" => Trait::RDomain,
        "version" | "sessiontype" | "command" => Trait::Other,
        _ => return Err(format!("unknown criterion {name}")),
    };
    Ok(Criterion::Connection(of, argument))
}
