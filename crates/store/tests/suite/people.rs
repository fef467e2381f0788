//! People: uniqueness, patches, deletion, what never comes out.

use model::{PersonPatch, PersonStatus};
use store::{Change, Effect, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    everything_comes_back_after_reopening(rig);
    unique_within_a_tenant_only(rig);
    names_are_case_sensitive(rig);
    patches_are_whole_or_nothing(rig);
    a_patch_leaves_what_it_does_not_name(rig);
    administrators_stay(rig);
    deletes_those_it_can(rig);
    the_hash_stays_inside(rig);
    quota(rig);
}

fn everything_comes_back_after_reopening(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut full = person("full \u{1F600} name\0with zero");
    full.phone = Some("+86-123".into());
    full.email = Some("a@b.c".into());
    full.status = PersonStatus::NotEnabled;
    full.description = Some(String::new());
    full.last_login = Some(-5);
    full.group_ids = vec!["g\"1".into(), "g2".into()];
    full.secondary_org_nodes = vec!["s".into()];
    full.expires = Some(i64::MAX);
    full.activated = None;
    full.password_needs_reset = true;
    full.administrator = true;
    let bare = person("bare");
    for p in [&full, &bare] {
        let Effect::Person(written) = done(store.as_mut(), create(ONE, p.clone())) else { panic!() };
        assert_eq!(*written, *p);
    }
    let counts = store.counts(ONE).unwrap();
    assert_eq!(people(store.as_mut(), ONE), [full.clone(), bare.clone()]);
    drop(store);
    let mut store = rig.reopen();
    assert_eq!(people(store.as_mut(), ONE), [full, bare], "in the order of creation");
    assert_eq!(store.counts(ONE).unwrap(), counts);
    assert_eq!(counts.people, 2);
}

fn unique_within_a_tenant_only(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut first = person("first");
    first.phone = Some("1".into());
    first.email = Some("1@x".into());
    done(store.as_mut(), create(ONE, first.clone()));
    done(store.as_mut(), create(TWO, first.clone()));
    let mut second = person("second");
    for (change, refusal) in [
        ((|p, f| p.user_name = f.user_name) as fn(&mut model::Person, model::Person), Refusal::UserNameTaken),
        (|p, f| p.id = f.id, Refusal::IdTaken),
        (|p, f| p.phone = f.phone, Refusal::PhoneTaken),
        (|p, f| p.email = f.email, Refusal::EmailTaken),
    ] {
        let mut clash = second.clone();
        change(&mut clash, first.clone());
        assert_eq!(refused(store.as_mut(), create(ONE, clash)), refusal);
    }
    // Two without phone and e-mail address do not clash.
    done(store.as_mut(), create(ONE, second.clone()));
    second = person("third");
    done(store.as_mut(), create(ONE, second));
    assert_eq!(store.counts(ONE).unwrap().people, 3);
    assert_eq!(store.counts(TWO).unwrap().people, 1);
}

fn names_are_case_sensitive(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    done(store.as_mut(), create(ONE, person("anna")));
    done(store.as_mut(), create(ONE, person("Anna")));
    let write = Write::new(ONE, Change::DeletePerson { key: name("ANNA") });
    assert_eq!(refused(store.as_mut(), write), Refusal::PersonNotFound);
}

fn modify(tenant: model::TenantId, key: PersonKey, patch: PersonPatch) -> Write {
    Write::new(tenant, Change::ModifyPerson { key, patch })
}

fn patches_are_whole_or_nothing(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut a = person("a");
    a.phone = Some("1".into());
    a.email = Some("a@x".into());
    done(store.as_mut(), create(ONE, a));
    done(store.as_mut(), create(ONE, person("b")));
    let patch = PersonPatch {
        display_name: Some("changed".into()),
        phone: Some(Some("2".into())),
        email: Some(Some("a@x".into())),
        ..Default::default()
    };
    let before = people(store.as_mut(), ONE);
    let seq = store.change_seq(ONE).unwrap();
    assert_eq!(refused(store.as_mut(), modify(ONE, name("b"), patch.clone())), Refusal::EmailTaken);
    assert_eq!(people(store.as_mut(), ONE), before);
    assert_eq!(store.change_seq(ONE).unwrap(), seq);
    assert_eq!(refused(store.as_mut(), modify(TWO, name("b"), patch.clone())), Refusal::PersonNotFound);
    assert_eq!(refused(store.as_mut(), modify(TWO, id("id-b"), patch)), Refusal::PersonNotFound);
}

