//! Authorized keys as facts: finds the files of an account, reads them with care, and says of each key whether the
//! server would take it.

use std::sync::Arc;

use model::facts::{AccountFacts, AuthorizedKey, Evidence, KeyFacts, Limits, Section};

use super::key_files::{Owner, PrivateGroups, distrust, expand};
use crate::{
    account_files::AccountFiles,
    config_files::ReadError,
    etc::{Notes, passwd},
    home::{Request, UserFile, UserFileError},
    keys::{self, Key},
    patience,
    root::{Root, evidence},
    text::lossy,
};

/// Reads the keys of account after account.
#[derive(Debug)]
pub struct Keys {
    root: Arc<Root>,
    /// What is to be read for each account, in their order.
    wanted: Vec<Wanted>,
    /// Instant against which `expiry-time` is held, seconds since the epoch.
    now: i64,
    /// Groups that may write, where the server minds them.
    private: Option<PrivateGroups>,
    notes: Notes,
    seen: Tally,
}

/// The files of one account.
#[derive(Debug)]
struct Wanted {
    files: Request,
    /// Its groups.
    gids: Vec<u32>,
    /// StrictModes.
    strict: bool,
}

/// Evidence of several readings together: the first failure, else `ok` if anything was there, else `absent`.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    failure: Option<Evidence>,
    found: bool,
}

impl Tally {
    fn add(&mut self, evidence: Evidence) {
        match evidence {
            Evidence::Ok => self.found = true,
            Evidence::Absent => {}
            failure => self.failure = self.failure.or(Some(failure)),
        }
    }

    fn evidence(self) -> Evidence {
        self.failure.unwrap_or(if self.found { Evidence::Ok } else { Evidence::Absent })
    }
}

impl Keys {
    /// A reader for a host.
    pub fn new(root: Arc<Root>, files: &AccountFiles, now: i64) -> Keys {
        let debian = root.stat(b"/etc/debian_version").is_ok();
        let private = debian.then(|| PrivateGroups::new(files));
        let (notes, seen) = (Notes::default(), Tally::default());
        Keys { root, wanted: Vec::new(), now, private, notes, seen }
    }

    /// Notes what is to be read for the next account: the files of these patterns; `gids` are its groups, `strict` is
    /// StrictModes.
    pub fn want(&mut self, row: &passwd::Row, gids: Vec<u32>, patterns: &[String], strict: bool) {
        let paths = patterns.iter().filter_map(|pattern| expand(pattern, &row.home, &row.name, row.uid));
        let files = Request { home: row.home.clone(), uid: row.uid, paths: paths.collect() };
        self.wanted.push(Wanted { files, gids, strict });
    }

    /// Reads the keys of the accounts for which something is wanted.
    pub fn fill(&mut self, accounts: &mut [AccountFacts]) {
        let (wanted, root) = (std::mem::take(&mut self.wanted), Arc::clone(&self.root));
        let read = move |wanted: &Wanted| {
            let files = wanted.files.read(&root);
            let bytes = files.iter().flatten().map(|file| file.bytes.len()).sum();
            (files, bytes)
        };
        let mut accounts = accounts.iter_mut();
        patience::each(wanted, read, |wanted, files| {
            let facts = self.facts(wanted, files);
            if let Some(account) = accounts.next() {
                account.keys = facts;
            }
        });
    }

    /// The keys of an account in its files; `None` where these did not answer.
    fn facts(&mut self, wanted: &Wanted, files: Option<Vec<Result<UserFile, UserFileError>>>) -> KeyFacts {
        let owner = Owner { uid: wanted.files.uid, gids: &wanted.gids };
        let mut facts = KeyFacts::default();
        let mut seen = Tally::default();
        let mut files = files.unwrap_or_default().into_iter();
        for path in &wanted.files.paths {
            let read = files.next().unwrap_or(Err(UserFileError::Silent));
            seen.add(self.judge(path, owner, wanted.strict, read, &mut facts));
        }
        facts.evidence = seen.evidence();
        self.seen.add(facts.evidence);
        facts
    }

    /// Takes what one reading gave, and says how good it was.
    fn judge(
        &mut self,
        path: &[u8],
        owner: Owner<'_>,
        strict: bool,
        read: Result<UserFile, UserFileError>,
        facts: &mut KeyFacts,
    ) -> Evidence {
        let file = match read {
            Ok(file) => file,
            Err(UserFileError::Read(ReadError::Absent)) => return Evidence::Absent,
            Err(error) => {
                self.notes.at(&lossy(path), 0, &error);
                return match error {
                    // The server ignores such a file, or cannot read it: whatever is in it.
                    UserFileError::Foreign(chain) if strict || owner.denied(&chain).is_some() => Evidence::Ok,
                    UserFileError::Read(error) => evidence(error),
                    _ => Evidence::Denied,
                };
            }
        };
        let private = self.private.as_ref();
        let distrusted = || if strict { distrust(&file.chain, owner.uid, private) } else { None };
        let reason = owner.denied(&file.chain).or_else(distrusted);
        if let Some(reason) = &reason {
            self.notes.at(&lossy(path), 0, reason);
        }
        self.take(&lossy(path), &file.bytes, reason.as_deref(), facts)
    }

    /// Adds the keys of a file. `distrusted` says why the server ignores the whole file.
    fn take(&mut self, path: &str, bytes: &[u8], distrusted: Option<&str>, facts: &mut KeyFacts) -> Evidence {
        let parsed = keys::parse(bytes, self.now);
        for bad in &parsed.bad {
            self.notes.at(path, bad.line, &bad.reason);
        }
        facts.bad_lines = facts.bad_lines.saturating_add(parsed.bad_lines);
        let room = Limits::KEYS.saturating_sub(facts.keys.len());
        let cut = parsed.truncated || parsed.keys.len() > room;
        facts
            .keys
            .extend(parsed.keys.into_iter().take(room).map(|key| key_fact(path, key, distrusted, self.now)));
        if cut { Evidence::Truncated } else { Evidence::Ok }
    }

    /// Evidence for all accounts together.
    pub fn into_section(self) -> Section {
        Section { evidence: self.seen.evidence(), notes: self.notes.into_lines() }
    }
}

/// A key as a fact; `distrusted` says why the server ignores the whole file, `now` is in seconds. A certificate authority counts as effective: whoever holds a certificate of it gets in.
pub fn key_fact(path: &str, key: Key, distrusted: Option<&str>, now: i64) -> AuthorizedKey {
    let expired = key.options.expires.is_some_and(|at| at < now);
    let refused = if key.options.authority && !expired && !key.blob.certificate { None } else { key.refused };
    let reason = distrusted.map(str::to_owned).or(refused);
    AuthorizedKey {
        algorithm: key.blob.algorithm,
        bits: Some(key.blob.bits),
        fingerprint: key.blob.fingerprint,
        blob: key.base64,
        comment: key.comment,
        options: key.options_text,
        forced_command: key.options.command.is_some(),
        file: path.to_owned(),
        line: key.line,
        effective: reason.is_none(),
        reason: reason.unwrap_or_default(),
    }
}
