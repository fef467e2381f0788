//! Tables of what each rule of sshd_config leads to.

use super::*;
use crate::config_files::{MemoryFiles, ReadError};

const MAIN: &str = "/etc/ssh/sshd_config";

fn config(text: &str) -> Config {
    load(&MemoryFiles::new().with(MAIN, text), MAIN)
}

fn carol() -> Subject<'static> {
    static GROUPS: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["carol".to_owned(), "ops".to_owned()]);
    Subject { name: "carol", uid: 1002, groups: &GROUPS }
}

fn root() -> Subject<'static> {
    static GROUPS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["root".to_owned()]);
    Subject { name: "root", uid: 0, groups: &GROUPS }
}

fn neutral(text: &str) -> Effective {
    evaluate(&config(text), carol(), None).neutral
}

fn decide(text: &str, subject: Subject<'_>, hash: Hash, keys: Keys) -> Login {
    login(&evaluate(&config(text), subject, None), subject, hash, keys, Shell::Ok)
}

#[test]
fn defaults_are_upstream() {
    let effective = neutral("");
    assert!(effective.password && effective.kbd_interactive && effective.pubkey && effective.strict_modes);
    assert!(!effective.use_pam && !effective.permit_empty);
    assert_eq!(effective.root_login, RootLogin::ProhibitPassword);
    assert_eq!(effective.keys_files, [".ssh/authorized_keys", ".ssh/authorized_keys2"]);
    let old = evaluate(&config(""), carol(), Some(Version { major: 6, minor: 6 })).neutral;
    assert_eq!(old.root_login, RootLogin::Yes);
}

#[test]
fn lines_and_words() {
    for (text, password) in [
        ("PasswordAuthentication no", false),
        ("passwordAUTHENTICATION No", false),
        ("PasswordAuthentication=no", false),
        ("PasswordAuthentication = no", false),
        ("PasswordAuthentication \"no\"", false),
        ("  PasswordAuthentication\tno  # why", false),
        ("PasswordAuthentication no\r", false),
        ("# PasswordAuthentication no", true),
        ("PasswordAuthentication maybe\nPasswordAuthentication no", false),
        ("PasswordAuthentication", true),
        ("PasswordAuthentication \"no", true),
        ("PasswordAuthentication no\nPasswordAuthentication yes", false),
    ] {
        assert_eq!(neutral(text).password, password, "{text:?}");
    }
    assert!(!neutral("ChallengeResponseAuthentication no").kbd_interactive);
    assert_eq!(neutral("AuthorizedKeysFile none").keys_files, ["none"]);
    assert_eq!(neutral("AuthorizedKeysFile a '%h/b c' d\\ e").keys_files, ["a", "%h/b c", "d e"]);
    let bad = config("PasswordAuthentication maybe\nUsePAM yes");
    assert_eq!((bad.findings[0].place.line, bad.findings[0].problem), (1, Problem::Syntax));
}

#[test]
fn match_blocks() {
    for (text, password) in [
        ("Match User carol\nPasswordAuthentication no", false),
        ("PasswordAuthentication yes\nMatch User carol\nPasswordAuthentication no", false),
        ("Match User bob\nPasswordAuthentication no", true),
        ("Match User bob,carol\nPasswordAuthentication no", false),
        ("Match User *,!carol\nPasswordAuthentication no", true),
        ("Match User c?r*\nPasswordAuthentication no", false),
        ("Match user=carol\nPasswordAuthentication no", false),
        ("Match Group ops\nPasswordAuthentication no", false),
        ("Match Group *,!ops\nPasswordAuthentication no", true),
        ("Match Group ops User bob\nPasswordAuthentication no", true),
        ("Match all\nPasswordAuthentication no", false),
        ("PasswordAuthentication yes\nMatch all\nPasswordAuthentication no", false),
        ("Match User carol\nPasswordAuthentication no\nMatch Group ops\nPasswordAuthentication yes", false),
        ("Match User bob\nPasswordAuthentication yes\nMatch all\nPasswordAuthentication no", false),
        ("Match Address 10.0.0.0/8\nPasswordAuthentication no", true),
        ("Match Address *\nPasswordAuthentication no", false),
        ("Match Address * User bob\nPasswordAuthentication no", true),
        ("Match invalid-user\nPasswordAuthentication no", true),
    ] {
        assert_eq!(neutral(text).password, password, "{text:?}");
    }
    // UsePAM and StrictModes are global only.
    assert!(!neutral("Match User carol\nUsePAM yes").use_pam);
    assert!(neutral("AllowUsers bob\nMatch User carol\nAllowUsers carol").allow_users[0].pattern == "carol");
}

