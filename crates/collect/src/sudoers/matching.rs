//! Whether the lists of a policy mean a given account on a given host. The last entry of a list that matches decides,
//! a negated one denies; an entry that cannot be decided here (netgroups, group plugins, unknown addresses) leaves
//! more than one outcome possible, so a match is the *set* of possible outcomes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::glob;
use super::token::AliasKind;
use super::tree::{AliasBody, Member, Name, Policy};

/// Deepest nesting of aliases that is followed.
const MAX_ALIAS_DEPTH: usize = 128;
/// Most list entries looked at for one account.
const MAX_STEPS: u32 = 200_000;

/// The possible outcomes of a list: a set of allow, deny and "says nothing".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    pub(super) const ALLOW: Self = Self(1);
    pub(super) const NOTHING: Self = Self(4);
    const ANY: Self = Self(7);

    /// Allow is certain.
    pub(super) fn allows(self) -> bool {
        self == Self::ALLOW
    }

    /// Allow is possible.
    pub(super) fn may_allow(self) -> bool {
        self.0 & 1 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn negated(self, negated: bool) -> Self {
        if negated { Self((self.0 & 1) << 1 | (self.0 & 2) >> 1 | self.0 & 4) } else { self }
    }

    fn of(matched: bool) -> Self {
        if matched { Self::ALLOW } else { Self::NOTHING }
    }
}

/// The account whose rights are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Login name.
    pub name: &'a str,
    /// User id.
    pub uid: u32,
    /// Names and ids of all its groups, the primary one included.
    pub groups: &'a [(String, u32)],
}

/// The host on which they are asked for.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its names, short or fully qualified.
    pub names: Vec<String>,
    /// Addresses of its interfaces with their prefix lengths; `None` when they are not known.
    pub addresses: Option<Vec<IpNet>>,
    /// Names of the accounts with uid 0.
    pub superusers: Vec<String>,
}

impl Host {
    /// The host's first name up to its first dot.
    pub fn short_name(&self) -> &str {
        self.names.first().and_then(|name| name.split('.').next()).unwrap_or_default()
    }
}

/// Settings of Defaults that change what matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub fold_users: bool,
    pub fold_groups: bool,
    pub group_plugin: bool,
    pub plugin_for_all: bool,
}

/// Which lists: they share their form, not their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Host,
    Runas,
}

pub(super) struct Matcher<'a> {
    policy: &'a Policy,
    account: Account<'a>,
    host: &'a Host,
    rules: Rules,
    /// The account is the one that runs sudo, for `()`.
    pub myself: bool,
    steps: Cell<u32>,
    /// A limit was hit, so some outcome is unknown for that reason alone.
    pub exhausted: Cell<bool>,
    known: RefCell<HashMap<(AliasKind, &'a str), Outcomes>>,
    active: RefCell<Vec<(AliasKind, &'a str)>>,
    /// Counts alias loops met, so that results that depend on one are not remembered.
    loops: Cell<u32>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(policy: &'a Policy, account: Account<'a>, host: &'a Host, rules: Rules) -> Self {
        Self {
            policy,
            account,
            host,
            rules,
            myself: true,
            steps: Cell::new(0),
            exhausted: Cell::new(false),
            known: RefCell::default(),
            active: RefCell::default(),
            loops: Cell::new(0),
        }
    }

    /// The account's name.
    pub(super) fn name(&self) -> &'a str {
        self.account.name
    }

    pub(super) fn list(&self, kind: Kind, members: &'a [Member]) -> Outcomes {
        let mut outcomes = Outcomes(0);
        for member in members.iter().rev() {
            let one = self.member(kind, member);
            outcomes = outcomes.with(Outcomes(one.0 & 3));
            if one.0 & Outcomes::NOTHING.0 == 0 {
                return outcomes;
            }
        }
        outcomes.with(Outcomes::NOTHING)
    }

    fn member(&self, kind: Kind, member: &'a Member) -> Outcomes {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS {
            self.exhausted.set(true);
            return Outcomes::ANY;
        }
        self.named(kind, &member.name).negated(member.negated)
    }

    fn named(&self, kind: Kind, name: &'a Name) -> Outcomes {
        let unknown = Outcomes::ALLOW.with(Outcomes::NOTHING);
        match name {
            Name::All => Outcomes::ALLOW,
            Name::Alias(name) => self.alias(kind, name).unwrap_or_else(|| self.word(kind, name)),
            Name::Word(name) => self.word(kind, name),
            Name::Group(_) if kind == Kind::Host => Outcomes::NOTHING,
            Name::Group(name) => self.group(name.strip_prefix('%').unwrap_or(name)),
            Name::Netgroup(_) => unknown,
            Name::Net(text) => match &self.host.addresses {
                Some(addresses) => Outcomes::of(on_network(text, addresses)),
                None => unknown,
            },
            Name::Myself => Outcomes::of(self.myself),
        }
    }

    /// The outcome of an alias; `None` when there is none of that name or it is being evaluated already (a loop): sudo
    /// then takes the name as it stands.
    fn alias(&self, kind: Kind, name: &'a str) -> Option<Outcomes> {
        let kind_of_alias = match kind {
            Kind::User => AliasKind::User,
            Kind::Host => AliasKind::Host,
            Kind::Runas => AliasKind::Runas,
        };
        let key = (kind_of_alias, name);
        let AliasBody::Members(members) = self.policy.aliases.get(&(kind_of_alias, name.to_owned()))? else {
            return None;
        };
        if let Some(known) = self.known.borrow().get(&key) {
            return Some(*known);
        }
        if self.active.borrow().contains(&key) {
            self.loops.set(self.loops.get() + 1);
            return None;
        }
        if self.active.borrow().len() >= MAX_ALIAS_DEPTH {
            self.exhausted.set(true);
            self.loops.set(self.loops.get() + 1);
            return Some(Outcomes::ANY);
        }
        let loops = self.loops.get();
        self.active.borrow_mut().push(key);
        let outcomes = self.list(kind, members);
        self.active.borrow_mut().pop();
        if self.loops.get() == loops {
            self.known.borrow_mut().insert(key, outcomes);
        }
        Some(outcomes)
    }

    fn word(&self, kind: Kind, word: &str) -> Outcomes {
        Outcomes::of(match kind {
            Kind::User | Kind::Runas => {
                word.strip_prefix('#').and_then(id) == Some(self.account.uid)
                    || same(word, self.account.name, self.rules.fold_users)
            }
            Kind::Host => self.host.names.iter().any(|name| is_host(word, name)),
        })
    }

    fn group(&self, group: &str) -> Outcomes {
        let unknown = Outcomes::ALLOW.with(Outcomes::NOTHING);
        if group.starts_with(':') && self.rules.group_plugin {
            return unknown;
        }
        let gid = group.strip_prefix('#').and_then(id);
        let member = self
            .account
            .groups
            .iter()
            .any(|(name, number)| gid == Some(*number) || same(group, name, self.rules.fold_groups));
        if !member && self.rules.group_plugin && self.rules.plugin_for_all {
            return unknown;
        }
        Outcomes::of(member)
    }
}

