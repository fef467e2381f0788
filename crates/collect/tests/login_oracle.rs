//! What a real sshd did with accounts in every state (recorded in `fixtures/pw.out` and `fixtures/boundary.out`)
//! against what the rules make of a scan of the same files.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

mod common;

use common::{HostRoot, account, fixture, is_root};
use model::facts::HostReport;
use model::{LoginType, PasswordStatus, States, rules};

/// An ed25519 key (of nobody).
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA test\n";
/// Any day after the expiry dates in the samples.
const TODAY: i32 = 20_400;

/// One recorded attempt.
struct Attempt {
    pam: String,
    empty: String,
    name: String,
    state: String,
    code: i32,
    said: String,
}

/// Lines such as `UsePAM=no PermitEmpty=yes ivy rc=0 LOGIN-OK|` and `UsePAM=no alice(exp=today) rc=0 LOGIN-OK|`.
fn attempts(file: &str) -> Vec<Attempt> {
    let text = String::from_utf8(fixture(file)).unwrap();
    text.lines()
        .map(|line| {
            let (head, rest) = line.split_once(" rc=").unwrap();
            let (code, said) = rest.split_once(' ').unwrap_or((rest, ""));
            let mut attempt = Attempt {
                pam: String::new(),
                empty: "no".into(),
                name: String::new(),
                state: String::new(),
                code: code.parse().unwrap(),
                said: said.into(),
            };
            for word in head.split(' ') {
                match word.split_once('=') {
                    Some(("UsePAM", value)) => attempt.pam = value.into(),
                    Some(("PermitEmpty", value)) => attempt.empty = value.into(),
                    _ => {
                        let (name, state) = word.trim_end_matches(')').split_once('(').unwrap_or((word, ""));
                        (attempt.name, attempt.state) = (name.into(), state.into());
                    }
                }
            }
            attempt
        })
        .collect()
}

fn states(report: &HostReport, name: &str) -> States {
    rules::account(account(report, name), &report.host, 0).states(TODAY)
}

#[test]
fn password_logins() {
    let attempts = attempts("pw.out");
    assert_eq!(attempts.len(), 18);
    for a in attempts {
        let mut config = fixture("sshd_pw");
        config.extend(format!("UsePAM {}\nPermitEmptyPasswords {}\n", a.pam, a.empty).bytes());
        let report = HostRoot::sample().file("/etc/ssh/sshd_config", &config, 0o644).scan();
        let context = format!("{} UsePAM={} PermitEmpty={}", a.name, a.pam, a.empty);
        let states = states(&report, &a.name);
        let methods = rules::auth_methods(account(&report, &a.name));
        match a.code {
            0 => {
                assert_eq!(states.login_type, Some(LoginType::Password), "{context}");
                assert_eq!((states.ssh_login, states.enabled), (Some(true), true), "{context}");
                assert_eq!(states.password, Some(PasswordStatus::Normal), "{context}");
            }
            1 if a.said.contains("not available") => {
                assert_eq!((methods.password, states.ssh_login), (Some(true), Some(false)), "{context}");
            }
            1 => {
                assert!(a.said.contains("Password change required"), "{context}");
                assert_eq!(states.login_type, Some(LoginType::Password), "{context}");
                assert_eq!(states.password, Some(PasswordStatus::Expired), "{context}");
            }
            _ => {
                assert_eq!(states.login_type, Some(LoginType::None), "{context}");
                assert_eq!(states.ssh_login, Some(false), "{context}");
            }
        }
    }
}

/// The shadow fields 3 to 8 that the state in brackets stands for.
fn ages(state: &str) -> String {
    let today = i64::from(TODAY);
    match state {
        "exp=today" => format!("19000:0:99999:7::{today}"),
        "exp=today-1" => format!("19000:0:99999:7::{}", today - 1),
        "exp=today+1" => format!("19000:0:99999:7::{}", today + 1),
        "exp=0" => "19000:0:99999:7::0".into(),
        "due=today" => format!("{}:0:30:7::", today - 30),
        "due=today-1" => format!("{}:0:30:7::", today - 31),
        "lstchg=0" => "0:0:99999:7::".into(),
        "inactive-passed" => format!("{}:0:30:7:5:", today - 60),
        other => panic!("state {other}"),
    }
}

#[test]
fn key_logins_on_the_boundary_days() {
    if !is_root() {
        return;
    }
    let attempts: Vec<_> = attempts("boundary.out").into_iter().filter(|a| a.pam == "yes").collect();
    assert_eq!(attempts.len(), 8);
    let mut root = HostRoot::sample().file(
        "/etc/ssh/sshd_config",
        b"UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthorizedKeysFile /ak/%u\n",
        0o644,
    );
    let mut shadow = String::new();
    for a in &attempts {
        shadow.push_str(&format!("{}:$6$salt$hash:{}:\n", a.name, ages(&a.state)));
        root = root.file(&format!("/ak/{}", a.name), KEY.as_bytes(), 0o644);
    }
    let report = root.file("/etc/shadow", shadow.as_bytes(), 0o640).scan();
    for a in attempts {
        let context = format!("{}({})", a.name, a.state);
        let states = states(&report, &a.name);
        let admitted = a.code != 255;
        let expected = if admitted { LoginType::Key } else { LoginType::None };
        assert_eq!(states.login_type, Some(expected), "{context}");
        assert_eq!((states.ssh_login, states.enabled), (Some(admitted), admitted), "{context}");
        let forced = a.said.contains("Password change required");
        if admitted {
            assert_eq!(states.password == Some(PasswordStatus::Expired), forced, "{context}");
        }
    }
}
