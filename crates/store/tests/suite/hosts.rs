//! Hosts: a report replaces the last one at once, first sights stay, those who vanish are remembered.

use model::HostRecord;
use store::{Change, Effect, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    first_sights_stay_and_the_vanished_are_remembered(rig);
    the_same_report_again_is_no_change(rig);
    nobody_vanishes_from_a_list_that_was_not_read(rig);
    deleting_forgets_the_history(rig);
    the_history_is_bounded(rig);
    quota(rig);
}

fn put(
    store: &mut dyn Store,
    received: i64,
    accounts: &[&str],
    whole: bool,
) -> (std::sync::Arc<HostRecord>, usize, bool) {
    let write = put_host(ONE, "h", received, report(received, accounts, whole));
    let Effect::Host { record, vanished, changed } = done(store, write) else { panic!() };
    (record, vanished, changed)
}

fn hosts(store: &mut dyn Store) -> Vec<HostRecord> {
    let mut all = Vec::new();
    store.each_host(ONE, &mut |host| all.push(host)).unwrap();
    all
}

fn first_sights_stay_and_the_vanished_are_remembered(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root", "anna"], true);
    let (record, vanished, changed) = put(store.as_mut(), 20, &["root", "bert"], true);
    assert_eq!((vanished, changed), (1, true));
    assert_eq!((record.first_report, record.last_report), (10, 20));
    assert_eq!(record.first_seen, [("bert".to_owned(), 20), ("root".to_owned(), 10)].into());
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(hosts(store.as_mut()), [(*record).clone()]);
    let (record, _, _) = put(store.as_mut(), 30, &["anna", "root"], true);
    assert_eq!(record.first_seen["anna"], 30, "who comes back is new");
    let (gone, total) = store.vanished(ONE, Some("h"), 0, 10).unwrap();
    let seen: Vec<_> = gone.iter().map(|v| (v.name.as_str(), v.first_seen, v.vanished)).collect();
    assert_eq!((seen.as_slice(), total), (&[("bert", 20, 30), ("anna", 10, 20)][..], 2), "latest first");
    assert_eq!(gone[0].facts.uid, Some(7));
    assert_eq!(store.vanished(ONE, None, 1, 1).unwrap(), (gone[1..].to_vec(), 2));
    assert_eq!(store.vanished(ONE, Some("other"), 0, 10).unwrap().1, 0);
    assert_eq!(store.counts(ONE).unwrap().vanished, 2);
    // The same host id in another tenant is another host.
    done(store.as_mut(), put_host(TWO, "h", 40, report(40, &["root"], true)));
    assert_eq!(hosts(store.as_mut())[0].first_report, 10);
}

fn the_same_report_again_is_no_change(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root"], true);
    let (record, vanished, changed) = put(store.as_mut(), 20, &["root"], true);
    assert_eq!((vanished, changed), (0, false));
    assert_eq!((record.first_report, record.last_report, record.report.collected_at), (10, 20, 20));
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(hosts(store.as_mut()), [(*record).clone()]);
    assert_eq!(store.counts(ONE).unwrap().hosts, 1);
}

fn nobody_vanishes_from_a_list_that_was_not_read(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root", "anna", "bert"], true);
    let (record, vanished, changed) = put(store.as_mut(), 20, &[], false);
    assert_eq!((vanished, changed, record.report.accounts.len()), (0, true, 0));
    let (record, vanished, _) = put(store.as_mut(), 30, &["root", "anna"], true);
    assert_eq!((record.first_seen["anna"], vanished), (10, 1), "first sights outlive the gap");
    let (gone, _) = store.vanished(ONE, None, 0, 10).unwrap();
    assert_eq!((gone[0].name.as_str(), gone[0].first_seen, gone[0].vanished), ("bert", 10, 30));
    assert_eq!(gone[0].facts.name, "bert");
}

fn deleting_forgets_the_history(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    put(store.as_mut(), 10, &["root", "anna"], true);
    put(store.as_mut(), 20, &["root"], true);
    let delete = Write::new(ONE, Change::DeleteHost { quuid: "h".into() });
    done(store.as_mut(), delete.clone());
    assert_eq!(refused(store.as_mut(), delete), Refusal::HostNotFound);
    let counts = store.counts(ONE).unwrap();
    assert_eq!((counts.hosts, counts.vanished), (0, 0));
    assert_eq!(store.vanished(ONE, None, 0, 10).unwrap().1, 0);
    assert_eq!(put(store.as_mut(), 30, &["anna"], true).0.first_report, 30);
    store.check().unwrap();
}

fn the_history_is_bounded(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    for round in 0..3 {
        let names: Vec<String> = (0..600).map(|n| format!("{round}-{n}")).collect();
        put(store.as_mut(), round, &names.iter().map(String::as_str).collect::<Vec<_>>(), true);
    }
    let (latest, total) = store.vanished(ONE, Some("h"), 0, 1).unwrap();
    assert_eq!((total, latest[0].vanished), (1000, 2));
    assert_eq!(store.counts(ONE).unwrap().vanished, 1000);
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(1);
    with_two_tenants(store.as_mut());
    put(store.as_mut(), 1, &["root"], true);
    put(store.as_mut(), 2, &["root"], true);
    let write = put_host(ONE, "second", 3, report(3, &[], true));
    assert_eq!(refused(store.as_mut(), write), Refusal::Quota { what: "hosts", limit: 1 });
}