fn same(a: &str, b: &str, fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { a == b }
}

/// A user or group number; negative ones wrap as in sudo, -1 is none.
pub(super) fn id(text: &str) -> Option<u32> {
    match text.parse::<i64>().ok()? {
        -1 => None,
        n @ i64::MIN..0 => i32::try_from(n).ok().map(i32::cast_unsigned),
        n => u32::try_from(n).ok().filter(|&n| n != u32::MAX),
    }
}

/// A pattern with a dot is held against the full name, one without against the short name.
fn is_host(pattern: &str, name: &str) -> bool {
    let name = if pattern.contains('.') { name } else { name.split('.').next().unwrap_or_default() };
    if glob::is_pattern(pattern) { glob::matches(pattern, name) } else { pattern.eq_ignore_ascii_case(name) }
}

/// The address is one of the host's or that of a network it is on; with a mask or length, the host is on that network.
fn on_network(text: &str, interfaces: &[IpNet]) -> bool {
    let Some((address, mask)) = text.split_once('/') else {
        return text.parse::<IpAddr>().is_ok_and(|address| {
            interfaces.iter().any(|net| net.addr() == address || net.network() == address)
        });
    };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let Some(mask) = mask_v4(mask) else { return false };
            interfaces.iter().any(|net| match net {
                IpNet::V4(net) => u32::from(net.addr()) & mask == u32::from(address) & mask,
                IpNet::V6(_) => false,
            })
        }
        Ok(IpAddr::V6(address)) => {
            // A mask in address form is not applied to the address itself: so in sudo.
            let Some((mask, network)) = mask_v6(mask, address.into()) else { return false };
            interfaces.iter().any(|net| match net {
                IpNet::V6(net) => u128::from(net.addr()) & mask == network,
                IpNet::V4(_) => false,
            })
        }
        Err(_) => false,
    }
}

fn mask_v4(text: &str) -> Option<u32> {
    if text.contains('.') {
        return text.parse::<std::net::Ipv4Addr>().ok().map(u32::from);
    }
    let bits: u32 = text.parse().ok().filter(|bits| (1..=32).contains(bits))?;
    Some(u32::MAX << (32 - bits))
}

fn mask_v6(text: &str, address: u128) -> Option<(u128, u128)> {
    if let Ok(mask) = text.parse::<std::net::Ipv6Addr>() {
        return Some((mask.into(), address));
    }
    let bits: u32 = text.parse().ok().filter(|bits| (1..=128).contains(bits))?;
    let mask = u128::MAX << (128 - bits);
    Some((mask, address & mask))
}
