//! The roster of accounts answers every query as the reference does, whatever was put, removed and merged when.

#![expect(clippy::expect_used, reason = "a panic in a test is the report")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use common::{direction, missing, text_test, tree};
use model::account::Password;
use model::rows::AccountRow;
use model::{Account, AccountView, Host, HostEntry, HostState, LoginType, Uid, UserType};
use proptest::option::of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::{Accounts, HostChange, HostOrder};
use search::accounts::{
    FIELDS, FIRST_SEEN, LAST_LOGIN, LOCK_DAYS, MACHINE_NAME, NAME, PASSWORD_CHANGED, PASSWORD_DUE, TABLE,
    WAN_IP,
};
use search::{Field, Filter, Query, Sort, SortKey, Test, reference};

const SORTABLE: [Field; 6] = [FIRST_SEEN, LAST_LOGIN, LOCK_DAYS, PASSWORD_CHANGED, PASSWORD_DUE, NAME];

type TextOf = fn(&Host) -> &str;

const HOST_TEXTS: [(Field, TextOf); 2] = [(MACHINE_NAME, |host| &host.name), (WAN_IP, |host| &host.wan_ip)];

fn int_test() -> impl Strategy<Value = Test> {
    prop_oneof![
        Just(Test::HasValue),
        (-1..6i64, -1..6i64).prop_map(|(low, high)| Test::IntRange(low, high)),
        (-1..6i64).prop_map(|high| Test::IntRange(i64::MIN, high)),
        prop::collection::vec(0..4i64, 0..3).prop_map(Test::IntIn),
    ]
}

fn leaf() -> impl Strategy<Value = Filter> {
    (prop::sample::select(FIELDS.to_vec()), text_test(), int_test())
        .prop_map(|(field, text, int)| Filter::test(field, if field.is_text() { text } else { int }))
}

prop_compose! {
    fn account()(
        name in "[abAB1]{1,2}",
        ids in (of(0..4u32), of(0..4u32)),
        flags in (of(any::<bool>()), of(any::<bool>()), any::<bool>(), any::<bool>()),
        days in (of(0..5i32), of(0..5i32), of(-1..4i32)),
        expires in of(prop_oneof![0..5i32, Just(i32::MIN), Just(i32::MAX)]),
        times in (of(0..5i64), 0..5i64),
        paths in ("[a/]{0,2}", "[b/]{0,1}", "[SU]{0,2}"),
        user_type in of(0..3usize),
        locked: bool,
    ) -> Account {
        Account {
            name,
            uid: ids.0.map_or(Uid::Sid(paths.2), Uid::Number),
            gid: ids.1,
            home: paths.0,
            shell: paths.1,
            is_root: flags.0,
            is_sudo: flags.1,
            login_type: flags.0.map(|k| if k { LoginType::Key } else { LoginType::Both }),
            ssh_login: flags.1,
            shell_login: flags.2,
            user_type: user_type.map(|kind| [UserType::Guest, UserType::Standard, UserType::Administrator][kind]),
            is_domain: flags.0,
            disabled: flags.3,
            expires,
            password: if locked {
                Password::Locked
            } else {
                Password::Usable { expired_from: days.0, warn_from: days.1 }
            },
            password_changed: days.0,
            password_due: days.1,
            password_lock_days: days.2,
            last_login: times.0,
            first_seen: times.1,
        }
    }
}

prop_compose! {
    fn entry()(
        id in 0..12u32,
        texts in ("[abAB]{0,2}", "[1N]{0,2}", "[uN@]{0,2}"),
        windows: bool,
        accounts in prop::collection::vec(account(), 0..6),
    ) -> Arc<HostEntry> {
        let mut accounts: Vec<Account> = accounts;
        let mut seen = std::collections::BTreeSet::new();
        accounts.retain(|a| seen.insert(a.name.clone()));
        let quuid = quuid(id);
        let host = Host { quuid, private_ip: texts.1, wan_ip: texts.2, name: texts.0, windows, ..Host::default() };
        Arc::new(HostEntry { state: Arc::new(HostState { host, ..HostState::default() }), accounts })
    }
}

