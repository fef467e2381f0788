//! A fleet: host reports of 50 accounts each, 34 of the system, 6 of services, 10 of people from the same workforce
//! as [`super::People`], a team of which shares about twenty hosts.

use std::collections::BTreeMap;

use model::facts::{
    AccountFacts, Address, AuthorizedKey, Choice, Evidence, FORMAT, HashClass, HostFacts, HostReport,
    KeyFacts, LastLogin, LoginRecord, Os, PasswordFacts, PermitRoot, Privilege, Section, ShellFacts,
    SshAllowed, SshFacts, SudoFacts, SudoGrant, SudoStrength, section,
};

use super::accounts::{SERVICES, SYSTEM, SYSTEMS};
use super::{BEGIN, DAY, Draw, END, People};

/// Accounts of each host.
pub const ACCOUNTS: u64 = 50;
const SERVICES_EACH: u64 = 6;
const PEOPLE_EACH: u64 = 10;
const TEAMS: u64 = 2_000;

/// Makes host reports.
pub struct Fleet {
    people: People,
}

/// What decides the facts of one account.
struct Outline {
    name: String,
    uid: u32,
    home: String,
    shell: &'static str,
    person: bool,
    /// Chance of a known last login in percent.
    logged_in: u64,
}

impl Fleet {
    /// Prepares the names of people.
    pub fn new() -> Self {
        Fleet { people: People::new() }
    }

    /// The report of host `index`.
    pub fn report(&self, index: u64) -> HostReport {
        let draw = Draw::new(2, index);
        let begun = draw.between(1, BEGIN, END - 400 * DAY);
        let accounts = self.outlines(index, draw);
        HostReport {
            format: FORMAT,
            collected_at: draw.between(2, END - 30 * DAY, END) * 1000,
            collector: "bench".into(),
            host: host(index, draw),
            sections: sections(),
            accounts: (1u32..)
                .zip(accounts)
                .map(|(line, outline)| facts(index, line, begun, outline))
                .collect(),
            repaired: false,
        }
    }

    fn outlines(&self, index: u64, draw: Draw) -> Vec<Outline> {
        let system = SYSTEM.iter().map(|&(name, uid, home, shell)| Outline {
            name: name.to_owned(),
            uid,
            home: home.to_owned(),
            shell,
            person: false,
            logged_in: if uid == 0 { 98 } else { 5 },
        });
        let first_service = draw.below(3, SERVICES.len() as u64);
        let services = (0u32..).zip(0..SERVICES_EACH).map(|(uid, number)| {
            let name = SERVICES[((first_service + number * 4) % SERVICES.len() as u64) as usize];
            let home = format!("/var/lib/{name}");
            Outline {
                name: name.into(),
                uid: 150 + uid,
                home,
                shell: "/usr/sbin/nologin",
                person: false,
                logged_in: 20,
            }
        });
        // Few large teams, many small ones: the cube of a fraction.
        let fraction = Draw::new(3, index / 20).below(1, 1_000_000);
        let team = fraction * fraction / 1_000_000 * fraction / 1_000_000 * TEAMS / 1_000_000;
        let people = (0u32..).zip(0..PEOPLE_EACH).map(|(uid, number)| {
            let name = self.people.user_name(team * PEOPLE_EACH + number);
            let home = format!("/home/{name}");
            Outline { name, uid: 1000 + uid, home, shell: "/bin/bash", person: true, logged_in: 95 }
        });
        system.chain(services).chain(people).collect()
    }
}

fn host(index: u64, draw: Draw) -> HostFacts {
    let (os_id, os_version, os_name) = *draw.pick(10, &SYSTEMS);
    let [.., high, middle, low] = index.to_be_bytes();
    let ip = if draw.chance(11, 80) {
        format!("10.{high}.{middle}.{low}")
    } else {
        format!("172.{}.{middle}.{low}", 16 + (high & 15))
    };
    let site = *draw.pick(12, &["gz", "sh", "bj", "sg"]);
    let role = *draw.pick(13, &["web", "db", "app", "k8s", "job"]);
    HostFacts {
        machine_id: draw.uuid(14).simple().to_string(),
        hostname: format!("vm-{site}-{role}-{index:06}"),
        os: Os::Linux,
        os_name: os_name.into(),
        os_id: os_id.into(),
        os_version: os_version.into(),
        addresses: vec![Address { ip, interface: "eth0".into() }],
        instance_id: Some(format!("ins-{:08x}", draw.bits(15) >> 32)),
        network_type: Some(1),
        network_name: Some(format!("vpc-{site}")),
        privilege: Privilege::Root,
        nologin: Some(false),
        ..HostFacts::default()
    }
}

fn sections() -> BTreeMap<String, Section> {
    let ok = || Section { evidence: Evidence::Ok, notes: Vec::new() };
    [section::PASSWD, section::GROUP, section::SHADOW, section::SUDOERS, section::SSHD, section::WTMP]
        .into_iter()
        .map(|name| (name.to_owned(), ok()))
        .collect()
}

