//! Tables through to what the rules make of the report.

use model::facts::{Evidence, HostReport, WindowsKind, section};
use model::{PasswordStatus, rules};

use crate::{Host, Importer, Input, Kind, Problem};

fn import(text: &str) -> (Vec<Host>, Vec<Problem>) {
    let mut importer = Importer::new(Kind::Csv);
    let mut problems = Vec::new();
    let mut note = |problem: Problem| {
        problems.push(problem);
        true
    };
    importer.read(&Input { written: 9_000, ..Input::default() }, &mut text.as_bytes(), &mut note).unwrap();
    (importer.into_hosts().collect(), problems)
}

fn one(text: &str) -> HostReport {
    let (mut hosts, problems) = import(text);
    assert_eq!((hosts.len(), problems), (1, vec![]));
    *hosts.remove(0).report.unwrap()
}

#[test]
fn two_columns_are_enough_and_the_rest_is_unknown() {
    let report = one("Hostname,Name\nweb1,ann\nweb1,bob\n");
    assert_eq!(
        (report.collected_at, report.host.hostname.as_str(), report.accounts.len()),
        (9_000, "web1", 2)
    );
    let ann = rules::account(&report.accounts[0], &report.host, 0);
    assert_eq!(
        (ann.is_sudo, ann.is_root, ann.login_type, ann.ssh_login, ann.last_login),
        (None, None, None, None, None)
    );
    assert_eq!((ann.password.status(0), ann.password_lock_days, ann.gid), (None, None, None));
    for name in [section::SHADOW, section::SUDOERS, section::SSHD, section::GROUP, section::KEYS] {
        assert_eq!(report.sections[name].evidence, Evidence::NotCollected, "{name}");
    }
}

#[test]
fn every_column_has_its_place() {
    let report = one(
        "host,ip,os,os_name,collected_at,name,uid,gid,gecos,home,shell,primary_group,groups,sudo,last_login,last_login_from,\
        last_login_terminal,password_status,password_changed,password_max_days,password_warn_days,password_inactive_days,expires,ssh_keys\n\
        web1,10.0.0.5; 192.0.2.9,linux,Debian 12,2026-01-01T00:00:00Z,ann,1000,1000,\"Ann, B\",/home/ann,/bin/bash,ann,sudo;adm,yes,\
        2026-01-01 10:00:00,192.0.2.7,pts/0,usable,2026-01-01,90,7,-1,never,\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann\nbad\"\n\
        web1,,,,,svc,5,,,,/usr/sbin/nologin,,,no,never,,,locked,,,,,1970-01-02,none\n",
    );
    assert_eq!((report.collected_at, report.host.addresses.len()), (1_767_225_600_000, 2));
    let ann = rules::account(&report.accounts[0], &report.host, 0);
    assert_eq!((ann.is_sudo, ann.shell_login, ann.last_login), (Some(true), true, Some(1_767_261_600)));
    assert_eq!(
        (ann.password.status(20_460), ann.password.status(20_545)),
        (Some(PasswordStatus::Normal), Some(PasswordStatus::Expired))
    );
    assert_eq!((ann.password_due, ann.password_lock_days, ann.expires), (Some(20_544), Some(-1), None));
    let facts = &report.accounts[0];
    assert_eq!((facts.keys.keys.len(), facts.keys.bad_lines, facts.groups.len()), (1, 1, 2));
    let svc = rules::account(&report.accounts[1], &report.host, 0);
    assert_eq!(
        (svc.is_sudo, svc.disabled, svc.expires, svc.shell_login),
        (Some(false), true, Some(1), false)
    );
    assert_eq!(report.accounts[1].keys.evidence, Evidence::Absent);
    assert_eq!(report.sections[section::SUDOERS].evidence, Evidence::Ok);
    assert_eq!(report.sections[section::GROUP].evidence, Evidence::Truncated);
}

#[test]
fn hosts_by_id_and_windows() {
    let (hosts, problems) = import(
        "host,quuid,machine_id,os,name,sid,user_type,domain,enabled\n\
        win1,id-1,,Windows,eva,S-1-5-21-1,administrator,no,yes\nweb1,,0123456789ABCDEF0123456789abcdef,,root,,,,\nweb1,,,,root,,,,\n",
    );
    assert_eq!((hosts.len(), problems), (3, vec![]));
    let ids: Vec<_> = hosts.iter().map(|h| rules::quuid(&h.report.as_ref().unwrap().host).unwrap()).collect();
    assert!(ids.contains(&"id-1".to_owned()) && ids[0] != ids[1] && ids[1] != ids[2]);
    let windows = hosts.iter().find(|h| h.label == "win1").unwrap().report.as_ref().unwrap();
    let facts = windows.accounts[0].windows.clone().unwrap();
    assert_eq!(
        (facts.kind, facts.domain, facts.enabled),
        (WindowsKind::Administrator, Some(false), Some(true))
    );
}

#[test]
fn problems_have_line_and_column() {
    let (hosts, problems) = import(
        "host,name,uid,sudo,os,ip\nweb1,ann,x,,,\nweb1,bob,1,maybe,,\nweb1,cid,1,,beos,\nweb1,dan,1,,,1.2.3\n\
        web1,,1,,,\n,eve,1,,,\nweb1,fay,1,,,\nweb1,fay,2,,,\nweb1,gus,1,,,,,\n",
    );
    let starts = ["uid:", "sudo:", "os:", "ip:", "name:", "host:", "name: fay", "there are more"];
    assert_eq!(problems.len(), starts.len(), "{problems:?}");
    for ((problem, start), line) in problems.iter().zip(starts).zip([2, 3, 4, 5, 6, 7, 9, 10]) {
        assert!(problem.message.starts_with(start) && problem.line == line, "{problem:?}");
    }
    assert_eq!(hosts[0].report.as_ref().unwrap().accounts.len(), 1);
    for bad in ["host,shoe\n", "host\nx\n", "name\nx\n", "", "host,name,host\n"] {
        let (hosts, problems) = import(bad);
        assert_eq!((hosts.len(), problems.len(), problems[0].line), (0, 1, 1), "{bad:?}");
    }
}