#[test]
fn blocks_that_hinge_on_the_connection() {
    for (line, conditional) in [
        ("Match Address 10.0.0.0/8", true),
        ("Match Host *.example.com", true),
        ("Match LocalAddress 10.0.0.1", true),
        ("Match LocalPort 2222", true),
        ("Match RDomain x", true),
        ("Match User carol Address 10.0.0.0/8", true),
        ("Match User bob Address 10.0.0.0/8", false),
        ("Match User carol", false),
        ("Match Address *", false),
        ("Match Address *,!10.0.0.1", true),
    ] {
        let text = format!("UsePAM yes\n{line}\nPasswordAuthentication no\n");
        let evaluation = evaluate(&config(&text), carol(), None);
        assert_eq!(evaluation.conditional.len(), usize::from(conditional), "{line}");
        if let Some(block) = evaluation.conditional.first() {
            assert_eq!((block.place.line, &*block.place.file), (2, MAIN));
            assert!(evaluation.neutral.password && !block.effective.password, "{line}");
        }
    }
    for bad in [
        "Match",
        "Match User",
        "Match all User x",
        "Match Address 10.0.0.1/8",
        "Match Exec x",
        "Match LocalPort x",
    ] {
        assert_eq!(config(bad).findings.len(), 1, "{bad}");
    }
}

#[test]
fn includes() {
    let files = MemoryFiles::new()
        .with(MAIN, "Include conf.d/*.conf\nPasswordAuthentication yes\nMatch User bob\nInclude bob.conf\nMatch Group ops\nInclude /etc/ssh/ops.conf\n")
        .with("/etc/ssh/conf.d/20.conf", "PasswordAuthentication yes\nMatch User carol\nPubkeyAuthentication no\n")
        .with("/etc/ssh/conf.d/10.conf", "PasswordAuthentication no\n")
        .with("/etc/ssh/conf.d/.hidden.conf", "UsePAM yes\n")
        .with("/etc/ssh/conf.d/05.conf~", "UsePAM yes\n")
        .with("/etc/ssh/bob.conf", "PermitEmptyPasswords yes\nMatch all\nPermitEmptyPasswords yes\n")
        .with("/etc/ssh/ops.conf", "KbdInteractiveAuthentication no\nMatch User bob\nAuthorizedKeysFile none\n");
    let config = load(&files, MAIN);
    let effective = evaluate(&config, carol(), None).neutral;
    assert!(!effective.password, "the first file in lexical order wins");
    assert!(!effective.pubkey, "a Match in an included file counts");
    assert!(!effective.use_pam && !effective.permit_empty);
    assert!(!effective.kbd_interactive);
    assert_eq!(effective.keys_files.len(), 2);
    assert_eq!(config.findings, []);
    let looped = load(&MemoryFiles::new().with(MAIN, "Include sshd_config sshd_config\n"), MAIN);
    assert!(!looped.complete && looped.files.len() <= MAX_FILES);
    let denied = MemoryFiles::new().with(MAIN, "Include x\n").with_error("/etc/ssh/x", ReadError::Denied);
    assert!(!load(&denied, MAIN).complete);
    assert!(!load(&MemoryFiles::new(), MAIN).present);
}

#[test]
fn endless_lists_and_blocks_are_bounded() {
    let lists = config(&"AllowUsers a b c d\n".repeat(2000));
    assert!(!lists.complete && lists.findings.iter().any(|f| f.problem == Problem::TooMuch));
    let blocks = config(&"Match Address 10.0.0.1\nPasswordAuthentication no\n".repeat(1000));
    let evaluation = evaluate(&blocks, carol(), None);
    assert!(evaluation.truncated && evaluation.conditional.len() == MAX_BLOCKS);
}

#[test]
fn allow_and_deny() {
    let access = |text: &str| match access(&neutral(text), carol()) {
        Access::Yes(_) => "yes",
        Access::No(keyword, _) => keyword,
        Access::Conditional(..) => "conditional",
    };
    for (text, expected) in [
        ("", "yes"),
        ("DenyUsers bob", "yes"),
        ("DenyUsers bob carol", "DenyUsers"),
        ("DenyUsers c*", "DenyUsers"),
        ("AllowUsers bob", "AllowUsers"),
        ("AllowUsers bob\nAllowUsers carol", "yes"),
        ("AllowUsers carol\nDenyUsers carol", "DenyUsers"),
        ("AllowUsers carol@10.0.0.0/8", "conditional"),
        ("AllowUsers carol@*", "yes"),
        ("AllowUsers carol@10.0.0.0/8 carol", "yes"),
        ("DenyUsers carol@10.0.0.0/8", "conditional"),
        ("DenyUsers bob@10.0.0.0/8", "yes"),
        ("AllowGroups ops", "yes"),
        ("AllowGroups wheel", "AllowGroups"),
        ("DenyGroups ops", "DenyGroups"),
        ("AllowUsers bob\nAllowGroups ops", "AllowUsers"),
        ("AllowUsers carol\nDenyGroups o?s", "DenyGroups"),
    ] {
        assert_eq!(access(text), expected, "{text}");
    }
}

