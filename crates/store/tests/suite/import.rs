//! Import of people: upsert by user name, all rows or none, nothing done twice.

use model::PersonStatus;
use store::{Change, Effect, ImportProblem, Imported, PersonImport, Refusal, Write};

use super::*;

pub fn run(rig: &mut dyn Rig) {
    adds_then_changes_then_nothing(rig);
    names_every_row_that_cannot_be(rig);
    values_can_be_handed_over(rig);
    a_dry_run_writes_nothing(rig);
    ids_are_kept(rig);
    quota(rig);
}

fn row(name: &str) -> PersonImport {
    PersonImport {
        user_name: name.into(),
        id: None,
        new_id: format!("id-{name}"),
        org_node: "root".into(),
        display_name: None,
        phone: None,
        email: None,
        status: None,
        description: None,
        created: None,
        updated: None,
        last_login: None,
    }
}

fn with_phone(name: &str, phone: &str) -> PersonImport {
    PersonImport { phone: Some(phone.into()), ..row(name) }
}

fn write(rows: &[PersonImport], dry_run: bool) -> Write {
    Write::new(ONE, Change::ImportPeople { rows: rows.to_vec(), dry_run })
}

fn import(store: &mut dyn Store, now: i64, rows: &[PersonImport]) -> Imported {
    let written = store.commit(&[write(rows, false)], now).unwrap().remove(0).unwrap();
    let Effect::Imported(imported) = written.effect else { panic!() };
    (*imported).clone()
}

fn numbers(imported: &Imported) -> (usize, usize, usize) {
    (imported.created, imported.updated, imported.unchanged)
}

fn problems(store: &mut dyn Store, rows: &[PersonImport]) -> Vec<(usize, Refusal)> {
    let before = people(store, ONE);
    let Refusal::Import(dry) = refused(store, write(rows, true)) else { panic!() };
    let Refusal::Import(problems) = refused(store, write(rows, false)) else { panic!() };
    assert_eq!(dry, problems);
    assert_eq!(people(store, ONE), before, "all or none");
    problems.into_iter().map(|ImportProblem { row, refusal }| (row, refusal)).collect()
}

fn adds_then_changes_then_nothing(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    let full = PersonImport {
        display_name: Some("B".into()),
        phone: Some("1".into()),
        email: Some("b@x".into()),
        status: Some(PersonStatus::Freeze),
        description: Some("d".into()),
        created: Some(1),
        updated: Some(2),
        last_login: Some(3),
        ..row("b")
    };
    let rows = [row("a"), full];
    let first = import(store, 100, &rows);
    assert_eq!(numbers(&first), (2, 0, 0));
    let after = people(store, ONE);
    assert_eq!(first.people.iter().map(|p| (**p).clone()).collect::<Vec<_>>(), after);
    assert_eq!((after[0].display_name.as_str(), after[0].created, after[0].updated), ("a", 100, 100));
    assert_eq!((after[0].status, after[0].activated), (PersonStatus::Normal, Some(100)));
    assert_eq!((after[1].created, after[1].updated, after[1].last_login), (1, 2, Some(3)));
    assert_eq!((after[1].activated, after[1].data_source.as_str()), (None, "IMPORT"));

    let seq = store.change_seq(ONE).unwrap();
    let again = import(store, 200, &rows);
    assert_eq!((numbers(&again), again.people.len()), ((0, 0, 2), 0));
    assert_eq!((people(store, ONE), store.change_seq(ONE).unwrap()), (after.clone(), seq));

    let news = [PersonImport { description: Some("new".into()), ..row("b") }, row("a"), row("c")];
    let third = import(store, 300, &news);
    assert_eq!(numbers(&third), (1, 1, 1));
    assert_eq!(third.people.iter().map(|p| p.user_name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    let b = &people(store, ONE)[1];
    assert_eq!((b.updated, b.description.as_deref(), b.phone.as_deref()), (300, Some("new"), Some("1")));
    assert_eq!(store.counts(ONE).unwrap().people, 3);
}

fn names_every_row_that_cannot_be(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    import(store, 1, &[PersonImport { email: Some("x@x".into()), ..with_phone("x", "1") }, row("y")]);
    let rows = [
        with_phone("a", "1"),
        row("fine"),
        PersonImport { email: Some("x@x".into()), ..row("y") },
        PersonImport { id: Some("id-x".into()), ..row("b") },
        with_phone("c", "2"),
        with_phone("d", "2"),
        row("fine"),
        PersonImport { id: Some("another".into()), ..row("y") },
        PersonImport { new_id: "id-c".into(), ..row("e") },
    ];
    let expected = [
        (0, Refusal::PhoneTaken),
        (2, Refusal::EmailTaken),
        (3, Refusal::IdTaken),
        (5, Refusal::PhoneTaken),
        (6, Refusal::UserNameTaken),
        (6, Refusal::IdTaken),
        (7, Refusal::IdDiffers),
        (7, Refusal::UserNameTaken),
        (8, Refusal::IdTaken),
    ];
    assert_eq!(problems(store, &rows), expected);
}

fn values_can_be_handed_over(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    import(store, 1, &[with_phone("a", "1"), with_phone("b", "2"), with_phone("c", "3")]);
    let rows = [with_phone("a", "2"), with_phone("b", "1"), with_phone("new", "3"), with_phone("c", "4")];
    assert_eq!(numbers(&import(store, 2, &rows)), (1, 3, 0));
    let phones: Vec<String> = people(store, ONE).into_iter().filter_map(|p| p.phone).collect();
    assert_eq!(phones, ["2", "1", "4", "3"]);
    // The other keeps it, named in the rows or not.
    assert_eq!(problems(store, &[with_phone("a", "1")]), [(0, Refusal::PhoneTaken)]);
    assert_eq!(problems(store, &[with_phone("a", "1"), row("b")]), [(0, Refusal::PhoneTaken)]);
}

fn a_dry_run_writes_nothing(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    import(store, 1, &[row("a")]);
    let seq = store.change_seq(ONE).unwrap();
    let Effect::Imported(dry) = done(store, write(&[with_phone("a", "1"), row("b")], true)) else { panic!() };
    assert_eq!((numbers(&dry), dry.people.len()), ((1, 1, 0), 0));
    assert_eq!((people(store, ONE).len(), store.change_seq(ONE).unwrap()), (1, seq));
}

fn ids_are_kept(rig: &mut dyn Rig) {
    let mut store = two_tenants(rig);
    let store = store.as_mut();
    import(store, 1, &[PersonImport { id: Some("own".into()), ..row("a") }, row("b")]);
    let ids: Vec<String> = people(store, ONE).into_iter().map(|p| p.id).collect();
    assert_eq!(ids, ["own", "id-b"]);
    let again = [PersonImport { id: Some("own".into()), new_id: "unused".into(), ..row("a") }];
    assert_eq!(numbers(&import(store, 2, &again)), (0, 0, 1));
}

fn quota(rig: &mut dyn Rig) {
    let mut store = rig.limited(2);
    let store = store.as_mut();
    with_two_tenants(store);
    import(store, 1, &[row("a")]);
    let quota = Refusal::Quota { what: "people", limit: 2 };
    assert_eq!(problems(store, &[row("a"), row("b"), row("c")]), [(2, quota)]);
}
