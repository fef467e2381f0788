//! Differential test: the rights this crate finds against what the installed sudo says (`sudo -l -U`), on fixture and
//! generated policies, bound over the real files in a private mount namespace. Skips where sudo, unshare or root is
//! missing.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/policies.rs"]
mod policies;
#[path = "common/recorded.rs"]
mod recorded;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use collect::config_files::{MemoryFiles, Source};
use collect::sudoers::{Account, Host, Policy, Start, Verdict, load};
use oracle::{Budget, Random, Tally};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/policy");
const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// Most policies compared in an ordinary run.
const POLICIES: usize = 400;

/// What `sudo -l -U` prints for the policies and [`users_of`] each, in order.
fn ask_sudo(policies: &[String], budget: Budget) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (i, text) in policies.iter().enumerate() {
        std::fs::write(path(&format!("p{i}")), text).unwrap();
    }
    std::fs::write(path("sudoers"), "").unwrap();
    std::fs::write(path("hostname"), "web1\n").unwrap();
    let script = format!(
        "cd {dir}; chmod 0440 sudoers; mount --bind {FIXTURES}/passwd /etc/passwd; mount --bind {FIXTURES}/group /etc/group
         mount --bind sudoers /etc/sudoers; i=0; end=$(($(date +%s)+{seconds}))
         while [ $i -lt {count} ] && {{ [ $i -lt 12 ] || [ $(date +%s) -lt $end ]; }}; do cat p$i > sudoers
           case $((i%2)) in 0) us='{a} {b}';; *) us='{c} {d}';; esac
           for u in $us; do LC_ALL=C sudo -h web1 -l -U $u 2>/dev/null; echo ==END; done
           i=$((i+1)); done",
        dir = dir.path().display(),
        seconds = budget.seconds,
        a = USERS[0],
        b = USERS[1],
        c = USERS[2],
        d = USERS[3],
        count = policies.len(),
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let answers: Vec<String> = text.split_terminator("==END\n").map(str::to_owned).collect();
    assert!(answers.len() >= 10, "{} answers: {}", answers.len(), String::from_utf8_lossy(&out.stderr));
    answers
}

/// The two users asked about for policy `i`.
fn users_of(i: usize) -> &'static [&'static str] {
    if i.is_multiple_of(2) { &USERS[..2] } else { &USERS[2..] }
}

fn fixture_groups(user: &str) -> (u32, Vec<(String, u32)>) {
    let read = |name: &str| std::fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap();
    let passwd = read("passwd");
    let row: Vec<&str> =
        passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|row| row[0] == user).unwrap();
    let (uid, gid): (u32, u32) = (row[2].parse().unwrap(), row[3].parse().unwrap());
    let groups = read("group");
    let member = |line: &&str| {
        let row: Vec<&str> = line.split(':').collect();
        row[2].parse() == Ok(gid) || row[3].split(',').any(|name| name == user)
    };
    let groups = groups.lines().filter(member).map(|line| {
        let row: Vec<&str> = line.split(':').collect();
        (row[0].to_owned(), row[2].parse().unwrap())
    });
    (uid, groups.collect())
}

fn host() -> Host {
    Host { names: vec!["web1".to_owned()], addresses: Some(Vec::new()), superusers: vec!["root".to_owned()] }
}

/// `runas|nopasswd|command` for every allowed command in sudo's listing.
fn from_sudo(answer: &str) -> Vec<String> {
    let mut rights = Vec::new();
    for line in answer.lines().filter_map(|line| line.strip_prefix("    (")) {
        let (runas, mut rest) = line.split_once(") ").unwrap_or((line, ""));
        let mut nopasswd = false;
        for mut item in std::mem::take(&mut rest).split(", ") {
            while let Some((tag, command)) = item.split_once(": ") {
                if !tag.bytes().all(|c| c.is_ascii_uppercase() || c == b'_') {
                    break;
                }
                nopasswd = match tag {
                    "NOPASSWD" => true,
                    "PASSWD" => false,
                    _ => nopasswd,
                };
                item = command;
            }
            if !item.starts_with('!') {
                rights.push(format!("{runas}|{nopasswd}|{}", item.replace('\\', "")));
            }
        }
    }
    rights
}

