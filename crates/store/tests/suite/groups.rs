//! Groups: one refusal touches nobody else, tenants are walls, each group that changes something is counted once,
//! the audit trail belongs to the transaction.

use store::{Audit, Change, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    a_refusal_stands_alone(rig);
    later_writes_see_earlier_ones(rig);
    an_unknown_tenant_is_refused(rig);
    the_sequence_counts_groups(rig);
    the_trail_follows_the_change(rig);
    tenants_are_walls(rig);
    a_reader_sees_what_is_committed(rig);
}

fn a_refusal_stands_alone(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let group = [
        create(ONE, person("a")),
        create(ONE, person("a")),
        create(TWO, person("a")),
        Write::new(ONE, Change::DeletePerson { key: name("nobody") }),
        create(ONE, person("b")),
    ];
    let answers = store.commit(&group, 5).unwrap();
    let refusals: Vec<Option<Refusal>> = answers.iter().map(|a| a.as_ref().err().cloned()).collect();
    assert_eq!(refusals, [None, Some(Refusal::UserNameTaken), None, Some(Refusal::PersonNotFound), None]);
    assert_eq!(answers[2].as_ref().unwrap().tenant, TWO);
    drop(store);
    let mut store = rig.reopen();
    let names: Vec<String> = people(store.as_mut(), ONE).into_iter().map(|p| p.user_name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(store.commit(&[], 5).unwrap().is_empty());
}

fn later_writes_see_earlier_ones(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let delete = Write::new(ONE, Change::DeletePerson { key: name("a") });
    let group = [create(ONE, person("a")), delete.clone(), delete, create(ONE, person("a"))];
    let answers = store.commit(&group, 5).unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
    assert_eq!(store.counts(ONE).unwrap().people, 1);
}

fn an_unknown_tenant_is_refused(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let nowhere = TenantId(77);
    assert_eq!(refused(store.as_mut(), create(nowhere, person("a"))), Refusal::TenantNotFound);
    assert_eq!(refused(store.as_mut(), Write::new(nowhere, Change::Record)), Refusal::TenantNotFound);
    assert_eq!(store.counts(nowhere).unwrap(), store::Counts::default());
    assert_eq!((store.change_seq(nowhere).unwrap(), store.root_org_node(nowhere).unwrap()), (0, None));
}

fn the_sequence_counts_groups(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let (one, two) = (store.change_seq(ONE).unwrap(), store.change_seq(TWO).unwrap());
    store.commit(&[create(ONE, person("a")), create(ONE, person("b"))], 5).unwrap();
    assert_eq!(store.change_seq(ONE).unwrap(), one + 1, "once for a group");
    let keys = vec![name("nobody")];
    store.commit(&[create(ONE, person("a")), Write::new(ONE, Change::DeletePeople { keys })], 5).unwrap();
    assert_eq!(store.change_seq(ONE).unwrap(), one + 1, "nothing changed");
    assert_eq!(store.change_seq(TWO).unwrap(), two);
}

fn audit(action: &str) -> Audit {
    Audit { actor: "k".into(), action: action.into(), target: "t".into(), request_id: "r".into() }
}

fn the_trail_follows_the_change(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let group = [
        create(ONE, person("a")).audited(audit("1")),
        create(ONE, person("a")).audited(audit("refused")),
        Write::new(ONE, Change::Record).audited(audit("2")),
        create(TWO, person("a")).audited(audit("other")),
        Write::new(ONE, Change::ImportPeople { rows: Vec::new(), dry_run: true }).audited(audit("dry")),
    ];
    store.commit(&group, 50).unwrap();
    store.commit(&[Write::new(ONE, Change::Record).audited(audit("3"))], 60).unwrap();
    drop(store);
    let mut store = rig.reopen();
    let trail = store.audit(ONE, 0, 10).unwrap();
    let seen: Vec<_> = trail.iter().map(|r| (r.seq, r.at, r.entry.action.as_str())).collect();
    assert_eq!(seen, [(1, 50, "1"), (2, 50, "2"), (3, 60, "3")]);
    assert_eq!(trail[0].entry, audit("1"));
    assert_eq!(store.audit(ONE, 1, 1).unwrap(), trail[1..2]);
    assert_eq!(store.audit(TWO, 0, 10).unwrap().len(), 1);
    assert_eq!(store.counts(ONE).unwrap().audit, 3);
}

fn tenants_are_walls(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    done(store, create(TWO, person("a")).audited(audit("x")));
    done(store, put_host(TWO, "h", 1, report(1, &["u", "v"], true)));
    done(store, put_host(TWO, "h", 2, report(2, &["u"], true)));
    assert!(people(store, ONE).is_empty());
    store.each_host(ONE, &mut |host, _| panic!("{host:?}")).unwrap();
    let of_host = store::EventFilter { quuid: Some("h".into()), ..Default::default() };
    for filter in [store::EventFilter::default(), of_host] {
        assert_eq!(store.events(ONE, &filter, 0, 10).unwrap(), (Vec::new(), 0));
        assert_eq!(store.events(TWO, &filter, 0, 10).unwrap().1, 1);
    }
    assert_eq!(store.host_at(ONE, "h", 1).unwrap(), None);
    store.each_changed(ONE, 0, &mut |quuid, _| panic!("{quuid}")).unwrap();
    assert!(store.audit(ONE, 0, 10).unwrap().is_empty());
    assert_eq!(store.root_org_node(ONE).unwrap().as_deref(), Some("root-default"));
    assert_eq!(store.root_org_node(TWO).unwrap().as_deref(), Some("root-other"));
    let counts = store.counts(ONE).unwrap();
    assert_eq!(counts, store::Counts { credentials: 1, ..Default::default() });
    for change in [
        Change::DeletePerson { key: id("id-a") },
        Change::DeleteHost { quuid: "h".into() },
        Change::DeleteCredential { secret_id: "AKID-other".into() },
        Change::SetKeyState { secret_id: "AKID-other".into(), state: model::KeyState::Disabled },
    ] {
        refused(store, Write::new(ONE, change));
    }
    assert_eq!(people(store, TWO).len(), 1);
}

fn a_reader_sees_what_is_committed(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut reader = store.reader().unwrap();
    for number in 0..3 {
        assert_eq!(reader.counts(ONE).unwrap().people, number);
        let seq = reader.change_seq(ONE).unwrap();
        done(store.as_mut(), create(ONE, person(&format!("p{number}"))));
        assert!(reader.change_seq(ONE).unwrap() > seq);
    }
    store.check().unwrap();
    store.checkpoint().unwrap();
    assert_eq!(reader.tenants().unwrap(), store.tenants().unwrap());
}
