//! Hosts: a report replaces the last one at once, first sights stay, what changes goes to the history.

use model::{HostEntry, HostRecord};
use store::{AccountEvent, Change, Effect, EventFilter, HostContact, Kind, Kinds, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    first_sights_stay_and_the_vanished_are_remembered(rig);
    the_same_report_again_is_no_change(rig);
    contacts_are_renewed(rig);
    usage_is_renewed_and_is_no_change(rig);
    nobody_vanishes_from_a_list_that_was_not_read(rig);
    deleting_keeps_the_history(rig);
    quota(rig);
}

/// What a report led to: the host as the observer sees it, who was new, who vanished, whether anything changed.
struct Put {
    entry: Arc<HostEntry>,
    new: usize,
    vanished: usize,
    changed: bool,
}

impl Put {
    fn counts(&self) -> (usize, usize, bool) {
        (self.new, self.vanished, self.changed)
    }

    fn first_seen(&self) -> Vec<(&str, i64)> {
        self.entry.accounts.iter().map(|a| (a.name.as_str(), a.first_seen)).collect()
    }
}

fn put(store: &mut dyn Store, received: i64, accounts: &[&str], whole: bool) -> Put {
    let write = put_host(ONE, "h", received, report(received, accounts, whole));
    let Effect::Host { entry, new, vanished, changed } = done(store, write) else { panic!() };
    assert_eq!(loaded(store, ONE).last(), Some(&*entry), "memory and a start agree");
    Put { entry, new, vanished, changed }
}

fn vanished(store: &mut dyn Store) -> Vec<AccountEvent> {
    let filter = EventFilter { kinds: Kinds::of([Kind::Vanished]), ..EventFilter::default() };
    let (events, total) = store.events(ONE, &filter, 0, 100).unwrap();
    assert_eq!(events.len() as u64, total);
    events
}

fn record(store: &mut dyn Store) -> HostRecord {
    store.host(ONE, "h").unwrap().unwrap()
}

fn first_sights_stay_and_the_vanished_are_remembered(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    assert_eq!(store.host(ONE, "h").unwrap(), None);
    assert_eq!(put(store.as_mut(), 10, &["root", "anna"], true).counts(), (2, 0, true));
    let after = put(store.as_mut(), 20, &["root", "bert"], true);
    assert_eq!(after.counts(), (1, 1, true));
    assert_eq!((after.entry.state.first_report, after.entry.state.contact.last_report()), (10, 20));
    assert_eq!(after.first_seen(), [("root", 10), ("bert", 20)]);
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(loaded(store.as_mut(), ONE), [(*after.entry).clone()]);
    let record = record(store.as_mut());
    assert_eq!(record.first_seen, [("bert".to_owned(), 20), ("root".to_owned(), 10)].into());
    assert_eq!(record.report, report(20, &["root", "bert"], true));
    assert_eq!((record.first_report, record.last_report), (10, 20));
    let after = put(store.as_mut(), 30, &["anna", "root"], true);
    assert_eq!(after.first_seen(), [("anna", 30), ("root", 10)], "who comes back is new");
    let gone = vanished(store.as_mut());
    let seen: Vec<_> = gone.iter().map(|v| (v.name.as_str(), v.first_seen, v.at)).collect();
    assert_eq!(seen, [("bert", 20, 30), ("anna", 10, 20)], "latest first");
    assert_eq!(gone[0].before.as_ref().unwrap().uid, Some(7));
    // The same host id in another tenant is another host.
    done(store.as_mut(), put_host(TWO, "h", 40, report(40, &["root"], true)));
    assert_eq!(loaded(store.as_mut(), ONE)[0].state.first_report, 10);
    assert_eq!(loaded(store.as_mut(), TWO)[0].state.first_report, 40);
    assert_eq!(store.host(TWO, "h").unwrap().unwrap().first_report, 40);
}

fn the_same_report_again_is_no_change(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let first = put(store.as_mut(), 10, &["root"], true);
    let again = put(store.as_mut(), 20, &["root"], true);
    assert_eq!(again.counts(), (0, 0, false));
    assert_eq!(again.first_seen(), [("root", 10)]);
    assert_eq!(again.entry.state.digest, first.entry.state.digest);
    assert_ne!(put(store.as_mut(), 30, &["root"], false).entry.state.digest, first.entry.state.digest);
    drop(store);
    let mut store = rig.reopen();
    let record = record(store.as_mut());
    assert_eq!((record.first_report, record.last_report, record.report.collected_at), (10, 30, 30));
    assert_eq!(store.counts(ONE).unwrap().hosts, 1);
}

