//! What a new report makes of what was remembered of a host. Pure: the same for every engine.

use std::collections::{BTreeMap, HashSet};

use model::{Account, Millis};

/// Absent accounts whose first sight is kept while reports have no complete account list; a host that rotates names
/// behind unreadable files cannot make the record grow beyond this.
const ABSENT_KEPT: usize = 10_000;

/// First sights by account name.
pub(crate) type Sights = BTreeMap<String, Millis>;

/// What a report leads to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Merged {
    /// Accounts nobody had seen on the host.
    pub(crate) new: usize,
    /// Accounts that are not in the report and may still be there.
    pub(crate) absent: Sights,
    /// Accounts the report made vanish.
    pub(crate) vanished: Sights,
}

/// Gives `accounts`, those of the new report, the instants they were first seen: `known` has them of all accounts
/// remembered so far, also of absent ones. Accounts that are new keep what they have.
pub(crate) fn merge<'a>(
    known: impl IntoIterator<Item = (&'a str, Millis)>,
    accounts: &mut [Account],
    lists_all: bool,
) -> Merged {
    let known: BTreeMap<&str, Millis> = known.into_iter().collect();
    let mut new = 0;
    for account in accounts.iter_mut() {
        match known.get(account.name.as_str()) {
            Some(seen) => account.first_seen = *seen,
            None => new += 1,
        }
    }
    let present: HashSet<&str> = accounts.iter().map(|a| a.name.as_str()).collect();
    let gone = known.into_iter().filter(|(name, _)| !present.contains(name));
    let gone = gone.map(|(name, seen)| (name.to_owned(), seen));
    if lists_all {
        Merged { new, absent: Sights::new(), vanished: gone.collect() }
    } else {
        Merged { new, absent: gone.take(ABSENT_KEPT).collect(), vanished: Sights::new() }
    }
}

/// What has to be remembered beside the accounts: who was first seen later than the host, and the absent ones.
pub(crate) fn sights(accounts: &[Account], absent: Sights, first_report: Millis) -> Sights {
    let mut sights = absent;
    let later = accounts.iter().filter(|a| a.first_seen != first_report);
    sights.extend(later.map(|a| (a.name.clone(), a.first_seen)));
    sights
}

#[cfg(test)]
mod tests {
    use model::facts::{AccountFacts, HostFacts};
    use model::rules;
    use proptest::prelude::*;

    use super::*;

    fn accounts(names: &[&str], seen: Millis) -> Vec<Account> {
        let account = |name: &&str| {
            let facts = AccountFacts { name: (*name).to_owned(), ..Default::default() };
            rules::account(&facts, &HostFacts::default(), seen)
        };
        names.iter().map(account).collect()
    }

    fn by_name(sights: &[(&str, Millis)]) -> Sights {
        sights.iter().map(|(name, seen)| ((*name).to_owned(), *seen)).collect()
    }

    #[test]
    fn known_accounts_keep_their_first_sight() {
        let mut now = accounts(&["a", "b"], 9);
        let merged = merge([("a", 1), ("c", 2)], &mut now, true);
        assert_eq!(merged, Merged { new: 1, absent: Sights::new(), vanished: by_name(&[("c", 2)]) });
        assert_eq!(now.iter().map(|a| a.first_seen).collect::<Vec<_>>(), [1, 9]);
        assert_eq!(sights(&now, Sights::new(), 1), by_name(&[("b", 9)]));
    }

    #[test]
    fn an_incomplete_list_makes_nobody_vanish() {
        let mut now = accounts(&["b"], 9);
        let merged = merge([("a", 1), ("c", 2)], &mut now, false);
        assert_eq!(merged.vanished, Sights::new());
        assert_eq!(sights(&now, merged.absent, 9), by_name(&[("a", 1), ("c", 2)]));
    }

    #[test]
    fn absent_accounts_are_bounded() {
        let names: Vec<String> = (0..ABSENT_KEPT + 5).map(|n| format!("{n:05}")).collect();
        let merged = merge(names.iter().map(|n| (n.as_str(), 1)), &mut [], false);
        assert_eq!(merged.absent.len(), ABSENT_KEPT);
        assert!(!merged.absent.contains_key(&names[ABSENT_KEPT]));
    }

    proptest! {
        /// Reports one after the other, against the plain rule with all first sights in one map.
        #[test]
        fn sights_and_accounts_together_know_everybody(
            reports in prop::collection::vec((prop::collection::btree_set("[a-d]", 0..4), any::<bool>()), 1..9)
        ) {
            let mut plain = Sights::new();
            let (mut before, mut kept): (Vec<Account>, Sights) = (Vec::new(), Sights::new());
            for (now, (names, lists_all)) in (1..).zip(reports) {
                let expected_new = names.iter().filter(|n| !plain.contains_key(*n)).count();
                let mut vanished = plain.clone();
                vanished.retain(|name, _| lists_all && !names.contains(name));
                plain.retain(|name, _| !lists_all || names.contains(name));
                for name in &names {
                    plain.entry(name.clone()).or_insert(now);
                }
                let mut next = accounts(&names.iter().map(String::as_str).collect::<Vec<_>>(), now);
                let known = before.iter().map(|a| (a.name.as_str(), a.first_seen));
                let known = known.chain(kept.iter().map(|(name, seen)| (name.as_str(), *seen)));
                let merged = merge(known.collect::<Vec<_>>(), &mut next, lists_all);
                prop_assert_eq!((merged.new, &merged.vanished), (expected_new, &vanished));
                kept = sights(&next, merged.absent, 1);
                before = next;
                let mut all = kept.clone();
                for account in &before {
                    prop_assert_eq!(all.remove(&account.name).unwrap_or(1), account.first_seen);
                    all.insert(account.name.clone(), account.first_seen);
                }
                prop_assert_eq!(&all, &plain);
            }
        }
    }
}
