//! Which settings are in force for an account. sshd reads its configuration twice: once for the global settings, then
//! for the Match blocks that fit the connection, whose settings replace the global ones; in each pass the first value
//! of a keyword wins. Here the account is known and the connection is not, so a block that hinges on the connection is
//! left out of the neutral result and reported with the result it would lead to.

use std::net::IpAddr;

use super::effective::{Effective, Set, Version};
use super::parse::{Config, Criterion, Item, Place, Trait};
use super::pattern::{self, ListMatch};

/// Most blocks evaluated for one account.
pub const MAX_BLOCKS: usize = 128;

/// The account.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Login name.
    pub name: &'a str,
    /// User id.
    pub uid: u32,
    /// Names of all its groups, the primary one included.
    pub groups: &'a [String],
}

/// One known connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Name of the peer; its address when it has none.
    pub host: String,
    /// Address of the peer.
    pub address: IpAddr,
    /// Address it came in on.
    pub local_address: IpAddr,
    /// Port it came in on.
    pub local_port: u16,
    /// Routing domain, usually empty.
    pub rdomain: String,
}

/// A block that is in force from some connections only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditional {
    /// Its criteria as written.
    pub criteria: String,
    /// Its Match line.
    pub place: Place,
    /// What is in force when this block and no other conditional one fits.
    pub effective: Effective,
}

/// What is in force for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// When no conditional block fits.
    pub neutral: Effective,
    /// Blocks that may fit; at most [`MAX_BLOCKS`].
    pub conditional: Vec<Conditional>,
    /// When all conditional blocks fit, if there are several.
    pub together: Option<Effective>,
    /// There are more blocks than were evaluated.
    pub truncated: bool,
}

/// What is in force for an account on one known connection, as `sshd -T -C` tells.
pub fn evaluate_for(
    config: &Config,
    subject: Subject<'_>,
    connection: &Connection,
    version: Option<Version>,
) -> Effective {
    run(config, &first_pass(config), subject, Assume::From(connection), version).0
}

/// Evaluates a configuration for an account; `version` is that of the installed sshd, `None` means a current one.
pub fn evaluate(config: &Config, subject: Subject<'_>, version: Option<Version>) -> Evaluation {
    let global = first_pass(config);
    let (neutral, blocks) = run(config, &global, subject, Assume::None, version);
    let conditional = blocks.iter().take(MAX_BLOCKS).map(|(place, criteria)| Conditional {
        criteria: (*criteria).to_owned(),
        place: (*place).clone(),
        effective: run(config, &global, subject, Assume::Only(place), version).0,
    });
    let conditional: Vec<Conditional> = conditional.collect();
    let together = (blocks.len() > 1).then(|| run(config, &global, subject, Assume::All, version).0);
    Evaluation { neutral, conditional, together, truncated: blocks.len() > MAX_BLOCKS }
}

/// The global settings.
fn first_pass(config: &Config) -> Set {
    let mut pass = Pass { subject: None, assume: Assume::None, met: Vec::new(), set: Set::default() };
    pass.items(&config.items, &mut Flow { active: true, only_match: false, never: false });
    pass.set
}

/// Lays the second pass over the global settings; also answers the blocks met that hinge on the connection.
fn run<'a>(
    config: &'a Config,
    global: &Set,
    subject: Subject<'a>,
    assume: Assume<'a>,
    version: Option<Version>,
) -> (Effective, Vec<(&'a Place, &'a str)>) {
    let mut pass = Pass { subject: Some(subject), assume, met: Vec::new(), set: Set::default() };
    pass.items(&config.items, &mut Flow { active: false, only_match: true, never: false });
    (global.clone().overlay(pass.set).finish(version), pass.met)
}