fn quuid(id: u32) -> String {
    format!("{}{id}", if id.is_multiple_of(4) { "Q" } else { "q" })
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<Arc<HostEntry>>),
    Remove(u32),
    Merge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(entry(), 1..4).prop_map(Step::Put),
        2 => (0..12u32).prop_map(Step::Remove),
        1 => Just(Step::Merge),
    ];
    prop::collection::vec(step, 0..6)
}

prop_compose! {
    fn query()(
        filter in tree(leaf().boxed()),
        key in of(prop::sample::select(SORTABLE.to_vec())),
        direction in direction(),
        missing in missing(),
        offset in prop_oneof![Just(0usize), 0..40usize],
        limit in prop_oneof![1..9usize, Just(usize::MAX)],
        total: bool,
    ) -> Query {
        let key = key.map_or(SortKey::Natural, SortKey::Field);
        Query { filter, sort: Sort { key, direction, missing }, offset, limit, total }
    }
}

type Hosts = BTreeMap<String, Arc<HostEntry>>;

fn play(accounts: &Accounts, expected: &mut Hosts, step: Step) {
    match step {
        Step::Put(entries) => {
            accounts.apply(&entries.iter().cloned().map(HostChange::Put).collect::<Vec<_>>());
            expected.extend(entries.into_iter().map(|e| (e.state.host.quuid.clone(), e)));
        }
        Step::Remove(id) => {
            accounts.apply(&[HostChange::Remove(quuid(id))]);
            expected.remove(&quuid(id));
        }
        Step::Merge => accounts.merge(),
    }
}

/// Everything of an account: what was packed comes out as it went in.
fn whole<'a>((state, account): (&'a HostState, AccountView<'a>)) -> (&'a str, AccountView<'a>) {
    (&state.host.quuid, account)
}

