//! A host from copies of its hives: SAM for the accounts, SYSTEM for the host, SOFTWARE for the system and the folders
//! of profiles. Only SAM is needed.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use model::{
    Millis,
    facts::{Evidence, HostReport, Section, section},
};

use crate::{
    hive::{Hive, HiveError},
    report::{Found, report, section_of},
    sam, software, system,
};

/// Most bytes of a hive that are read; SOFTWARE of a large host has about 200 MiB.
const MAX_HIVE: u64 = 512 * 1024 * 1024;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory of the hives.
    pub dir: PathBuf,
    /// Host name to report instead of the one found.
    pub hostname: Option<String>,
    /// Host id to report instead of one made from the machine's identifier.
    pub quuid: Option<String>,
    /// Instant to report as the time of collection; `None` is now.
    pub now: Option<Millis>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SAM could not be read.
    #[error("{0}: {1}")]
    Read(PathBuf, io::Error),
    /// SAM is damaged, or another file.
    #[error("{0}: {1}")]
    Hive(PathBuf, HiveError),
}

/// Reads the hives of a directory, whatever the case of their names.
///
/// # Errors
/// When there is no usable SAM; what is missing elsewhere is reported as such.
pub fn scan(options: &Options) -> Result<HostReport, Error> {
    let path = find(&options.dir, "SAM").unwrap_or_else(|| options.dir.join("SAM"));
    let bytes = read(&path).map_err(|e| Error::Read(path.clone(), e))?;
    let damaged = |error| Error::Hive(path.clone(), error);
    let hive = Hive::parse(&bytes).map_err(damaged)?;
    let sam = sam::read(hive).map_err(damaged)?;
    let accounts = seen(hive, sam.account_notes, "SAM");
    let groups = seen(hive, sam.other_notes, "SAM");

    let (system, system_seen) = other(&options.dir, "SYSTEM", system::read);
    let (software, software_seen) = other(&options.dir, "SOFTWARE", software::read);
    let (system, mut software) = (system.unwrap_or_default(), software.unwrap_or_default());
    if software.product.name.is_empty() {
        software.product.name = system.family;
    }
    let mut found = Found {
        hostname: options.hostname.clone().unwrap_or(system.hostname),
        quuid: options.quuid.clone(),
        product: software.product,
        addresses: system.addresses,
        machine: sam.machine,
        policy: sam.policy,
        accounts: sam.accounts,
        groups: sam.groups,
        now: options.now,
    };
    for account in &mut found.accounts {
        let sid = account.sid(found.machine.as_ref());
        if let Some(folder) = sid.and_then(|sid| software.profiles.remove(&sid.to_string())) {
            account.home = folder;
        }
    }
    let sections = vec![
        (section::SAM, accounts),
        (section::GROUP, groups),
        (section::SYSTEM, system_seen),
        (section::SOFTWARE, software_seen),
    ];
    Ok(report(found, sections, section::SAM))
}

/// How well a hive was read: notes mean that something is missing, and so do changes that are still in a log.
fn seen(hive: Hive<'_>, mut notes: Vec<String>, name: &str) -> Section {
    let mut evidence = if notes.is_empty() { Evidence::Ok } else { Evidence::Malformed };
    if hive.is_dirty() {
        notes.insert(
            0,
            format!("{name}: copied while in use; changes still in {name}.LOG1 or .LOG2 are missing"),
        );
        evidence = Evidence::Torn;
    }
    if !hive.is_whole() {
        notes.insert(0, format!("{name}: cut off or damaged"));
        evidence = Evidence::Truncated;
    }
    section_of(evidence, notes)
}

/// A hive that need not be there.
fn other<T>(dir: &Path, name: &str, what: fn(Hive<'_>) -> Option<T>) -> (Option<T>, Section) {
    let Some(path) = find(dir, name) else {
        return (None, section_of(Evidence::NotCollected, vec![format!("{name}: not given")]));
    };
    let noted = |evidence, error: String| (None, section_of(evidence, vec![format!("{name}: {error}")]));
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return noted(Evidence::Denied, error.to_string()),
    };
    match Hive::parse(&bytes) {
        Ok(hive) => match what(hive) {
            Some(found) => (Some(found), seen(hive, Vec::new(), name)),
            None => noted(Evidence::Malformed, "the keys that are read are not in it".to_owned()),
        },
        Err(error) => noted(Evidence::Malformed, error.to_string()),
    }
}

/// The file of that name in any case: copies by other systems change it.
fn find(dir: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let mut fitting: Vec<PathBuf> =
        entries.filter(|e| e.file_name().eq_ignore_ascii_case(name)).map(|e| e.path()).collect();
    fitting.sort();
    fitting.into_iter().next()
}

/// A regular file, as a whole.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe or a device in that place would block for ever.
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_HIVE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_HIVE {
        return Err(io::Error::other("larger than a hive is"));
    }
    Ok(bytes)
}
