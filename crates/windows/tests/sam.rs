//! Hosts from hives: written here, damaged here, and a real one.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use model::facts::{Evidence, WindowsKind, accept, section};
use proptest::prelude::*;
use windows::{
    hive::Hive,
    offline::{Options, scan},
    sam, software, system,
};

mod common;

use common::{
    List, Node, hive,
    sam::{User, filetime, member, sid, tree},
    seal, wide,
};

fn users() -> Vec<User> {
    vec![
        User { acb: 0x211, comment: "Built-in".into(), ..User::new(500, "Administrator") },
        User { acb: 0x215, password_set: 0, ..User::new(501, "Guest") },
        User {
            full_name: "Ann Lee".into(),
            last_login: filetime(20_010) + 10_000_000,
            expires: filetime(20_100) + 1,
            acb: 0x410,
            ..User::new(1001, "ann")
        },
        User { forged: 500, ..User::new(1002, "shadow$") },
        User { password_set: 0, ..User::new(1003, "Zoë") },
    ]
}

fn sample() -> Node {
    tree(&users(), &[member(500)], &[member(501)])
}

/// A directory with these hives.
fn dir(hives: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in hives {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn options(dir: &tempfile::TempDir) -> Options {
    Options { dir: dir.path().to_owned(), now: Some(1), ..Options::default() }
}

fn system_hive() -> Vec<u8> {
    let interface = Node::new("{1}").value("DhcpIPAddress", 1, &wide("192.0.2.7\0")).value(
        "IPAddress",
        7,
        &wide("0.0.0.0\0\0"),
    );
    let parameters =
        Node::new("Parameters").text("NV Hostname", "Desk-7").key(Node::new("Interfaces").key(interface));
    let control = Node::new("Control")
        .key(Node::at("ComputerName", Node::new("ComputerName").text("ComputerName", "DESK-7")))
        .key(Node::new("ProductOptions").text("ProductType", "ServerNT"));
    let set = Node::new("ControlSet002").key(control).key(Node::at(r"Services\Tcpip", parameters));
    hive(&Node::new("ROOT").key(Node::new("Select").number("Current", 2)).key(set), List::Lh)
}

fn software_hive() -> Vec<u8> {
    let profile = Node::new("S-1-5-21-11-22-33-1001").value("ProfileImagePath", 2, &wide("C:\\Users\\ann\0"));
    let version = Node::new("CurrentVersion")
        .text("ProductName", "Windows Server 2022 Standard")
        .text("CurrentBuildNumber", "20348")
        .number("CurrentMajorVersionNumber", 10)
        .number("CurrentMinorVersionNumber", 0)
        .key(Node::new("ProfileList").key(profile));
    hive(&Node::new("ROOT").key(Node::at(r"Microsoft\Windows NT", version)), List::Ri)
}

#[test]
fn a_whole_host_is_read() {
    let dir =
        dir(&[("sam", hive(&sample(), List::Lf)), ("SYSTEM", system_hive()), ("Software", software_hive())]);
    let report = scan(&options(&dir)).unwrap();
    let host = &report.host;
    assert_eq!((host.hostname.as_str(), host.os_name.as_str()), ("Desk-7", "Windows Server 2022 Standard"));
    assert_eq!((host.os_version.as_str(), host.addresses[0].ip.as_str()), ("10.0.20348", "192.0.2.7"));
    assert_eq!(host.machine_id, "000000150000000b0000001600000021");
    let [admin, guest, ann, shadow, zoe] = &report.accounts[..] else { panic!("{:?}", report.accounts) };
    let facts = |account: &model::facts::AccountFacts| account.windows.clone().unwrap();
    assert_eq!((facts(admin).kind, facts(admin).enabled), (WindowsKind::Administrator, Some(false)));
    assert_eq!(
        (admin.gecos.as_str(), admin.groups.as_slice()),
        ("Built-in", &["Administrators".to_owned()][..])
    );
    assert_eq!((facts(guest).kind, facts(guest).password_required), (WindowsKind::Guest, Some(false)));
    assert_eq!(guest.password.last_change, None, "it never expires");
    assert_eq!((facts(ann).kind, facts(ann).enabled), (WindowsKind::Standard, Some(true)));
    assert_eq!((facts(ann).locked_out, facts(ann).full_name.as_str()), (Some(true), "Ann Lee"));
    assert_eq!((ann.sid.as_deref(), ann.home.as_str()), (Some("S-1-5-21-11-22-33-1001"), r"C:\Users\ann"));
    assert_eq!(ann.last_login.record.as_ref().unwrap().time, 20_010 * 86_400 + 1);
    let password = &ann.password;
    assert_eq!((password.last_change, password.max, password.expire), (Some(20_000), Some(42), Some(20_100)));
    assert_eq!(facts(shadow).kind, WindowsKind::Administrator, "by its forged number");
    assert_eq!((zoe.name.as_str(), zoe.password.last_change), ("Zoë", Some(0)));
    assert_eq!((zoe.last_login.evidence, zoe.last_login.record.as_ref()), (Evidence::Ok, None), "never");
    let seen = &report.sections[section::SAM];
    assert_eq!(seen.notes, ["Users:000003EA logs on as number 500: its record was forged"]);
    assert!(report.accounts.iter().all(|account| facts(account).domain == Some(false)));
    accept(report).unwrap();
}

#[test]
fn sam_alone_is_enough() {
    let dir = dir(&[("SAM", hive(&sample(), List::Lh))]);
    let report =
        scan(&Options { hostname: Some("given".into()), quuid: Some("q".into()), ..options(&dir) }).unwrap();
    assert_eq!((report.host.hostname.as_str(), report.accounts.len()), ("given", 5));
    assert_eq!(report.host.quuid.as_deref(), Some("q"));
    assert_eq!(report.sections[section::SYSTEM].evidence, Evidence::NotCollected);
    assert_eq!(report.sections[section::GROUP].evidence, Evidence::Ok);
}

#[test]
fn hashes_are_in_no_report() {
    let dir = dir(&[("SAM", hive(&sample(), List::Lf))]);
    let text = serde_json::to_string(&scan(&options(&dir)).unwrap()).unwrap();
    assert!(text.contains("ann") && !text.contains("SECRET"));
}

#[test]
fn other_hives_and_no_hive_are_errors() {
    assert!(scan(&options(&dir(&[]))).is_err());
    assert!(scan(&options(&dir(&[("SAM", b"nothing".to_vec())]))).is_err());
    let error = scan(&options(&dir(&[("SAM", system_hive())]))).unwrap_err();
    assert!(error.to_string().contains("not the hive of accounts"), "{error}");
    let dir = dir(&[("SAM", hive(&sample(), List::Lf)), ("SYSTEM", software_hive()), ("SOFTWARE", vec![1])]);
    let report = scan(&options(&dir)).unwrap();
    for name in [section::SYSTEM, section::SOFTWARE] {
        assert_eq!(report.sections[name].evidence, Evidence::Malformed, "{name}");
    }
}

#[test]
fn a_copy_of_a_hive_in_use_says_so() {
    let mut bytes = hive(&sample(), List::Lf);
    bytes[4] = 9;
    seal(&mut bytes);
    let report = scan(&options(&dir(&[("SAM", bytes)]))).unwrap();
    let seen = &report.sections[section::SAM];
    assert_eq!(seen.evidence, Evidence::Torn);
    assert!(seen.notes[0].contains("SAM.LOG1"));
}

#[test]
fn users_that_occur_twice_or_make_no_sense_are_noted() {
    let mut bad = users();
    bad.push(User::new(1002, "again"));
    bad.push(User::new(1004, ""));
    bad.push(User::new(1005, &"x".repeat(300)));
    bad.push(User::new(1006, "ann"));
    let report = scan(&options(&dir(&[("SAM", hive(&tree(&bad, &[], &[]), List::Lf))]))).unwrap();
    assert_eq!(report.accounts.len(), 5);
    assert_eq!(report.sections[section::SAM].notes.len(), 4);
    assert_eq!(report.sections[section::ACCOUNTS].notes, ["sam: name ann occurs before"]);
    accept(report).unwrap();
}

#[test]
fn everybody_may_be_an_administrator() {
    let node = tree(&users(), &[sid(&[11])], &[]);
    let report = scan(&options(&dir(&[("SAM", hive(&node, List::Lf))]))).unwrap();
    assert!(report.accounts.iter().all(|a| a.windows.as_ref().unwrap().kind == WindowsKind::Administrator));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_hives_give_a_report_or_an_error(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = hive(&sample(), List::Ri);
        for (place, with) in hits {
            let place = 4096 + place.index(bytes.len() - 4096);
            bytes[place] = with;
        }
        if let Some(cut) = cut {
            bytes.truncate(4096 + cut.index(bytes.len() - 4096));
        }
        let dir = dir(&[("SAM", bytes.clone()), ("SYSTEM", bytes.clone())]);
        if let Ok(report) = scan(&options(&dir)) {
            prop_assert!(report.accounts.len() <= 5);
            prop_assert!(accept(report).is_ok());
        }
        if let Ok(hive) = Hive::parse(&bytes) {
            let _ = (sam::read(hive), system::read(hive), software::read(hive));
        }
    }

    #[test]
    fn states_are_read_as_they_were_written(
        acb in any::<u16>(),
        day in 1i64..40_000,
        members in prop::collection::vec(prop::sample::select(vec![500u32, 501, 1001]), 0..3),
    ) {
        let user = User { acb, last_login: filetime(day), password_set: filetime(day), ..User::new(1001, "ann") };
        let administrators: Vec<_> = members.iter().map(|rid| member(*rid)).collect();
        let bytes = hive(&tree(&[user], &administrators, &[member(1001)]), List::Lf);
        let report = scan(&options(&dir(&[("SAM", bytes)]))).unwrap();
        let account = &report.accounts[0];
        let facts = account.windows.as_ref().unwrap();
        let kind = if members.contains(&1001) { WindowsKind::Administrator } else { WindowsKind::Guest };
        prop_assert_eq!((facts.kind, facts.enabled), (kind, Some(acb & 1 == 0)));
        prop_assert_eq!(account.password.last_change, Some(day));
        prop_assert_eq!(account.last_login.record.as_ref().unwrap().time, day * 86_400);
        prop_assert_eq!(account.password.max.is_none(), acb & 0x200 != 0);
    }
}
