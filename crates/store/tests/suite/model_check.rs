//! Random writes against the store and against a plain list of people with the obvious rules: the same writes are
//! refused, and the same people are there, before and after reopening.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::Hash;

use model::{Person, PersonPatch};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use store::{Change, Effect, PersonImport, PersonKey, Refusal, Write};

use super::{ONE, Rig, TWO, people, person, two_tenants};

pub fn run(rig: &mut dyn Rig) {
    let rig = RefCell::new(rig);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let groups = prop::collection::vec(prop::collection::vec(write(), 1..5), 1..12);
    if let Err(failure) = runner.run(&groups, |groups| one_run(&mut **rig.borrow_mut(), &groups)) {
        panic!("{failure}");
    }
}

fn one_run(rig: &mut dyn Rig, groups: &[Vec<Write>]) -> Result<(), TestCaseError> {
    let mut store = two_tenants(rig);
    let mut model = [Vec::new(), Vec::new()];
    for (now, group) in (100..).zip(groups) {
        let answers = store.commit(group, now).unwrap();
        for (write, answer) in group.iter().zip(answers) {
            let list = &mut model[usize::from(write.tenant == TWO)];
            let expected = apply(list, &write.change, now);
            prop_assert_eq!(answer.is_err(), expected.is_err(), "{:?} {:?}", write, answer);
            match (answer, expected) {
                (Ok(written), Ok(failed)) => prop_assert_eq!(failures(&written.effect), failed),
                (Err(Refusal::Import(problems)), _) => prop_assert!(!problems.is_empty()),
                (refused, expected) => {
                    prop_assert_eq!(refused.err().map(|r| vec![r]), expected.err(), "{:?}", write);
                }
            }
        }
    }
    for again in [false, true] {
        if again {
            drop(store);
            store = rig.reopen();
        }
        for (tenant, list) in [ONE, TWO].into_iter().zip(&model) {
            prop_assert_eq!(&people(store.as_mut(), tenant), list);
            prop_assert_eq!(store.counts(tenant).unwrap().people, list.len() as u64);
        }
    }
    Ok(())
}

fn failures(effect: &Effect) -> usize {
    if let Effect::PeopleDeleted(gone) = effect { gone.failed.len() } else { 0 }
}

/// Does the change to the list: `Ok` with the number of keys that failed, `Err` with the refusal (none for an import).
fn apply(list: &mut Vec<Person>, change: &Change, now: i64) -> Result<usize, Vec<Refusal>> {
    let mut after = list.clone();
    let mut failed = 0;
    match change {
        Change::CreatePerson(person) => after.push(person.clone()),
        Change::ModifyPerson { key, patch } => {
            let at = find(&after, key).ok_or(vec![Refusal::PersonNotFound])?;
            patch.apply(&mut after[at], now);
        }
        Change::DeletePerson { key } => remove(&mut after, key).map_err(|r| vec![r])?,
        Change::DeletePeople { keys } => {
            failed = keys.iter().filter(|key| remove(&mut after, key).is_err()).count();
        }
        Change::ImportPeople { rows, dry_run } => {
            import(&mut after, rows, now).ok_or(Vec::new())?;
            if *dry_run {
                clash(&after).map_or(Ok(()), |_| Err(Vec::new()))?;
                return Ok(0);
            }
        }
        other => panic!("{other:?}"),
    }
    if let Some(refusal) = clash(&after) {
        let import = matches!(change, Change::ImportPeople { .. });
        return Err(if import { Vec::new() } else { vec![refusal] });
    }
    *list = after;
    Ok(failed)
}

fn find(list: &[Person], key: &PersonKey) -> Option<usize> {
    list.iter().position(|p| match key {
        PersonKey::Id(id) => p.id == *id,
        PersonKey::Name(name) => p.user_name == *name,
    })
}

fn remove(list: &mut Vec<Person>, key: &PersonKey) -> Result<(), Refusal> {
    let at = find(list, key).ok_or(Refusal::PersonNotFound)?;
    if list[at].administrator {
        return Err(Refusal::Administrator);
    }
    list.remove(at);
    Ok(())
}

