//! Tables of what each rule of sudoers grants.

use super::*;
use crate::config_files::{MemoryFiles, ReadError, Source};

fn host() -> Host {
    Host {
        names: vec!["web1.example.com".to_owned()],
        addresses: Some(vec!["10.1.2.3/16".parse().unwrap(), "fe80::5/64".parse().unwrap()]),
        superusers: vec!["root".to_owned()],
    }
}

fn rights_on(policy: &Policy, host: &Host) -> Rights {
    let groups = [("alice".to_owned(), 1000), ("ops".to_owned(), 1100)];
    policy.rights(Account { name: "alice", uid: 1000, groups: &groups }, host)
}

fn policy(text: &str) -> Policy {
    load(&MemoryFiles::new().with("/etc/sudoers", text), &Start::default(), "web1")
}

fn rights(text: &str) -> Rights {
    rights_on(&policy(text), &host())
}

/// `strength nopasswd runas commands line`, grants separated by `; `.
fn show(text: &str) -> String {
    let rights = rights(text);
    let lines: Vec<String> = rights
        .grants
        .iter()
        .map(|g| {
            let unsure = if g.certain { "" } else { "maybe " };
            let nopasswd = if g.nopasswd { " nopasswd" } else { "" };
            format!("{unsure}{:?}{nopasswd} ({}) {} @{}", g.strength, g.runas, g.commands.join(", "), g.line)
        })
        .collect();
    lines.join("; ")
}

