//! The gate for reports: text is repaired, counts and names are checked. What passes is safe to store and to print.

use std::collections::HashSet;

use super::{AccountFacts, FORMAT, HostFacts, HostReport, MachineFacts};

/// The bounds of a report.
pub struct Limits;

impl Limits {
    /// Accounts of one host.
    pub const ACCOUNTS: usize = 65_536;
    /// Bytes of an account, group or section name.
    pub const NAME: usize = 256;
    /// Bytes of any other text; longer ones are cut.
    pub const TEXT: usize = 4_096;
    /// Bytes of a public key in base64; a longer one is refused, since half a key is none.
    pub const BLOB: usize = 16_384;
    /// Supplementary groups of an account.
    pub const GROUPS: usize = 4_096;
    /// Authorized keys of an account.
    pub const KEYS: usize = 1_024;
    /// Sudo grants of an account.
    pub const GRANTS: usize = 1_024;
    /// Conditional blocks, settings of a block, authentication alternatives.
    pub const BLOCKS: usize = 256;
    /// Sections.
    pub const SECTIONS: usize = 64;
    /// Notes of a section.
    pub const NOTES: usize = 256;
    /// Addresses of a host.
    pub const ADDRESSES: usize = 1_024;
    /// File systems of a host.
    pub const DISKS: usize = 1_024;
    /// Network cards of a host.
    pub const CARDS: usize = 1_024;
    /// Name servers of a network card.
    pub const DNS: usize = 16;
}

/// Why a report is refused. Names in it are already repaired and may be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// Not a format this program reads.
    #[error("report format {0} is not known")]
    Format(u32),
    /// More members than allowed.
    #[error("too many {what}: {count}, at most {limit}")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A name or key that is too long.
    #[error("{what} of {length} bytes, at most {limit}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        length: usize,
        /// The allowed length.
        limit: usize,
    },
    /// An account without a name.
    #[error("an account has no name")]
    NoName,
    /// Two accounts with one name.
    #[error("account name {0:?} occurs twice")]
    Duplicate(String),
}

/// Repairs a report, then validates it: the one way in for reports from outside.
pub fn accept(mut report: HostReport) -> Result<HostReport, FactsError> {
    report.repaired |= repair(&mut report);
    validate(&report)?;
    Ok(report)
}

/// Checks format, counts, lengths and the uniqueness of names. Does not look at control characters; [`repair`] does.
pub fn validate(report: &HostReport) -> Result<(), FactsError> {
    if report.format != FORMAT {
        return Err(FactsError::Format(report.format));
    }
    count("accounts", report.accounts.len(), Limits::ACCOUNTS)?;
    count("sections", report.sections.len(), Limits::SECTIONS)?;
    validate_machine(&report.host)?;
    for (name, section) in &report.sections {
        length("section name", name, Limits::NAME)?;
        count("notes", section.notes.len(), Limits::NOTES)?;
    }
    let mut seen = HashSet::with_capacity(report.accounts.len());
    for account in &report.accounts {
        validate_account(account)?;
        if !seen.insert(account.name.as_str()) {
            return Err(FactsError::Duplicate(account.name.clone()));
        }
    }
    Ok(())
}

fn validate_machine(host: &HostFacts) -> Result<(), FactsError> {
    count("addresses", host.addresses.len(), Limits::ADDRESSES)?;
    count("file systems", host.machine.disks.len().max(host.usage.disks.len()), Limits::DISKS)?;
    count("network cards", host.machine.cards.len(), Limits::CARDS)?;
    host.machine.cards.iter().try_for_each(|card| count("name servers", card.dns.len(), Limits::DNS))
}

fn validate_account(account: &AccountFacts) -> Result<(), FactsError> {
    if account.name.is_empty() {
        return Err(FactsError::NoName);
    }
    length("account name", &account.name, Limits::NAME)?;
    count("groups", account.groups.len(), Limits::GROUPS)?;
    for group in account.groups.iter().chain(&account.primary_group) {
        length("group name", group, Limits::NAME)?;
    }
    count("sudo grants", account.sudo.grants.len(), Limits::GRANTS)?;
    count("authorized keys", account.keys.keys.len(), Limits::KEYS)?;
    for key in &account.keys.keys {
        length("public key", &key.blob, Limits::BLOB)?;
    }
    count("authentication methods", account.ssh.auth_methods.len(), Limits::BLOCKS)?;
    count("conditional blocks", account.ssh.conditional.len(), Limits::BLOCKS)?;
    for block in &account.ssh.conditional {
        count("settings", block.settings.len(), Limits::BLOCKS)?;
    }
    Ok(())
}