fn import(list: &mut Vec<Person>, rows: &[PersonImport], now: i64) -> Option<()> {
    if !distinct(rows.iter().map(|r| &r.user_name)) {
        return None;
    }
    for row in rows {
        let Some(at) = find(list, &PersonKey::Name(row.user_name.clone())) else {
            list.push(Person {
                id: row.id.as_ref().unwrap_or(&row.new_id).clone(),
                display_name: row.user_name.clone(),
                phone: row.phone.clone(),
                email: row.email.clone(),
                created: now,
                updated: now,
                activated: Some(now),
                data_source: "IMPORT".into(),
                ..person(&row.user_name)
            });
            continue;
        };
        let before = list[at].clone();
        if row.id.as_ref().is_some_and(|id| *id != before.id) {
            return None;
        }
        list[at].phone = row.phone.clone().or(before.phone.clone());
        list[at].email = row.email.clone().or(before.email.clone());
        if list[at] != before {
            list[at].updated = now;
        }
    }
    Some(())
}

fn clash(list: &[Person]) -> Option<Refusal> {
    let rules = [
        (distinct(list.iter().map(|p| &p.user_name)), Refusal::UserNameTaken),
        (distinct(list.iter().map(|p| &p.id)), Refusal::IdTaken),
        (distinct(list.iter().filter_map(|p| p.phone.as_ref())), Refusal::PhoneTaken),
        (distinct(list.iter().filter_map(|p| p.email.as_ref())), Refusal::EmailTaken),
    ];
    rules.into_iter().find(|(fine, _)| !fine).map(|(_, refusal)| refusal)
}

fn distinct<T: Hash + Eq>(values: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    values.into_iter().all(|value| seen.insert(value))
}

fn write() -> impl Strategy<Value = Write> {
    (prop::bool::weighted(0.3), change())
        .prop_map(|(second, change)| Write::new(if second { TWO } else { ONE }, change))
}

fn change() -> impl Strategy<Value = Change> {
    let keys = prop::collection::vec(key(), 0..4);
    prop_oneof![
        4 => some_person().prop_map(Change::CreatePerson),
        3 => (key(), patch()).prop_map(|(key, patch)| Change::ModifyPerson { key, patch }),
        1 => key().prop_map(|key| Change::DeletePerson { key }),
        1 => keys.prop_map(|keys| Change::DeletePeople { keys }),
        3 => (prop::collection::vec(row(), 0..4), prop::bool::weighted(0.2))
            .prop_map(|(rows, dry_run)| Change::ImportPeople { rows, dry_run }),
    ]
}

fn text(pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_map(|s: String| s)
}

fn contact() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text("[1-4]"))
}

fn key() -> impl Strategy<Value = PersonKey> {
    prop_oneof![text("[a-e]").prop_map(PersonKey::Name), text("[a-e]").prop_map(PersonKey::Id)]
}

fn some_person() -> impl Strategy<Value = Person> {
    let parts = (text("[a-e]"), text("[a-e]"), contact(), contact(), prop::bool::weighted(0.1));
    parts.prop_map(|(name, id, phone, email, administrator)| Person {
        id,
        phone,
        email,
        administrator,
        ..person(&name)
    })
}

fn patch() -> impl Strategy<Value = PersonPatch> {
    (prop::option::of(contact()), prop::option::of(contact())).prop_map(|(phone, email)| PersonPatch {
        phone,
        email,
        ..PersonPatch::default()
    })
}

fn row() -> impl Strategy<Value = PersonImport> {
    let parts =
        (text("[a-e]"), prop::option::weighted(0.2, text("[a-e]")), text("[a-e]"), contact(), contact());
    parts.prop_map(|(user_name, id, new_id, phone, email)| PersonImport {
        user_name,
        id,
        new_id,
        org_node: "root".into(),
        display_name: None,
        phone,
        email,
        status: None,
        description: None,
        created: None,
        updated: None,
        last_login: None,
    })
}