fn check(accounts: &Accounts, expected: &Hosts, query: &Query) -> Result<(), TestCaseError> {
    let rows: Vec<AccountRow<'_>> = expected
        .values()
        .flat_map(|e| e.accounts.iter().map(|account| AccountRow { host: &e.state.host, account }))
        .collect();
    let (page, total) = reference::search(&TABLE, &rows, query);
    let snapshot = accounts.snapshot();
    let answer = snapshot.search(query);
    let found: Vec<_> = answer.rows.iter().map(|&row| whole(snapshot.get(row).expect("own row"))).collect();
    let wanted = |page: Vec<usize>| -> Vec<_> {
        let rows = page.into_iter().map(|index| &rows[index]);
        rows.map(|row| (row.host.quuid.as_str(), row.account.view())).collect()
    };
    prop_assert_eq!(found, wanted(page));
    prop_assert_eq!(answer.total, query.total.then_some(total));
    prop_assert_eq!(snapshot.len(), rows.len());
    let all = Query { offset: 0, limit: usize::MAX, ..query.clone() };
    let mut visited = Vec::new();
    let visit = snapshot.visit(&query.filter, &query.sort, |row| {
        visited.push(whole(snapshot.get(row).expect("own row")));
        Ok::<(), ()>(())
    });
    prop_assert!(visit.is_ok());
    prop_assert_eq!(visited, wanted(reference::search(&TABLE, &rows, &all).0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn answers_as_the_reference_does(
        start in prop::collection::vec(entry(), 0..10),
        steps in steps(),
        queries in prop::collection::vec(query(), 8),
        part in "[aA]{0,1}",
    ) {
        let mut expected: Hosts = start.iter().map(|e| (e.state.host.quuid.clone(), Arc::clone(e))).collect();
        let accounts = Accounts::load(start);
        for step in steps {
            play(&accounts, &mut expected, step);
        }
        for query in &queries {
            check(&accounts, &expected, query)?;
        }
        let snapshot = accounts.snapshot();
        let hosts = |order: HostOrder| -> Vec<&HostState> { snapshot.hosts_by(order).map(|h| h.state()).collect() };
        let mut wanted: Vec<&HostState> = expected.values().map(|e| &*e.state).collect();
        prop_assert_eq!(snapshot.hosts_len(), wanted.len());
        prop_assert_eq!(hosts(HostOrder::Id), wanted.clone());
        wanted.sort_by_cached_key(|state| (search::text::fold(&state.host.name).into_owned(), &state.host.quuid));
        prop_assert_eq!(hosts(HostOrder::Name), wanted.clone());
        for (field, text) in HOST_TEXTS {
            let set = snapshot.hosts_where(field, |text| text.contains(&part));
            let found: Vec<&str> =
                snapshot.hosts().filter(|h| set.has(h)).map(|h| h.state().host.quuid.as_str()).collect();
            let passing = expected.values().filter(|e| text(&e.state.host).contains(&part));
            prop_assert_eq!(found, passing.map(|e| e.state.host.quuid.as_str()).collect::<Vec<_>>());
            let texts: BTreeSet<&str> = wanted.iter().map(|state| text(&state.host)).collect();
            prop_assert_eq!(snapshot.texts_of_hosts(field), texts);
        }
        for id in 0..12 {
            let by_name = |mut accounts: Vec<AccountView<'_>>| {
                accounts.sort_unstable_by_key(|a| a.name.to_owned());
                accounts.into_iter().map(|a| format!("{a:?}")).collect::<Vec<_>>()
            };
            let found = snapshot.host(&quuid(id));
            let entry = expected.get(&quuid(id));
            prop_assert_eq!(found.as_ref().map(|h| h.state()), entry.map(|e| &*e.state));
            prop_assert_eq!(
                found.map(|h| by_name(h.accounts().collect())),
                entry.map(|e| by_name(e.accounts.iter().map(|a| a.view()).collect()))
            );
        }
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for account in expected.values().flat_map(|e| &e.accounts).filter(|a| a.name.contains(&part)) {
            *names.entry(&account.name).or_default() += 1;
        }
        prop_assert_eq!(snapshot.names(&part), names);
    }
}

/// Enough accounts for several blocks of rows, always the same ones, some of them changed or gone since the merge.
static FLEET: LazyLock<(Accounts, Hosts)> = LazyLock::new(|| {
    let mut runner = TestRunner::deterministic();
    let mut named = |id: String| {
        let entry = entry().new_tree(&mut runner).expect("nothing is filtered out").current();
        let mut state = HostState::clone(&entry.state);
        state.host.quuid = id;
        Arc::new(HostEntry { state: Arc::new(state), accounts: entry.accounts.clone() })
    };
    let start: Vec<_> = (0..4500).map(|id| named(format!("q{id}"))).collect();
    let mut expected: Hosts = start.iter().map(|e| (e.state.host.quuid.clone(), Arc::clone(e))).collect();
    let accounts = Accounts::load(start);
    let changed = (0..4500).step_by(300).map(|id| named(format!("q{id}"))).collect();
    play(&accounts, &mut expected, Step::Put(changed));
    for id in (1..12).filter(|id| id % 4 != 0) {
        play(&accounts, &mut expected, Step::Remove(id));
    }
    (accounts, expected)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn answers_as_the_reference_does_about_many(
        query in query(),
        depth in 0..=100usize,
        limit in prop::sample::select(vec![1, 100, 1999, 3000]),
        also in prop::sample::select(vec![None, Some(LAST_LOGIN), Some(NAME)]),
    ) {
        let (accounts, expected) = &*FLEET;
        let most = expected.values().map(|entry| entry.accounts.len()).sum::<usize>();
        prop_assert!(most > 2 * 4096);
        // A further condition makes pages of a few blocks of what else is everything.
        let filter = match also {
            Some(field) => Filter::And(vec![query.filter, Filter::test(field, Test::HasValue)]),
            None => query.filter,
        };
        let query = Query { filter, offset: 0, limit, ..query };
        let total = accounts.snapshot().search(&Query { total: true, ..query.clone() }).total;
        let offset = total.unwrap_or_default() * depth / 100;
        check(accounts, expected, &Query { offset, ..query })?;
    }
}
