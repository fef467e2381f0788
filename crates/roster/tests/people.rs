//! The roster of people answers every query as the reference does, whatever was put, deleted and merged when.

#![expect(clippy::expect_used, reason = "a panic in a test is the report")]

mod common;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use common::{direction, missing, text_test, tree};
use model::{Person, PersonStatus};
use proptest::option::of;
use proptest::prelude::*;
use roster::{People, PersonChange};
use search::people::{CREATED, EMAIL, FIELDS, LAST_LOGIN, STATUS, TABLE, UPDATED, USER_NAME};
use search::{Field, Filter, Query, Sort, SortKey, Test, reference};

fn field() -> impl Strategy<Value = Field> {
    prop::sample::select(FIELDS.to_vec())
}

fn int_test() -> impl Strategy<Value = Test> {
    prop_oneof![
        Just(Test::HasValue),
        (-1..8i64, -1..8i64).prop_map(|(low, high)| Test::IntRange(low, high)),
        (-1..8i64).prop_map(|low| Test::IntRange(low, i64::MAX)),
        prop::collection::vec(0..8i64, 0..3).prop_map(Test::IntIn),
    ]
}

fn leaf() -> impl Strategy<Value = Filter> {
    (field(), text_test(), int_test(), 0..12).prop_map(|(field, text, int, odd)| {
        // Now and then a test of the wrong kind.
        let test = if field.is_text() == (odd > 0) { text } else { int };
        Filter::test(field, test)
    })
}

fn key(id: u32) -> String {
    format!("{}{id}", if id.is_multiple_of(3) { "U" } else { "u" })
}

prop_compose! {
    fn person(ids: std::ops::Range<u32>)(
        id in ids,
        names in ("[abAB1é]{1,4}", "[abA ]{0,3}"),
        phone in of("[0-9]{0,3}"),
        email in of("[abB@]{0,3}"),
        status in 0..4usize,
        times in (0..6i64, 0..6i64, of(0..6i64)),
        rest in (of("[x]{0,2}"), prop::collection::vec("[gh]", 0..3), "[o]{1,2}", of(0..3i64)),
    ) -> Person {
        Person {
            id: key(id),
            // Unique, as the store sees to.
            user_name: format!("{}.{id}", names.0),
            display_name: names.1,
            phone,
            email,
            status: PersonStatus::ALL[status],
            description: rest.0,
            created: times.0,
            updated: times.1,
            last_login: times.2,
            group_ids: rest.1,
            org_node: rest.2,
            secondary_org_nodes: vec![],
            data_source: "IMPORT".into(),
            expires: rest.3,
            activated: None,
            password_needs_reset: status == 1,
            password_hash: Some("secret".into()),
            administrator: false,
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<Person>),
    /// A person as before but for the time of the last change: most columns stay as they are.
    Touch(u32, i64),
    Delete(u32),
    Merge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(person(0..60), 1..5).prop_map(Step::Put),
        3 => (0..60u32).prop_map(Step::Delete),
        3 => (0..60u32, 0..8i64).prop_map(|(id, updated)| Step::Touch(id, updated)),
        2 => Just(Step::Merge),
    ];
    prop::collection::vec(step, 0..12)
}

prop_compose! {
    fn query()(
        filter in tree(leaf().boxed()),
        key in of(field()),
        direction in direction(),
        missing in missing(),
        offset in prop_oneof![Just(0usize), 0..50usize],
        limit in prop_oneof![Just(0usize), 1..9usize, Just(usize::MAX)],
        total: bool,
    ) -> Query {
        let key = key.map_or(SortKey::Natural, SortKey::Field);
        Query { filter, sort: Sort { key, direction, missing }, offset, limit, total }
    }
}

/// Applies a step to the roster and to a plain map.
fn play(people: &People, expected: &mut BTreeMap<String, Person>, step: Step) {
    match step {
        Step::Put(all) => {
            let changes: Vec<_> = all.iter().map(|p| PersonChange::Put(Arc::new(p.clone()))).collect();
            people.apply(&changes);
            expected.extend(all.into_iter().map(|p| (p.id.clone(), p)));
        }
        Step::Touch(id, updated) => {
            if let Some(person) = expected.get_mut(&key(id)) {
                person.updated = updated;
                people.apply(&[PersonChange::Put(Arc::new(person.clone()))]);
            }
        }
        Step::Delete(id) => {
            let id = key(id);
            people.apply(&[PersonChange::Delete(id.clone())]);
            expected.remove(&id);
        }
        Step::Merge => people.merge(),
    }
}

fn without_hash(person: &Person) -> Person {
    let no_empty = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    Person {
        password_hash: None,
        phone: no_empty(&person.phone),
        email: no_empty(&person.email),
        ..person.clone()
    }
}