fn count(what: &'static str, count: usize, limit: usize) -> Result<(), FactsError> {
    if count > limit { Err(FactsError::TooMany { what, count, limit }) } else { Ok(()) }
}

fn length(what: &'static str, text: &str, limit: usize) -> Result<(), FactsError> {
    let length = text.len();
    if length > limit { Err(FactsError::TooLong { what, length, limit }) } else { Ok(()) }
}

/// Replaces control and direction-changing characters by U+FFFD and cuts long texts. Says whether it changed any.
/// Names and public keys are not cut, since a part of them is another name or key.
pub fn repair(report: &mut HostReport) -> bool {
    let mut changed = false;
    let mut text = |value: &mut String| changed |= clean(value, Limits::TEXT);
    text(&mut report.collector);
    let host = &mut report.host;
    [&mut host.machine_id, &mut host.hostname, &mut host.os_name, &mut host.os_id, &mut host.os_version]
        .into_iter()
        .chain(&mut host.quuid)
        .chain(&mut host.instance_id)
        .chain(&mut host.network_name)
        .chain(&mut host.login_defs.encrypt_method)
        .for_each(&mut text);
    for address in &mut host.addresses {
        text(&mut address.ip);
        text(&mut address.interface);
    }
    machine_texts(&mut host.machine).for_each(&mut text);
    host.usage.disks.iter_mut().map(|disk| &mut disk.mount).for_each(&mut text);
    report.sections.values_mut().flat_map(|section| &mut section.notes).for_each(&mut text);
    let names_clean = !report.sections.keys().any(|name| needs_cleaning(name));
    for account in &mut report.accounts {
        changed |= repair_account(account);
    }
    if !names_clean {
        let sections = std::mem::take(&mut report.sections);
        report.sections = sections
            .into_iter()
            .map(|(mut name, section)| {
                clean(&mut name, usize::MAX);
                (name, section)
            })
            .collect();
    }
    changed || !names_clean
}

fn machine_texts(machine: &mut MachineFacts) -> impl Iterator<Item = &mut String> {
    let MachineFacts { cpu_model, kernel, vendor, product, serial, bios, disks, cards, .. } = machine;
    let disks = disks.iter_mut().flat_map(|d| [&mut d.device, &mut d.mount, &mut d.file_system]);
    let cards = cards.iter_mut().flat_map(|c| {
        let texts = [&mut c.name, &mut c.mac, &mut c.ipv4, &mut c.ipv6, &mut c.gateway];
        texts.into_iter().chain(&mut c.dns)
    });
    [cpu_model, kernel, vendor, product, serial, bios].into_iter().chain(disks).chain(cards)
}

fn repair_account(account: &mut AccountFacts) -> bool {
    let mut changed = false;
    let mut name = |value: &mut String| changed |= clean(value, usize::MAX);
    name(&mut account.name);
    account.primary_group.iter_mut().chain(&mut account.groups).for_each(&mut name);
    account.keys.keys.iter_mut().map(|key| &mut key.blob).for_each(&mut name);

    let mut text = |value: &mut String| changed |= clean(value, Limits::TEXT);
    [&mut account.gecos, &mut account.home, &mut account.shell, &mut account.ssh.allowed.by]
        .into_iter()
        .chain(&mut account.name_raw)
        .chain(&mut account.sid)
        .chain(account.windows.as_mut().map(|windows| &mut windows.full_name))
        .chain(&mut account.password.algorithm)
        .chain(&mut account.ssh.auth_methods)
        .for_each(&mut text);
    for grant in &mut account.sudo.grants {
        [&mut grant.runas, &mut grant.commands, &mut grant.file].into_iter().for_each(&mut text);
    }
    for block in &mut account.ssh.conditional {
        [&mut block.criteria, &mut block.file].into_iter().chain(&mut block.settings).for_each(&mut text);
    }
    for key in &mut account.keys.keys {
        [&mut key.algorithm, &mut key.fingerprint, &mut key.comment, &mut key.options]
            .into_iter()
            .chain([&mut key.file, &mut key.reason])
            .for_each(&mut text);
    }
    if let Some(record) = &mut account.last_login.record {
        [&mut record.terminal, &mut record.host, &mut record.source]
            .into_iter()
            .chain(&mut record.ip)
            .for_each(&mut text);
    }
    changed
}

/// C0 and C1 controls, line and paragraph separators, and the marks that reorder text on a screen.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn needs_cleaning(text: &str) -> bool {
    text.chars().any(is_unsafe)
}

fn clean(text: &mut String, limit: usize) -> bool {
    let mut changed = false;
    if needs_cleaning(text) {
        *text = text.chars().map(|c| if is_unsafe(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
        changed = true;
    }
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        changed = true;
    }
    changed
}

#[cfg(test)]
mod tests;