/// Our rights in the same form; `None` when one of them depends on a netgroup, of which only sudo knows.
fn ours(policy: &Policy, user: &str) -> Option<Vec<String>> {
    let (uid, groups) = fixture_groups(user);
    let rights = policy.rights(Account { name: user, uid, groups: &groups }, &host());
    let mut out = Vec::new();
    for grant in &rights.grants {
        for command in grant.commands.iter().filter(|command| !command.starts_with('!')) {
            out.push(format!("{}|{}|{}", grant.runas, grant.nopasswd, command.replace('\\', "")));
        }
    }
    rights.grants.iter().all(|grant| grant.certain).then_some(out)
}

fn parse(text: &str) -> Policy {
    load(&MemoryFiles::new().with("/etc/sudoers", text), &Start::default(), "web1")
}

#[test]
fn rights_agree_with_sudo() {
    let mut tally = Tally::new("sudoers");
    if oracle::ready(&mut tally, &["sudo", "unshare"]) {
        let budget = Budget::new(POLICIES, 2);
        let mut random = Random::seeded(0x5eed_0001);
        let policies: Vec<String> =
            (0..budget.cases).map(|i| policies::policy(&mut random, i % 3 == 2, false)).collect();
        let answers = ask_sudo(&policies, budget);
        let granted: usize = answers
            .iter()
            .enumerate()
            .map(|(i, answer)| compare(&policies[i / 2], i, answer, &mut tally))
            .sum();
        eprintln!("{granted} answers with rights");
        assert!(
            granted * 4 > answers.len(),
            "only {granted} answers grant anything: the generator is too weak"
        );
    }
    tally.finish();
}

/// Holds one answer against ours; 1 when it grants something.
fn compare(text: &str, i: usize, answer: &str, tally: &mut Tally) -> usize {
    let user = users_of(i / 2)[i % 2];
    let mut expected = from_sudo(answer);
    let Some(mut found) = ours(&parse(text), user) else {
        tally.skip("depends on a netgroup");
        return 0;
    };
    // sudo lists names of aliases that do not exist; they permit nothing.
    let alias = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let nothing = |command: &str| command != "ALL" && command.chars().all(alias);
    expected.retain(|right| !right.rsplit('|').next().is_some_and(nothing));
    let granted = usize::from(!expected.is_empty());
    expected.sort();
    found.sort();
    tally.same(|| format!("policy {} for {user}:\n{text}\nsudo says:\n{answer}", i / 2), found, expected);
    granted
}

#[test]
fn the_fixture_gives_the_known_answers() {
    let read = |name: &str| std::fs::read(Path::new(FIXTURES).join(name)).unwrap();
    let files = MemoryFiles::new()
        .with("/etc/sudoers", read("sudoers"))
        .with("/etc/sudoers.d/10-carol", read("sudoers.d/10-carol"))
        .with("/etc/sudoers.d/README.disabled", read("sudoers.d/README.disabled"));
    let policy = load(&files, &Start::default(), "web1");
    assert!(policy.findings.is_empty(), "{:?}", policy.findings);
    let rights = |user: &str, host: &Host| {
        let (uid, groups) = fixture_groups(user);
        policy.rights(Account { name: user, uid, groups: &groups }, host)
    };
    let elsewhere = Host { names: vec!["db1".to_owned()], ..host() };
    for (user, host, verdict) in [
        ("root", &host(), Verdict::Yes),
        ("alice", &host(), Verdict::Yes),
        ("bob", &host(), Verdict::Yes),
        ("bob", &elsewhere, Verdict::No),
        ("carol", &elsewhere, Verdict::Yes),
        ("dave", &host(), Verdict::No),
        ("toor", &host(), Verdict::No),
        ("erin", &host(), Verdict::Yes),
    ] {
        assert_eq!(rights(user, host).verdict, verdict, "{user} on {:?}", host.names);
    }
    let erin = rights("erin", &host());
    assert_eq!((erin.grants[0].runas.as_str(), erin.grants[0].line), ("bob", 8));
    let carol = rights("carol", &host());
    assert_eq!(&*carol.grants.last().unwrap().file, "/etc/sudoers.d/10-carol");
}

