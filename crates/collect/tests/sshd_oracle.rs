//! Differential test: the settings this crate finds in force against `sshd -T -C …`, on the fixture and on generated
//! configurations, with the fixture's accounts bound over the real ones. Skips where sshd, unshare or root is missing.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "common/oracle.rs"]
mod oracle;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use collect::config_files::MemoryFiles;
use collect::sshd::{Connection, Effective, RootLogin, Subject, evaluate_for, load};
use oracle::{Budget, Random, Tally};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/policy");
/// Most configurations compared in an ordinary run.
const CONFIGS: usize = 400;
const USERS: [&str; 5] = ["root", "alice", "bob", "carol", "dave"];
const ADDRESSES: [&str; 3] = ["10.1.2.3", "192.0.2.7", "fe80::5"];

fn setting(r: &mut Random, global: bool) -> String {
    let keyword = r.pick(&[
        "PasswordAuthentication",
        "passwordauthentication",
        "KbdInteractiveAuthentication",
        "ChallengeResponseAuthentication",
        "PubkeyAuthentication",
        "PermitEmptyPasswords",
        "PermitRootLogin",
        "AuthorizedKeysFile",
        "AuthenticationMethods",
        "AllowUsers",
        "DenyUsers",
        "AllowGroups",
        "DenyGroups",
        "ForceCommand",
        "TrustedUserCAKeys",
        "UsePAM",
        "StrictModes",
    ]);
    if !global && matches!(keyword, "UsePAM" | "StrictModes") {
        return setting(r, global);
    }
    let value = match keyword {
        "PermitRootLogin" => {
            r.pick(&["yes", "no", "prohibit-password", "without-password", "forced-commands-only"])
        }
        "AuthorizedKeysFile" => {
            r.pick(&[".ssh/keys", "/etc/keys/%u .ssh/k2", "none", "\"a b\" 'c'", "x\\ y"])
        }
        "AuthenticationMethods" => r.pick(&["any", "publickey,password", "publickey password", "password"]),
        "AllowUsers" | "DenyUsers" => r.pick(&["bob", "carol@10.0.0.0/8 alice", "d*", "root"]),
        "AllowGroups" | "DenyGroups" => r.pick(&["ops", "sudo root", "w?eel"]),
        "ForceCommand" => r.pick(&["none", "/bin/true", "internal-sftp"]),
        "TrustedUserCAKeys" => r.pick(&["none", "/etc/ssh/ca.pub"]),
        _ => r.pick(&["yes", "no", "Yes", "NO", "\"no\""]),
    };
    let between = r.pick(&[" ", "\t", "  ", "=", " = "]);
    format!("{}{keyword}{between}{value}{}", r.pick(&["", "  ", "\t"]), r.pick(&["", " ", " # note"]))
}

fn criteria(r: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=r.next(2) {
        let criterion = match r.next(7) {
            0 | 1 => {
                format!("User {}", r.pick(&["bob", "bob,carol", "*,!root", "c*", "!bob,*", "\"alice\""]))
            }
            2 => format!("Group {}", r.pick(&["ops", "sudo,ops", "*,!ops", "nosuch"])),
            3 | 4 => format!(
                "Address {}",
                r.pick(&["10.0.0.0/8", "*", "192.0.2.*", "!10.1.2.3,*", "fe80::/64,10.1.2.3"])
            ),
            5 => format!("LocalPort {}", r.pick(&["22", "2222"])),
            _ => format!("Host {}", r.pick(&["*.example.com", "h.Example.com,x", "!h*,*"])),
        };
        write!(text, " {criterion}").unwrap();
    }
    if r.next(8) == 0 { " all".to_owned() } else { text }
}

fn section(r: &mut Random, blocks: usize, includes: &str) -> String {
    let mut text = String::new();
    for block in 0..=blocks {
        if block > 0 {
            writeln!(text, "Match{}", criteria(r)).unwrap();
        }
        for _ in 0..r.next(4) {
            writeln!(text, "{}", setting(r, block == 0)).unwrap();
        }
        if !includes.is_empty() && r.next(2) == 0 {
            writeln!(text, "Include {includes}").unwrap();
        }
    }
    text
}

