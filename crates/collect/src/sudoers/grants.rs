//! From a policy to the rights of one account on one host: every command it may run, as whom, with what evidence.
//! For one command the last matching entry decides, so a later denial takes back what it covers whole; a denial of
//! single commands beside `ALL` takes back nothing here, because it is easily evaded.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::flat::{Flat, Flattener};
use super::matching::{Account, Host, Kind, Matcher, Rules};
use super::token::AliasKind;
use super::tree::{
    AliasBody, Binding, CommandSpec, Completeness, Context, Member, Name, Policy, Runas, Setting, What,
};

/// Most grants reported for one account.
pub const MAX_GRANTS: usize = 256;
/// Most commands reported in one grant.
pub const MAX_COMMANDS: usize = 64;
/// Deepest nesting of runas aliases that is written out.
const MAX_RUNAS_DEPTH: usize = 16;
/// Most later denials remembered while looking for what they take back.
const MAX_DENIALS: usize = 1024;

/// How much a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Commands as another user, or as another group.
    OtherUser,
    /// Certain commands as root, or all of them under a condition (digest, time, SELinux role, chroot).
    RootLimited,
    /// Any command as root.
    Full,
}

/// A right, with the place that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How much it gives.
    pub strength: Strength,
    /// False when the entry's user or host list cannot be decided here (netgroups, group plugins).
    pub certain: bool,
    /// No password is asked for.
    pub nopasswd: bool,
    /// Programs run may not start others.
    pub noexec: bool,
    /// The caller may set environment variables.
    pub setenv: bool,
    /// As whom, as sudo lists it: `root`, `ALL : ALL`.
    pub runas: String,
    /// Commands with arguments, aliases resolved, denied ones with `!`; at most [`MAX_COMMANDS`].
    pub commands: Vec<String>,
    /// Not in force before this time (text of `NOTBEFORE`).
    pub not_before: Option<String>,
    /// Not in force after this time (text of `NOTAFTER`).
    pub not_after: Option<String>,
    /// File that gives it.
    pub file: Arc<str>,
    /// Line in that file, from 1.
    pub line: u32,
}

/// Whether an account has any right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// At least one certain grant.
    Yes,
    /// None, and everything was read and decided.
    No,
    /// A source could not be read, or an entry could not be decided.
    Unknown,
}

/// All rights of one account on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Whether there is any.
    pub verdict: Verdict,
    /// The rights in file order, at most [`MAX_GRANTS`].
    pub grants: Vec<Grant>,
    /// More grants or commands exist than are listed.
    pub truncated: bool,
}

impl Rights {
    /// The greatest strength among certain grants.
    pub fn strength(&self) -> Option<Strength> {
        self.grants.iter().filter(|grant| grant.certain).map(|grant| grant.strength).max()
    }

    /// Whether a certain grant needs no password.
    pub fn nopasswd(&self) -> bool {
        self.grants.iter().any(|grant| grant.certain && grant.nopasswd)
    }
}

/// One command of one entry, with all that decides about it.
struct Rule<'a> {
    /// Number of the entry it is from: rules of one entry share a grant.
    entry: usize,
    certain: bool,
    context: &'a Context,
    command: Flat<'a>,
    file: &'a Arc<str>,
    line: u32,
}

impl Policy {
    /// The rights of `account` on `host`.
    pub fn rights(&self, account: Account<'_>, host: &Host) -> Rights {
        let evaluation = Evaluation::new(self, account, host);
        let (rules, mut truncated) = evaluation.rules();
        let mut grants = evaluation.grants(&rules);
        truncated |= grants.len() > MAX_GRANTS;
        grants.truncate(MAX_GRANTS);
        for grant in &mut grants {
            truncated |= grant.commands.len() > MAX_COMMANDS;
            grant.commands.truncate(MAX_COMMANDS);
        }
        let decided = self.completeness == Completeness::Complete && !evaluation.matcher.exhausted.get();
        let verdict = if grants.iter().any(|grant| grant.certain) {
            Verdict::Yes
        } else if grants.is_empty() && decided && !truncated {
            Verdict::No
        } else {
            Verdict::Unknown
        };
        Rights { verdict, grants, truncated }
    }
}

struct Evaluation<'a> {
    policy: &'a Policy,
    account: Account<'a>,
    matcher: Matcher<'a>,
    roots: Vec<Matcher<'a>>,
    /// Settings of the Defaults lines for this account on this host, the last of each name.
    settings: HashMap<&'a str, &'a Setting>,
    /// Whether a Defaults line for running as root spares the password; the last one counts.
    spared_as_root: Option<bool>,
    /// The same for commands.
    spared_commands: HashMap<&'a What, bool>,
    /// Whether a runas list has root, by its address: many commands share one long list.
    reaches: RefCell<HashMap<*const Runas, bool>>,
}

/// Groups of the superuser, for `(%root)`.
static ROOT_GROUPS: std::sync::LazyLock<Vec<(String, u32)>> =
    std::sync::LazyLock::new(|| vec![("root".to_owned(), 0)]);

