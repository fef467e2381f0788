//! The SSH server's settings for an account as facts. Settings that differ between connections become `conditional`.

use std::collections::BTreeSet;

use model::facts::{Choice, ConditionalBlock, Evidence, Limits, PermitRoot, Section, SshAllowed, SshFacts};

use crate::{
    etc::{Notes, passwd},
    root::Root,
    sshd::{self, Access, Config, Effective, Evaluation, Place, Problem, RootLogin, Subject},
    text::lossy,
};

const CONFIG: &str = "/etc/ssh/sshd_config";
/// Where distributions and the upstream Makefile put the server.
const SERVERS: [&str; 5] = [
    "/usr/sbin/sshd",
    "/usr/local/sbin/sshd",
    "/usr/bin/sshd",
    "/sbin/sshd",
    "/run/current-system/sw/bin/sshd",
];

/// The server's configuration.
#[derive(Debug)]
pub struct Ssh {
    config: Config,
    installed: bool,
    /// Evidence for the section.
    pub section: Section,
}

/// What is in force for one account.
pub struct InForce {
    /// As facts.
    pub facts: SshFacts,
    /// AuthorizedKeysFile patterns of all connections.
    pub keys_files: Vec<String>,
    /// StrictModes.
    pub strict: bool,
}

impl Ssh {
    /// Reads the configuration. A host with a configuration but no server at a usual place still counts as having
    /// one: servers may lie anywhere, while clients bring no sshd_config.
    pub fn read(root: &Root) -> Ssh {
        let config = sshd::load(root, CONFIG);
        let server = SERVERS.iter().any(|path| root.stat(path.as_bytes()).is_ok());
        let section = section(&config);
        Ssh { installed: server || config.present, config, section }
    }

    /// What is in force for an account that is in these groups.
    pub fn in_force(&self, row: &passwd::Row, groups: &[(String, u32)]) -> InForce {
        let name = lossy(&row.name);
        let groups: Vec<String> = groups.iter().map(|(name, _)| name.clone()).collect();
        let subject = Subject { name: &name, uid: row.uid, groups: &groups };
        let evaluation = sshd::evaluate(&self.config, subject, None);
        let keys_files: BTreeSet<String> =
            all(&evaluation).flat_map(|e| e.keys_files.iter().cloned()).collect();
        let facts = if self.installed { self.facts(&evaluation, subject) } else { SshFacts::not_installed() };
        let strict = evaluation.neutral.strict_modes;
        InForce { facts, keys_files: keys_files.into_iter().take(Limits::BLOCKS).collect(), strict }
    }

    fn facts(&self, evaluation: &Evaluation, subject: Subject<'_>) -> SshFacts {
        let flag =
            |get: fn(&Effective) -> bool| fold(all(evaluation).map(|effective| Choice::from(get(effective))));
        SshFacts {
            evidence: if evaluation.truncated { Evidence::Truncated } else { self.section.evidence },
            installed: Some(true),
            allowed: allowed(evaluation, subject),
            password: flag(|e| e.password),
            kbd_interactive: flag(|e| e.kbd_interactive),
            pubkey: flag(|e| e.pubkey),
            permit_empty: flag(|e| e.permit_empty),
            permit_root: all(evaluation)
                .map(permit_root)
                .min_by_key(|rule| strictness(*rule))
                .unwrap_or_default(),
            use_pam: Some(evaluation.neutral.use_pam),
            auth_methods: auth_methods(evaluation),
            keys_command: all(evaluation).any(|e| e.keys_command.is_some()),
            trusted_ca: all(evaluation).any(|e| e.trusted_ca.is_some()),
            conditional: conditional(evaluation),
        }
    }
}

/// The settings of every kind of connection, the neutral one first.
fn all(evaluation: &Evaluation) -> impl Iterator<Item = &Effective> {
    let blocks = evaluation.conditional.iter().map(|block| &block.effective);
    std::iter::once(&evaluation.neutral).chain(blocks).chain(&evaluation.together)
}

/// One choice for all connections.
fn fold(choices: impl Iterator<Item = Choice>) -> Choice {
    choices.reduce(|a, b| if a == b { a } else { Choice::Conditional }).unwrap_or(Choice::Unknown)
}

fn allowed(evaluation: &Evaluation, subject: Subject<'_>) -> SshAllowed {
    let verdict = |effective: &Effective| match sshd::access(effective, subject) {
        Access::Yes(place) => (Choice::Yes, place.map(|place| at(&place, "allows"))),
        Access::No(keyword, place) => (Choice::No, Some(at(&place, keyword))),
        Access::Conditional(keyword, place) => (Choice::Conditional, Some(at(&place, keyword))),
    };
    let verdicts: Vec<_> = all(evaluation).map(verdict).collect();
    let choice = fold(verdicts.iter().map(|(choice, _)| *choice));
    let by = verdicts.into_iter().find_map(|(_, by)| by).unwrap_or_default();
    SshAllowed { choice, by }
}