fn a_patch_leaves_what_it_does_not_name(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut a = person("a");
    a.phone = Some("1".into());
    a.email = Some("a@x".into());
    a.description = Some("d".into());
    a.group_ids = vec!["g".into()];
    done(store.as_mut(), create(ONE, a.clone()));
    let own = PersonPatch { phone: Some(Some("1".into())), email: Some(None), ..Default::default() };
    done(store.as_mut(), modify(ONE, id("id-a"), own));
    a.email = None;
    a.updated = 1000;
    assert_eq!(people(store.as_mut(), ONE), [a.clone()]);
    // The address is free again.
    let mut b = person("b");
    b.email = Some("a@x".into());
    done(store.as_mut(), create(ONE, b));
}

fn administrators_stay(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut a = person("a");
    a.administrator = true;
    done(store.as_mut(), create(ONE, a));
    let write = Write::new(ONE, Change::DeletePerson { key: name("a") });
    assert_eq!(refused(store.as_mut(), write), Refusal::Administrator);
}

fn deletes_those_it_can(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut admin = person("admin");
    admin.administrator = true;
    for p in [person("a"), person("b"), person("c"), admin] {
        done(store.as_mut(), create(ONE, p.clone()));
        done(store.as_mut(), create(TWO, p));
    }
    let keys = vec![name("c"), id("id-a"), name("admin"), id("nobody"), name("a")];
    let effect = done(store.as_mut(), Write::new(ONE, Change::DeletePeople { keys }));
    let Effect::PeopleDeleted(gone) = effect else { panic!() };
    assert_eq!(gone.deleted, ["id-c", "id-a"]);
    let failed = [
        (name("admin"), Refusal::Administrator),
        (id("nobody"), Refusal::PersonNotFound),
        (name("a"), Refusal::PersonNotFound),
    ];
    assert_eq!(gone.failed, failed);
    assert_eq!(store.counts(ONE).unwrap().people, 2);
    assert_eq!(people(store.as_mut(), TWO).len(), 4);
    // A deleted name can be given again.
    done(store.as_mut(), create(ONE, person("a")));
}

fn the_hash_stays_inside(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let mut a = person("a");
    a.password_hash = Some("$argon2id$1".into());
    let Effect::Person(written) = done(store.as_mut(), create(ONE, a)) else { panic!() };
    assert_eq!(written.password_hash, None);
    assert_eq!(people(store.as_mut(), ONE)[0].password_hash, None);
    let hash = |store: &mut dyn Store, tenant| store.person_password_hash(tenant, "id-a").unwrap();
    assert_eq!(hash(store.as_mut(), ONE).as_deref(), Some("$argon2id$1"));
    assert_eq!(hash(store.as_mut(), TWO), None);
    let patch = PersonPatch { display_name: Some("x".into()), ..Default::default() };
    done(store.as_mut(), modify(ONE, name("a"), patch));
    assert_eq!(hash(store.as_mut(), ONE).as_deref(), Some("$argon2id$1"), "a patch keeps it");
    let patch = PersonPatch { password_hash: Some("$argon2id$2".into()), ..Default::default() };
    let Effect::Person(written) = done(store.as_mut(), modify(ONE, name("a"), patch)) else { panic!() };
    assert_eq!(written.password_hash, None);
    let beside = store.reader().unwrap().person_password_hash(ONE, "id-a").unwrap();
    assert_eq!(beside.as_deref(), Some("$argon2id$2"));
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(1);
    with_two_tenants(store.as_mut());
    let write = Write::new(ONE, Change::DeletePerson { key: name("a") });
    for _again in 0..2 {
        done(store.as_mut(), create(ONE, person("a")));
        let quota = Refusal::Quota { what: "people", limit: 1 };
        assert_eq!(refused(store.as_mut(), create(ONE, person("b"))), quota);
        done(store.as_mut(), write.clone());
    }
}
