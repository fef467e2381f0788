//! Scans of host roots: samples of the real tools, hostile files, missing rights, random damage.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

mod common;

use std::os::unix::fs::FileExt;

use common::{HostRoot, account, fixture, is_root};
use model::facts::{Choice, Evidence, HashClass, Privilege, SudoStrength, section, validate};
use model::{LoginType, PasswordStatus, rules};
use proptest::prelude::*;

/// 2024-10-04.
const TODAY: i32 = 20_000;

#[test]
fn sample_accounts() {
    let report = HostRoot::sample().scan();
    validate(&report).unwrap();
    assert_eq!(report.accounts.len(), 13);
    assert_eq!(report.host.hostname, "web1");
    let toor = account(&report, "toor");
    assert_eq!((toor.uid, toor.line, toor.gecos.as_str()), (Some(0), Some(2), "second root"));
    let row = |name: &str| rules::account(account(&report, name), &report.host, 0);
    assert_eq!((row("toor").is_root, row("alice").is_root), (Some(true), Some(false)));
    assert_eq!(account(&report, "dave").groups, ["ops"]);
    assert!(!account(&report, "dave").shell_facts.interactive);
    let class = |name: &str| account(&report, name).password.class;
    assert_eq!(class("bob"), HashClass::LockedWithHash);
    assert_eq!(class("carol"), HashClass::LockedNever);
    assert_eq!(class("hank"), HashClass::NoPassword);
    assert_eq!(class("ivy"), HashClass::Empty);
    assert_eq!(account(&report, "alice").password.algorithm.as_deref(), Some("sha512"));
    let status = |name: &str| row(name).states(TODAY).password;
    assert_eq!(status("gina"), Some(PasswordStatus::Expired));
    assert_eq!(status("hank"), Some(PasswordStatus::Locked));
    assert_eq!(status("ivy"), Some(PasswordStatus::Normal));
    // No shadow row: passwd -S prints P for it, which is a guess.
    assert_eq!((class("sshd"), status("sshd")), (HashClass::Unknown, None));
    assert!(!row("fred").states(TODAY).enabled, "expired in 1970");
}

#[test]
fn sudo_as_the_real_sudo_lists_it() {
    if !is_root() {
        return;
    }
    let root = HostRoot::sample()
        .file("/etc/sudoers", &fixture("sudoers"), 0o440)
        .file("/etc/sudoers.d/10-carol", &fixture("sudoers.d/10-carol"), 0o440)
        .file("/etc/sudoers.d/README.disabled", &fixture("sudoers.d/README.disabled"), 0o440);
    let report = root.scan();
    assert_eq!(
        report.sections[section::SUDOERS].evidence,
        Evidence::Ok,
        "{:?}",
        report.sections[section::SUDOERS]
    );
    let strongest = |name: &str| account(&report, name).sudo.grants.iter().map(|grant| grant.strength).min();
    let sudo = |name: &str| rules::is_sudo(&account(&report, name).sudo);
    assert_eq!((sudo("alice"), strongest("alice")), (Some(true), Some(SudoStrength::Full)));
    assert_eq!((sudo("bob"), strongest("bob")), (Some(true), Some(SudoStrength::RootLimited)));
    assert!(account(&report, "bob").sudo.grants[0].nopasswd);
    assert_eq!((sudo("carol"), strongest("carol")), (Some(true), Some(SudoStrength::Full)));
    assert_eq!(account(&report, "carol").sudo.grants.last().unwrap().file, "/etc/sudoers.d/10-carol");
    assert_eq!((sudo("erin"), strongest("erin")), (Some(true), Some(SudoStrength::OtherUser)));
    for nobody in ["dave", "toor", "fred", "nobody"] {
        assert_eq!(sudo(nobody), Some(false), "{nobody}");
    }
    let elsewhere = collect::Options { hostname: Some("db1".into()), ..root.options() };
    let report = collect::scan(&elsewhere).unwrap();
    assert_eq!(rules::is_sudo(&account(&report, "bob").sudo), Some(false));
}