fn at(place: &Place, what: &str) -> String {
    format!("{}:{} {what}", place.file, place.line)
}

fn permit_root(effective: &Effective) -> PermitRoot {
    match effective.root_login {
        RootLogin::Yes => PermitRoot::Yes,
        RootLogin::ProhibitPassword => PermitRoot::ProhibitPassword,
        RootLogin::ForcedCommandsOnly => PermitRoot::ForcedCommandsOnly,
        RootLogin::No => PermitRoot::No,
    }
}

/// Order of the rules from the most permissive: what is possible from somewhere counts.
fn strictness(rule: PermitRoot) -> u8 {
    match rule {
        PermitRoot::Yes => 0,
        PermitRoot::Unknown => 1,
        PermitRoot::ProhibitPassword => 2,
        PermitRoot::ForcedCommandsOnly => 3,
        PermitRoot::No => 4,
    }
}

/// The alternatives of all connections; none as soon as one connection may use any method.
fn auth_methods(evaluation: &Evaluation) -> Vec<String> {
    if all(evaluation).any(|effective| effective.methods.is_empty()) {
        return Vec::new();
    }
    let mut alternatives: Vec<String> = Vec::new();
    for list in all(evaluation).flat_map(|effective| &effective.methods) {
        let text = list.join(",");
        if !alternatives.contains(&text) && alternatives.len() < Limits::BLOCKS {
            alternatives.push(text);
        }
    }
    alternatives
}

fn conditional(evaluation: &Evaluation) -> Vec<ConditionalBlock> {
    let neutral = settings(&evaluation.neutral);
    let block = |block: &sshd::Conditional| {
        let pairs = settings(&block.effective).into_iter().zip(&neutral);
        ConditionalBlock {
            criteria: block.criteria.clone(),
            file: block.place.file.to_string(),
            line: block.place.line,
            settings: pairs.filter(|(ours, neutral)| ours != *neutral).map(|(ours, _)| ours).collect(),
        }
    };
    let changes = |block: &ConditionalBlock| !block.settings.is_empty();
    evaluation.conditional.iter().map(block).filter(changes).take(Limits::BLOCKS).collect()
}

/// The settings that decide about logins, always in the same order.
fn settings(effective: &Effective) -> Vec<String> {
    let yes_no = |keyword: &str, value: bool| format!("{keyword} {}", if value { "yes" } else { "no" });
    let list = |keyword: &str, entries: &[sshd::Listed]| {
        let patterns: Vec<&str> = entries.iter().map(|entry| entry.pattern.as_str()).collect();
        format!("{keyword} {}", patterns.join(" "))
    };
    let methods: Vec<String> = effective.methods.iter().map(|list| list.join(",")).collect();
    vec![
        yes_no("PasswordAuthentication", effective.password),
        yes_no("KbdInteractiveAuthentication", effective.kbd_interactive),
        yes_no("PubkeyAuthentication", effective.pubkey),
        yes_no("PermitEmptyPasswords", effective.permit_empty),
        format!("PermitRootLogin {}", root_login(effective.root_login)),
        format!("AuthenticationMethods {}", methods.join(" ")),
        format!("AuthorizedKeysFile {}", effective.keys_files.join(" ")),
        list("AllowUsers", &effective.allow_users),
        list("DenyUsers", &effective.deny_users),
        list("AllowGroups", &effective.allow_groups),
        list("DenyGroups", &effective.deny_groups),
    ]
}

fn root_login(rule: RootLogin) -> &'static str {
    match rule {
        RootLogin::Yes => "yes",
        RootLogin::ProhibitPassword => "prohibit-password",
        RootLogin::ForcedCommandsOnly => "forced-commands-only",
        RootLogin::No => "no",
    }
}

fn section(config: &Config) -> Section {
    let mut notes = Notes::default();
    for finding in &config.findings {
        notes.at(&finding.place.file, finding.place.line, &finding.detail);
    }
    let has = |problem: Problem| config.findings.iter().any(|finding| finding.problem == problem);
    let evidence = if !config.complete {
        if has(Problem::Denied) { Evidence::Denied } else { Evidence::Truncated }
    } else if !config.present {
        Evidence::Absent
    } else if has(Problem::Syntax) {
        // The server would not start with it: what the running one goes by is not known.
        Evidence::Malformed
    } else {
        Evidence::Ok
    };
    Section { evidence, notes: notes.into_lines() }
}
