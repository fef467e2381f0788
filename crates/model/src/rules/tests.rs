//! Tests of the rules: the boundary tables tried with real logins, unknowns, and extreme numbers.

use proptest::prelude::*;

use super::*;
use crate::{
    Day, LoginType, PasswordStatus,
    facts::{
        Address, AuthorizedKey, Choice, Evidence, HashClass, KeyFacts, PasswordFacts, PermitRoot, ShellFacts,
        SshAllowed, SshFacts, SudoGrant,
    },
};

const TODAY: Day = 20_000;

fn ssh(use_pam: bool) -> SshFacts {
    SshFacts {
        evidence: Evidence::Ok,
        installed: Some(true),
        allowed: SshAllowed { choice: Choice::Yes, by: String::new() },
        password: Choice::Yes,
        kbd_interactive: Choice::No,
        pubkey: Choice::Yes,
        permit_empty: Choice::No,
        permit_root: PermitRoot::ProhibitPassword,
        use_pam: Some(use_pam),
        ..SshFacts::default()
    }
}

fn row(class: HashClass) -> PasswordFacts {
    PasswordFacts {
        evidence: Evidence::Ok,
        class,
        last_change: Some(19_000),
        min: Some(0),
        max: Some(99_999),
        warn: Some(7),
        ..PasswordFacts::default()
    }
}

/// An account with bash, one valid key and a password of that class.
fn facts(class: HashClass, use_pam: bool) -> AccountFacts {
    AccountFacts {
        name: "alice".into(),
        uid: Some(1000),
        gid: Some(1000),
        password: row(class),
        shell_facts: ShellFacts {
            evidence: Evidence::Ok,
            exists: true,
            executable: true,
            interactive: true,
            listed: Some(true),
        },
        sudo: SudoFacts { evidence: Evidence::Ok, grants: vec![] },
        ssh: ssh(use_pam),
        keys: KeyFacts {
            evidence: Evidence::Ok,
            keys: vec![AuthorizedKey { effective: true, ..AuthorizedKey::default() }],
            bad_lines: 0,
        },
        ..AccountFacts::default()
    }
}

fn rule(facts: &AccountFacts) -> Account {
    account(facts, &HostFacts::default(), 0)
}

fn login_type(facts: &AccountFacts) -> Option<LoginType> {
    rule(facts).states(TODAY).login_type
}

#[test]
fn hash_class_table() {
    use HashClass::*;
    use LoginType::*;
    // class, UsePAM, PermitEmptyPasswords, login type with a key, disabled
    let table = [
        (Usable, false, false, Both, false),
        (Usable, true, false, Both, false),
        (LockedWithHash, false, false, None, true),
        (LockedWithHash, true, false, Key, true),
        (LockedNever, false, false, None, true),
        (LockedNever, true, false, Key, true),
        (NoPassword, false, false, Key, false),
        (NoPassword, true, false, Key, false),
        (Empty, false, false, Key, false),
        (Empty, true, true, Both, false),
    ];
    for (class, use_pam, permit_empty, expected, disabled) in table {
        let mut facts = facts(class, use_pam);
        facts.ssh.permit_empty = permit_empty.into();
        assert_eq!(login_type(&facts), Some(expected), "{class:?} UsePAM {use_pam}");
        assert_eq!(rule(&facts).disabled, disabled, "{class:?}");
        let status = rule(&facts).states(TODAY).password;
        let locked = matches!(class, LockedWithHash | LockedNever | NoPassword);
        assert_eq!(status, Some(if locked { PasswordStatus::Locked } else { PasswordStatus::Normal }));
    }
}

/// One line of the table of days: what was set, the day's login over PAM, the password's status.
struct Line {
    set: fn(&mut PasswordFacts),
    admitted: bool,
    status: PasswordStatus,
}