/// Names that sudo's own golden file gives for a key, such as `"username": "bob"`.
fn named(json: &str, key: &str) -> Vec<String> {
    let plain =
        |name: &&str| name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) && !name.is_empty();
    let start = format!("\"{key}\": \"");
    let mut names: Vec<String> = json
        .lines()
        .filter_map(|line| line.trim().strip_prefix(&start)?.split('"').next())
        .filter(plain)
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The policies of sudo's own tests, for the users they name: those of the scanner's tests, and in a long run of all.
#[test]
fn rights_agree_on_the_policies_of_sudo() {
    let mut tally = Tally::new("sudoers-regress");
    let Some(tree) = recorded::tree("sudo") else {
        tally.skip("sources not fetched: cargo xtask oracles fetches them");
        return tally.finish();
    };
    if oracle::ready(&mut tally, &["sudo", "cvtsudoers", "unshare"]) {
        let work = tempfile::tempdir().unwrap();
        std::fs::set_permissions(work.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let every = if oracle::long() { recorded::sudo_policies } else { recorded::plain_sudo_policies };
        for dir in every(&tree, work.path()) {
            regress(&dir, &mut tally);
        }
    }
    tally.finish();
}

/// The users, groups and the first host that a policy names; all users where cvtsudoers finds a fault in it.
fn names(policy: &Path, text: &str) -> (Vec<String>, Vec<String>, Option<String>) {
    let out = Command::new("cvtsudoers").args(["-c", "", "-f", "json"]).arg(policy).output().unwrap();
    let json = String::from_utf8_lossy(&out.stdout).into_owned();
    if out.status.success() {
        return (named(&json, "username"), named(&json, "usergroup"), named(&json, "hostname").pop());
    }
    let first = text.lines().filter_map(|line| line.split([' ', '\t', ',']).next());
    let plain =
        |word: &&str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (first.filter(plain).map(str::to_owned).collect(), Vec::new(), None)
}

fn regress(policy: &Path, tally: &mut Tally) {
    let bytes = std::fs::read(policy.join("policy")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (mut users, groups, host) = names(&policy.join("policy"), &text);
    users.retain(|user| user != "root");
    users.sort();
    users.dedup();
    users.truncate(5);
    users.push("stranger".to_owned());
    let host = host.as_deref().unwrap_or("web1");
    let dir = tempfile::tempdir().unwrap();
    let mut passwd = String::from("root:x:0:0::/root:/bin/sh\n");
    users
        .iter()
        .zip(1000..)
        .for_each(|(user, uid)| writeln!(passwd, "{user}:x:{uid}:100::/:/bin/sh").unwrap());
    let mut group = String::from("root:x:0:\nusers:x:100:\n");
    groups.iter().zip(2000..).for_each(|(name, gid)| writeln!(group, "{name}:x:{gid}:{}", users[0]).unwrap());
    for (file, text) in
        [("passwd", passwd.as_bytes()), ("group", group.as_bytes()), ("sudoers", bytes.as_slice())]
    {
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    let script = format!(
        "cd {}; chmod 0440 sudoers; for f in passwd group sudoers; do mount --bind $f /etc/$f; done
         for u in {}; do LC_ALL=C sudo -h {host} -l -U $u 2>/dev/null; echo ==END; done",
        dir.path().display(),
        users.join(" ")
    );
    let out = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
    let text_out = String::from_utf8_lossy(&out.stdout).into_owned();
    let files = recorded::memory(policy).with("/etc/sudoers", bytes.clone());
    let policy = load(&files, &Start::default(), host);
    let here = Host {
        names: vec![host.to_owned()],
        addresses: Some(Vec::new()),
        superusers: vec!["root".to_owned()],
    };
    for (i, (user, answer)) in users.iter().zip(text_out.split_terminator("==END\n")).enumerate() {
        let mut member = vec![("users".to_owned(), 100)];
        if i == 0 {
            member.extend(groups.iter().cloned().zip(2000..));
        }
        let uid = 1000 + u32::try_from(i).unwrap();
        let rights = policy.rights(Account { name: user, uid, groups: &member }, &here);
        let verdict = rights.grants.iter().any(|grant| grant.certain);
        let theirs = answer.lines().any(|line| line.starts_with("    ("));
        tally.same(|| format!("{user} on {host}:\n{text}\nsudo says:\n{answer}"), verdict, theirs);
    }
}
