//! Generated hosts: accounts in every state, and an SSH server's configuration.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::common::HostRoot;
use crate::oracle::{Random, today};
use crate::server::Keys;

/// What crypt(3) makes of `pw`, one of each kind.
const HASHES: [&str; 7] = [
    "$6$rounds=1000$abcdefgh$XqwJcW6OI747PCzoKGoK/1tWSlKoh2vkjEp0I.CpQYUGXuxtpSzAi0rXpF1oWR/3/HfvxKLb7xwD0vymBsSv8/",
    "$5$rounds=1000$abcdefgh$ggW8Ynp0m1BgJIXoc8pRCAiEP.uCk5kdN89CuGUnta.",
    "$1$abcdefgh$IQtUouv7y7Q9dRWkQEPCc.",
    "abzlUXK5ed5rs",
    "$2b$04$abcdefghijklmnopqrstuuyvPXIbu7xe6/CED2DzX8z6Si09MlzlW",
    "$y$j75$abcdefgh1234$1mkYdzP1zy/UJ8zDYXiw3KlnhmkMXZbCtIJwzdR9U52",
    "$gy$j75$abcdefgh1234$sLXub2vvPygabw6CSUIAziJCxWujNdD1wlaSsbIQK/6",
];
/// Shells, whether they let somebody work, and their kind in the made root: a program, a plain file, nothing.
const SHELLS: [(&str, bool, Option<u32>); 9] = [
    ("/bin/bash", true, Some(0o755)),
    ("/bin/sh", true, Some(0o755)),
    ("", true, None),
    ("/usr/sbin/nologin", false, Some(0o755)),
    ("/bin/false", false, Some(0o755)),
    ("/bin/sync", false, Some(0o755)),
    ("/bin/nosuch", false, None),
    ("/etc/passwd", false, Some(0o644)),
    ("bash", false, None),
];
/// Everybody's names.
pub const NAMES: [&str; 12] =
    ["alice", "bob", "carol", "dave", "erin", "frank", "gina", "hank", "ivy", "jack", "Kate", "leo_1"];

/// Fields 3 to 8 of shadow that say nothing.
const ORDINARY: &str = "19000:0:99999:7::";

/// One account.
pub struct Person {
    pub name: String,
    /// The password that fits, if any does.
    pub secret: String,
    pub shell_refuses: bool,
    field: String,
    passwd_field: String,
    ages: String,
    uid: u32,
    gid: u32,
    shell: &'static str,
    key: String,
}

impl Person {
    pub fn ages_near_limits(&self) -> bool {
        self.ages != ORDINARY
    }
}

/// A host.
pub struct World {
    pub root: HostRoot,
    pub people: Vec<Person>,
    pub config: String,
    /// Root of another release whose server is used.
    pub base: Option<PathBuf>,
    /// Where the keys lie.
    pub keys: PathBuf,
    /// UsePAM.
    pub pam: bool,
    /// Logins are forbidden to all but root.
    pub nologin: bool,
    /// The configuration asks where a connection comes from.
    pub two_addresses: bool,
}

impl World {
    pub fn generate(r: &mut Random, keys: &Keys, people: usize, base: Option<PathBuf>) -> World {
        let mut root = HostRoot::empty().file("/usr/sbin/sshd", b"#!", 0o755);
        if Path::new("/etc/debian_version").exists() {
            root = root.file("/etc/debian_version", b"", 0o644);
        }
        for (shell, _, mode) in SHELLS {
            if let Some(mode) = mode {
                root = root.file(shell, b"#!", mode);
            }
        }
        std::fs::create_dir(root.path("/home")).unwrap();
        let (config, two_addresses, pam) = config(r);
        let people: Vec<Person> = (0..people).map(|i| person(r, NAMES[i], i)).collect();
        let mut world = World {
            root,
            people,
            config,
            base,
            keys: keys.directory(),
            pam,
            nologin: pam && r.one_in(12),
            two_addresses,
        };
        for i in 0..world.people.len() {
            world.people[i].key = home(r, &world.root, &world.people[i], keys);
        }
        world.write(r);
        world
    }

    fn write(&self, r: &mut Random) {
        let put = |path: &str, text: &str, mode: u32| {
            let path = self.root.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        };
        put("/etc/passwd", &self.passwd(), 0o644);
        put("/etc/ssh/sshd_config", &self.config, 0o644);
        // The rules ask the release how its PAM counts days.
        let release = self.base.as_deref().unwrap_or(Path::new("/")).join("etc/os-release");
        put("/etc/os-release", &std::fs::read_to_string(release).unwrap_or_default(), 0o644);
        let mut group = String::from("root:x:0:\nnogroup:x:65534:\n");
        for person in &self.people {
            writeln!(
                group,
                "{}:x:{}:{}",
                person.name.to_lowercase(),
                person.gid,
                r.pick(&["", &person.name])
            )
            .unwrap();
        }
        let mut members = || {
            let some: Vec<&str> =
                self.people.iter().map(|p| p.name.as_str()).filter(|_| r.one_in(3)).collect();
            some.join(",")
        };
        writeln!(group, "ops:x:900:{}\nwheel:x:901:{}\nbob:x:902:", members(), members()).unwrap();
        put("/etc/shadow", &self.shadow(false), 0o640);
        put("/etc/group", &group, 0o644);
        if self.nologin {
            put("/run/nologin", "", 0o644);
        }
    }