#[test]
fn last_logins_come_from_the_newest_record() {
    let root = HostRoot::sample()
        .file("/var/lib/lastlog/lastlog2.db", &fixture("lastlog2.db"), 0o644)
        .file("/var/log/wtmp.db", &fixture("wtmp.db"), 0o644)
        .link("../../log/wtmp.db", "/var/lib/wtmpdb/wtmp.db")
        .file("/var/log/lastlog", b"", 0o664);
    // A record for bob, and one so far out that the file seems to be a terabyte long.
    let mut record = vec![0u8; 292];
    record[..4].copy_from_slice(&1_650_000_000u32.to_ne_bytes());
    record[4..9].copy_from_slice(b"pts/4");
    record[36..44].copy_from_slice(b"10.0.0.9");
    let file = std::fs::File::options().write(true).open(root.path("/var/log/lastlog")).unwrap();
    file.write_all_at(&record, 1001 * 292).unwrap();
    file.write_all_at(&record, 4_000_000_000 * 292).unwrap();
    let mut passwd = fixture("passwd");
    passwd.extend_from_slice(b"far:x:4000000000:1:::/bin/bash\n");
    let report = root.file("/etc/passwd", &passwd, 0o644).scan();
    let login = |name: &str| account(&report, name).last_login.record.clone();
    let alice = login("alice").unwrap();
    assert_eq!((alice.source.as_str(), alice.host.as_str(), alice.ip), ("lastlog2", "localhost", None));
    for name in ["bob", "far"] {
        let record = login(name).unwrap();
        assert_eq!(
            (record.time, record.terminal.as_str(), record.ip.as_deref()),
            (1_650_000_000, "pts/4", Some("10.0.0.9"))
        );
    }
    assert_eq!(login("carol"), None);
    assert_eq!(account(&report, "carol").last_login.evidence, Evidence::Ok);
    assert_eq!(report.sections[section::WTMPDB].evidence, Evidence::Ok);
    assert_eq!(report.sections[section::WTMP].evidence, Evidence::Absent);
}

#[test]
fn no_source_of_logins_is_not_never() {
    let report = HostRoot::sample().file("/var/lib/lastlog/lastlog2.db", b"", 0o644).scan();
    assert_eq!(report.sections[section::LASTLOG2].evidence, Evidence::Absent);
    assert_eq!(account(&report, "alice").last_login.evidence, Evidence::Absent);
    let broken =
        HostRoot::sample().file("/var/lib/lastlog/lastlog2.db", b"rubbish that is no database", 0o644).scan();
    assert_eq!(account(&broken, "alice").last_login.evidence, Evidence::Malformed);
}

#[test]
fn hostile_account_files() {
    let passwd = b"root:x:0:0:root:/root:/bin/bash\nbroken line\nroot:x:7:7:again::\n\xff\xfe:x:10:10:\x1b[31m::\n\
        \xff\xfd:x:11:10:::relative/sh\n+@nis::::::\nmax:x:4294967294:10::/nowhere:/missing\nover:x:4294967295:1:::\n\
        inline:ab0123456789.:12:10:::\nlast:x:13:10:::/bin/dir";
    let root = HostRoot::sample().file("/etc/passwd", passwd, 0o644).file("/bin/dir/x", b"", 0o644);
    let report = root.scan();
    validate(&report).unwrap();
    let names: Vec<_> = report.accounts.iter().map(|a| (a.name.as_str(), a.uid.unwrap())).collect();
    let odd = "\u{fffd}\u{fffd}";
    assert_eq!(
        names,
        [
            ("root", 0),
            (odd, 10),
            (&format!("{odd}~fffd"), 11),
            ("max", 4_294_967_294),
            ("inline", 12),
            ("last", 13)
        ]
    );
    assert_eq!(report.accounts[1].name_raw.as_deref(), Some("fffe"));
    assert_eq!(report.accounts[1].gecos, "\u{fffd}[31m");
    assert!(report.repaired);
    assert_eq!(report.sections[section::PASSWD].evidence, Evidence::Malformed);
    assert_eq!(report.sections[section::PASSWD].notes.len(), 3, "{:?}", report.sections[section::PASSWD]);
    assert_eq!(report.sections["accounts"].notes, ["/etc/passwd:3 name root occurs before"]);
    let shell = |index: usize| {
        let facts = &report.accounts[index].shell_facts;
        (facts.exists, facts.executable)
    };
    assert_eq!(
        (shell(0), shell(2), shell(3), shell(5)),
        ((true, true), (false, false), (false, false), (true, false))
    );
    assert_eq!(report.accounts[1].shell, "/bin/sh");
    assert!(report.accounts[4].password.in_passwd);
    assert_eq!(report.accounts[4].password.class, HashClass::Usable);
}

