//! A command list without its aliases: plain commands in the order in which they count, each allowed or denied.

use super::token::AliasKind;
use super::tree::{AliasBody, Command, Policy, What};

/// Most commands taken from one policy for one account.
const MAX_FLAT: usize = 20_000;
/// Most alias references followed.
const MAX_REFERENCES: usize = 20_000;
/// Deepest nesting of aliases that is followed.
const MAX_DEPTH: usize = 128;

/// One command, no alias; a negated alias turns its members round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat<'a> {
    pub negated: bool,
    pub what: &'a What,
    pub digest: bool,
}

impl Flat<'_> {
    /// The command as sudo lists it.
    pub(super) fn text(&self) -> String {
        let sign = if self.negated { "!" } else { "" };
        match self.what {
            What::All => format!("{sign}ALL"),
            What::Alias(name) => format!("{sign}{name}"),
            What::Path { path, args: None } => format!("{sign}{path}"),
            What::Path { path, args: Some(args) } => format!("{sign}{path} {args}"),
        }
    }
}

pub(super) struct Flattener<'a> {
    policy: &'a Policy,
    active: Vec<&'a str>,
    commands: usize,
    references: usize,
    /// A limit was hit: commands are missing.
    pub truncated: bool,
}

impl<'a> Flattener<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        Self { policy, active: Vec::new(), commands: 0, references: 0, truncated: false }
    }

    pub(super) fn flatten(&mut self, command: &'a Command) -> Vec<Flat<'a>> {
        let mut out = Vec::new();
        self.add(command, false, &mut out);
        out
    }

    fn add(&mut self, command: &'a Command, turned: bool, out: &mut Vec<Flat<'a>>) {
        let negated = command.negated != turned;
        let What::Alias(name) = &command.what else {
            self.commands += 1;
            if self.commands > MAX_FLAT {
                self.truncated = true;
                return;
            }
            return out.push(Flat { negated, what: &command.what, digest: command.digest });
        };
        let body = self.policy.aliases.get(&(AliasKind::Command, name.clone()));
        let Some(AliasBody::Commands(commands)) = body else { return };
        if self.active.contains(&name.as_str()) {
            return;
        }
        self.references += 1;
        if self.active.len() >= MAX_DEPTH || self.references > MAX_REFERENCES {
            self.truncated = true;
            return;
        }
        self.active.push(name);
        for command in commands {
            if self.commands > MAX_FLAT {
                break;
            }
            self.add(command, negated, out);
        }
        self.active.pop();
    }
}