    pub fn strict_modes(&self) -> bool {
        !self.config.contains("StrictModes no")
    }

    pub fn passwd(&self) -> String {
        self.passwd_lines(|person| person.shell)
    }

    pub fn passwd_with_shell(&self, shell: &str) -> String {
        self.passwd_lines(|_| shell)
    }

    fn passwd_lines<'a>(&'a self, shell: impl Fn(&'a Person) -> &'a str) -> String {
        let mut text =
            String::from("root:x:0:0:root:/root:/bin/bash\nsshd:x:74:65534::/run/sshd:/usr/sbin/nologin\n");
        for p in &self.people {
            let (name, field, uid, gid) = (&p.name, &p.passwd_field, p.uid, p.gid);
            writeln!(text, "{name}:{field}:{uid}:{gid}::/home/{name}:{}", shell(p)).unwrap();
        }
        text
    }

    /// shadow, perhaps with ages that mean nothing.
    pub fn shadow(&self, ageless: bool) -> String {
        let mut text = String::from("root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n");
        for person in self.people.iter().filter(|person| person.field != "?") {
            let ages = if ageless { ORDINARY } else { &person.ages };
            writeln!(text, "{}:{}:{ages}:", person.name, person.field).unwrap();
        }
        text
    }

    pub fn describe(&self, p: &Person) -> String {
        format!(
            "{} uid {} field {:?}/{:?} ages {} (today {}) shell {:?} key {}{}\n{}",
            p.name,
            p.uid,
            p.passwd_field,
            p.field,
            p.ages,
            today(),
            p.shell,
            p.key,
            if self.nologin { " nologin" } else { "" },
            self.config
        )
    }
}

fn person(r: &mut Random, name: &str, i: usize) -> Person {
    let hash = r.pick(&HASHES);
    let mut secret = "pw";
    let field = match r.next(14) {
        0 => format!("!{hash}"),
        1 => r.pick(&["!", "!!", "!*", "!!x"]).to_owned(),
        2 => r.pick(&["*", "*LK*", "x", "NP", "$6$", "$6$abcdefgh$", "$6$abcdefgh"]).to_owned(),
        3 => {
            secret = "";
            String::new()
        }
        // No shadow row.
        4 if r.one_in(3) => "?".to_owned(),
        _ => hash.to_owned(),
    };
    let in_passwd = field != "?" && r.one_in(10);
    let passwd_field = if in_passwd { field.clone() } else { "x".to_owned() };
    let (shell, works, _) = if r.one_in(2) { SHELLS[r.next(3)] } else { SHELLS[r.next(SHELLS.len())] };
    let uid = if r.one_in(8) { 0 } else { 2000 + u32::try_from(i).unwrap() };
    Person {
        name: name.to_owned(),
        secret: secret.to_owned(),
        shell_refuses: !works,
        field,
        passwd_field,
        ages: ages(r),
        uid,
        gid: 3000 + u32::try_from(i).unwrap(),
        shell,
        key: String::new(),
    }
}

/// Fields 3 to 8 of shadow, mostly ordinary, else near their limits.
fn ages(r: &mut Random) -> String {
    let today = i64::from(today());
    match r.next(12) {
        0 | 1 => format!("19000:0:99999:7::{}", today + r.between(-1, 1)),
        2 => format!("19000:0:99999:7::{}", r.pick(&["0", "1", "99999"])),
        3 => format!("{}:0:30:7:{}:", today - 30 - r.between(-1, 1), r.pick(&["", "-1", "0", "5"])),
        4 => format!("{}:0:30:7:{}:", today - 36 - r.between(-1, 1), r.pick(&["5", "6", "0", ""])),
        5 => format!(
            "{}:0:{}:7:{}:",
            r.pick(&["0", "", "-1"]),
            r.pick(&["99999", "30", ""]),
            r.pick(&["", "3"])
        ),
        6 => format!("{}:0:{}:7::", today + r.between(-1, 40), r.pick(&["0", "5", "99999", ""])),
        7 => format!(
            "19000:{}:{}:{}::",
            r.pick(&["", "0", "5"]),
            r.pick(&["", "-1", "99999"]),
            r.pick(&["", "7"])
        ),
        _ => ORDINARY.to_owned(),
    }
}