#[test]
fn special_files_and_links_stay_inside() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "evil:x:0:0:::\n").unwrap();
    let root = HostRoot::sample()
        .fifo("/etc/shadow")
        .fifo("/var/log/wtmp")
        .fifo("/etc/sudoers")
        .link(outside.path().to_str().unwrap(), "/etc/gshadow")
        .link("/usr/lib/os-release", "/etc/os-release")
        .file("/usr/lib/os-release", b"PRETTY_NAME=\"Inside 1\"\nID=inside\n", 0o644)
        .link("/proc/self/fd/0", "/etc/machine-id")
        .link("loop", "/etc/loop")
        .link("/etc/loop", "/etc/shells2");
    let report = root.scan();
    let seen = |name: &str| report.sections[name].evidence;
    assert_eq!((seen(section::SHADOW), seen(section::WTMP)), (Evidence::Denied, Evidence::Denied));
    assert_eq!(seen(section::GSHADOW), Evidence::Absent, "the link points to nothing inside the root");
    assert_eq!((report.host.os_name.as_str(), report.host.os_id.as_str()), ("Inside 1", "inside"));
    assert_eq!(report.host.machine_id, "");
    let row = rules::account(account(&report, "alice"), &report.host, 0);
    assert_eq!((row.password_lock_days, row.login_type, row.ssh_login), (None, None, None));
    assert_eq!(row.states(TODAY).password, None);
}

#[test]
fn an_empty_root_is_an_empty_report() {
    let report = HostRoot::empty().scan();
    assert_eq!(report.accounts, []);
    assert_eq!(report.sections[section::PASSWD].evidence, Evidence::Absent);
    assert!(
        collect::scan(&collect::Options { root: Some("/no/such/root".into()), ..Default::default() })
            .is_err()
    );
}

/// Not a test of its own: `without_rights` runs it as nobody on a root of its making.
#[test]
fn as_nobody() {
    let Ok(path) = std::env::var("COLLECT_TEST_ROOT") else { return };
    let report = collect::scan(&collect::Options { root: Some(path.into()), ..Default::default() }).unwrap();
    assert_eq!(report.host.privilege, Privilege::None);
    for name in [section::SHADOW, section::SUDOERS] {
        assert_eq!(report.sections[name].evidence, Evidence::Denied, "{name}");
    }
    let row = rules::account(account(&report, "alice"), &report.host, 0);
    assert_eq!(
        (row.is_sudo, row.login_type, row.ssh_login, row.password_lock_days),
        (None, None, None, None)
    );
    assert_eq!((row.is_root, row.states(TODAY).password, row.password_changed), (Some(false), None, None));
    assert!(row.shell_login);
}

#[test]
fn without_rights() {
    if !is_root() {
        return;
    }
    let root = HostRoot::sample().file("/etc/shadow", &fixture("shadow"), 0).file("/etc/sudoers", b"", 0);
    // The test binary may lie where nobody may not look.
    let binary = root.path("/test-binary");
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let status = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&binary)
        .args(["--exact", "as_nobody"])
        .env("COLLECT_TEST_ROOT", root.dir.path())
        .current_dir("/")
        .status();
    match status {
        Ok(status) => assert!(status.success()),
        Err(error) => eprintln!("skipped: setpriv: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn damaged_files_never_panic(
        damage in prop::collection::vec((0usize..8, any::<prop::sample::Index>(), any::<u8>(), 0usize..20), 1..12),
    ) {
        const FILES: [(&str, &str); 8] = [
            ("/etc/passwd", "passwd"), ("/etc/group", "group"), ("/etc/shadow", "shadow"), ("/etc/sudoers", "sudoers"),
            ("/etc/ssh/sshd_config", "sshd_config"), ("/var/lib/lastlog/lastlog2.db", "lastlog2.db"),
            ("/var/lib/wtmpdb/wtmp.db", "wtmp.db"), ("/var/log/wtmp", "wtmp.db"),
        ];
        let mut root = HostRoot::sample();
        for (number, (path, name)) in FILES.into_iter().enumerate() {
            let mut bytes = fixture(name);
            for (_, at, byte, cut) in damage.iter().filter(|(file, ..)| *file == number) {
                let at = at.index(bytes.len());
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, [*byte]);
            }
            root = root.file(path, &bytes, 0o440);
        }
        let report = root.scan();
        prop_assert!(validate(&report).is_ok());
        let rows = rules::accounts(&report, &Default::default());
        prop_assert_eq!(rows.len(), report.accounts.len());
        for (row, facts) in rows.iter().zip(&report.accounts) {
            let _ = (row.states(TODAY), rules::detail(facts, TODAY));
        }
    }
}