#[test]
fn day_table() {
    use PasswordStatus::*;
    let today = i64::from(TODAY);
    assert_eq!(today, 20_000, "the closures below cannot capture it");
    let table = [
        Line { set: |p| p.expire = Some(20_000), admitted: false, status: Normal },
        Line { set: |p| p.expire = Some(19_999), admitted: false, status: Normal },
        Line { set: |p| p.expire = Some(20_001), admitted: true, status: Normal },
        Line { set: |p| p.expire = Some(0), admitted: false, status: Normal },
        Line { set: |p| p.expire = Some(-1), admitted: true, status: Normal },
        Line { set: |p| p.max = Some(1_000), admitted: true, status: Expiring },
        Line { set: |p| p.max = Some(999), admitted: true, status: Expired },
        Line { set: |p| p.max = Some(1_007), admitted: true, status: Expiring },
        Line { set: |p| p.max = Some(1_008), admitted: true, status: Normal },
        Line { set: |p| p.max = None, admitted: true, status: Normal },
        Line { set: |p| p.max = Some(-1), admitted: true, status: Normal },
        Line { set: |p| p.last_change = Some(0), admitted: true, status: Expired },
        Line { set: |p| p.last_change = None, admitted: true, status: Normal },
        Line { set: |p| (p.max, p.inactive) = (Some(990), Some(9)), admitted: false, status: Expired },
        Line { set: |p| (p.max, p.inactive) = (Some(990), Some(10)), admitted: true, status: Expired },
        Line { set: |p| (p.max, p.inactive) = (Some(990), Some(-1)), admitted: true, status: Expired },
        Line { set: |p| (p.max, p.warn) = (Some(1_000), Some(0)), admitted: true, status: Normal },
    ];
    for (number, line) in table.iter().enumerate() {
        let mut facts = facts(HashClass::Usable, true);
        (line.set)(&mut facts.password);
        let states = rule(&facts).states(TODAY);
        let expected = if line.admitted { LoginType::Both } else { LoginType::None };
        assert_eq!(states.login_type, Some(expected), "line {number}");
        assert_eq!(states.ssh_login, Some(line.admitted), "line {number}");
        assert_eq!((states.enabled, states.shell_login), (line.admitted, line.admitted), "line {number}");
        assert_eq!(states.password, Some(line.status), "line {number}");
    }
}

/// What each release makes of the last day, of the last day of inactivity, and of an empty day of change: tried with
/// real logins on Debian 11, 12 and 13.
#[test]
fn the_release_says_how_pam_counts() {
    use PasswordStatus::*;
    for (id, version, last_day, inactive, unchanged) in [
        ("debian", "12", (Expiring, true), (Expired, true), Expired),
        ("debian", "11.11", (Expiring, true), (Expired, true), Expired),
        ("debian", "13", (Expired, true), (Expired, false), Normal),
        ("ubuntu", "24.04.1 LTS", (Expiring, true), (Expired, true), Expired),
        ("ubuntu", "25.10", (Expiring, true), (Expired, true), Normal),
        ("rhel", "10.1", (Expired, true), (Expired, false), Normal),
        ("debian", "", (Expiring, true), (Expired, true), Normal),
        ("other", "99", (Expiring, true), (Expired, true), Normal),
    ] {
        let host = HostFacts { os_id: id.to_owned(), os_version: version.to_owned(), ..HostFacts::default() };
        let states = |set: fn(&mut PasswordFacts)| {
            let mut facts = facts(HashClass::Usable, true);
            set(&mut facts.password);
            let states = account(&facts, &host, 0).states(TODAY);
            (states.password.unwrap(), states.enabled)
        };
        assert_eq!(states(|p| p.max = Some(1_000)), last_day, "{id} {version}");
        assert_eq!(states(|p| (p.max, p.inactive) = (Some(990), Some(10))), inactive, "{id} {version}");
        assert_eq!(states(|p| (p.last_change, p.max) = (None, Some(30))).0, unchanged, "{id} {version}");
        assert_eq!(states(|p| (p.last_change, p.max) = (None, None)).0, Normal, "{id} {version}");
    }
}

#[test]
fn shown_days() {
    let mut p = row(HashClass::Usable);
    assert_eq!((password::changed_day(&p), password::due_day(&p)), (Some(19_000), None));
    assert_eq!((password::lock_days(&p), warn_days(&p), disable_day(&p)), (Some(-1), 7, None));
    (p.max, p.inactive, p.expire, p.warn) = (Some(9_999), Some(3), Some(1), Some(-1));
    assert_eq!((password::due_day(&p), password::lock_days(&p)), (Some(28_999), Some(3)));
    assert_eq!((disable_day(&p), warn_days(&p)), (Some(1), 0));
    (p.last_change, p.inactive) = (Some(0), Some(-1));
    assert_eq!((password::changed_day(&p), password::due_day(&p)), (None, None));
    assert_eq!(password::lock_days(&p), Some(-1));
    assert_eq!(password::lock_days(&PasswordFacts::default()), None);
    (p.last_change, p.max) = (None, Some(30));
    assert_eq!((password::changed_day(&p), password::due_day(&p)), (None, None));
}

