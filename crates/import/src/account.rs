//! What all sources share: the frame of a report, passwords by the words osquery and Wazuh use, shells, key lines.

use std::collections::HashSet;

use collect::etc::{Notes, hash::marked};
use model::facts::{
    AccountFacts, Evidence, FORMAT, HashClass, HostFacts, HostReport, KeyFacts, Limits, PasswordFacts,
    Section, ShellFacts, section,
};

/// Sections no source has anything of unless it says so.
const SECTIONS: [&str; 8] = [
    section::PASSWD,
    section::GROUP,
    section::SHADOW,
    section::SUDOERS,
    section::SSHD,
    section::KEYS,
    section::LASTLOG,
    section::WTMP,
];

/// A report in which nothing has been collected yet.
pub fn frame(source: &str, collected_at: i64, host: HostFacts) -> HostReport {
    let nothing = |name: &&str| ((*name).to_owned(), Section::default());
    HostReport {
        format: FORMAT,
        collected_at,
        collector: format!("rollcall import {source}"),
        host,
        sections: SECTIONS.iter().map(nothing).collect(),
        ..HostReport::default()
    }
}

/// Sets the evidence of a section, with notes.
pub fn seen(report: &mut HostReport, name: &str, evidence: Evidence, notes: Vec<String>) {
    report.sections.insert(name.to_owned(), Section { evidence, notes });
}

/// Adds accounts, each name once: the first row of a name counts, as in passwd(5).
#[derive(Debug, Default)]
pub struct Accounts {
    taken: HashSet<String>,
    list: Vec<AccountFacts>,
    notes: Notes,
}

impl Accounts {
    /// Adds an account.
    pub fn push(&mut self, account: AccountFacts) {
        if account.name.is_empty() || account.name.len() > Limits::NAME {
            self.notes.add("an account without a name, or with one that is too long, is left out");
        } else if self.taken.insert(account.name.clone()) {
            self.list.push(account);
        } else {
            self.notes.add(format_args!("name {} occurs before", account.name));
        }
    }

    /// Puts them into the report; `evidence` says whether they are all there are.
    pub fn into_report(self, evidence: Evidence, why: Option<&str>, report: &mut HostReport) {
        let mut notes = self.notes;
        if let Some(why) = why {
            notes.add(why);
        }
        seen(report, section::ACCOUNTS, evidence, notes.into_lines());
        seen(report, section::PASSWD, evidence, Vec::new());
        report.accounts = self.list;
    }
}

/// Of how many accounts of a host a source says something.
#[derive(Debug, Clone, Copy, Default)]
pub struct Coverage {
    known: usize,
    asked: usize,
}

impl Coverage {
    /// Counts an account.
    pub fn count(&mut self, known: bool) {
        self.asked += 1;
        self.known += usize::from(known);
    }

    /// Evidence of the section.
    pub fn evidence(self) -> Evidence {
        match self.known {
            0 => Evidence::NotCollected,
            known if known == self.asked => Evidence::Ok,
            _ => Evidence::Truncated,
        }
    }
}

/// Class and algorithm of a password by the word that osquery and Wazuh print for it.
///
/// `locked` there is any field that begins with `!`, `*` or `x`: nothing matches such a field, but whether it is a
/// lock in sshd's sense cannot be told, so that it is not called one. `active` is any other text, of which only one
/// with a known algorithm is certainly a hash.
pub fn password(word: &str, algorithm: Option<&str>) -> PasswordFacts {
    let known = algorithm.and_then(marked);
    let class = match word {
        "active" if known.is_some() => HashClass::Usable,
        "not_set" => HashClass::LockedNever,
        "locked" => HashClass::NoPassword,
        "empty" => HashClass::Empty,
        _ => HashClass::Unknown,
    };
    let evidence = if class == HashClass::Unknown { Evidence::NotCollected } else { Evidence::Ok };
    let algorithm = known.filter(|_| class == HashClass::Usable).map(str::to_owned);
    PasswordFacts { evidence, class, algorithm, ..PasswordFacts::default() }
}

/// What the path of a shell says by itself; whether the file exists is not known.
pub fn shell(path: &str) -> ShellFacts {
    let interactive = !path.is_empty() && collect::is_interactive(path.as_bytes());
    ShellFacts { evidence: Evidence::NotCollected, interactive, ..ShellFacts::default() }
}

/// Adds the keys of an authorized_keys file. Whether StrictModes would trust the file is not known. `now` is the time
/// of collection in seconds.
pub fn add_keys(file: &str, text: &str, now: i64, keys: &mut KeyFacts) {
    let parsed = collect::keys::parse(text.as_bytes(), now);
    let room = Limits::KEYS.saturating_sub(keys.keys.len());
    let cut = parsed.truncated || parsed.keys.len() > room;
    keys.bad_lines = keys.bad_lines.saturating_add(parsed.bad_lines);
    keys.keys.extend(parsed.keys.into_iter().take(room).map(|key| collect::key_fact(file, key, None, now)));
    keys.evidence = match keys.evidence {
        Evidence::Truncated => Evidence::Truncated,
        _ if cut => Evidence::Truncated,
        _ => Evidence::Ok,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_passwords() {
        for (word, algorithm, class, name) in [
            ("active", Some("6"), HashClass::Usable, Some("sha512")),
            ("active", Some("y"), HashClass::Usable, Some("yescrypt")),
            ("active", Some("9"), HashClass::Unknown, None),
            ("active", None, HashClass::Unknown, None),
            ("locked", Some("6"), HashClass::NoPassword, None),
            ("not_set", None, HashClass::LockedNever, None),
            ("empty", None, HashClass::Empty, None),
            ("", None, HashClass::Unknown, None),
            ("whatever", Some("6"), HashClass::Unknown, None),
        ] {
            let facts = password(word, algorithm);
            assert_eq!((facts.class, facts.algorithm.as_deref()), (class, name), "{word} {algorithm:?}");
            assert_eq!(facts.evidence == Evidence::Ok, class != HashClass::Unknown);
        }
    }

    #[test]
    fn shells_and_names() {
        assert!(
            shell("/bin/bash").interactive
                && !shell("/usr/sbin/nologin").interactive
                && !shell("").interactive
        );
        let mut accounts = Accounts::default();
        for name in ["a", "b", "a", ""] {
            accounts.push(AccountFacts { name: name.to_owned(), ..AccountFacts::default() });
        }
        let mut report = HostReport::default();
        accounts.into_report(Evidence::Ok, None, &mut report);
        assert_eq!(report.accounts.len(), 2);
        assert_eq!(report.sections[section::ACCOUNTS].notes.len(), 2);
    }
}