#[test]
fn wtmp_made_by_utmpdump() {
    let text = "[7] [01234] [ts/0] [alice   ] [pts/0       ] [laptop              ] [10.1.2.3       ] [2023-11-14T22:13:20,000000+00:00]\n\
        [8] [01234] [ts/0] [        ] [pts/0       ] [                    ] [0.0.0.0        ] [2023-11-14T23:13:20,000000+00:00]\n\
        [7] [01235] [ts/1] [bob     ] [tty1        ] [                    ] [0.0.0.0        ] [2020-01-01T00:00:00,000000+00:00]\n\
        [7] [01236] [ts/1] [bob     ] [pts/9       ] [v6                  ] [2001:db8::7    ] [2021-01-01T00:00:00,000000+00:00]\n";
    let root = HostRoot::sample().file("/text", text.as_bytes(), 0o644);
    let input = std::fs::File::open(root.path("/text")).unwrap();
    let Ok(output) = std::process::Command::new("utmpdump").arg("-r").stdin(input).output() else {
        eprintln!("skipped: no utmpdump here");
        return;
    };
    let report = root.file("/var/log/wtmp", &output.stdout, 0o664).scan();
    let login = |name: &str| account(&report, name).last_login.record.clone().unwrap();
    let alice = login("alice");
    assert_eq!(
        (alice.time, alice.terminal.as_str(), alice.host.as_str()),
        (1_700_000_000, "pts/0", "laptop")
    );
    assert_eq!((alice.ip.as_deref(), alice.source.as_str()), (Some("10.1.2.3"), section::WTMP));
    let bob = login("bob");
    assert_eq!((bob.time, bob.ip.as_deref()), (1_609_459_200, Some("2001:db8::7")));
}

#[test]
fn ssh_settings_of_the_sample() {
    if !is_root() {
        return;
    }
    let root = HostRoot::sample().file("/etc/ssh/sshd_config", &fixture("sshd_config"), 0o644).file(
        "/etc/ssh/FIXTURES/sshd_config.d/10.conf",
        &fixture("sshd_config.d/10.conf"),
        0o644,
    );
    let report = root.scan();
    assert_eq!(report.sections[section::SSHD].evidence, Evidence::Ok, "{:?}", report.sections[section::SSHD]);
    let ssh = |name: &str| account(&report, name).ssh.clone();
    assert_eq!(ssh("erin").allowed.choice, Choice::No);
    assert_eq!(ssh("erin").allowed.by, "/etc/ssh/sshd_config:8 DenyUsers");
    assert_eq!((ssh("alice").allowed.choice, ssh("fred").allowed.choice), (Choice::Yes, Choice::No));
    assert_eq!((ssh("alice").password, ssh("bob").password), (Choice::Yes, Choice::No), "bob is in ops");
    assert_eq!(ssh("alice").kbd_interactive, Choice::No, "from the included file");
    let carol = ssh("carol");
    assert_eq!((carol.pubkey, carol.password), (Choice::Conditional, Choice::Yes));
    let blocks: Vec<_> =
        carol.conditional.iter().map(|block| (block.criteria.as_str(), block.line)).collect();
    assert_eq!(blocks, [("User carol Address 10.0.0.0/8", 13)]);
    assert_eq!(
        carol.conditional[0].settings,
        ["PubkeyAuthentication no", "AuthenticationMethods publickey,password"]
    );
}