fn contacts_are_renewed(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root"], true);
    let contact = |quuid: &str, at| HostContact { quuid: quuid.into(), last_report: at, updated: at - 1 };
    let renew = |contacts: Vec<HostContact>| Write::new(ONE, Change::Contacts(contacts));
    let seq = store.change_seq(ONE).unwrap();
    for (contacts, expected) in [
        (vec![contact("nobody", 20)], 0),
        (vec![contact("h", 9)], 0),
        (vec![contact("h", 20), contact("nobody", 20)], 1),
        // The clock was ahead, and is right again: it is 1000.
        (vec![contact("h", 5000)], 1),
        (vec![contact("h", 20)], 1),
    ] {
        let effect = done(store.as_mut(), renew(contacts));
        assert!(matches!(effect, Effect::Contacts { renewed } if renewed == expected), "{effect:?}");
    }
    assert_eq!(store.change_seq(ONE).unwrap(), seq + 3);
    drop(store);
    let mut store = rig.reopen();
    let host = loaded(store.as_mut(), ONE).remove(0).state;
    assert_eq!((host.contact.last_report(), host.contact.updated(), host.first_report), (20, 19, 10));
}

fn usage_is_renewed_and_is_no_change(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let busy = |at: i64, used: Option<u64>| {
        let mut report = report(at, &["root"], true);
        report.host.machine.memory = Some(1000);
        report.host.usage.memory_used = used;
        report
    };
    let put = |store: &mut dyn Store, at, used| {
        let Effect::Host { entry, changed, .. } = done(store, put_host(ONE, "h", at, busy(at, used))) else {
            panic!()
        };
        assert_eq!(loaded(store, ONE), [(*entry).clone()]);
        let usage = entry.state.resources.usage;
        (changed, entry.accounts[0].first_seen, usage.memory, usage.at)
    };
    assert_eq!(put(store.as_mut(), 10, Some(500)), (true, 10, Some(500), 10));
    assert_eq!(put(store.as_mut(), 20, Some(700)), (false, 10, Some(700), 20));
    assert_eq!(
        put(store.as_mut(), 30, None),
        (false, 10, Some(700), 20),
        "who says nothing takes nothing away"
    );
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(loaded(store.as_mut(), ONE)[0].state.resources.usage.memory, Some(700));
    assert_eq!(record(store.as_mut()).report.host, busy(20, Some(700)).host);
    let facts = store.host_facts(ONE, &["nobody", "h"]).unwrap();
    assert_eq!(facts, [None, Some(busy(20, Some(700)).host)]);
    assert_eq!(store.host_facts(TWO, &["h"]).unwrap(), [None]);
}

fn nobody_vanishes_from_a_list_that_was_not_read(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root", "anna", "bert"], true);
    let gap = put(store.as_mut(), 20, &[], false);
    assert_eq!((gap.counts(), gap.entry.accounts.len()), ((0, 0, true), 0));
    assert_eq!(record(store.as_mut()).first_seen.len(), 3);
    let after = put(store.as_mut(), 30, &["root", "anna"], true);
    assert_eq!(after.counts(), (0, 1, true));
    assert_eq!(after.first_seen(), [("root", 10), ("anna", 10)], "first sights outlive the gap");
    let gone = vanished(store.as_mut());
    assert_eq!((gone[0].name.as_str(), gone[0].first_seen, gone[0].at), ("bert", 10, 30));
    assert_eq!((gone.len(), &gone[0].before), (1, &None), "it was not in the list before");
}

fn deleting_keeps_the_history(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root", "anna"], true);
    put(store.as_mut(), 20, &["root"], true);
    let delete = Write::new(ONE, Change::DeleteHost { quuid: "h".into() });
    done(store.as_mut(), delete.clone());
    assert_eq!(refused(store.as_mut(), delete), Refusal::HostNotFound);
    assert_eq!(store.counts(ONE).unwrap().hosts, 0);
    let gone = vanished(store.as_mut());
    let seen: Vec<_> = gone.iter().map(|v| (v.name.as_str(), v.first_seen, v.at)).collect();
    assert_eq!(seen, [("root", 10, 1000), ("anna", 10, 20)]);
    assert!(loaded(store.as_mut(), ONE).is_empty() && store.host(ONE, "h").unwrap().is_none());
    assert_eq!(store.removed_hosts(ONE).unwrap(), ["h"]);
    assert_eq!(put(store.as_mut(), 2000, &["anna"], true).entry.state.first_report, 2000);
    assert!(store.removed_hosts(ONE).unwrap().is_empty());
    assert_eq!(store.host_at(ONE, "h", 999).unwrap().unwrap().accounts[0].name, "root");
    assert_eq!(store.host_at(ONE, "h", 1500).unwrap(), None);
    store.check().unwrap();
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(1);
    with_two_tenants(store.as_mut());
    put(store.as_mut(), 1, &["root"], true);
    put(store.as_mut(), 2, &["root"], true);
    let write = put_host(ONE, "second", 3, report(3, &[], true));
    assert_eq!(refused(store.as_mut(), write), Refusal::Quota { what: "hosts", limit: 1 });
}
