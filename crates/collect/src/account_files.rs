//! passwd, group, shadow and gshadow read as one: tools replace them by rename one after the other, so all four are
//! read again when any changed meanwhile. No lock is taken: that would block passwd(1) on the host.

use std::collections::BTreeMap;

use model::facts::{Evidence, Section, section};

use crate::{
    config_files::ReadError,
    etc::{Notes, Parsed, group, passwd, shadow},
    root::{Root, evidence},
};

/// Most bytes of one of the four files.
const LIMIT: usize = 64 * 1024 * 1024;
/// First reading and three more.
const ATTEMPTS: u32 = 4;
const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
const SHADOW: &str = "/etc/shadow";
const GSHADOW: &str = "/etc/gshadow";
const PATHS: [&str; 4] = [PASSWD, GROUP, SHADOW, GSHADOW];

/// The rows of the account files.
#[derive(Debug, Default)]
pub struct AccountFiles {
    /// Rows of passwd.
    pub passwd: Vec<passwd::Row>,
    /// Rows of group.
    pub group: Vec<group::Row>,
    /// Rows of shadow.
    pub shadow: Vec<shadow::Row>,
    /// Evidence for the four sections.
    pub sections: BTreeMap<String, Section>,
}

impl AccountFiles {
    /// Evidence for one of the four sections.
    pub fn evidence(&self, name: &str) -> Evidence {
        self.sections.get(name).map_or(Evidence::NotCollected, |section| section.evidence)
    }
}

/// Reads the four files.
pub fn read(root: &Root) -> AccountFiles {
    let stamps = || PATHS.map(|path| root.stamp(path));
    let read = || PATHS.map(|path| root.bytes(path, LIMIT));
    let (contents, torn) = steady(stamps, read);
    build(contents, torn)
}

/// Reads until nothing changed between the looks before and after; says whether it never came to that.
fn steady<S: PartialEq, T>(mut stamp: impl FnMut() -> S, mut read: impl FnMut() -> T) -> (T, bool) {
    let mut before = stamp();
    let mut content = read();
    for attempt in 1.. {
        let after = stamp();
        if after == before {
            return (content, false);
        }
        if attempt == ATTEMPTS {
            break;
        }
        before = after;
        content = read();
    }
    (content, true)
}

fn build(contents: [Result<Vec<u8>, ReadError>; 4], torn: bool) -> AccountFiles {
    let [passwd_bytes, group_bytes, shadow_bytes, gshadow_bytes] = contents;
    let mut files = AccountFiles::default();
    let mut add = |name: &str, evidence: Evidence, notes: Notes| {
        let evidence = if torn && evidence == Evidence::Ok { Evidence::Torn } else { evidence };
        files.sections.insert(name.to_owned(), Section { evidence, notes: notes.into_lines() });
    };
    let (passwd, seen, notes) = rows(passwd_bytes, |bytes| passwd::parse(PASSWD, bytes));
    add(section::PASSWD, seen, notes);
    let (group, seen, notes) = rows(group_bytes, |bytes| group::parse(GROUP, bytes));
    add(section::GROUP, seen, notes);
    let (shadow, seen, notes) = rows(shadow_bytes, |bytes| shadow::parse(SHADOW, bytes));
    add(section::SHADOW, seen, notes);
    let (gshadow, seen, mut notes) = rows(gshadow_bytes, |bytes| group::parse_shadow(GSHADOW, bytes));
    notes.extend(group::compare(&group, GSHADOW, &gshadow));
    add(section::GSHADOW, seen, notes);
    (files.passwd, files.group, files.shadow) = (passwd, group, shadow);
    files
}

fn rows<T>(
    content: Result<Vec<u8>, ReadError>,
    parse: impl FnOnce(&[u8]) -> Parsed<T>,
) -> (Vec<T>, Evidence, Notes) {
    match content {
        Ok(bytes) => {
            let parsed = parse(&bytes);
            let evidence = parsed.evidence();
            (parsed.rows, evidence, parsed.notes)
        }
        Err(error) => (Vec::new(), evidence(error), Notes::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_again_until_steady() {
        let run = |changes: u32| {
            let (mut looks, mut reads) = (0, 0);
            let stamp = || {
                looks += 1;
                looks.min(changes + 1)
            };
            let (_, torn) = steady(stamp, || reads += 1);
            (reads, torn)
        };
        assert_eq!(run(0), (1, false));
        assert_eq!(run(1), (2, false));
        assert_eq!(run(3), (4, false));
        assert_eq!(run(9), (4, true));
    }

    #[test]
    fn torn_and_missing_files_show_in_the_sections() {
        let files = build(
            [Ok(b"a:x:1:1:::\n".to_vec()), Ok(vec![]), Err(ReadError::Denied), Err(ReadError::Absent)],
            true,
        );
        let seen = |name| files.evidence(name);
        assert_eq!((seen(section::PASSWD), seen(section::SHADOW)), (Evidence::Torn, Evidence::Denied));
        assert_eq!((seen(section::GSHADOW), seen("other")), (Evidence::Absent, Evidence::NotCollected));
    }
}