#[test]
fn strengths() {
    for (text, expected) in [
        ("alice ALL=(ALL:ALL) ALL", "Full (ALL : ALL) ALL @1"),
        ("alice ALL=(ALL) ALL", "Full (ALL) ALL @1"),
        ("alice ALL=ALL", "Full (root) ALL @1"),
        ("alice ALL=(#0) ALL", "Full (#0) ALL @1"),
        ("alice ALL=(ALL, !root) ALL", "OtherUser (ALL, !root) ALL @1"),
        ("alice ALL=(ALL) ALL, !/bin/su", "Full (ALL) ALL, !/bin/su @1"),
        ("alice ALL=(root) /bin/ls -l", "RootLimited (root) /bin/ls -l @1"),
        ("alice ALL=(bob) ALL", "OtherUser (bob) ALL @1"),
        ("alice ALL=(:adm) /bin/ls", "OtherUser (alice : adm) /bin/ls @1"),
        ("alice ALL=() ALL", "OtherUser (alice) ALL @1"),
        ("alice ALL=NOTAFTER=20300101000000Z ALL", "RootLimited (root) ALL @1"),
        ("alice ALL=ROLE=sysadm_r ALL", "RootLimited (root) ALL @1"),
        ("alice ALL=CHROOT=/jail ALL", "RootLimited (root) ALL @1"),
        ("alice ALL=sha224:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw== ALL", "RootLimited (root) ALL @1"),
        ("Defaults runas_default=bob\nalice ALL=ALL", "OtherUser (bob) ALL @2"),
        ("alice ALL=sudoedit /etc/hosts", "RootLimited (root) sudoedit /etc/hosts @1"),
        ("alice ALL=/usr/bin/sudoedit /etc/hosts", "RootLimited (root) sudoedit /etc/hosts @1"),
        ("alice ALL=list", "RootLimited (root) list @1"),
        ("alice ALL=/usr/bin/", "RootLimited (root) /usr/bin/ @1"),
        ("alice ALL=^/bin/l.*$ ^-[a-z]+$", "RootLimited (root) ^/bin/l.*$ ^-[a-z]+$ @1"),
        (r#"alice ALL=/bin/ls """#, r#"RootLimited (root) /bin/ls "" @1"#),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn who_is_meant() {
    for (users, meant) in [
        ("alice", true),
        ("ALICE", true),
        ("bob", false),
        ("ALL", true),
        ("ALL, !alice", false),
        ("!alice, ALL", true),
        ("#1000", true),
        ("#1001", false),
        ("%ops", true),
        ("%alice", true),
        ("%#1100", true),
        ("%#1", false),
        ("%wheel", false),
        ("%:win", false),
        (r#""alice""#, true),
        (r#""%ops""#, true),
        (r"al\x69ce", true),
        ("!!alice", true),
        ("bob, %ops", true),
        ("%ops, !%ops", false),
    ] {
        let text = format!("{users} ALL=ALL");
        assert_eq!(!rights(&text).grants.is_empty(), meant, "{text}");
    }
}

#[test]
fn which_host_is_meant() {
    for (hosts, meant) in [
        ("ALL", true),
        ("web1", true),
        ("WEB1", true),
        ("web2", false),
        ("web1.example.com", true),
        ("web1.other.org", false),
        ("web*", true),
        ("*.example.com", true),
        ("web[0-9]", true),
        ("ALL, !web1", false),
        ("10.1.2.3", true),
        ("10.1.0.0", true),
        ("10.1.2.4", false),
        ("10.0.0.0/8", true),
        ("10.2.0.0/16", false),
        ("10.1.9.9/255.255.0.0", true),
        ("fe80::/64", true),
        ("fe80::5", true),
        ("fe81::/64", false),
    ] {
        let text = format!("alice {hosts}=ALL");
        assert_eq!(!rights(&text).grants.is_empty(), meant, "{text}");
    }
    let somewhere = Host { addresses: None, ..host() };
    assert_eq!(rights_on(&policy("alice 10.0.0.0/8=ALL"), &somewhere).verdict, Verdict::Unknown);
}

#[test]
fn aliases_nest_and_negate() {
    for (text, expected) in [
        ("User_Alias A = alice\nA ALL=ALL", "Full (root) ALL @2"),
        ("User_Alias A = B, bob : B = %ops, !alice\nA ALL=ALL", ""),
        ("User_Alias A = %ops, !B : B = bob\nA ALL=ALL", "Full (root) ALL @2"),
        ("User_Alias A = bob, !alice\n!A ALL=ALL", "Full (root) ALL @2"),
        ("Host_Alias W = web2, web1\nalice W=ALL", "Full (root) ALL @2"),
        ("Runas_Alias R = bob, root\nalice ALL=(R) ALL", "Full (bob, root) ALL @2"),
        (
            "Cmnd_Alias S = /bin/a *, !/bin/a b : T = S, /bin/c\nalice ALL=T",
            "RootLimited (root) /bin/a *, !/bin/a b, /bin/c @2",
        ),
        ("Cmd_Alias S = ALL\nalice ALL=S", "Full (root) ALL @2"),
        ("Cmnd_Alias S = /bin/a\nalice ALL=ALL, !S", "Full (root) ALL, !/bin/a @2"),
        ("alice ALL=NONE", ""),
        // Loops end; the first definition of a name counts.
        ("User_Alias A = B : B = A\nA ALL=ALL", ""),
        ("User_Alias A = B, alice : B = A\nB ALL=ALL", "Full (root) ALL @2"),
        ("User_Alias A = bob\nUser_Alias A = alice\nA ALL=ALL", ""),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn last_match_wins() {
    for (text, expected) in [
        ("alice ALL=ALL\nalice ALL=!ALL", ""),
        ("alice ALL=!ALL\nalice ALL=ALL", "Full (root) ALL @2"),
        ("alice ALL=/bin/ls, /bin/ps\nalice ALL=!/bin/ls", "RootLimited (root) /bin/ps @1"),
        ("alice ALL=(ALL) /bin/ls\nalice ALL=!/bin/ls", "RootLimited (ALL) /bin/ls @1"),
        ("alice ALL=/bin/ls\nalice ALL=(ALL) !/bin/ls", ""),
        ("alice ALL=/bin/ls\nalice web2=!/bin/ls", "RootLimited (root) /bin/ls @1"),
        ("alice ALL=/bin/ls -l\nalice ALL=!/bin/ls", ""),
        ("alice ALL=/bin/ls\nalice ALL=!/bin/ls -l", "RootLimited (root) /bin/ls @1"),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn passwords() {
    for (text, nopasswd) in [
        ("alice ALL=NOPASSWD: ALL", true),
        ("alice ALL=NOPASSWD : ALL", true),
        ("alice ALL=ALL", false),
        ("Defaults !authenticate\nalice ALL=ALL", true),
        ("Defaults !authenticate\nalice ALL=PASSWD: ALL", false),
        ("Defaults:alice !authenticate\nalice ALL=ALL", true),
        ("Defaults:bob !authenticate\nalice ALL=ALL", false),
        ("Defaults@web1 !authenticate\nalice ALL=ALL", true),
        ("Defaults>root !authenticate\nalice ALL=ALL", true),
        ("Defaults>bob !authenticate\nalice ALL=ALL", false),
        ("Defaults!/bin/ls !authenticate\nalice ALL=/bin/ls", true),
        ("Defaults!/bin/ps !authenticate\nalice ALL=/bin/ls", false),
        ("Defaults exempt_group=ops\nalice ALL=ALL", true),
    ] {
        assert_eq!(rights(text).nopasswd(), nopasswd, "{text}");
    }
    assert_eq!(
        show("alice ALL=NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c, (bob) /bin/d"),
        "RootLimited nopasswd (root) /bin/a, /bin/b @1; RootLimited (root) /bin/c @1; OtherUser (bob) /bin/d @1"
    );
}

#[test]
fn environment() {
    for (text, expected) in [
        ("alice ALL=NOSETENV: /bin/a, ALL", vec![false, true]),
        ("alice ALL=NOSETENV: /bin/a, ALL, /bin/b", vec![false, true, false]),
        ("alice ALL=NOSETENV: ALL", vec![false]),
        ("alice ALL=SETENV: /bin/a, ALL, NOSETENV: /bin/b", vec![true, true, false]),
        ("Cmnd_Alias C=ALL\nalice ALL=C", vec![false]),
    ] {
        let setenv: Vec<bool> = rights(text).grants.iter().map(|grant| grant.setenv).collect();
        assert_eq!(setenv, expected, "{text}");
    }
}

#[test]
fn undecidable_entries_are_unknown() {
    for (text, verdict) in [
        ("+admins ALL=ALL", Verdict::Unknown),
        ("alice +servers=ALL", Verdict::Unknown),
        ("+admins ALL=ALL\nalice ALL=ALL", Verdict::Yes),
        ("alice, !+admins ALL=ALL", Verdict::Unknown),
        ("+admins, alice ALL=ALL", Verdict::Yes),
        ("Defaults group_plugin=\"x.so\"\n%:win ALL=ALL", Verdict::Unknown),
        ("bob ALL=ALL", Verdict::No),
        ("", Verdict::No),
    ] {
        assert_eq!(rights(text).verdict, verdict, "{text}");
    }
}

#[test]
fn lexing() {
    for (text, expected) in [
        ("alice \\\n ALL = \\\n ALL # why", "Full (root) ALL @1"),
        ("# alice ALL=ALL", ""),
        ("#1000 ALL=ALL", "Full (root) ALL @1"),
        ("alice ALL=ALL#comment", "Full (root) ALL @1"),
        (r"alice ALL=/bin/a\:b c\,d", "RootLimited (root) /bin/a:b c,d @1"),
        ("alice web2=/bin/a : ALL=/bin/b", "RootLimited (root) /bin/b @1"),
        ("alice ALL=NOEXEC:SETENV:LOG_INPUT:FOLLOW:MAIL:NOINTERCEPT: /bin/a", "RootLimited (root) /bin/a @1"),
        ("alice ALL=(root) CWD=/tmp TIMEOUT=10m /bin/a", "RootLimited (root) /bin/a @1"),
        (
            "alice ALL=/bin/a\0garbage\nalice ALL=/bin/b",
            "RootLimited (root) /bin/a @1; RootLimited (root) /bin/b @2",
        ),
    ] {
        assert_eq!(show(text), expected, "{text:?}");
    }
}

#[test]
fn a_bad_line_does_not_spoil_the_rest() {
    for (text, expected, line) in [
        ("alice ALL ALL\nalice ALL=ALL", "Full (root) ALL @2", 1),
        ("broken line here = =\nalice ALL=ALL", "Full (root) ALL @2", 1),
        ("alice ALL=ls\nalice ALL=ALL", "Full (root) ALL @2", 1),
        ("alice ALL=/bin/a : ALL=ls\n", "RootLimited (root) /bin/a @1", 1),
        ("alice ALL=/bin/a : ALL ls\n", "", 1),
        ("User_Alias A = alice )\nA ALL=ALL", "Full (root) ALL @2", 1),
        ("User_Alias ALL = alice\nalice ALL=/bin/a", "RootLimited (root) /bin/a @2", 1),
        ("\"alice ALL=ALL\nalice ALL=/bin/a", "RootLimited (root) /bin/a @2", 1),
        ("alice ALL=/bin/a\r\nalice ALL=ALL", "Full (root) ALL @2", 1),
        ("alice ALL=ALL \\", "", 1),
        ("x = \\\n y\nalice ALL=ALL", "Full (root) ALL @3", 1),
    ] {
        assert_eq!(show(text), expected, "{text:?}");
        let policy = policy(text);
        assert_eq!(
            policy.findings.first().map(|f| (f.line, f.problem)),
            Some((line, Problem::Syntax)),
            "{text:?}"
        );
    }
}

/// Tried with sudo 1.9.5, 1.9.13 and 1.9.16.
#[test]
fn a_policy_that_ends_within_a_line_is_refused() {
    for (text, granted) in [
        ("alice ALL=/bin/a\nbob ALL=/bin/b, \\\n", false),
        ("alice ALL=/bin/a \\\n", false),
        ("alice ALL=/bin/a\nUser_Alias A = b \\\n", false),
        ("alice ALL=/bin/a\nbob ALL=/bin/b,", true),
        ("alice ALL=/bin/a\nbob ALL=/bin/b, \\\n\n", true),
    ] {
        assert_eq!(rights(text).grants.len(), usize::from(granted), "{text:?}");
    }
    let last = |after: &str| {
        let files = MemoryFiles::new()
            .with("/etc/sudoers", format!("alice ALL=/bin/a\n@includedir /etc/sudoers.d\n{after}"))
            .with("/etc/sudoers.d/x", "bob ALL=/bin/b, \\\n");
        rights_on(&load(&files, &Start::default(), "web1"), &host()).grants.len()
    };
    assert_eq!((last(""), last("# note\n"), last("alice ALL=/bin/c\n")), (0, 1, 1));
}

#[test]
fn includes() {
    let files = MemoryFiles::new()
        .with(
            "/etc/sudoers",
            "@include sudoers.local\n#include /etc/sudoers.%h\n@includedir /etc/sudoers.d\n",
        )
        .with("/etc/sudoers.local", "alice ALL=/bin/local\n")
        .with("/etc/sudoers.web1", "alice ALL=/bin/host")
        .with("/etc/sudoers.d/20-b", "alice ALL=/bin/b\n")
        .with("/etc/sudoers.d/10-a", "alice ALL=/bin/a\n@include \"more files/x y\"\n")
        .with("/etc/sudoers.d/more files/x y", "alice ALL=/bin/more\n")
        .with("/etc/sudoers.d/README.txt", "alice ALL=/bin/dot\n")
        .with("/etc/sudoers.d/old~", "alice ALL=/bin/old\n");
    let policy = load(&files, &Start::default(), "web1");
    let commands: Vec<String> =
        rights_on(&policy, &host()).grants.into_iter().flat_map(|g| g.commands).collect();
    assert_eq!(commands, ["/bin/local", "/bin/host", "/bin/a", "/bin/more", "/bin/b"]);
    assert_eq!(policy.findings, []);
}

#[test]
fn a_loop_of_includes_ends() {
    let policy = policy("@include sudoers\nalice ALL=ALL\n");
    assert_eq!(policy.files.len(), MAX_DEPTH + 1);
    assert!(policy.findings.iter().any(|f| f.problem == Problem::TooMuch && f.line == 1));
    let files = MemoryFiles::new().with("/d/a", "@includedir /d\n").with("/d/b", "@includedir /d\n");
    let policy = load(&files, &Start { file: "/d/a".to_owned(), ..Start::default() }, "h");
    assert!(policy.files.len() <= MAX_FILES);
    assert_eq!(policy.completeness, Completeness::Partial);
}

#[test]
fn untrusted_and_unreadable_files() {
    let owned = |uid, gid, mode| Source { bytes: b"alice ALL=ALL".to_vec(), uid, gid, mode };
    for (source, trusted) in [
        (owned(0, 0, 0o440), true),
        (owned(0, 0, 0o660), true),
        (owned(0, 5, 0o460), false),
        (owned(0, 5, 0o440), true),
        (owned(1000, 0, 0o440), false),
        (owned(0, 0, 0o442), false),
    ] {
        let files = MemoryFiles::new().with_source("/etc/sudoers", source.clone());
        let policy = load(&files, &Start::default(), "web1");
        let expected = if trusted { Verdict::Yes } else { Verdict::No };
        assert_eq!(rights_on(&policy, &host()).verdict, expected, "{source:?}");
        assert_eq!(policy.findings.iter().any(|f| f.problem == Problem::Insecure), !trusted);
    }
    for (error, verdict) in [(ReadError::Absent, Verdict::No), (ReadError::Denied, Verdict::Unknown)] {
        let files = MemoryFiles::new().with_error("/etc/sudoers", error);
        assert_eq!(rights_on(&read(&files, &host()), &host()).verdict, verdict);
    }
    let files = MemoryFiles::new().with("/etc/sudoers", "@include x").with_error("/etc/x", ReadError::Denied);
    assert_eq!(rights_on(&read(&files, &host()), &host()).verdict, Verdict::Unknown);
}

#[test]
fn other_places() {
    let files = MemoryFiles::new()
        .with("/etc/sudo.conf", "Plugin sudoers_policy sudoers.so sudoers_file=/etc/s sudoers_uid=7 # x\n")
        .with_source("/etc/s", Source { bytes: b"alice ALL=ALL".to_vec(), uid: 7, gid: 0, mode: 0o440 });
    assert_eq!(rights_on(&read(&files, &host()), &host()).verdict, Verdict::Yes);
    let files =
        MemoryFiles::new().with("/etc/sudoers", "").with("/etc/nsswitch.conf", "sudoers: files sss\n");
    let policy = read(&files, &host());
    assert_eq!(policy.completeness, Completeness::Partial);
    assert_eq!(rights_on(&policy, &host()).verdict, Verdict::Unknown);
}

#[test]
fn deep_and_wide_aliases_are_bounded() {
    use std::fmt::Write;
    let mut text = String::new();
    for i in 0..5000 {
        writeln!(text, "User_Alias A{i} = A{0}, A{0}", i + 1).unwrap();
        writeln!(text, "Cmnd_Alias C{i} = C{0}, C{0}", i + 1).unwrap();
    }
    text.push_str("Cmnd_Alias C5000 = /bin/a\nUser_Alias A5000 = alice\nA0 ALL=ALL\nalice ALL=C0\n");
    assert_eq!(rights(&text).verdict, Verdict::Unknown);
    let mut text = String::new();
    for i in 0..40 {
        writeln!(text, "Cmnd_Alias C{i} = C{0}, C{0}", i + 1).unwrap();
    }
    text.push_str("Cmnd_Alias C40 = /bin/a\nalice ALL=C0\n");
    let rights = rights(&text);
    assert!(rights.truncated && rights.grants.len() <= MAX_GRANTS);
}

proptest::proptest! {
    #[test]
    fn any_bytes_parse(bytes: Vec<u8>) {
        let files = MemoryFiles::new().with("/etc/sudoers", bytes);
        rights_on(&load(&files, &Start::default(), "web1"), &host());
    }

    #[test]
    fn any_sudoers_like_text_parses(text in "([A-Z]{1,3}|alice|%ops|[#@]include(dir)?|Defaults|User_Alias|Cmnd_Alias|/bin/x|\\^a\\$|\"|\\\\|\\\\\n|[ ,:=!()#+\\-\n\t]){0,40}") {
        rights(&text);
    }
}
