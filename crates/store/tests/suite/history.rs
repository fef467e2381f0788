//! History: every change of an account is one event, and every state there was can be made again. Random reports
//! against a plain list of the states they led to.

use std::cell::RefCell;
use std::collections::BTreeMap;

use model::facts::{AuthorizedKey, HashClass, SudoGrant};
use model::{Contact, HostState};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::{AccountEvent, Change, EventFilter, HostContact, Kind, Kinds, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    each_change_is_an_event(rig);
    events_are_filtered_and_paged(rig);
    states_are_those_there_were(rig);
    a_flood_is_bounded(rig);
}

fn account(name: &str) -> AccountFacts {
    AccountFacts { name: name.into(), uid: Some(1), shell: "/bin/sh".into(), ..Default::default() }
}

fn of(accounts: Vec<AccountFacts>) -> HostReport {
    HostReport { accounts, ..report(0, &[], true) }
}

fn names(event: &AccountEvent) -> (&str, Vec<&str>) {
    (&event.name, event.kinds.names().collect())
}

fn each_change_is_an_event(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let events = |store: &mut dyn Store| store.events(ONE, &EventFilter::default(), 0, 100).unwrap().0;
    let first = account("a");
    done(store.as_mut(), put_host(ONE, "h", 10, of(vec![first.clone(), account("b")])));
    assert!(events(store.as_mut()).is_empty(), "the first report is what there was");
    let mut changed = first.clone();
    changed.shell = "/bin/zsh".into();
    changed.groups = vec!["wheel".into()];
    changed.password.class = HashClass::LockedWithHash;
    changed.keys.keys = vec![AuthorizedKey { line: 1, ..Default::default() }];
    changed.sudo.grants = vec![SudoGrant { line: 4, ..Default::default() }];
    done(store.as_mut(), put_host(ONE, "h", 20, of(vec![changed.clone(), account("c")])));
    let found = events(store.as_mut());
    let seen: Vec<_> = found.iter().rev().map(names).collect();
    let all = vec!["groups", "shell", "sudo", "keys", "password", "status"];
    assert_eq!(seen, [("a", all), ("b", vec!["vanished"]), ("c", vec!["new"])]);
    assert_eq!((&found[2].before, &found[2].after), (&Some(first), &Some(changed.clone())));
    let oldest = store.oldest(ONE, "h").unwrap().unwrap();
    assert_eq!(oldest.accounts.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((found[2].at, found[2].first_seen, found[0].first_seen), (20, 10, 20));
    assert_eq!(found[0].digest, loaded(store.as_mut(), ONE)[0].state.digest, "the report it came with");
    // Lines that move are no event, and yet the report can be made again.
    let before = store.host_at(ONE, "h", 20).unwrap();
    let mut moved = changed.clone();
    (moved.line, moved.keys.keys[0].line, moved.sudo.grants[0].line) = (Some(3), 7, 8);
    done(store.as_mut(), put_host(ONE, "h", 30, of(vec![moved, account("c")])));
    assert_eq!(events(store.as_mut()).len(), 3);
    assert_eq!(store.host_at(ONE, "h", 29).unwrap().unwrap().state.digest, before.unwrap().state.digest);
    // An account that a list does not show because it was not read is neither gone nor new.
    done(store.as_mut(), put_host(ONE, "h", 40, HostReport { accounts: vec![], ..report(0, &[], false) }));
    done(store.as_mut(), put_host(ONE, "h", 50, of(vec![changed, account("c")])));
    assert_eq!(events(store.as_mut()).len(), 3);
    assert_eq!(store.host_at(ONE, "h", 45).unwrap().unwrap().accounts.len(), 0);
}

fn events_are_filtered_and_paged(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    for (quuid, at) in [("h", 10), ("g", 11)] {
        done(store.as_mut(), put_host(ONE, quuid, at, of(vec![account("a"), account("b")])));
        done(store.as_mut(), put_host(ONE, quuid, at + 10, of(vec![account("b"), account("c")])));
    }
    let everything = EventFilter::default();
    let (all, total) = store.events(ONE, &everything, 0, 10).unwrap();
    assert_eq!((all.len(), total), (4, 4));
    assert!(all.is_sorted_by(|a, b| a.seq > b.seq), "newest first");
    assert_eq!(store.events(ONE, &everything, 1, 2).unwrap(), (all[1..3].to_vec(), 4));
    let keep = |fits: fn(&AccountEvent) -> bool| all.iter().filter(|e| fits(e)).cloned().collect::<Vec<_>>();
    for (filter, expected) in [
        (EventFilter { quuid: Some("h".into()), ..everything.clone() }, keep(|e| e.quuid == "h")),
        (EventFilter { names: vec!["c".into(), "x".into()], ..everything.clone() }, keep(|e| e.name == "c")),
        (EventFilter { names: vec!["c".into()], parts: true, ..everything.clone() }, keep(|e| e.name == "c")),
        (
            EventFilter { kinds: Kinds::of([Kind::New, Kind::Uid]), ..everything.clone() },
            keep(|e| e.name == "c"),
        ),
        (EventFilter { from: Some(21), ..everything.clone() }, keep(|e| e.at >= 21)),
        (EventFilter { until: Some(20), ..everything.clone() }, keep(|e| e.at <= 20)),
    ] {
        let total = expected.len() as u64;
        assert!(total == 2, "{filter:?}");
        assert_eq!(store.events(ONE, &filter, 0, 10).unwrap(), (expected, total), "{filter:?}");
    }
}

fn a_flood_is_bounded(rig: &mut dyn Rig) {
    let mut store = rig.limited(100);
    with_two_tenants(store.as_mut());
    for round in 0..6_u32 {
        let accounts =
            (0..30).map(|n| AccountFacts { name: n.to_string(), uid: Some(round), ..Default::default() });
        done(store.as_mut(), put_host(ONE, "h", i64::from(round) * 10 + 10, of(accounts.collect())));
    }
    let (_, total) = store.events(ONE, &EventFilter::default(), 0, 1).unwrap();
    assert!((30..=100).contains(&total), "{total}");
    for (at, round) in [(60, 5), (50, 4), (45, 3)] {
        let then = store.host_at(ONE, "h", at).unwrap().unwrap();
        assert_eq!(then.accounts[0].uid, model::Uid::Number(round), "at {at}");
        assert_eq!(store.host_rebuilt(ONE, "h", at).unwrap().unwrap(), then);
    }
    store.check().unwrap();
}

/// What happens to a host.
#[derive(Debug, Clone)]
enum Happening {
    Report(Box<HostReport>),
    Contact,
    Remove,
    Prune(i64),
}

fn facts() -> impl Strategy<Value = AccountFacts> {
    let shell = prop::sample::select(vec!["/bin/sh", "/bin/zsh"]);
    ("[a-d]", 0..2_u32, shell, prop::option::of(0..2_u32), prop::collection::vec("[xy]", 0..2)).prop_map(
        |(name, uid, shell, line, groups)| AccountFacts {
            name,
            uid: Some(uid),
            shell: shell.into(),
            line,
            groups,
            ..Default::default()
        },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    let accounts = prop::collection::vec(facts(), 0..4);
    let some_report = (accounts, prop::bool::weighted(0.8), "[pq]", 0..3_i64).prop_map(
        |(accounts, whole, hostname, clock)| {
            let mut accounts: Vec<AccountFacts> = accounts;
            let mut seen = std::collections::HashSet::new();
            accounts.retain(|a| seen.insert(a.name.clone()));
            let host = model::facts::HostFacts { hostname, ..Default::default() };
            let report = HostReport { accounts, host, ..report(clock * 1000, &[], whole) };
            Happening::Report(Box::new(report))
        },
    );
    prop_oneof![
        8 => some_report,
        2 => Just(Happening::Contact),
        1 => Just(Happening::Remove),
        1 => (1..40_i64).prop_map(Happening::Prune),
    ]
}

/// All hosts of the tenant at an instant, accounts by name.
type State = BTreeMap<String, HostEntry>;

fn present(store: &mut dyn Store) -> State {
    let by_name = |mut entry: HostEntry| {
        entry.accounts.sort_by(|a, b| a.name.cmp(&b.name));
        (entry.state.host.quuid.clone(), entry)
    };
    loaded(store, ONE).into_iter().map(by_name).collect()
}

/// The same without contacts, which are known only as far as changes tell.
fn without_contacts(state: &State) -> State {
    let without = |entry: &HostEntry| {
        let state = HostState { contact: Contact::default(), ..HostState::clone(&entry.state) };
        HostEntry { state: state.into(), ..entry.clone() }
    };
    state.iter().map(|(quuid, entry)| (quuid.clone(), without(entry))).collect()
}

fn states_are_those_there_were(rig: &mut dyn Rig) {
    let rig = RefCell::new(rig);
    let mut runner = TestRunner::new(Config { cases: 20, failure_persistence: None, ..Config::default() });
    let happenings = prop::collection::vec((prop::sample::select(vec!["g", "h"]), happening()), 1..30);
    if let Err(failure) = runner.run(&happenings, |all| one_run(&mut **rig.borrow_mut(), &all)) {
        panic!("{failure}");
    }
}

fn one_run(rig: &mut dyn Rig, happenings: &[(&str, Happening)]) -> Result<(), TestCaseError> {
    let mut store = two_tenants(rig);
    let mut states = vec![State::new()];
    let mut from = 0;
    for (at, (quuid, happening)) in (1..).zip(happenings) {
        let change = match happening.clone() {
            Happening::Report(report) => put_host(ONE, quuid, at, *report).change,
            Happening::Contact => {
                let contact = HostContact { quuid: (*quuid).into(), last_report: at, updated: at };
                Change::Contacts(vec![contact])
            }
            Happening::Remove => Change::DeleteHost { quuid: (*quuid).into() },
            Happening::Prune(before) => {
                from = from.max(before.min(at));
                Change::PruneHistory { before: before.min(at), most: 1 }
            }
        };
        loop {
            let written = store.commit(&[Write::new(ONE, change.clone())], at).unwrap().remove(0);
            let more = matches!(written.map(|w| w.effect), Ok(Effect::HistoryPruned { more: true }));
            if !more {
                break;
            }
        }
        states.push(present(store.as_mut()));
    }
    prop_assert_eq!(store.history_from(ONE).unwrap(), from);
    for (at, state) in (0..).zip(&states).skip(usize::try_from(from).unwrap()) {
        check(store.as_mut(), at, state)?;
    }
    let (events, _) = store.events(ONE, &EventFilter::default(), 0, 1000).unwrap();
    prop_assert!(events.iter().all(|event| !event.kinds.is_empty()));
    store.check().unwrap();
    Ok(())
}

/// The state of every host at an instant, back from the present, forth from the start, and as a whole.
fn check(store: &mut dyn Store, at: i64, state: &State) -> Result<(), TestCaseError> {
    let (mut back, mut forth) = (State::new(), State::new());
    for quuid in ["g", "h"] {
        back.extend(store.host_at(ONE, quuid, at).unwrap().map(|entry| (quuid.to_owned(), entry)));
        forth.extend(store.host_rebuilt(ONE, quuid, at).unwrap().map(|entry| (quuid.to_owned(), entry)));
    }
    prop_assert_eq!(&back, &forth, "at {}", at);
    prop_assert_eq!(without_contacts(&back), without_contacts(state), "at {}", at);
    for (quuid, entry) in &back {
        let (then, known) = (state[quuid].state.contact.last_report(), entry.state.contact.last_report());
        prop_assert!((then..=at).contains(&known), "{} at {}: {} but {}", quuid, at, known, then);
    }
    let mut changed = present(store);
    changed.retain(|_, entry| entry.state.first_report <= at);
    store
        .each_changed(ONE, at, &mut |quuid, entry| {
            changed.remove(&quuid);
            changed.extend(entry.map(|entry| (quuid, entry)));
        })
        .unwrap();
    prop_assert_eq!(without_contacts(&changed), without_contacts(state), "at {}", at);
    Ok(())
}