fn check(people: &People, expected: &BTreeMap<String, Person>, query: &Query) -> Result<(), TestCaseError> {
    let rows: Vec<&Person> = expected.values().collect();
    let (page, total) = reference::search(&TABLE, &rows, query);
    let page: Vec<&str> = page.into_iter().map(|index| rows[index].id.as_str()).collect();
    let snapshot = people.snapshot();
    let answer = snapshot.search(query);
    let found: Vec<&str> = answer.rows.iter().map(|&row| snapshot.get(row).expect("own row").id).collect();
    prop_assert_eq!(found, page);
    prop_assert_eq!(answer.total, query.total.then_some(total));
    prop_assert_eq!(snapshot.len(), expected.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn answers_as_the_reference_does(
        start in prop::collection::vec(person(0..60), 0..50),
        steps in steps(),
        queries in prop::collection::vec(query(), 8),
    ) {
        let mut expected: BTreeMap<String, Person> = start.iter().map(|p| (p.id.clone(), p.clone())).collect();
        let people = People::load(start);
        let before = people.snapshot();
        let size = before.len();
        for step in steps {
            play(&people, &mut expected, step);
        }
        for query in &queries {
            check(&people, &expected, query)?;
        }
        prop_assert_eq!(before.len(), size, "a snapshot never changes");
        let snapshot = people.snapshot();
        for person in expected.values() {
            let by_id = snapshot.by_id(&person.id).map(|v| v.to_person());
            prop_assert_eq!(by_id, Some(without_hash(person)));
            prop_assert_eq!(snapshot.by_name(&person.user_name).map(|v| v.id), Some(person.id.as_str()));
        }
        for id in 0..60 {
            let id = format!("u{id}");
            prop_assert_eq!(snapshot.by_id(&id).is_some(), expected.contains_key(&id));
        }
    }
}

fn numbered(id: u32) -> Person {
    Person {
        id: format!("{id:05}"),
        user_name: format!("user{id}"),
        display_name: format!("User {}", id % 100),
        phone: None,
        email: Some(format!("user{id}@example.com")),
        status: if id.is_multiple_of(10) { PersonStatus::Locked } else { PersonStatus::Normal },
        description: None,
        created: i64::from(id) * 1000,
        updated: i64::from(id % 777),
        last_login: (id.is_multiple_of(2)).then_some(i64::from(id)),
        group_ids: vec![],
        org_node: "root".into(),
        secondary_org_nodes: vec![],
        data_source: "IMPORT".into(),
        expires: None,
        activated: None,
        password_needs_reset: false,
        password_hash: None,
        administrator: false,
    }
}

/// Queries of the kinds that are asked most, for tables large enough that every way of answering is taken.
fn usual_queries() -> Vec<Query> {
    let contains = |part| Filter::test(USER_NAME, Test::Contains(search::text::Folded::new(part)));
    let filters = [
        Filter::All,
        Filter::is(USER_NAME, "user77"),
        Filter::is(STATUS, "NORMAL"),
        contains("R12"),
        contains("1"),
        contains("99"),
        Filter::test(CREATED, Test::IntRange(500_000, 1_500_000)),
        Filter::all_of([contains("5"), Filter::is(STATUS, "LOCKED")]),
        Filter::all_of([Filter::has(LAST_LOGIN).negate(), Filter::test(UPDATED, Test::IntRange(3, 90))]),
        Filter::any_of([
            contains("44"),
            Filter::test(EMAIL, Test::Prefix(search::text::Folded::new("USER2"))),
        ]),
        Filter::test(
            USER_NAME,
            Test::TextRange(Bound::Included("user2".into()), Bound::Excluded("user4".into())),
        ),
    ];
    let mut queries = Vec::new();
    for filter in filters {
        for (key, direction) in [(USER_NAME, 0), (CREATED, 1), (LAST_LOGIN, 1), (LAST_LOGIN, 0), (STATUS, 1)]
        {
            for (offset, limit, total) in [(0, 50, true), (0, 7, false), (900, 50, true), (3000, 20, false)] {
                let direction = [search::Direction::Ascending, search::Direction::Descending][direction];
                let sort = Sort { key: SortKey::Field(key), direction, missing: search::Missing::Lowest };
                queries.push(Query { filter: filter.clone(), sort, offset, limit, total });
            }
        }
    }
    queries
}

#[test]
fn background_merges_lose_nothing() {
    let mut expected: BTreeMap<String, Person> = (0..2000).map(|i| (numbered(i).id, numbered(i))).collect();
    let people = People::load(expected.values().cloned());
    for round in 0..40u32 {
        let changes: Vec<PersonChange> = (0..100)
            .map(|i| {
                let mut person = numbered((round * 97 + i * 13) % 4000);
                if (round + i).is_multiple_of(5) {
                    expected.remove(&person.id);
                    return PersonChange::Delete(person.id);
                }
                person.updated = i64::from(round);
                expected.insert(person.id.clone(), person.clone());
                PersonChange::Put(Arc::new(person))
            })
            .collect();
        people.apply(&changes);
        assert_eq!(people.snapshot().len(), expected.len(), "round {round}");
    }
    for query in usual_queries() {
        check(&people, &expected, &query).expect("agrees while merges may run");
    }
    people.merge();
    for query in usual_queries() {
        check(&people, &expected, &query).expect("agrees after a merge");
    }
}
