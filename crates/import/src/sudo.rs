//! The rows of osquery's `sudoers` table as sudo's policy: the lines are put together again and read by our own
//! parser of sudoers. Comments, blank lines and the owner of a file are not in the rows.

use std::collections::BTreeMap;

use collect::config_files::{MemoryFiles, ReadError};
use collect::sudoers::{self, Account, Host, Policy, Start};
use model::facts::{Evidence, Section, SudoFacts};

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// File it stands in.
    pub source: &'a str,
    /// First word.
    pub header: &'a str,
    /// The other words.
    pub rest: &'a str,
}

/// What is known of the rows beside their text.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// They are all there are.
    pub complete: bool,
    /// They stand in the order of their file.
    pub ordered: bool,
    /// The groups of the accounts are known.
    pub groups: bool,
}

/// A policy made of rows.
#[derive(Debug)]
pub struct Sudo {
    policy: Policy,
    host: Host,
    section: Section,
    decidable: bool,
}

impl Sudo {
    /// The policy of the rows, in their order. None when there are no rows: then even the main file was not read.
    pub fn new(lines: &[Line<'_>], host: Host, known: Known) -> Option<Sudo> {
        let main = lines.iter().map(|line| line.source).find(|source| source.ends_with("/sudoers"))?;
        let start = Start { file: main.to_owned(), ..Start::default() };
        let policy = sudoers::load(&files(lines), &start, host.short_name());
        let mut section = collect::sudo_section(&policy);
        // A line that sudo would skip counts as read; a line that is not there does not.
        if !known.complete && (section.evidence.is_complete() || section.evidence == Evidence::Malformed) {
            section.evidence = Evidence::Truncated;
        }
        let text = |wanted: char| {
            lines.iter().any(|line| line.header.contains(wanted) || line.rest.contains(wanted))
        };
        let decidable = (known.groups || !text('%')) && (known.ordered || !text('!'));
        if !decidable {
            section.evidence = Evidence::NotCollected;
            section.notes.push(if known.groups {
                "lines changed since the first run, so that their order is not known".to_owned()
            } else {
                "rules name groups, and the groups of the accounts are not known".to_owned()
            });
        }
        section
            .notes
            .push("owner and mode of the files, sudo.conf and nsswitch.conf are not known".to_owned());
        Some(Sudo { policy, host, section, decidable })
    }

    /// The rights of an account.
    pub fn facts(&self, account: Account<'_>) -> SudoFacts {
        if !self.decidable {
            return SudoFacts::default();
        }
        collect::sudo_facts(&self.policy, &self.host, account, self.section.evidence)
    }

    /// Evidence for the policy.
    pub fn into_section(self) -> Section {
        self.section
    }
}

fn files(lines: &[Line<'_>]) -> MemoryFiles {
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut unread = Vec::new();
    for line in lines {
        let text = texts.entry(line.source).or_default();
        let word = match line.header {
            "includedir" | "#includedir" | "@includedir" if line.rest.contains('/') => "@includedir",
            "include" | "#include" | "@include" if line.rest.contains('/') => "@include",
            other => other,
        };
        text.push_str(word);
        text.push(' ');
        text.push_str(line.rest);
        text.push('\n');
        // Versions that did not know the newer word pass it on as they found it, and do not follow it.
        let follows =
            lines.iter().any(|other| other.source.strip_prefix(line.rest).is_some_and(|s| !s.is_empty()));
        if line.header == "@includedir" && !follows {
            unread.push(line.rest);
        }
        if line.header == "@include" && !lines.iter().any(|other| other.source.ends_with(line.rest)) {
            unread.push(line.rest);
        }
    }
    let files = texts.into_iter().fold(MemoryFiles::new(), |files, (path, text)| files.with(path, text));
    unread.into_iter().fold(files, |files, path| files.with_error(path, ReadError::Failed))
}

#[cfg(test)]
mod tests {
    use model::rules::is_sudo;

    use super::*;

    const ALL: Known = Known { complete: true, ordered: true, groups: true };

    fn lines<'a>(rows: &'a [(&'a str, &'a str, &'a str)]) -> Vec<Line<'a>> {
        rows.iter().map(|&(source, header, rest)| Line { source, header, rest }).collect()
    }

    fn asked(
        rows: &[(&str, &str, &str)],
        known: Known,
        name: &str,
        groups: &[(String, u32)],
    ) -> Option<bool> {
        let host = Host { names: vec!["web1".into()], addresses: None, superusers: vec!["root".into()] };
        let sudo = Sudo::new(&lines(rows), host, known)?;
        is_sudo(&sudo.facts(Account { name, uid: 1000, groups }))
    }

    const RULES: [(&str, &str, &str); 8] = [
        ("/etc/sudoers", "Defaults", "env_reset"),
        ("/etc/sudoers", "User_Alias", "OPS = ann, \\"),
        ("/etc/sudoers", "bob,", "!cid"),
        ("/etc/sudoers", "OPS", "ALL=(ALL) ALL"),
        ("/etc/sudoers", "%sudo", "ALL=(ALL:ALL) ALL"),
        ("/etc/sudoers", "dan", "db1=(ALL) ALL"),
        ("/etc/sudoers", "#includedir", "/etc/sudoers.d"),
        ("/etc/sudoers.d/eve", "eve", "ALL=NOPASSWD: /bin/ls"),
    ];

    #[test]
    fn rules_are_evaluated_and_not_matched_by_name() {
        let sudo = [("sudo".to_owned(), 27)];
        for (name, groups, expected) in [
            ("ann", &[][..], Some(true)),
            ("bob", &[], Some(true)),
            ("cid", &[], Some(false)),
            ("dan", &[], Some(false)),
            ("eve", &[], Some(true)),
            ("fay", &sudo, Some(true)),
            ("fay", &[], Some(false)),
        ] {
            assert_eq!(asked(&RULES, ALL, name, groups), expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_known_stays_unknown() {
        assert_eq!(asked(&RULES, Known { groups: false, ..ALL }, "ann", &[]), None);
        assert_eq!(asked(&RULES, Known { ordered: false, ..ALL }, "ann", &[]), None);
        assert_eq!(asked(&RULES, Known { complete: false, ..ALL }, "ann", &[]), Some(true));
        assert_eq!(asked(&RULES, Known { complete: false, ..ALL }, "fay", &[]), None);
        assert_eq!(asked(&[], ALL, "ann", &[]), None);
        // sudo skips a line it can't read, and takes the others.
        let broken = [("/etc/sudoers", "", "0"), ("/etc/sudoers", "ann", "ALL=ALL")];
        assert_eq!(asked(&broken, ALL, "ann", &[]), Some(true));
        assert_eq!(asked(&broken, ALL, "bob", &[]), Some(false));
        assert_eq!(asked(&broken, Known { complete: false, ..ALL }, "bob", &[]), None);
        // Not followed by the version that printed it.
        let unread = [("/etc/sudoers", "ann", "ALL=ALL"), ("/etc/sudoers", "@includedir", "/etc/sudoers.d")];
        assert_eq!(asked(&unread, ALL, "ann", &[]), Some(true));
        assert_eq!(asked(&unread, ALL, "bob", &[]), None);
        let followed =
            [("/etc/sudoers", "#includedir", "/etc/sudoers.d"), ("/etc/sudoers", "ann", "ALL=ALL")];
        assert_eq!(asked(&followed, ALL, "bob", &[]), Some(false));
    }
}