fn facts(host: u64, line: u32, begun: i64, outline: Outline) -> AccountFacts {
    let draw = Draw::new(4, host * ACCOUNTS + u64::from(line));
    let sudo = outline.person && draw.chance(1, 25);
    AccountFacts {
        uid: Some(outline.uid),
        gid: Some(outline.uid),
        gecos: if outline.person { "Staff".into() } else { String::new() },
        home: outline.home.clone(),
        shell: outline.shell.into(),
        primary_group: Some(outline.name.clone()),
        groups: if sudo { vec!["sudo".into()] } else { Vec::new() },
        line: Some(line),
        password: password(draw, begun, outline.person || outline.uid == 0),
        shell_facts: ShellFacts {
            evidence: Evidence::Ok,
            exists: true,
            executable: true,
            interactive: outline.shell == "/bin/bash",
            listed: Some(outline.shell == "/bin/bash"),
        },
        sudo: SudoFacts { evidence: Evidence::Ok, grants: if sudo { vec![grant()] } else { Vec::new() } },
        ssh: ssh(),
        keys: keys(draw, &outline),
        last_login: last_login(draw, begun, outline.logged_in),
        name: outline.name,
        ..AccountFacts::default()
    }
}

fn password(draw: Draw, begun: i64, usable: bool) -> PasswordFacts {
    let class = match (usable, draw.below(2, 100)) {
        (false, _) => HashClass::NoPassword,
        (true, 0..=89) => HashClass::Usable,
        (true, 90..=95) => HashClass::LockedWithHash,
        (true, _) => HashClass::LockedNever,
    };
    let hashed = matches!(class, HashClass::Usable | HashClass::LockedWithHash);
    PasswordFacts {
        evidence: Evidence::Ok,
        class,
        algorithm: hashed.then(|| "yescrypt".into()),
        last_change: Some(draw.between(3, begun, END) / DAY),
        min: Some(0),
        max: Some(if usable && draw.chance(4, 60) { 90 } else { 99_999 }),
        warn: Some(7),
        inactive: (usable && draw.chance(5, 30)).then_some(30),
        expire: (usable && draw.chance(6, 5)).then(|| draw.between(7, begun, END + 400 * DAY) / DAY),
        in_passwd: false,
    }
}

fn grant() -> SudoGrant {
    SudoGrant {
        host_matches: Some(true),
        runas: "ALL:ALL".into(),
        commands: "ALL".into(),
        strength: SudoStrength::Full,
        nopasswd: false,
        file: "/etc/sudoers".into(),
        line: 47,
    }
}

fn ssh() -> SshFacts {
    SshFacts {
        evidence: Evidence::Ok,
        installed: Some(true),
        allowed: SshAllowed { choice: Choice::Yes, by: String::new() },
        password: Choice::Yes,
        kbd_interactive: Choice::No,
        pubkey: Choice::Yes,
        permit_empty: Choice::No,
        permit_root: PermitRoot::ProhibitPassword,
        use_pam: Some(true),
        ..SshFacts::default()
    }
}

/// Half of the people have a key. Its blob is made up: nothing here parses it.
fn keys(draw: Draw, outline: &Outline) -> KeyFacts {
    let mut keys = Vec::new();
    if outline.person && draw.chance(10, 50) {
        keys.push(AuthorizedKey {
            algorithm: "ssh-ed25519".into(),
            bits: Some(256),
            fingerprint: format!("SHA256:{}", draw.uuid(11).simple()),
            blob: format!("AAAAC3NzaC1lZDI1NTE5AAAA{}", draw.uuid(12).simple()),
            comment: format!("{}@laptop", outline.name),
            file: format!("{}/.ssh/authorized_keys", outline.home),
            line: 1,
            effective: true,
            ..AuthorizedKey::default()
        });
    }
    KeyFacts { evidence: Evidence::Ok, keys, bad_lines: 0 }
}

fn last_login(draw: Draw, begun: i64, chance: u64) -> LastLogin {
    let record = draw.chance(8, chance).then(|| LoginRecord {
        time: draw.between(9, begun, END),
        terminal: "pts/0".into(),
        host: "10.0.0.7".into(),
        ip: Some("10.0.0.7".into()),
        source: section::WTMP.into(),
    });
    LastLogin { evidence: Evidence::Ok, record }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_pass_the_gate() {
        let fleet = Fleet::new();
        for index in [0, 1, 19, 20, 70_000] {
            let report = fleet.report(index);
            assert_eq!(report.accounts.len() as u64, ACCOUNTS);
            let accepted = model::facts::accept(report.clone()).unwrap();
            assert_eq!(accepted, report, "nothing had to be repaired");
        }
        assert_ne!(fleet.report(1).host.machine_id, fleet.report(2).host.machine_id);
    }
}