#[test]
fn keys_in_hostile_homes() {
    if !is_root() {
        return;
    }
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA al@laptop";
    let path = |name: &str| format!("/home/{name}/.ssh/authorized_keys");
    let good = format!("# mine\n{KEY}\nrubbish\ncommand=\"/bin/true\",no-pty {KEY} two\n");
    let own = |root: HostRoot, name: &str, uid: u32| {
        let root = root.owner(&format!("/home/{name}"), uid).owner(&format!("/home/{name}/.ssh"), uid);
        root.owner(&path(name), uid)
    };
    let mut root = HostRoot::sample().file("/etc/ssh/sshd_config", b"UsePAM yes\n", 0o644);
    root = own(root.file(&path("alice"), good.as_bytes(), 0o600), "alice", 1000);
    root = root.link(&path("alice"), &path("bob")).fifo(&path("carol"));
    root = own(root.file(&path("dave"), good.as_bytes(), 0o664), "dave", 1003);
    root = root.file(&path("erin"), &vec![b'\n'; 2 << 20], 0o600);
    root = own(root.file(&path("hank"), good.as_bytes(), 0o600), "hank", 4242);
    let report = root.scan();
    let keys = |name: &str| account(&report, name).keys.clone();

    let alice = keys("alice");
    assert_eq!((alice.evidence, alice.keys.len(), alice.bad_lines), (Evidence::Ok, 2, 1));
    let first = &alice.keys[0];
    assert_eq!(
        (first.algorithm.as_str(), first.comment.as_str(), first.line),
        ("ssh-ed25519", "al@laptop", 2)
    );
    assert_eq!((first.bits, first.effective, first.forced_command), (Some(256), true, false));
    assert!(first.fingerprint.starts_with("SHA256:") && KEY.contains(&first.blob), "{first:?}");
    assert!(alice.keys[1].forced_command && alice.keys[1].options.contains("no-pty"));
    assert_eq!(rules::detail(account(&report, "alice"), TODAY).keys[0].algorithm, "ssh-ed25519");

    for (name, evidence) in
        [("bob", Evidence::Denied), ("carol", Evidence::Denied), ("erin", Evidence::Truncated)]
    {
        assert_eq!((keys(name).evidence, keys(name).keys.len()), (evidence, 0), "{name}");
    }
    let dave = keys("dave");
    assert_eq!((dave.evidence, dave.keys[0].effective), (Evidence::Ok, false));
    assert!(dave.keys[0].reason.contains("authorized_keys is writable by others"), "{}", dave.keys[0].reason);
    assert_eq!((keys("hank").evidence, keys("hank").keys.len()), (Evidence::Ok, 0), "ignored by StrictModes");
    assert_eq!(keys("fred").evidence, Evidence::Absent);
    assert_eq!(report.sections[section::KEYS].evidence, Evidence::Denied);
    assert_eq!(report.host.privilege, Privilege::Root, "a user's FIFO says nothing about the collector");

    let login = |name: &str| rules::account(account(&report, name), &report.host, 0).login_type;
    assert_eq!(login("alice"), Some(LoginType::Both));
    assert_eq!((login("hank"), login("carol")), (Some(LoginType::None), None));
}

/// Without StrictModes a file of somebody else counts only if the account may read it, and what is in it is not read
/// here: known to give no key where it may not, unknown where it may.
#[test]
fn keys_of_somebody_else() {
    if !is_root() {
        return;
    }
    for (mode, evidence) in [(0o600, Evidence::Ok), (0o644, Evidence::Denied)] {
        let keys = "/home/alice/.ssh/authorized_keys";
        let root = HostRoot::sample().file("/etc/ssh/sshd_config", b"StrictModes no\n", 0o644);
        let root = root.file(keys, b"whatever\n", mode).owner(keys, 4242);
        let report = root.owner("/home/alice", 1000).owner("/home/alice/.ssh", 1000).scan();
        let found = account(&report, "alice").keys.clone();
        assert_eq!((found.evidence, found.keys.len()), (evidence, 0), "{mode:o}");
    }
}