/// A main file and an included one; the included one has no global-only keyword if it may land in a Match block.
fn generate(r: &mut Random, dir: &Path) -> (String, String) {
    let blocks = r.next(4);
    let main = section(r, blocks, &format!("{}/inc.*", dir.display()));
    let included = format!("{}\n{}", setting(r, false), {
        let text = section(r, 2, "");
        text.lines()
            .filter(|l| !l.contains("UsePAM") && !l.contains("StrictModes"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    (main, included)
}

struct Case {
    main: String,
    included: String,
    user: &'static str,
    address: &'static str,
}

/// What `sshd -T` prints for the cases, as many as it manages.
fn ask_sshd(cases: &[Case], dir: &Path, budget: Budget) -> Vec<String> {
    for (i, case) in cases.iter().enumerate() {
        std::fs::write(dir.join(format!("m{i}")), format!("HostKey {}/host\n{}", dir.display(), case.main))
            .unwrap();
        std::fs::write(dir.join(format!("i{i}")), &case.included).unwrap();
        std::fs::write(
            dir.join(format!("c{i}")),
            format!(
                "user={},host=h.example.com,addr={},laddr=127.0.0.1,lport=22,rdomain=",
                case.user, case.address
            ),
        )
        .unwrap();
    }
    let script = format!(
        "cd {dir}; mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f host
         mount --bind {FIXTURES}/passwd /etc/passwd; mount --bind {FIXTURES}/group /etc/group
         i=0; end=$(($(date +%s)+{seconds}))
         while [ $i -lt {count} ] && {{ [ $i -lt 12 ] || [ $(date +%s) -lt $end ]; }}; do cp i$i inc.conf
           /usr/sbin/sshd -T -f {dir}/m$i -C \"$(cat c$i)\" 2>&1; echo ==END; i=$((i+1)); done",
        dir = dir.display(),
        seconds = budget.seconds,
        count = cases.len(),
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let answers: Vec<String> = text.split_terminator("==END\n").map(str::to_owned).collect();
    assert!(answers.len() >= 10, "{} answers: {}", answers.len(), String::from_utf8_lossy(&out.stderr));
    answers
}

/// Keyword to its values, in order.
fn settings(answer: &str) -> HashMap<String, Vec<String>> {
    let mut map: HashMap<String, Vec<String>> = HashMap::new();
    for (keyword, value) in answer.lines().filter_map(|line| line.split_once(' ')) {
        map.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    map
}

fn ours(effective: &Effective) -> Vec<(&'static str, String)> {
    let flag = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let list = |list: &[collect::sshd::Listed]| {
        list.iter().map(|entry| entry.pattern.as_str()).collect::<Vec<_>>().join(" ")
    };
    let methods: Vec<String> = effective.methods.iter().map(|list| list.join(",")).collect();
    let none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    vec![
        ("usepam", flag(effective.use_pam)),
        ("passwordauthentication", flag(effective.password)),
        ("kbdinteractiveauthentication", flag(effective.kbd_interactive)),
        ("pubkeyauthentication", flag(effective.pubkey)),
        ("permitemptypasswords", flag(effective.permit_empty)),
        ("strictmodes", flag(effective.strict_modes)),
        (
            "permitrootlogin",
            match effective.root_login {
                RootLogin::Yes => "yes",
                RootLogin::No => "no",
                RootLogin::ProhibitPassword => "without-password",
                RootLogin::ForcedCommandsOnly => "forced-commands-only",
            }
            .to_owned(),
        ),
        ("authorizedkeysfile", effective.keys_files.join(" ")),
        ("authenticationmethods", if methods.is_empty() { "any".to_owned() } else { methods.join(" ") }),
        ("forcecommand", none(&effective.force_command)),
        ("trustedusercakeys", none(&effective.trusted_ca)),
        ("allowusers", list(&effective.allow_users)),
        ("denyusers", list(&effective.deny_users)),
        ("allowgroups", list(&effective.allow_groups)),
        ("denygroups", list(&effective.deny_groups)),
    ]
}

fn groups_of(user: &str) -> (u32, Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap();
    let passwd = read("passwd");
    let row: Vec<&str> =
        passwd.lines().map(|l| l.split(':').collect::<Vec<_>>()).find(|r| r[0] == user).unwrap();
    let groups = read("group");
    let member = |line: &&str| {
        let group: Vec<&str> = line.split(':').collect();
        group[2] == row[3] || group[3].split(',').any(|name| name == user)
    };
    let names = groups.lines().filter(member).map(|line| line.split(':').next().unwrap().to_owned());
    (row[2].parse().unwrap(), names.collect())
}

fn evaluate_case(case: &Case, dir: &Path) -> (Effective, usize) {
    let files = MemoryFiles::new()
        .with("/etc/ssh/sshd_config", case.main.as_str())
        .with(&format!("{}/inc.conf", dir.display()), case.included.as_str());
    let config = load(&files, "/etc/ssh/sshd_config");
    let (uid, groups) = groups_of(case.user);
    let connection = Connection {
        host: "h.example.com".to_owned(),
        address: case.address.parse().unwrap(),
        local_address: "127.0.0.1".parse().unwrap(),
        local_port: 22,
        rdomain: String::new(),
    };
    let subject = Subject { name: case.user, uid, groups: &groups };
    (evaluate_for(&config, subject, &connection, None), config.findings.len())
}

#[test]
fn settings_agree_with_sshd() {
    let mut tally = Tally::new("sshd-settings");
    if oracle::ready(&mut tally, &["sshd", "ssh-keygen", "unshare"]) {
        compare_settings(&mut tally);
    }
    tally.finish();
}

fn compare_settings(tally: &mut Tally) {
    let budget = Budget::new(CONFIGS, 4);
    let mut random = Random::seeded(0x5eed_0002);
    let dir = tempfile::tempdir().unwrap();
    let mut cases: Vec<Case> = (0..budget.cases)
        .map(|_| {
            let (main, included) = generate(&mut random, dir.path());
            let user = USERS[random.next(USERS.len())];
            Case { main, included, user, address: ADDRESSES[random.next(ADDRESSES.len())] }
        })
        .collect();
    let fixture = std::fs::read_to_string(Path::new(FIXTURES).join("sshd_config")).unwrap();
    let fixture: String =
        fixture.lines().filter(|l| !l.starts_with("HostKey")).flat_map(|l| [l, "\n"]).collect();
    for user in ["bob", "carol", "alice"] {
        cases.insert(0, Case { main: fixture.clone(), included: String::new(), user, address: ADDRESSES[0] });
    }
    let answers = ask_sshd(&cases, dir.path(), budget);
    let mut refused = 0;
    for (case, answer) in cases.iter().zip(&answers) {
        let theirs = settings(answer);
        if theirs.contains_key("usepam") {
            tally.case(difference(case, &theirs, dir.path()));
        } else {
            // AuthenticationMethods it could not satisfy, among others.
            refused += 1;
            tally.skip("sshd refuses the configuration");
        }
    }
    assert!(
        tally.cases() > refused,
        "sshd refused {refused} of {}: {}",
        answers.len(),
        answers.last().unwrap()
    );
}

fn difference(case: &Case, theirs: &HashMap<String, Vec<String>>, dir: &Path) -> Option<String> {
    let (effective, findings) = evaluate_case(case, dir);
    let mut differ = String::new();
    if findings > 0 {
        writeln!(differ, "{findings} findings").unwrap();
    }
    for (keyword, value) in ours(&effective) {
        let expected = theirs.get(keyword).map(|values| values.join(" ")).unwrap_or_default();
        if value != expected {
            writeln!(differ, "{keyword} for {} from {}: {value} not {expected}", case.user, case.address)
                .unwrap();
        }
    }
    let context = || format!("{differ}{}\n--- inc.conf\n{}", case.main, case.included);
    (!differ.is_empty()).then(context)
}
