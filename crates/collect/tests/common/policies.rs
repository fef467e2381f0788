//! Generated sudo policies, for the tests that hold them against sudo and against cvtsudoers.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic there is its report")]

use std::fmt::Write as _;

use super::oracle::Random;

/// A few items, some negated, joined in different ways.
fn list(r: &mut Random, from: &[&str]) -> String {
    let items: Vec<String> =
        (0..=r.next(3)).map(|_| format!("{}{}", r.pick(&["", "", "", "!", "!!"]), r.pick(from))).collect();
    items.join(r.pick(&[",", ", ", " , "]))
}

const WHO: [&str; 14] = [
    "alice", "bob", "CAROL", "%ops", "%sudo", "%#1100", "#1001", "#1003", "UA", "UB", "ALL", "\"%ops\"",
    "%alice", "nobody",
];
const WHERE: [&str; 9] =
    ["ALL", "ALL", "HA", "HB", "web1", "web*", "elsewhere", "web1.example.com", "w[a-f]b?"];
const WHAT: [&str; 9] = [
    "/bin/ls",
    "/bin/ps -e",
    "/usr/bin/",
    "CA",
    "CB",
    "ALL",
    "/bin/cat /etc/a\\:b",
    "sudoedit /etc/hosts",
    "/bin/x *",
];
const RUNAS: [&str; 10] =
    ["", "", "(root)", "(ALL)", "(ALL:ALL)", "(bob, !carol)", "(:adm)", "()", "(RA)", "(#0)"];
const TAGS: [&str; 6] = ["", "", "", "NOPASSWD: ", "PASSWD:", "NOEXEC: NOPASSWD:"];

/// What the listing of `sudo -l` shows in ways of its own, or not at all: the structure alone has it.
const MORE_WHO: [&str; 8] =
    ["+netgroup", "%:remote", "%:#77", "\"%a b\"", "x\\ y", "UC", "\"quoted user\"", "#4294967294"];
const MORE_WHERE: [&str; 8] =
    ["10.0.0.0/8", "192.168.1.1", "10.0.0.0/255.0.0.0", "fe80::/10", "::1", "+hosts", "HC", "h\\-1"];
const MORE_WHAT: [&str; 12] = [
    "/bin/ls \"\"",
    "^/bin/(a|b)$",
    "^/bin/c$ ^-[xy]+$",
    "/bin/d ^e.*$",
    "sha224:d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1 /bin/k",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, \
     sha224:d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1 /bin/k x",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef ALL",
    "/usr/bin/a\\,b\\=c d\\\\e",
    "/bin/f \\*",
    "/bin/[a-z]* x\\, y",
    "list",
    "CC",
];
const MORE_RUNAS: [&str; 8] = [
    "(:)",
    "(bob:ops)",
    "(%ops, #3:#4, !adm)",
    "(RA, !RB : RA)",
    "(+ng)",
    "( root )",
    "(UA:UA)",
    "(alice:ALL)",
];
const MORE_TAGS: [&str; 10] = [
    "SETENV: ",
    "NOSETENV:",
    "LOG_INPUT: NOLOG_OUTPUT:",
    "EXEC:",
    "MAIL: NOFOLLOW: ",
    "CWD=/tmp ",
    "CHROOT=* NOPASSWD:",
    "NOTBEFORE=20200102030405Z NOTAFTER=20300102030405Z ",
    "TIMEOUT=1h30m ",
    "ROLE=r TYPE=t ",
];
const DEFAULTS: [&str; 16] = [
    "Defaults secure_path=\"/sbin:/bin\"",
    "Defaults env_keep += \"A B C\", env_keep -= B",
    "Defaults!CA !authenticate",
    "Defaults>root runas_default=bob, umask=0022",
    "Defaults@HA log_output",
    "Defaults:UA,!bob timestamp_timeout = 5, !lecture",
    "Defaults!/bin/ls, /bin/x y noexec",
    "Defaults !env_reset,passprompt=\"a\\\" b\"",
    "Defaults editor=/usr/bin/vi:/bin/ed",
    "Defaults:%ops  exempt_group=ops",
    "Defaults env_check=",
    "Defaults logfile=/var/log/a\\ b",
    "Defaults mailerpath",
    "Defaults:\"a b\" rootpw",
    "Defaults@10.0.0.0/8 !use_pty",
    "  Defaults targetpw",
];

