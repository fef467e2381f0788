//! Changes between any two reports lead from one to the other; changes that were tampered with lead nowhere bad.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::facts::{
    Evidence, KeyFacts, Section, SudoFacts, SudoGrant, UsageFacts, WindowsFacts, accept, section,
};

fn account() -> impl Strategy<Value = AccountFacts> {
    let names = prop_oneof!["[a-e]", "[a-z]{1,3}", Just("名".to_owned())];
    let line = proptest::option::of(prop_oneof![0..40_u32, Just(u32::MAX)]);
    let texts = (any::<bool>(), "[a-b]{0,1}", vec("[gh]", 0..3), proptest::option::of("[xy]"));
    let odd = (any::<bool>(), any::<bool>(), proptest::option::of(any::<i64>()));
    (names, proptest::option::of(any::<u32>()), line, texts, odd).prop_map(
        |(name, uid, line, (bash, gecos, groups, primary_group), (sudo, windows, change))| {
            let mut facts =
                AccountFacts { name, uid, line, gecos, groups, primary_group, ..Default::default() };
            facts.shell = if bash { "/bin/bash".into() } else { String::new() };
            facts.password.last_change = change;
            if sudo {
                let grant = SudoGrant { line: 3, commands: "ALL".into(), ..Default::default() };
                facts.sudo = SudoFacts { evidence: Evidence::Ok, grants: vec![grant] };
                facts.keys = KeyFacts { bad_lines: 7, ..Default::default() };
            }
            facts.windows = windows.then(|| WindowsFacts { domain: Some(sudo), ..Default::default() });
            facts
        },
    )
}

fn report() -> impl Strategy<Value = HostReport> {
    let sections = btree_map("[a-c]", (any::<bool>(), vec("[n]", 0..2)), 0..4);
    let host = (proptest::option::of("[q]"), "[h]{0,2}", any::<Option<u64>>(), any::<Option<bool>>());
    (0..2_u32, any::<i64>(), any::<bool>(), sections, host, vec(account(), 0..12)).prop_map(
        |(format, collected_at, repaired, sections, (quuid, hostname, memory, nologin), accounts)| {
            let mut report = HostReport { format, collected_at, repaired, accounts, ..Default::default() };
            (report.host.quuid, report.host.hostname, report.host.nologin) = (quuid, hostname, nologin);
            report.host.machine.memory = memory;
            report.host.usage = UsageFacts { memory_used: memory, ..Default::default() };
            report.sections = sections
                .into_iter()
                .map(|(name, (ok, notes))| {
                    let evidence = if ok { Evidence::Ok } else { Evidence::Denied };
                    (name, Section { evidence, notes })
                })
                .collect();
            report
        },
    )
}

/// What may happen to a list between two looks, several times.
fn edited() -> impl Strategy<Value = (HostReport, HostReport)> {
    let edits = vec((0..5_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), account()), 0..6);
    (report(), edits).prop_map(|(before, edits)| {
        let mut after = before.clone();
        for (what, one, other, account) in edits {
            let list = &mut after.accounts;
            if list.is_empty() {
                list.push(account);
                continue;
            }
            let (one, other) = (one.index(list.len()), other.index(list.len()));
            match what {
                0 => list.insert(one, account),
                1 => drop(list.remove(one)),
                2 => list[one].uid = account.uid,
                3 => list.swap(one, other),
                _ => {
                    let again = list[one].clone();
                    list.insert(other, again);
                }
            }
        }
        (before, after)
    })
}

/// The changes after their journey.
fn sent(before: &HostReport, after: &HostReport) -> (Changes, String) {
    let text = serde_json::to_string(&Changes::between(before, after).unwrap()).unwrap();
    (serde_json::from_str(&text).unwrap(), text)
}

fn big(count: u32) -> HostReport {
    let account = |n: u32| AccountFacts {
        name: format!("user{n}"),
        uid: Some(n),
        line: Some(n + 1),
        gecos: "somebody or other".into(),
        ..Default::default()
    };
    let sections = [(section::PASSWD.to_owned(), Section { evidence: Evidence::Ok, notes: vec![] })].into();
    HostReport { format: 1, sections, accounts: (0..count).map(account).collect(), ..Default::default() }
}