impl<'a> Evaluation<'a> {
    fn new(policy: &'a Policy, account: Account<'a>, host: &'a Host) -> Self {
        let rules = matching_rules(policy);
        let matcher = Matcher::new(policy, account, host, rules);
        let roots = host
            .superusers
            .iter()
            .map(|name| {
                let root = Account { name, uid: 0, groups: &ROOT_GROUPS };
                let mut matcher = Matcher::new(policy, root, host, rules);
                matcher.myself = account.uid == 0 && account.name == name;
                matcher
            })
            .collect();
        let mut evaluation = Self {
            policy,
            account,
            matcher,
            roots,
            settings: HashMap::new(),
            spared_as_root: None,
            spared_commands: HashMap::new(),
            reaches: RefCell::default(),
        };
        evaluation.read_defaults();
        evaluation
    }

    fn read_defaults(&mut self) {
        for line in &self.policy.defaults {
            let authenticate = line.settings.iter().rfind(|setting| setting.name == "authenticate");
            match (&line.binding, authenticate) {
                (Binding::Users(users), _) if !self.matcher.list(Kind::User, users).allows() => {}
                (Binding::Hosts(hosts), _) if !self.matcher.list(Kind::Host, hosts).allows() => {}
                (Binding::Runas(users), Some(setting)) => {
                    if self.roots.iter().any(|root| root.list(Kind::Runas, users).allows()) {
                        self.spared_as_root = Some(setting.negated);
                    }
                }
                (Binding::Commands(commands), Some(setting)) => {
                    let named = commands.iter().filter(|command| !command.negated);
                    self.spared_commands.extend(named.map(|command| (&command.what, setting.negated)));
                }
                (Binding::Runas(_) | Binding::Commands(_), None) => {}
                (Binding::Generic | Binding::Users(_) | Binding::Hosts(_), _) => {
                    let named = line.settings.iter().map(|setting| (setting.name.as_str(), setting));
                    self.settings.extend(named);
                }
            }
        }
    }

    /// All commands of all entries that mean this account on this host, in file order.
    fn rules(&self) -> (Vec<Rule<'a>>, bool) {
        let mut rules = Vec::new();
        let mut flattener = Flattener::new(self.policy);
        if self.account.uid == 0 && self.flag("root_sudo") == Some(false) {
            return (rules, false);
        }
        let mut entry = 0;
        for spec in &self.policy.specs {
            let users = self.matcher.list(Kind::User, &spec.users);
            if !users.may_allow() {
                continue;
            }
            for privilege in &spec.privileges {
                entry += 1;
                let hosts = self.matcher.list(Kind::Host, &privilege.hosts);
                if !hosts.may_allow() {
                    continue;
                }
                for CommandSpec { context, command } in &privilege.commands {
                    for command in flattener.flatten(command) {
                        rules.push(Rule {
                            entry,
                            certain: users.allows() && hosts.allows(),
                            context,
                            command,
                            file: &spec.file,
                            line: spec.line,
                        });
                    }
                }
            }
        }
        (rules, flattener.truncated)
    }

