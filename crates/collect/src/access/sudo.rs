//! Sudo rights as facts.

use model::facts::{Evidence, Section, SudoFacts, SudoGrant, SudoStrength};

use crate::{
    account_files::AccountFiles,
    addresses::Interface,
    etc::{Notes, passwd},
    root::Root,
    sudoers::{self, Account, Completeness, Host, Policy, Problem, Strength, Verdict},
    text::lossy,
};

/// Longest summary of a grant's commands, in bytes.
const SUMMARY: usize = 1024;

/// The policy and the host it is asked for.
#[derive(Debug)]
pub struct Sudo {
    policy: Policy,
    host: Host,
    /// Evidence for the section.
    pub section: Section,
}

impl Sudo {
    /// Reads the policy of the host.
    pub fn read(root: &Root, files: &AccountFiles, hostname: &str, interfaces: &[Interface]) -> Sudo {
        let superusers = files.passwd.iter().filter(|row| row.uid == 0).map(|row| lossy(&row.name)).collect();
        let addresses = root.is_live().then(|| interfaces.iter().map(|interface| interface.net).collect());
        let host = Host { names: vec![hostname.to_owned()], addresses, superusers };
        let policy = sudoers::read(root, &host);
        let section = sudo_section(&policy);
        Sudo { policy, host, section }
    }

    /// The rights of an account.
    pub fn facts(&self, row: &passwd::Row, groups: &[(String, u32)]) -> SudoFacts {
        let name = lossy(&row.name);
        let account = Account { name: &name, uid: row.uid, groups };
        sudo_facts(&self.policy, &self.host, account, self.section.evidence)
    }
}

/// The rights a policy gives an account, as facts; `seen` is how well the policy could be read ([`sudo_section`]).
pub fn sudo_facts(policy: &Policy, host: &Host, account: Account<'_>, seen: Evidence) -> SudoFacts {
    let rights = policy.rights(account, host);
    let evidence = match (rights.verdict, seen) {
        // A syntax error elsewhere does not touch what sudo takes from the sound lines.
        (Verdict::Yes | Verdict::No, Evidence::Malformed) => Evidence::Ok,
        (Verdict::Unknown, Evidence::Ok | Evidence::Absent) => Evidence::NotCollected,
        (_, seen) => seen,
    };
    SudoFacts { evidence, grants: rights.grants.iter().map(grant).collect() }
}

fn grant(grant: &sudoers::Grant) -> SudoGrant {
    let mut commands = grant.commands.join(", ");
    if commands.len() > SUMMARY {
        commands.truncate(commands.floor_char_boundary(SUMMARY));
        commands.push('…');
    }
    SudoGrant {
        host_matches: grant.certain.then_some(true),
        runas: grant.runas.clone(),
        commands,
        strength: match grant.strength {
            Strength::Full => SudoStrength::Full,
            Strength::RootLimited => SudoStrength::RootLimited,
            Strength::OtherUser => SudoStrength::OtherUser,
        },
        nopasswd: grant.nopasswd,
        file: grant.file.to_string(),
        line: grant.line,
    }
}

/// How well a policy could be read, with what is odd in it.
pub fn sudo_section(policy: &Policy) -> Section {
    let mut notes = Notes::default();
    for finding in &policy.findings {
        notes.at(&finding.file, finding.line, &finding.detail);
    }
    let has = |problem: Problem| policy.findings.iter().any(|finding| finding.problem == problem);
    let evidence = match policy.completeness {
        Completeness::Complete if policy.files.is_empty() => Evidence::Absent,
        Completeness::Complete if has(Problem::Syntax) => Evidence::Malformed,
        Completeness::Complete => Evidence::Ok,
        Completeness::Partial | Completeness::Unknown if has(Problem::Denied) => Evidence::Denied,
        Completeness::Partial | Completeness::Unknown if has(Problem::TooLarge) || has(Problem::TooMuch) => {
            Evidence::Truncated
        }
        Completeness::Partial | Completeness::Unknown => Evidence::NotCollected,
    };
    Section { evidence, notes: notes.into_lines() }
}