#[test]
fn change_is_allowed_after_the_minimum_age() {
    let mut p = row(HashClass::Usable);
    assert_eq!(change_allowed(&p, TODAY), Some(true));
    p.min = Some(1_001);
    assert_eq!(change_allowed(&p, TODAY), Some(false));
    assert_eq!(change_allowed(&p, TODAY + 1), Some(true));
    p.max = Some(1_000);
    assert_eq!(change_allowed(&p, TODAY + 9), Some(false), "minimum above maximum");
    assert_eq!(change_allowed(&PasswordFacts::default(), TODAY), None);
}

#[test]
fn unread_is_unknown() {
    let blank = rule(&AccountFacts { uid: Some(1000), ..AccountFacts::default() });
    assert_eq!(
        (blank.is_root, blank.is_sudo, blank.login_type, blank.ssh_login),
        (Some(false), None, None, None)
    );
    assert_eq!((blank.password_lock_days, blank.states(TODAY).password), (None, None));
    let mut no_shadow = facts(HashClass::Unknown, true);
    no_shadow.password = PasswordFacts::default();
    assert_eq!((login_type(&no_shadow), rule(&no_shadow).ssh_login), (None, None));
    let mut no_config = facts(HashClass::Usable, true);
    no_config.ssh.evidence = Evidence::Denied;
    assert_eq!((login_type(&no_config), rule(&no_config).ssh_login), (None, None));
    let mut no_keys = facts(HashClass::Usable, true);
    no_keys.keys = KeyFacts { evidence: Evidence::Denied, ..KeyFacts::default() };
    assert_eq!(
        (login_type(&no_keys), rule(&no_keys).ssh_login),
        (None, Some(true)),
        "the password alone lets it in"
    );
    no_keys.ssh.password = Choice::No;
    assert_eq!((login_type(&no_keys), rule(&no_keys).ssh_login), (None, None));
    no_keys.ssh.pubkey = Choice::No;
    assert_eq!((login_type(&no_keys), rule(&no_keys).ssh_login), (Some(LoginType::None), Some(false)));
}

#[test]
fn keys_from_programs_and_certificates() {
    let mut facts = facts(HashClass::NoPassword, true);
    facts.keys.keys[0].effective = false;
    assert_eq!(login_type(&facts), Some(LoginType::None), "a key the server ignores is none");
    facts.ssh.keys_command = true;
    assert_eq!(login_type(&facts), None);
    facts.ssh.trusted_ca = true;
    assert_eq!(login_type(&facts), Some(LoginType::Key));
}

#[test]
fn root_rules() {
    use LoginType::*;
    for (rule, forced, expected) in [
        (PermitRoot::Yes, false, Both),
        (PermitRoot::No, false, None),
        (PermitRoot::ProhibitPassword, false, Key),
        (PermitRoot::ForcedCommandsOnly, false, None),
        (PermitRoot::ForcedCommandsOnly, true, Key),
    ] {
        // The rule goes by the id: this account is called alice.
        let mut facts = facts(HashClass::Usable, true);
        facts.uid = Some(0);
        facts.ssh.permit_root = rule;
        facts.keys.keys[0].forced_command = forced;
        assert_eq!(login_type(&facts), Some(expected), "{rule:?} {forced}");
        assert_eq!(super::account(&facts, &HostFacts::default(), 0).is_root, Some(true));
    }
}

