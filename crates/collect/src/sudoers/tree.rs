//! What a sudoers policy says, as parsed: user specifications, aliases and Defaults in file order. Who is meant on
//! this host is `matching`'s question, what follows from it `grants`'.

use std::collections::HashMap;
use std::sync::Arc;

use super::findings::Finding;
use super::token::AliasKind;

/// One entry of a user, host, runas or group list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub negated: bool,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    All,
    /// Upper-case name: an alias if one is defined, else a plain name.
    Alias(String),
    /// Plain name, `#id` or, in host lists, a pattern.
    Word(String),
    /// `%group`, with its sign.
    Group(String),
    /// `+netgroup`, with its sign.
    Netgroup(String),
    /// Address or network.
    Net(String),
    /// The invoking user: `()`.
    Myself,
}

/// One command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub negated: bool,
    pub what: What,
    /// At least one digest must match the file.
    pub digest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    All,
    Alias(String),
    /// Path, directory, pattern, regular expression, `sudoedit` or `list`; `None` arguments allow any.
    Path {
        path: String,
        args: Option<String>,
    },
}

/// `(users : groups)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runas {
    pub users: Option<Vec<Member>>,
    pub groups: Option<Vec<Member>>,
}

/// What stands before a command and carries over to the next ones in its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Context {
    pub runas: Option<Arc<Runas>>,
    pub nopasswd: Option<bool>,
    pub noexec: Option<bool>,
    pub setenv: Option<bool>,
    /// `setenv` is not written but comes with `ALL`: it does not carry over.
    pub setenv_implied: bool,
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    /// SELinux role or type.
    pub role: bool,
    pub chroot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandSpec {
    pub context: Context,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Privilege {
    pub hosts: Vec<Member>,
    pub commands: Vec<CommandSpec>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserSpec {
    pub users: Vec<Member>,
    pub privileges: Vec<Privilege>,
    pub file: Arc<str>,
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AliasBody {
    Members(Vec<Member>),
    Commands(Vec<Command>),
}

/// Whom a Defaults line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    Generic,
    Users(Vec<Member>),
    Hosts(Vec<Member>),
    Runas(Vec<Member>),
    Commands(Vec<Command>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub name: String,
    /// `!name`.
    pub negated: bool,
    pub value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Defaults {
    pub binding: Binding,
    pub settings: Vec<Setting>,
}

/// Whether the policy could be read whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Completeness {
    /// Everything sudo would read was read.
    #[default]
    Complete,
    /// Some included file or other source could not be read: what was found holds, what is missing is unknown.
    Partial,
    /// The main file could not be read for want of rights: nothing is known.
    Unknown,
}

/// A parsed policy; see [`Policy::rights`] for what it grants.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(super) specs: Vec<UserSpec>,
    pub(super) aliases: HashMap<(AliasKind, String), AliasBody>,
    pub(super) defaults: Vec<Defaults>,
    /// Files read, in order, each once per reading.
    pub files: Vec<Arc<str>>,
    /// What was wrong, in order; capped at [`super::MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Whether everything could be read.
    pub completeness: Completeness,
}
