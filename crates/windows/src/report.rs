//! Joins what a source found into a report: the same for hives and for a running system.

use std::time::{SystemTime, UNIX_EPOCH};

use model::{
    Millis,
    facts::{
        Address, Evidence, FORMAT, HostFacts, HostReport, Limits, Os, Privilege, Section, repair, section,
    },
};

use crate::{Account, Groups, Policy, Sid, software::Product};

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Name of the host.
    pub hostname: String,
    /// Host id given by the operator.
    pub quuid: Option<String>,
    /// Name and version of the system.
    pub product: Product,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The machine's identifier.
    pub machine: Option<Sid>,
    /// Password policy.
    pub policy: Option<Policy>,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// Members of local groups.
    pub groups: Groups,
    /// Instant of collection; `None` is now.
    pub now: Option<Millis>,
}

/// Makes the report. `source` is the section last logins come from.
pub fn report(found: Found, mut sections: Vec<(&'static str, Section)>, source: &str) -> HostReport {
    let machine = found.machine.as_ref();
    let facts = |account: &Account| account.facts(machine, &found.groups, found.policy, source);
    let mut dropped = Vec::new();
    let mut names = std::collections::HashSet::new();
    let mut accounts = Vec::new();
    for account in found.accounts.iter().map(facts) {
        // Names differ in more than case on a sound host; a report must not hold one twice.
        if names.insert(account.name.clone()) {
            accounts.push(account);
        } else {
            dropped.push(format!("{source}: name {} occurs before", account.name));
        }
    }
    if !dropped.is_empty() {
        sections.push((section::ACCOUNTS, section_of(Evidence::Malformed, dropped)));
    }
    let mut report = HostReport {
        format: FORMAT,
        collected_at: found.now.unwrap_or_else(now),
        collector: concat!("rollcall/", env!("CARGO_PKG_VERSION")).to_owned(),
        host: HostFacts {
            // Every Windows has this identifier, with SAM alone to read it from; cloned images share it, as they
            // share everything else that could be taken.
            machine_id: machine.and_then(Sid::machine_id).unwrap_or_default(),
            quuid: found.quuid,
            hostname: found.hostname,
            os: Os::Windows,
            os_name: found.product.name,
            os_id: "windows".to_owned(),
            os_version: found.product.version,
            addresses: found.addresses,
            privilege: Privilege::Root,
            ..HostFacts::default()
        },
        sections: sections.into_iter().map(|(name, section)| (name.to_owned(), section)).collect(),
        accounts,
        repaired: false,
    };
    report.repaired = repair(&mut report);
    report
}

/// A section with as many notes as a report may hold.
pub fn section_of(evidence: Evidence, mut notes: Vec<String>) -> Section {
    notes.truncate(Limits::NOTES);
    Section { evidence, notes }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