#[test]
fn authentication_methods() {
    use LoginType::*;
    let table: [(&[&str], Option<LoginType>); 9] = [
        (&["publickey,password"], Some(Key)),
        (&["publickey", "password"], Some(Both)),
        (&["publickey", "publickey,password"], Some(Key)),
        (&["password"], Some(Password)),
        (&["keyboard-interactive:pam"], Some(None)),
        (&["publickey,keyboard-interactive"], Some(None)),
        (&["none"], Some(None)),
        (&["any"], Some(Both)),
        (&["hostbased"], Option::None),
    ];
    for (methods, expected) in table {
        let mut facts = facts(HashClass::Usable, true);
        facts.ssh.auth_methods = methods.iter().map(|m| (*m).to_owned()).collect();
        assert_eq!(login_type(&facts), expected, "{methods:?}");
    }
    let mut interactive = facts(HashClass::Usable, true);
    (interactive.ssh.password, interactive.ssh.kbd_interactive) = (Choice::No, Choice::Yes);
    assert_eq!(login_type(&interactive), Some(Both));
    interactive.ssh.use_pam = Some(false);
    assert_eq!(login_type(&interactive), Some(Key));
}

#[test]
fn shells_and_lists() {
    let mut nologin = facts(HashClass::Usable, true);
    nologin.shell_facts.interactive = false;
    assert_eq!((login_type(&nologin), rule(&nologin).ssh_login), (Some(LoginType::None), Some(false)));
    assert_eq!(
        auth_methods(&nologin).login_type(),
        Some(LoginType::Both),
        "authentication passes all the same"
    );
    assert!(!rule(&nologin).shell_login);

    let mut gone = facts(HashClass::Usable, true);
    gone.shell_facts.exists = false;
    assert_eq!(auth_methods(&gone).login_type(), Some(LoginType::None));

    let mut denied = facts(HashClass::Usable, true);
    denied.ssh.allowed.choice = Choice::No;
    assert_eq!((login_type(&denied), rule(&denied).ssh_login), (Some(LoginType::None), Some(false)));
    denied.ssh.allowed.choice = Choice::Conditional;
    assert_eq!(rule(&denied).ssh_login, Some(true));

    let closed = HostFacts { nologin: Some(true), ..HostFacts::default() };
    let mut user = facts(HashClass::Usable, true);
    assert_eq!(account(&user, &closed, 0).ssh_login, Some(false));
    user.uid = Some(0);
    assert_eq!(account(&user, &closed, 0).ssh_login, Some(true));
}

#[test]
fn without_an_ssh_server() {
    let mut console = facts(HashClass::Usable, true);
    console.ssh = SshFacts::not_installed();
    assert_eq!((login_type(&console), rule(&console).ssh_login), (Some(LoginType::Password), Some(false)));
    console.shell_facts.interactive = false;
    assert_eq!(login_type(&console), Some(LoginType::None));
    console.password = PasswordFacts::default();
    assert_eq!(login_type(&console), None);
}

#[test]
fn sudo_needs_a_rule_for_this_host() {
    let grant = |host_matches| SudoGrant { host_matches, ..SudoGrant::default() };
    let sudo = |evidence, grants| is_sudo(&SudoFacts { evidence, grants });
    assert_eq!(sudo(Evidence::Ok, vec![]), Some(false));
    assert_eq!(sudo(Evidence::Absent, vec![]), Some(false));
    assert_eq!(sudo(Evidence::Denied, vec![]), None);
    assert_eq!(sudo(Evidence::Ok, vec![grant(Some(true))]), Some(true));
    assert_eq!(sudo(Evidence::Malformed, vec![grant(Some(true))]), Some(true));
    assert_eq!(sudo(Evidence::Ok, vec![grant(Some(false))]), Some(false));
    assert_eq!(sudo(Evidence::Ok, vec![grant(None)]), None);
}

#[test]
fn host_and_its_id() {
    let address = |ip: &str| Address { ip: ip.into(), interface: "eth0".into() };
    let mut report = HostReport { collected_at: 500, ..HostReport::default() };
    report.host.machine_id = "0123456789ABCDEF0123456789abcdef".into();
    report.host.addresses =
        ["127.0.0.1", "fe80::1", "fd00::7", "8.8.8.8", "10.1.2.3", "172.16.0.1", "x"].map(address).to_vec();
    let id = quuid(&report.host).unwrap();
    let state = host_state(&report, &id, 100, 400);
    assert_eq!((state.first_report, state.contact.last_report(), state.contact.updated()), (100, 400, 400));
    assert_eq!(updated(300, 400), 300);
    let host = state.host;
    assert_eq!((host.private_ip.as_str(), host.wan_ip.as_str()), ("10.1.2.3", "8.8.8.8"));
    assert_eq!((host.network_type, host.windows), (3, false));
    // Never to change: hosts keep their ids for ever.
    assert_eq!(id, "0eb0ce95-afee-5889-9033-21d55a745c1e");
    assert_eq!(
        (host.quuid.as_str(), host.uuid.as_str()),
        (id.as_str(), "7006a793-fc01-5cdf-a6a2-906fee05b189")
    );
    report.host.quuid = Some(" given ".into());
    assert_eq!(quuid(&report.host).as_deref(), Some("given"));
    assert_eq!(quuid(&HostFacts { machine_id: "0".repeat(32), ..HostFacts::default() }), None);
    assert_eq!(quuid(&HostFacts { machine_id: "uninitialized".into(), ..HostFacts::default() }), None);
}

