//! What a new report makes of what was remembered of a host. Pure: the same for every engine.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::facts::{AccountFacts, HostReport, Os, section};
use model::{HostRecord, Millis, VanishedAccount};

/// Absent accounts whose first sight is kept while reports have no complete account list; a host that rotates names
/// behind unreadable files cannot make the record grow beyond this.
const ABSENT_KEPT: usize = 10_000;

/// A host after a report.
pub(crate) struct Merged {
    /// What is remembered now.
    pub(crate) record: HostRecord,
    /// Accounts the report made vanish, by name.
    pub(crate) vanished: Vec<VanishedAccount>,
    /// Whether more than `collected_at` and `last_report` differs.
    pub(crate) changed: bool,
}

/// Puts `report` in the place of `old`.
pub(crate) fn merge(old: Option<HostRecord>, quuid: &str, report: HostReport, received: Millis) -> Merged {
    let quuid = quuid.to_owned();
    let Some(mut old) = old else {
        let first_seen = report.accounts.iter().map(|a| (a.name.clone(), received)).collect();
        let record = HostRecord { quuid, report, first_seen, first_report: received, last_report: received };
        return Merged { record, vanished: Vec::new(), changed: true };
    };
    old.report.collected_at = report.collected_at;
    if old.report == report {
        return Merged {
            record: HostRecord { last_report: received, ..old },
            vanished: Vec::new(),
            changed: false,
        };
    }
    let present: HashSet<&str> = report.accounts.iter().map(|a| a.name.as_str()).collect();
    let (mut first_seen, absent): (BTreeMap<_, _>, BTreeMap<_, _>) =
        old.first_seen.into_iter().partition(|(name, _)| present.contains(name.as_str()));
    for name in present {
        first_seen.entry(name.to_owned()).or_insert(received);
    }
    let mut vanished = Vec::new();
    if lists_all_accounts(&report) {
        vanished = vanish(&quuid, absent, old.report.accounts, received);
    } else {
        first_seen.extend(absent.into_iter().take(ABSENT_KEPT));
    }
    let record =
        HostRecord { quuid, report, first_seen, first_report: old.first_report, last_report: received };
    Merged { record, vanished, changed: true }
}

/// Whether an account that is not in the report is not on the host: the list was read whole, or is known not to exist.
fn lists_all_accounts(report: &HostReport) -> bool {
    match report.sections.get(section::PASSWD) {
        Some(passwd) => passwd.evidence.is_complete(),
        None => report.host.os == Os::Windows,
    }
}

fn vanish(
    quuid: &str,
    absent: BTreeMap<String, Millis>,
    accounts: Vec<AccountFacts>,
    vanished: Millis,
) -> Vec<VanishedAccount> {
    let mut facts: HashMap<String, AccountFacts> =
        accounts.into_iter().map(|a| (a.name.clone(), a)).collect();
    let account = |(name, first_seen): (String, Millis)| VanishedAccount {
        quuid: quuid.to_owned(),
        // An account that was last absent from an incomplete list has no facts any more, only its name.
        facts: facts
            .remove(&name)
            .unwrap_or_else(|| AccountFacts { name: name.clone(), ..Default::default() }),
        name,
        first_seen,
        vanished,
    };
    absent.into_iter().map(account).collect()
}
