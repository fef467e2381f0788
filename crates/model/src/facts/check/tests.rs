//! Tests of the gate for reports.

use proptest::prelude::*;

use super::*;
use crate::facts::{CardFacts, DiskFacts, Evidence, Section};

fn report(names: &[&str]) -> HostReport {
    HostReport {
        format: FORMAT,
        accounts: names
            .iter()
            .map(|name| AccountFacts { name: (*name).to_owned(), ..AccountFacts::default() })
            .collect(),
        ..HostReport::default()
    }
}

#[test]
fn refuses_what_is_not_a_report() {
    assert_eq!(accept(HostReport::default()), Err(FactsError::Format(0)));
    assert_eq!(accept(report(&[""])), Err(FactsError::NoName));
    assert_eq!(accept(report(&["a", "b", "a"])), Err(FactsError::Duplicate("a".into())));
    let long = "x".repeat(257);
    assert!(matches!(accept(report(&[&long])), Err(FactsError::TooLong { length: 257, .. })));
    assert!(accept(report(&[&long[..256]])).is_ok());
    let mut many = report(&[]);
    many.accounts = vec![AccountFacts::default(); Limits::ACCOUNTS + 1];
    assert!(matches!(accept(many), Err(FactsError::TooMany { what: "accounts", .. })));
    let mut groups = report(&["a"]);
    groups.accounts[0].groups = vec![String::new(); Limits::GROUPS + 1];
    assert!(matches!(accept(groups), Err(FactsError::TooMany { what: "groups", .. })));
}

#[test]
fn repairs_before_it_compares_names() {
    // Two names that become equal by the repair are two accounts nobody could tell apart.
    assert!(matches!(accept(report(&["a\u{1b}", "a\u{7}"])), Err(FactsError::Duplicate(_))));
    let repaired = accept(report(&["a\u{1b}[31m\u{202e}b"])).unwrap();
    assert_eq!(repaired.accounts[0].name, "a\u{fffd}[31m\u{fffd}b");
    assert!(repaired.repaired);
    assert!(!accept(report(&["a", "名字"])).unwrap().repaired);
}

#[test]
fn cuts_long_text_at_a_character() {
    let mut long = report(&["a"]);
    long.accounts[0].gecos = "é".repeat(Limits::TEXT);
    let accepted = accept(long).unwrap();
    assert_eq!(accepted.accounts[0].gecos.len(), Limits::TEXT);
    assert!(accepted.repaired);
}

#[test]
fn machines_are_bounded_and_repaired() {
    let card = CardFacts { name: "eth0\u{7}".into(), ..CardFacts::default() };
    let disk = DiskFacts { mount: "/\u{202e}".into(), ..DiskFacts::default() };
    let mut machine = report(&["a"]);
    machine.host.machine = MachineFacts {
        vendor: "\u{1b}x".into(),
        cards: vec![card.clone()],
        disks: vec![disk.clone()],
        ..MachineFacts::default()
    };
    let accepted = accept(machine.clone()).unwrap();
    assert!(accepted.repaired);
    assert_eq!(accepted.host.machine.cards[0].name, "eth0\u{fffd}");
    assert_eq!(accepted.host.machine.disks[0].mount, "/\u{fffd}");
    assert_eq!(accepted.host.machine.vendor, "\u{fffd}x");
    let mut many = machine.clone();
    many.host.machine.disks = vec![disk; Limits::DISKS + 1];
    assert!(matches!(accept(many), Err(FactsError::TooMany { what: "file systems", .. })));
    machine.host.machine.cards = vec![CardFacts { dns: vec![String::new(); Limits::DNS + 1], ..card }];
    assert!(matches!(accept(machine), Err(FactsError::TooMany { what: "name servers", .. })));
}

#[test]
fn reads_newer_and_older_reports() {
    let newer = r#"{"format":1,"novelty":[1],"sections":{"shadow":{"evidence":"half"}},
        "host":{"privilege":"sandboxed"},"accounts":[{"name":"a","uid":4294967294,"ssh":{"password":"sometimes"}}]}"#;
    let report: HostReport = serde_json::from_str(newer).unwrap();
    assert_eq!(report.sections["shadow"], Section { evidence: Evidence::NotCollected, notes: vec![] });
    assert_eq!(report.accounts[0].uid, Some(4_294_967_294));
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<HostReport>(&text).unwrap(), report);
}

proptest! {
    #[test]
    fn repaired_text_has_no_controls_and_is_stable(text in any::<String>(), limit in 0usize..40) {
        let mut once = text;
        clean(&mut once, limit);
        prop_assert!(!needs_cleaning(&once) && once.len() <= limit);
        let mut twice = once.clone();
        prop_assert!(!clean(&mut twice, limit));
        prop_assert_eq!(once, twice);
    }
}