#[test]
fn passwords_and_keys_by_class() {
    use Answer::{No, Yes};
    // Class; without PAM password, key; with PAM password, key: the table tried with real logins.
    for (hash, plain, pam) in [
        (Hash::Usable, (Yes, Yes), (Yes, Yes)),
        (Hash::Locked, (No, No), (No, Yes)),
        (Hash::NoPassword, (No, Yes), (No, Yes)),
        (Hash::Empty, (No, Yes), (No, Yes)),
    ] {
        let without = decide("UsePAM no", carol(), hash, Keys::Plain);
        assert_eq!((without.password, without.key), plain, "{hash:?}");
        let with = decide("UsePAM yes", carol(), hash, Keys::Plain);
        assert_eq!((with.password, with.key), pam, "{hash:?}");
    }
    assert_eq!(decide("PermitEmptyPasswords yes", carol(), Hash::Empty, Keys::None).password, Yes);
    let unknown = decide("", carol(), Hash::Unknown, Keys::Plain);
    assert_eq!((unknown.password, unknown.key), (Answer::Unknown, Answer::Unknown));
    assert_eq!(unknown.login_type(), None);
}

#[test]
fn methods() {
    for (text, hash, keys, login_type) in [
        ("PasswordAuthentication no\nUsePAM yes", Hash::Usable, Keys::None, Some(2)),
        ("PasswordAuthentication no\nUsePAM no", Hash::Usable, Keys::None, Some(0)),
        (
            "PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no",
            Hash::Usable,
            Keys::None,
            Some(0),
        ),
        ("", Hash::Usable, Keys::Plain, Some(3)),
        ("PubkeyAuthentication no", Hash::Usable, Keys::Plain, Some(2)),
        ("AuthenticationMethods publickey,password", Hash::Usable, Keys::Plain, Some(1)),
        ("AuthenticationMethods publickey,password", Hash::Usable, Keys::None, Some(0)),
        ("AuthenticationMethods publickey password", Hash::Usable, Keys::Plain, Some(3)),
        ("AuthenticationMethods publickey", Hash::Usable, Keys::Plain, Some(1)),
        ("AuthenticationMethods any", Hash::Usable, Keys::Plain, Some(3)),
        ("UsePAM yes\nAuthenticationMethods keyboard-interactive:pam", Hash::Usable, Keys::Plain, Some(2)),
        ("AuthorizedKeysCommand /bin/keys", Hash::Usable, Keys::None, None),
        ("TrustedUserCAKeys /etc/ca", Hash::Usable, Keys::None, None),
        ("TrustedUserCAKeys none", Hash::Usable, Keys::None, Some(2)),
        ("DenyUsers carol", Hash::Usable, Keys::Plain, Some(0)),
    ] {
        assert_eq!(decide(text, carol(), hash, keys).login_type(), login_type, "{text}");
    }
}

#[test]
fn root_by_uid() {
    use Answer::{No, Yes};
    for (value, keys, expected) in [
        ("yes", Keys::Plain, (Yes, Yes)),
        ("no", Keys::Plain, (No, No)),
        ("prohibit-password", Keys::Plain, (No, Yes)),
        ("without-password", Keys::OnlyForced, (No, Yes)),
        ("forced-commands-only", Keys::Plain, (No, No)),
        ("forced-commands-only", Keys::OnlyForced, (No, Yes)),
    ] {
        let text = format!("UsePAM yes\nPermitRootLogin {value}");
        let login = decide(&text, root(), Hash::Usable, keys);
        assert_eq!((login.password, login.key), expected, "{value}");
        let toor = Subject { name: "toor", ..root() };
        assert_eq!(decide(&text, toor, Hash::Usable, keys), login, "by uid, not by name");
    }
}

#[test]
fn shells() {
    let evaluation = evaluate(&config(""), carol(), None);
    let with = |shell| {
        let login = login(&evaluation, carol(), Hash::Usable, Keys::Plain, shell);
        (login.authenticates, login.ssh_login)
    };
    assert_eq!(with(Shell::Ok), (Answer::Yes, Answer::Yes));
    assert_eq!(with(Shell::Refuses), (Answer::Yes, Answer::No));
    assert_eq!(with(Shell::Unusable), (Answer::No, Answer::No));
    assert_eq!(console_login(Hash::Usable, Shell::Refuses), Answer::No);
    assert_eq!(console_login(Hash::Empty, Shell::Ok), Answer::Yes);
}

#[test]
fn conditional_answers_name_their_block() {
    let login = decide(
        "PasswordAuthentication no\nMatch Address 10.0.0.0/8\n PasswordAuthentication yes\nMatch LocalPort 22\n X11Forwarding no",
        carol(),
        Hash::Usable,
        Keys::None,
    );
    assert_eq!((login.password, login.ssh_login), (Answer::Conditional, Answer::Conditional));
    assert_eq!(login.because.iter().map(|place| place.line).collect::<Vec<_>>(), [2]);
    assert_eq!(login.login_type(), Some(2));
}

proptest::proptest! {
    #[test]
    fn any_bytes_parse(bytes: Vec<u8>) {
        let config = load(&MemoryFiles::new().with(MAIN, bytes), MAIN);
        evaluate(&config, carol(), None);
    }

    #[test]
    fn any_config_like_text_parses(text in "(Match|User|carol|Address|all|Include|sshd_config|PasswordAuthentication|AllowUsers|yes|[=\"'#\\\\,!* \n\t]){0,40}") {
        decide(&text, carol(), Hash::Usable, Keys::Plain);
    }
}