/// What entries are made of.
struct Parts {
    who: Vec<&'static str>,
    places: Vec<&'static str>,
    what: Vec<&'static str>,
    runas: Vec<&'static str>,
    tags: Vec<&'static str>,
    defaults: Vec<&'static str>,
}

impl Parts {
    /// `rich` ones have what only the structure shows.
    fn new(rich: bool) -> Parts {
        let with =
            |plain: &[&'static str], more: &[&'static str]| [plain, if rich { more } else { &[] }].concat();
        Parts {
            who: with(&WHO, &MORE_WHO),
            places: with(&WHERE, &MORE_WHERE),
            what: with(&WHAT, &MORE_WHAT),
            runas: with(&RUNAS, &MORE_RUNAS),
            tags: with(&TAGS, &MORE_TAGS),
            defaults: with(&["Defaults env_reset", "Defaults:bob !lecture"], &DEFAULTS),
        }
    }

    fn command(&self, r: &mut Random) -> String {
        if r.next(6) == 0 {
            return format!("!{}", r.pick(&["/bin/su", "/bin/kill -9", "CD"]));
        }
        format!("{} {}{}", r.pick(&self.runas), r.pick(&self.tags), r.pick(&self.what))
    }

    fn entry(&self, r: &mut Random, text: &mut String) {
        match r.next(9) {
            0 => writeln!(text, "User_Alias {} = {}", r.pick(&["UA", "UB"]), list(r, &self.who)),
            1 => writeln!(text, "Host_Alias {} = {}", r.pick(&["HA", "HB"]), list(r, &self.places)),
            2 => writeln!(
                text,
                "Cmnd_Alias {} = {}",
                r.pick(&["CA", "CB"]),
                r.pick(&["/bin/a, /bin/b c", "CB, !CD", "ALL"])
            ),
            3 => match r.next(5) {
                0 => writeln!(text, "# note"),
                1 => writeln!(text),
                2 => writeln!(text, "#includedir /nowhere"),
                _ => writeln!(text, "{}", r.pick(&self.defaults)),
            },
            _ => {
                let specs: Vec<String> = (0..=r.next(2))
                    .map(|_| {
                        let commands: Vec<String> = (0..=r.next(3)).map(|_| self.command(r)).collect();
                        let joint = r.pick(&[", ", ",", ", \\\n  "]);
                        format!("{} = {}", list(r, &self.places), commands.join(joint))
                    })
                    .collect();
                writeln!(text, "{} {}", list(r, &self.who), specs.join(" : "))
            }
        }
        .unwrap();
    }
}

/// A policy of random entries, perhaps damaged at a few places, to compare the recovery.
pub fn policy(r: &mut Random, damaged: bool, rich: bool) -> String {
    let parts = Parts::new(rich);
    let mut text = String::from("Cmnd_Alias CD = /bin/su, /bin/kill\nRunas_Alias RA = root, bob\n");
    if rich {
        text.push_str("User_Alias UC = !UA, carol : UD = UB, %x\nHost_Alias HC = !HA, HB\n");
        text.push_str("Cmd_Alias CC = CA, !CD, \\\n\t/bin/m n\nRunas_Alias RB = !RA, #7\n");
    }
    for _ in 0..2 + r.next(8) {
        parts.entry(r, &mut text);
    }
    if damaged {
        for _ in 0..=r.next(2) {
            let at = text.len() / 3 + r.next(text.len() / 2);
            match r.next(3) {
                0 => drop(text.remove(at)),
                1 => text.insert_str(
                    at,
                    r.pick(&[" ", ":", "=", ",", "\"", "#", "!", "(", ")", "\\", "\n", "^", "%", "+"]),
                ),
                _ => text.truncate(at),
            }
        }
        text.push('\n');
    }
    text
}