/// Which blocks that hinge on the connection are taken to fit.
#[derive(Clone, Copy)]
enum Assume<'a> {
    None,
    Only(&'a Place),
    All,
    /// Those that fit this connection.
    From(&'a Connection),
}

/// sshd's own state while it reads a file.
struct Flow {
    active: bool,
    /// Until the first Match line of this file, global settings have been dealt with.
    only_match: bool,
    /// Included from a block that is not in force: no Match line in here can fit.
    never: bool,
}

struct Pass<'a> {
    /// `None` in the first pass, where only `Match all` fits.
    subject: Option<Subject<'a>>,
    assume: Assume<'a>,
    /// Blocks met that hinge on the connection, in a pass that assumes none of them: one more than are evaluated.
    met: Vec<(&'a Place, &'a str)>,
    set: Set,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    Unknown,
}

impl<'a> Pass<'a> {
    fn items(&mut self, items: &'a [Item], flow: &mut Flow) {
        for item in items {
            match item {
                Item::Setting { keyword, arguments, place } => {
                    // The parser kept only settings with sound values, so there is no error to report here.
                    self.set.take(keyword, arguments, place, flow.active).unwrap_or_default();
                }
                Item::Match { criteria, text, place } => {
                    flow.active = !flow.never && self.fits(criteria, text, place);
                    flow.only_match = false;
                }
                Item::Include(files) => {
                    for file in files {
                        let only_match = flow.only_match;
                        let mut inner =
                            Flow { active: flow.active, only_match, never: !only_match && !flow.active };
                        self.items(file, &mut inner);
                    }
                }
            }
        }
    }

    fn fits(&mut self, criteria: &'a [Criterion], text: &'a str, place: &'a Place) -> bool {
        if matches!(criteria, [Criterion::All]) {
            return true;
        }
        let Some(subject) = self.subject else { return false };
        let mut fit = Fit::Yes;
        for criterion in criteria {
            let fits = match (criterion, self.assume) {
                (Criterion::Connection(of, list), Assume::From(connection)) => {
                    connection_fits(*of, list, connection)
                }
                _ => criterion_fits(criterion, subject),
            };
            match fits {
                Fit::No => return false,
                Fit::Unknown => fit = Fit::Unknown,
                Fit::Yes => {}
            }
        }
        if fit == Fit::Yes {
            return true;
        }
        // A file included twice brings its blocks twice.
        let listing = matches!(self.assume, Assume::None) && self.met.len() <= MAX_BLOCKS;
        if listing && !self.met.iter().any(|(other, _)| *other == place) {
            self.met.push((place, text));
        }
        match self.assume {
            Assume::None | Assume::From(_) => false,
            Assume::Only(only) => only == place,
            Assume::All => true,
        }
    }
}

fn criterion_fits(criterion: &Criterion, subject: Subject<'_>) -> Fit {
    let fit = |yes| if yes { Fit::Yes } else { Fit::No };
    match criterion {
        Criterion::All => Fit::Yes,
        Criterion::Connection(Trait::LocalPort | Trait::Other, _) => Fit::Unknown,
        Criterion::Connection(_, list) if pattern::matches_all(list) => Fit::Yes,
        Criterion::Connection(..) => Fit::Unknown,
        Criterion::Never => Fit::No,
        Criterion::User(list) => fit(pattern::in_list(subject.name, list) == ListMatch::Yes),
        Criterion::Group(list) => {
            let matches: Vec<ListMatch> = subject.groups.iter().map(|g| pattern::in_list(g, list)).collect();
            fit(matches.contains(&ListMatch::Yes) && !matches.contains(&ListMatch::Negated))
        }
    }
}

fn connection_fits(of: Trait, list: &str, connection: &Connection) -> Fit {
    let matched = match of {
        Trait::Host => pattern::in_list(&connection.host.to_ascii_lowercase(), &list.to_ascii_lowercase()),
        Trait::Address => pattern::address_in_list(connection.address, list),
        Trait::LocalAddress => pattern::address_in_list(connection.local_address, list),
        Trait::LocalPort if list.parse() == Ok(connection.local_port) => ListMatch::Yes,
        Trait::LocalPort => ListMatch::No,
        Trait::RDomain => pattern::in_list(&connection.rdomain, list),
        Trait::Other => return Fit::Unknown,
    };
    if matched == ListMatch::Yes { Fit::Yes } else { Fit::No }
}