proptest! {
    #[test]
    fn any_report_comes_from_any_other(before in report(), after in report()) {
        prop_assert_eq!(sent(&before, &after).0.apply(before).unwrap(), after);
    }

    #[test]
    fn edits_arrive_exactly((before, after) in edited(), moment in report()) {
        let (changes, _) = sent(&before, &after);
        let mut later = before;
        later.put_moment(moment.clone().take_moment());
        prop_assert_eq!(changes.apply(later).unwrap(), after, "whatever the moment of what is changed");
    }

    #[test]
    fn damage_does_no_harm((before, after) in edited(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = sent(&before, &after).1.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(changes) = serde_json::from_slice::<Changes>(&bytes)
            && let Ok(made) = changes.apply(before)
        {
            let _refused_or_not = accept(made);
        }
    }

    #[test]
    fn any_steps_end((from, count, lines) in any::<(usize, usize, i64)>(), again in 0..3_usize) {
        let keep = Step::Keep { from: from % 5, count: count % 5, lines: lines % 5 };
        let wild = Step::Keep { from, count, lines };
        for steps in [vec![wild], vec![keep; again], vec![Step::Change { from, set: Members::new() }]] {
            let changes = Changes { accounts: Some(steps), ..Default::default() };
            if let Ok(made) = changes.apply(big(4)) {
                prop_assert!(made.accounts.len() <= 4);
            }
        }
    }
}

#[test]
fn one_change_of_many_accounts_is_short() {
    let before = big(1000);
    let mut shell = before.clone();
    shell.accounts[400].shell = "/bin/sh".into();
    let mut gone = before.clone();
    gone.accounts.remove(300);
    gone.accounts.iter_mut().skip(300).for_each(|account| account.line = account.line.map(|line| line - 1));
    let mut new = before.clone();
    new.accounts.push(AccountFacts { name: "ann".into(), uid: Some(5000), ..Default::default() });
    new.host.nologin = Some(true);
    for (after, most) in [(&before, 30), (&shell, 160), (&gone, 120), (&new, 150)] {
        let (changes, text) = sent(&before, after);
        assert!(text.len() <= most, "{text}");
        assert_eq!(changes.apply(before.clone()).unwrap(), *after);
    }
    assert_eq!(
        sent(&before, &shell).1,
        r#"{"report":{"collected_at":0},"accounts":[{"keep":{"from":0,"count":400}},{"change":{"from":400,"set":{"shell":"/bin/sh"}}},{"keep":{"from":401,"count":599}}]}"#
    );
}

#[test]
fn an_account_is_used_once_and_there_are_not_too_many() {
    let apply = |text: &str| serde_json::from_str::<Changes>(text).unwrap().apply(big(4));
    let unfit = |text: &str| assert!(matches!(apply(text), Err(ChangesError::Unfit)), "{text}");
    unfit(r#"{"accounts":[{"keep":{"from":0,"count":5}}]}"#);
    unfit(r#"{"accounts":[{"keep":{"from":1,"count":1}},{"keep":{"from":0,"count":2}}]}"#);
    unfit(r#"{"accounts":[{"keep":{"from":1,"count":1}},{"change":{"from":1,"set":{}}}]}"#);
    unfit(r#"{"accounts":[{"keep":{"from":18446744073709551615,"count":18446744073709551615}}]}"#);
    unfit(r#"{"accounts":[{"keep":{"from":0,"count":1,"lines":-2}}]}"#);
    unfit(r#"{"accounts":[{"keep":{"from":0,"count":1,"lines":9223372036854775807}}]}"#);
    let many = vec![Step::New(Members::new()); Limits::ACCOUNTS + 1];
    let changes = Changes { accounts: Some(many), ..Default::default() };
    assert!(matches!(changes.apply(big(4)), Err(ChangesError::Unfit)));
    for bad in [r#"{"host":{"os_name":5}}"#, r#"{"accounts":[{"change":{"from":0,"set":{"name":[]}}}]}"#] {
        assert!(matches!(apply(bad), Err(ChangesError::Malformed(_))), "{bad}");
    }
    // What is said of the parts that have a place of their own is not heard elsewhere.
    let same = apply(r#"{"report":{"host":5,"sections":5,"accounts":5},"novelty":[1]}"#).unwrap();
    assert_eq!(same, big(4));
}