    fn grants(&self, rules: &[Rule<'a>]) -> Vec<Grant> {
        let revoked = revoked(rules);
        let mut grants: Vec<Grant> = Vec::new();
        let mut last: Option<(usize, &Context)> = None;
        for (rule, revoked) in rules.iter().zip(revoked) {
            if revoked {
                continue;
            }
            let grant = self.grant(rule);
            match grants.last_mut() {
                Some(previous)
                    if last.is_some_and(|(entry, context)| {
                        entry == rule.entry && context.runas == rule.context.runas
                    }) && (rule.command.negated || alike(previous, &grant)) =>
                {
                    previous.commands.extend(grant.commands);
                }
                _ if rule.command.negated => continue,
                _ => grants.push(grant),
            }
            last = Some((rule.entry, rule.context));
        }
        grants
    }

    fn grant(&self, rule: &Rule<'a>) -> Grant {
        let context = rule.context;
        let limited = rule.command.digest
            || context.not_before.is_some()
            || context.not_after.is_some()
            || context.role
            || context.chroot
            || *rule.command.what != What::All;
        let strength = match self.reaches_root(context.runas.as_deref()) {
            false => Strength::OtherUser,
            true if limited => Strength::RootLimited,
            true => Strength::Full,
        };
        Grant {
            strength,
            certain: rule.certain,
            nopasswd: context.nopasswd.unwrap_or_else(|| self.no_authentication(rule, strength)),
            noexec: context.noexec.or_else(|| self.flag("noexec")) == Some(true),
            setenv: context.setenv == Some(true),
            runas: self.runas_text(context.runas.as_deref()),
            commands: vec![rule.command.text()],
            not_before: context.not_before.clone(),
            not_after: context.not_after.clone(),
            file: Arc::clone(rule.file),
            line: rule.line,
        }
    }

    /// Whether the runas list certainly has an account with uid 0.
    fn reaches_root(&self, runas: Option<&'a Runas>) -> bool {
        match runas {
            None => {
                let name = self.runas_default();
                name == "#0" || self.roots.iter().any(|root| root.name().eq_ignore_ascii_case(name))
            }
            Some(list @ Runas { users: Some(users), .. }) => {
                let find = || self.roots.iter().any(|root| root.list(Kind::Runas, users).allows());
                *self.reaches.borrow_mut().entry(std::ptr::from_ref(list)).or_insert_with(find)
            }
            // Only the group changes.
            Some(Runas { users: None, .. }) => self.account.uid == 0,
        }
    }

    fn runas_text(&self, runas: Option<&Runas>) -> String {
        let list = |members: &[Member]| {
            let mut texts = Vec::new();
            self.member_texts(members, false, 0, &mut texts);
            texts.join(", ")
        };
        match runas {
            None => self.runas_default().to_owned(),
            Some(Runas { users, groups }) => {
                let users = users.as_deref().map_or_else(|| self.account.name.to_owned(), list);
                match groups {
                    Some(groups) => format!("{users} : {}", list(groups)),
                    None => users,
                }
            }
        }
    }

    /// The members with aliases resolved, as many as fit.
    fn member_texts(&self, members: &[Member], turned: bool, depth: usize, texts: &mut Vec<String>) {
        for member in members {
            if texts.len() >= MAX_COMMANDS {
                return;
            }
            let negated = member.negated != turned;
            let name = match &member.name {
                Name::All => "ALL",
                Name::Myself => self.account.name,
                Name::Alias(name) => match self.policy.aliases.get(&(AliasKind::Runas, name.clone())) {
                    Some(AliasBody::Members(members)) if depth < MAX_RUNAS_DEPTH => {
                        self.member_texts(members, negated, depth + 1, texts);
                        continue;
                    }
                    _ => name,
                },
                Name::Word(s) | Name::Group(s) | Name::Netgroup(s) | Name::Net(s) => s,
            };
            texts.push(format!("{}{name}", if negated { "!" } else { "" }));
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.settings.get(name).map(|setting| !setting.negated)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.settings
            .get(name)
            .filter(|setting| !setting.negated)
            .and_then(|setting| setting.value.as_deref())
    }

    fn runas_default(&self) -> &'a str {
        self.value("runas_default").unwrap_or("root")
    }

    /// Whether Defaults spare this account the password for the rule's command.
    fn no_authentication(&self, rule: &Rule<'a>, strength: Strength) -> bool {
        let mut spared = self.flag("authenticate") == Some(false);
        if let Some(group) = self.value("exempt_group") {
            spared |= self.account.groups.iter().any(|(name, _)| name == group);
        }
        if strength > Strength::OtherUser {
            spared = self.spared_as_root.unwrap_or(spared);
        }
        self.spared_commands.get(rule.command.what).copied().unwrap_or(spared)
    }
}

/// Which rules a later denial takes back whole; denials themselves stay, they are part of the text.
fn revoked(rules: &[Rule<'_>]) -> Vec<bool> {
    let mut revoked = vec![false; rules.len()];
    let mut denials: Vec<&Rule<'_>> = Vec::new();
    for (rule, revoked) in rules.iter().zip(&mut revoked).rev() {
        if !rule.command.negated {
            *revoked = denials.iter().any(|denial| covers(denial, rule));
            continue;
        }
        let context = rule.context;
        let unconditional = rule.certain
            && !rule.command.digest
            && context.not_before.is_none()
            && context.not_after.is_none();
        if unconditional && denials.len() < MAX_DENIALS {
            denials.push(rule);
        }
    }
    revoked
}

fn covers(denial: &Rule<'_>, rule: &Rule<'_>) -> bool {
    let everyone = |runas: &Option<Arc<Runas>>| {
        let only_all = |list: &Option<Vec<Member>>| {
            list.as_deref().is_some_and(|l| matches!(l, [Member { negated: false, name: Name::All }]))
        };
        runas.as_ref().is_some_and(|runas| only_all(&runas.users))
    };
    let whom = everyone(&denial.context.runas) || denial.context.runas == rule.context.runas;
    whom && match (denial.command.what, rule.command.what) {
        (What::All, _) => true,
        (What::Path { path, args }, What::Path { path: other, args: theirs }) => {
            path == other && (args.is_none() || args == theirs)
        }
        _ => false,
    }
}

/// Same kind of right, so that one grant lists both commands.
fn alike(a: &Grant, b: &Grant) -> bool {
    let key =
        |g: &Grant| (g.strength, g.certain, g.nopasswd, g.noexec, g.not_before.clone(), g.not_after.clone());
    key(a) == key(b)
}

fn matching_rules(policy: &Policy) -> Rules {
    let generic = || {
        let lines = policy.defaults.iter().filter(|line| line.binding == Binding::Generic);
        lines.flat_map(|line| &line.settings)
    };
    let last = |name: &str| generic().rfind(|setting| setting.name == name);
    let flag = |name: &str, default: bool| last(name).map_or(default, |setting| !setting.negated);
    Rules {
        fold_users: flag("case_insensitive_user", true),
        fold_groups: flag("case_insensitive_group", true),
        group_plugin: flag("group_plugin", false),
        plugin_for_all: flag("always_query_group_plugin", false),
    }
}
