//! Who may run what with sudo, from the text of sudoers: scanner and grammar as in sudo 1.9, includes, aliases,
//! user/host/runas lists, tags and options, evaluated for one account on one host into grants with their evidence.
//! Pure: files come through [`crate::config_files::Files`]. LDAP, SSSD and netgroups are not consulted: what depends
//! on them is *unknown*, not "no". Sources: sudoers(5), sudo.conf(5), sudo's own grammar.

mod conf;
mod findings;
mod flat;
mod glob;
mod grants;
#[cfg(test)]
mod json_oracle;
mod lex;
mod load;
mod matching;
mod parse;
mod patterns;
mod rules;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod tree;

pub use conf::{other_sources, start};
pub use findings::{Finding, Problem};
pub(crate) use glob::fnmatch;
pub use grants::{Grant, MAX_COMMANDS, MAX_GRANTS, Rights, Strength, Verdict};
pub use load::{MAX_BYTES, MAX_DEPTH, MAX_FILES, MAX_FINDINGS, Start, load};
pub use matching::{Account, Host};
pub use token::AliasKind;
pub use tree::{Completeness, Policy};

use crate::config_files::Files;

/// Reads the whole policy of a host: sudo.conf, nsswitch.conf's `sudoers` line, then the sudoers files.
///
/// A policy plugin other than sudo's own, or a source other than files, leaves what is found in place and makes the
/// rest unknown ([`Completeness::Partial`], [`Problem::OtherSource`]).
pub fn read(files: &dyn Files, host: &Host) -> Policy {
    let (start, plugin) = start(files);
    let mut policy = load(files, &start, host.short_name());
    for (file, detail) in plugin.into_iter().chain(other_sources(files)) {
        policy.completeness = policy.completeness.max(Completeness::Partial);
        policy.findings.push(Finding { file, line: 0, problem: Problem::OtherSource, detail });
    }
    policy
}