/// The home directory and the keys in it; says what it made.
fn home(r: &mut Random, root: &HostRoot, person: &Person, keys: &Keys) -> String {
    let home = root.path(&format!("/home/{}", person.name));
    if r.one_in(12) {
        return "no home".to_owned();
    }
    let dir = home.join(".ssh");
    std::fs::create_dir_all(&dir).unwrap();
    let which = r.next(keys.public.len());
    let options = match r.next(10) {
        0 => "command=\"echo LOGIN-OK forced\" ",
        1 => "from=\"127.0.0.0/8\",no-pty ",
        2 => "expiry-time=\"20200101\" ",
        3 => "expiry-time=\"20990101\",restrict ",
        4 => "cert-authority ",
        5 => "no-such-option ",
        _ => "",
    };
    let line = format!("{options}{}", keys.public[which]);
    let text = match r.next(8) {
        0 => String::new(),
        1 => format!("# {line}\n"),
        2 => format!("not a key\n\n  {line}"),
        _ => format!("{line}\n"),
    };
    let name = if r.one_in(6) { "authorized_keys2" } else { "authorized_keys" };
    let file = dir.join(name);
    std::fs::write(&file, text).unwrap();
    let own = |path: &Path, uid: u32, gid: u32, mode: u32| {
        chown(path, Some(uid), Some(gid)).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let (uid, gid) = (person.uid, person.gid);
    let usual = |r: &mut Random, mode: u32, open: u32, writable: u32| match r.next(12) {
        0 => writable,
        1 => open,
        _ => mode,
    };
    let modes = [usual(r, 0o755, 0o777, 0o775), usual(r, 0o700, 0o707, 0o770), usual(r, 0o600, 0o666, 0o664)];
    let owner = if r.one_in(12) { [0, 2999][r.next(2)] } else { uid };
    let group = if r.one_in(12) { [0, 900][r.next(2)] } else { gid };
    own(&home, uid, group, modes[0]);
    own(&dir, uid, gid, modes[1]);
    own(&file, owner, group, modes[2]);
    let [a, b, c] = modes;
    format!("{name} {options} kind {which} modes {a:o} {b:o} {c:o} owner {owner} group {group}")
}

fn config(r: &mut Random) -> (String, bool, bool) {
    let pam = r.next(2) == 0;
    let mut text = format!("UsePAM {}\n", if pam { "yes" } else { "no" });
    let mut two_addresses = false;
    global(r, &mut text);
    lists(r, &mut text, &mut two_addresses);
    for _ in 0..r.next(3) {
        let criteria = match r.next(5) {
            0 => format!("User {}", r.pick(&["alice,bob", "!carol,*", "d*", "Kate"])),
            1 => format!("Group {}", r.pick(&["ops", "*,!wheel", "bob"])),
            2 if !two_addresses => {
                two_addresses = true;
                format!("Address {}", r.pick(&["127.9.0.0/16", "127.0.0.1", "127.9.9.9,10.0.0.0/8"]))
            }
            3 => "all".to_owned(),
            _ => format!("User {} Group {}", r.pick(&["*", "b*,c*"]), r.pick(&["ops,wheel", "wh*"])),
        };
        writeln!(text, "Match {criteria}").unwrap();
        for _ in 0..=r.next(2) {
            block_setting(r, &mut text);
        }
    }
    (text, two_addresses, pam)
}

fn global(r: &mut Random, text: &mut String) {
    if r.one_in(6) {
        text.push_str("StrictModes no\n");
    }
    if r.one_in(5) {
        let files = r.pick(&[
            ".ssh/authorized_keys",
            "%h/.ssh/authorized_keys2",
            "/home/%u/.ssh/authorized_keys",
            "none",
        ]);
        writeln!(text, "AuthorizedKeysFile {files}").unwrap();
    }
    if r.one_in(6) {
        let methods = r.pick(&[
            "publickey,password",
            "publickey,keyboard-interactive",
            "password",
            "publickey password",
            "keyboard-interactive:pam",
        ]);
        writeln!(text, "AuthenticationMethods {methods}").unwrap();
    }
    for _ in 0..r.next(4) {
        block_setting(r, text);
    }
}

fn lists(r: &mut Random, text: &mut String, two_addresses: &mut bool) {
    if r.one_in(5) {
        writeln!(text, "DenyUsers {}", r.pick(&["bob", "e* Kate", "?ina", "kate"])).unwrap();
    }
    if r.one_in(5) {
        let users =
            r.pick(&["a* b* c* d*", "*", "*@127.9.0.0/16 alice", "bob@127.0.0.1 carol dave@127.9.9.9 Kate"]);
        *two_addresses |= users.contains('@');
        writeln!(text, "AllowUsers {users}").unwrap();
    }
    if r.one_in(6) {
        writeln!(text, "DenyGroups {}", r.pick(&["wheel", "nosuch bob", "b*"])).unwrap();
    }
    if r.one_in(6) {
        writeln!(text, "AllowGroups {}", r.pick(&["ops wheel", "alice bob ops", "*"])).unwrap();
    }
}

fn block_setting(r: &mut Random, text: &mut String) {
    let line = match r.next(6) {
        0 => format!("PasswordAuthentication {}", r.pick(&["yes", "no"])),
        1 => format!("KbdInteractiveAuthentication {}", r.pick(&["yes", "no"])),
        2 => format!("PubkeyAuthentication {}", r.pick(&["yes", "no"])),
        3 => format!("PermitEmptyPasswords {}", r.pick(&["yes", "no"])),
        _ => format!(
            "PermitRootLogin {}",
            r.pick(&["yes", "no", "prohibit-password", "forced-commands-only", "yes"])
        ),
    };
    writeln!(text, "{line}").unwrap();
}
