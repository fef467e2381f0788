//! The newest login of each account over all sources the host keeps. Each source has evidence of its own; an account
//! without a record has "never" only if every source that exists was readable.

use std::collections::{BTreeMap, HashMap};

use model::facts::{Evidence, LastLogin, LoginRecord, Section, section};

use crate::{
    config_files::ReadError,
    logins::{ByUser, database, lastlog, newer, wtmp},
    root::{Regular, Root, evidence},
};

const LASTLOG: &str = "/var/log/lastlog";
const LASTLOG2: &str = "/var/lib/lastlog/lastlog2.db";
const WTMPDB: &str = "/var/lib/wtmpdb/wtmp.db";
/// The file in use, then the last rotation.
const WTMP: [&str; 2] = ["/var/log/wtmp", "/var/log/wtmp.1"];
/// Bytes read from the end of a wtmp file: about 170,000 logins.
const WTMP_LIMIT: usize = 64 * 1024 * 1024;
/// Most bytes of a database.
const DATABASE_LIMIT: usize = 256 * 1024 * 1024;

/// Whether a file is one of the sources.
pub fn is_record(path: &[u8]) -> bool {
    [LASTLOG, LASTLOG2, WTMPDB].iter().chain(&WTMP).any(|record| record.as_bytes() == path)
}

/// All sources of a host, read once.
#[derive(Debug)]
pub struct Logins {
    lastlog: Result<Regular, ReadError>,
    by_name: HashMap<Vec<u8>, LoginRecord>,
    sections: BTreeMap<String, Section>,
}

impl Logins {
    /// Reads the sources. lastlog is only opened: its records are read one by one.
    pub fn read(root: &Root) -> Logins {
        let lastlog = root.regular(LASTLOG.as_bytes());
        let mut logins = Logins { lastlog, by_name: HashMap::new(), sections: BTreeMap::new() };
        let seen = logins.lastlog.as_ref().map_or_else(|error| evidence(*error), |_| Evidence::Ok);
        logins.section(section::LASTLOG, seen, None);
        logins.database(root, section::LASTLOG2, LASTLOG2, database::lastlog2);
        logins.database(root, section::WTMPDB, WTMPDB, database::wtmpdb);
        logins.wtmp(root);
        logins
    }

    fn section(&mut self, name: &str, evidence: Evidence, note: Option<String>) {
        let section = Section { evidence, notes: note.into_iter().collect() };
        self.sections.insert(name.to_owned(), section);
    }

    fn database(
        &mut self,
        root: &Root,
        name: &str,
        path: &str,
        parse: fn(&[u8]) -> Result<ByUser, database::DatabaseError>,
    ) {
        let (seen, note) = match root.bytes(path, DATABASE_LIMIT).map(|bytes| parse(&bytes)) {
            Err(error) => (evidence(error), None),
            // A database that was never filled knows of no login, which is as good as none at all.
            Ok(Err(error @ database::DatabaseError::NoTable(_))) => {
                (Evidence::Absent, Some(format!("{path}:0 {error}")))
            }
            Ok(Err(error)) => (Evidence::Malformed, Some(format!("{path}:0 {error}"))),
            Ok(Ok(entries)) => {
                self.add(name, entries);
                (Evidence::Ok, None)
            }
        };
        self.section(name, seen, note);
    }

    fn wtmp(&mut self, root: &Root) {
        let mut worst = None;
        for path in WTMP {
            match tail(root, path) {
                Ok(bytes) => {
                    self.add(section::WTMP, wtmp::parse(&bytes));
                    worst = worst.or(Some(Evidence::Ok));
                }
                Err(ReadError::Absent) => {}
                Err(error) => worst = Some(evidence(error)),
            }
        }
        self.section(section::WTMP, worst.unwrap_or(Evidence::Absent), None);
    }

    fn add(&mut self, source: &str, entries: ByUser) {
        for (user, entry) in entries {
            let known = self.by_name.remove(&user);
            if let Some(best) = newer(known, Some(entry.into_record(source))) {
                self.by_name.insert(user, best);
            }
        }
    }

    /// The newest login of an account. lastlog knows only the id, which several names may share.
    pub fn of(&self, name: &[u8], uid: u32) -> LastLogin {
        let (by_id, unread) = match &self.lastlog {
            Ok(file) => match file.bytes_at(lastlog::offset(uid), lastlog::RECORD) {
                Ok(record) => (lastlog::parse(&record), false),
                Err(_) => (None, true),
            },
            Err(_) => (None, false),
        };
        let by_id = by_id.map(|entry| entry.into_record(section::LASTLOG));
        let record = newer(self.by_name.get(name).cloned(), by_id);
        let evidence = if unread { Evidence::Denied } else { self.overall() };
        LastLogin { evidence, record }
    }

    /// Evidence of all sources together: the first failure, else `ok` if any exists, else `absent`.
    fn overall(&self) -> Evidence {
        let all = || self.sections.values().map(|section| section.evidence);
        all().find(|evidence| !evidence.is_complete()).unwrap_or_else(|| {
            if all().any(|evidence| evidence == Evidence::Ok) { Evidence::Ok } else { Evidence::Absent }
        })
    }

    /// Evidence for each source.
    pub fn into_sections(self) -> BTreeMap<String, Section> {
        self.sections
    }
}

fn tail(root: &Root, path: &str) -> Result<Vec<u8>, ReadError> {
    let file = root.regular(path.as_bytes())?;
    let limit = WTMP_LIMIT - WTMP_LIMIT % wtmp::RECORD;
    let size = file.size() - file.size() % wtmp::RECORD as u64;
    let start = size.saturating_sub(limit as u64);
    let length = usize::try_from(size - start).unwrap_or(limit).min(limit);
    file.bytes_at(start, length)
}
