//! Differential test: the settings this crate finds in force against `sshd -T -C …`, on the fixture and on generated
//! configurations, with the fixture's accounts bound over the real ones. Skips where sshd, unshare or root is missing.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/recorded.rs"]
mod recorded;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use collect::config_files::{MemoryFiles, Source};
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

/// Number and groups of an account of the fixture; others are in no group.
fn groups_of(user: &str) -> (u32, Vec<String>) {
    let read = |name: &str| std::fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap();
    let passwd = read("passwd");
    let mut rows = passwd.lines().map(|l| l.split(':').collect::<Vec<_>>());
    let Some(row) = rows.find(|row| row[0] == user) else {
        return (4000, Vec::new());
    };
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
    let differ = differences(&effective, findings, theirs);
    let context = || {
        format!(
            "{differ}for {} from {}:\n{}\n--- inc.conf\n{}",
            case.user, case.address, case.main, case.included
        )
    };
    (!differ.is_empty()).then(context)
}

fn differences(effective: &Effective, findings: usize, theirs: &HashMap<String, Vec<String>>) -> String {
    let mut differ = String::new();
    if findings > 0 {
        writeln!(differ, "{findings} findings").unwrap();
    }
    for (keyword, value) in ours(effective) {
        let expected = theirs.get(keyword).map(|values| values.join(" ")).unwrap_or_default();
        if value != expected {
            writeln!(differ, "{keyword}: {value} not {expected}").unwrap();
        }
    }
    differ
}

/// The configurations OpenSSH's own tests make, and what they ask of them; in a long run, as some seconds go by until
/// the scripts have made them.
#[test]
fn settings_agree_on_the_configurations_of_openssh() {
    let mut tally = Tally::new("sshd-regress");
    match recorded::tree("openssh") {
        _ if !oracle::long() => tally.skip("only in a long run: cargo xtask oracles"),
        None => tally.skip("sources not fetched: cargo xtask oracles fetches them"),
        Some(tree) if oracle::ready(&mut tally, &["sshd", "ssh-keygen", "unshare"]) => {
            let work = tempfile::tempdir().unwrap();
            let configs = recorded::sshd_configs(&tree, work.path());
            assert!(configs.len() > 50, "only {} configurations: do the scripts still run?", configs.len());
            for dir in configs {
                recorded_case(&dir, "", &mut tally);
                // Banners are not collected; a forced command is decided in the same way.
                recorded_case(&dir, "Banner", &mut tally);
            }
        }
        Some(_) => {}
    }
    tally.finish();
}

/// The question with what it does not say filled in.
fn question(text: &str) -> HashMap<&str, &str> {
    let mut said = HashMap::from([
        ("user", "alice"),
        ("host", "h.example.com"),
        ("addr", "127.0.0.1"),
        ("laddr", "127.0.0.1"),
        ("lport", "22"),
        ("rdomain", ""),
    ]);
    said.extend(text.split(',').filter_map(|part| part.split_once('=')));
    said
}

/// One kept configuration, with a keyword that is not collected, if given, for one that is.
fn recorded_case(dir: &Path, renamed: &str, tally: &mut Tally) {
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let main = dir.join(read("main"));
    if !renamed.is_empty() {
        let mut found = false;
        for path in recorded::files(dir).iter().filter(|path| path.to_string_lossy().contains("sshd_")) {
            let text = std::fs::read_to_string(path).unwrap();
            found |= text.contains(renamed);
            std::fs::write(path, text.replace(renamed, "ForceCommand")).unwrap();
        }
        if !found {
            return;
        }
    }
    let files = recorded::memory(dir);
    let config = load(&files, main.to_str().unwrap());
    let asked = read("question");
    let asked = question(&asked);
    let (uid, groups) = groups_of(asked["user"]);
    let subject = Subject { name: asked["user"], uid, groups: &groups };
    let connection = Connection {
        host: asked["host"].to_owned(),
        address: asked["addr"].parse().unwrap(),
        local_address: asked["laddr"].parse().unwrap(),
        local_port: asked["lport"].parse().unwrap(),
        rdomain: asked["rdomain"].to_owned(),
    };
    let effective = evaluate_for(&config, subject, &connection, None);
    let words: Vec<String> = asked.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let script = format!(
        "mount --bind {FIXTURES}/passwd /etc/passwd; mount --bind {FIXTURES}/group /etc/group; mkdir -p /run/sshd
         exec /usr/sbin/sshd -T -h {}/host.ssh-ed25519 -f {} -C '{}'",
        dir.display(),
        main.display(),
        words.join(",")
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let context = || format!("{words:?}\n{}\n{errors}", std::fs::read_to_string(&main).unwrap());
    let theirs = settings(&said);
    if theirs.contains_key("usepam") {
        let differ = differences(&effective, config.findings.len(), &theirs);
        tally.case((!differ.is_empty()).then(|| format!("{differ}{}", context())));
    } else if config.findings.is_empty() {
        tally.skip("sshd refuses the configuration for what is not collected");
    } else {
        tally.case(None);
    }
}