#[test]
fn detail_members() {
    let mut facts = facts(HashClass::Usable, true);
    facts.primary_group = Some("alice".into());
    facts.groups = vec!["ops".into(), "alice".into(), "sudo".into()];
    facts.last_login.record = Some(crate::facts::LoginRecord {
        time: 1_700_000_000,
        terminal: "pts/0".into(),
        host: "laptop".into(),
        ..Default::default()
    });
    let detail = detail(&facts, TODAY);
    assert_eq!(detail.group_name, "alice,ops,sudo");
    assert_eq!((detail.last_login_terminal.as_str(), detail.last_login_ip.as_str()), ("pts/0", ""));
    assert_eq!(
        (detail.password_warn_days, detail.password_changeable, detail.keys.len()),
        (7, Some(true), 1)
    );
}

#[test]
fn windows_accounts_know_nothing_of_linux() {
    let mut facts = facts(HashClass::Usable, true);
    (facts.uid, facts.sid) = (None, Some("S-1-5-21-1-500".into()));
    facts.windows = Some(WindowsFacts {
        kind: WindowsKind::Administrator,
        domain: Some(true),
        enabled: Some(false),
        ..Default::default()
    });
    let account = account(&facts, &HostFacts { os: Os::Windows, ..HostFacts::default() }, 0);
    assert_eq!(
        (account.is_root, account.is_sudo, account.login_type, account.ssh_login),
        (None, None, None, None)
    );
    assert_eq!((account.user_type, account.is_domain), (Some(UserType::Administrator), Some(true)));
    assert!(account.disabled && !account.shell_login);
    assert_eq!(account.uid.to_string(), "S-1-5-21-1-500");
}

#[test]
fn first_seen_falls_back_to_the_report() {
    let report = HostReport {
        collected_at: 7,
        accounts: vec![
            facts(HashClass::Usable, true),
            AccountFacts { name: "bob".into(), ..Default::default() },
        ],
        ..HostReport::default()
    };
    let rows = accounts(&report, &BTreeMap::from([("bob".to_owned(), 3)]));
    assert_eq!(rows.iter().map(|row| row.first_seen).collect::<Vec<_>>(), [7, 3]);
}

fn days() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        Just(None),
        prop::sample::select(vec![i64::MIN, -1, 0, 1, 99_999, i64::MAX]).prop_map(Some),
        (0i64..40_000).prop_map(Some),
        any::<i64>().prop_map(Some),
    ]
}

proptest! {
    #[test]
    fn any_days_give_ordered_states(
        d in (days(), days(), days(), days(), days(), days()),
        today in prop_oneof![any::<Day>(), 0..40_000],
    ) {
        let mut facts = facts(HashClass::Usable, true);
        (facts.password.last_change, facts.password.min, facts.password.max) = (d.0, d.1, d.2);
        (facts.password.warn, facts.password.inactive, facts.password.expire) = (d.3, d.4, d.5);
        let row = rule(&facts);
        if let crate::account::Password::Usable { expired_from: Some(end), warn_from: Some(warn) } = row.password {
            prop_assert!(warn <= end);
        }
        // Time never heals: once expired, the password and the account stay so.
        let (now, later) = (row.states(today), row.states(today.saturating_add(1)));
        prop_assert!(now.enabled || !later.enabled);
        prop_assert!(now.password.unwrap().code() <= later.password.unwrap().code());
        let shown = detail(&facts, today);
        for day in [row.password_changed, row.password_due, shown.disable_day].into_iter().flatten() {
            prop_assert!((0..=2_932_896).contains(&day));
        }
    }
}
