//! The last word on Status, LoginType and IsSshLogin: a real sshd in a mount namespace with generated accounts, one
//! try with a key and one with a password each (from two addresses where the configuration asks where one comes
//! from), against what the rules make of a scan of the same root.
#![allow(clippy::unwrap_used, reason = "a panic of a test is its report")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/oracle.rs"]
mod oracle;
mod server;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::facts::{Evidence, HashClass};
use model::{LoginType, PasswordStatus, rules};
use oracle::{Budget, Random, Tally};
use server::{Attempt, Credentials, Heard, Keys, Server, Try};
use world::{Person, World};

/// Accounts of one world.
const PEOPLE: usize = 10;

#[test]
fn states_agree_with_real_logins() {
    run(Tally::new("real-logins"), None, Budget::new(40, 15));
}

/// The same with the server and the libraries of another release, where `cargo xtask oracles` has made its root.
#[test]
fn states_agree_with_real_logins_of_debian_11() {
    elsewhere("real-logins-debian-11", "bullseye");
}

#[test]
fn states_agree_with_real_logins_of_debian_13() {
    elsewhere("real-logins-debian-13", "trixie");
}

fn elsewhere(name: &'static str, suite: &str) {
    let mut tally = Tally::new(name);
    let root = oracle::cache().join(format!("root-{suite}"));
    if root.join("usr/sbin/sshd").exists() {
        run(tally, Some(root), Budget::new(20, 5));
    } else {
        tally.skip("no root made: cargo xtask oracles makes it");
        tally.finish();
    }
}

fn run(mut tally: Tally, base: Option<PathBuf>, budget: Budget) {
    if oracle::ready(&mut tally, &["sshd", "ssh", "ssh-keygen", "unshare"]) {
        let keys = Keys::make();
        let mut random = Random::seeded(0x5eed_0010);
        let mut worlds = 0;
        while budget.more(worlds) {
            let world = World::generate(&mut random, &keys, PEOPLE, base.clone());
            compare(&world, &keys, &mut tally);
            worlds += 1;
        }
    }
    tally.finish();
}

fn compare(world: &World, keys: &Keys, tally: &mut Tally) {
    let report = world.root.scan();
    let Some(heard) = logins(world, keys) else {
        tally.skip("sshd does not start with the configuration");
        return;
    };
    let lives = lives(world, keys);
    for person in &world.people {
        let facts = common::account(&report, &person.name);
        let states = rules::account(facts, &report.host, 0).states(oracle::today());
        let context =
            || format!("{}\n{}\nlogins {:?}", world.describe(person), facts_of(facts), heard[&person.name]);
        if facts.password.class == HashClass::Unknown {
            tally.skip("no shadow row the C library takes: unknown to the rules");
            continue;
        }
        let heard = &heard[&person.name];
        match &lives[&person.name] {
            Err(trouble) => tally.skip(trouble),
            Ok((lives, said)) => {
                let what = || format!("Status of {}\n{said}", context());
                tally.same(what, states.enabled, *lives);
            }
        }
        if let Some(forced) = world.pam.then(|| forced_change(heard)).flatten() {
            let expired = states.password == Some(PasswordStatus::Expired);
            tally.same(|| format!("PasswordStatus of {}", context()), expired, forced);
        }
        match truth(heard, person) {
            Err(trouble) => tally.skip(&trouble),
            Ok(truth) => {
                let ours = (states.login_type, states.ssh_login);
                if ours.0.is_none() && facts.keys.evidence == Evidence::Denied && !world.strict_modes() {
                    tally.listed("keys in a file of somebody else are not read: unknown");
                    continue;
                }
                let without_pam = (!world.pam && person.ages_near_limits())
                    .then_some("UsePAM no: sshd's own count of days; the rules follow PAM");
                let what = || format!("LoginType, IsSshLogin of {}", context());
                judge(tally, without_pam, what, ours, (Some(truth), Some(truth != LoginType::None)));
            }
        }
    }
}

/// Counts a case; one that differs for a known reason is listed.
fn judge<T: PartialEq + std::fmt::Debug>(
    tally: &mut Tally,
    known: Option<&str>,
    what: impl FnOnce() -> String,
    ours: T,
    theirs: T,
) {
    match known {
        Some(reason) if ours != theirs => tally.listed(reason),
        _ => tally.same(what, ours, theirs),
    }
}

fn facts_of(facts: &model::facts::AccountFacts) -> String {
    let keys: Vec<String> = facts.keys.keys.iter().map(|k| format!("{}:{}", k.effective, k.reason)).collect();
    format!("facts {:?} keys {:?} {keys:?}", facts.ssh, facts.keys.evidence)
}

/// What the server did with everybody, by name.
fn logins(world: &World, keys: &Keys) -> Option<BTreeMap<String, Vec<Heard>>> {
    let server = Server::start(world, &world.config, [&world.passwd(), &world.shadow(false)])?;
    let from: &[&str] = if world.two_addresses { &["127.0.0.1", "127.9.9.9"] } else { &["127.0.0.1"] };
    let mut attempts = Vec::new();
    for person in &world.people {
        for from in from {
            for how in [Try::Key, Try::Password, Try::Both] {
                if how != Try::Both || world.config.contains("AuthenticationMethods") {
                    attempts.push(Attempt { name: &person.name, password: &person.secret, from, how });
                }
            }
        }
    }
    Some(server.hear(&attempts, &Credentials::All(keys)))
}

/// Whether the account itself is alive, whatever the server's configuration and the shell: with a key it gets in by PAM,
/// which minds expiry, and past sshd's own look at the lock. With what was heard when it did not.
fn lives(world: &World, keys: &Keys) -> BTreeMap<String, Result<(bool, String), &'static str>> {
    let mut lives: BTreeMap<String, Result<(bool, String), &str>> =
        world.people.iter().map(|person| (person.name.clone(), Ok((true, String::new())))).collect();
    for pam in ["yes", "no"] {
        let config = format!(
            "UsePAM {pam}\nPermitRootLogin yes\nStrictModes no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nAuthorizedKeysFile {}\n",
            keys.probe()
        );
        let files = [&world.passwd_with_shell("/bin/sh"), &world.shadow(pam == "no")];
        let server = Server::start(world, &config, files.map(String::as_str)).unwrap();
        let names = world.people.iter().map(|person| person.name.as_str());
        let attempts: Vec<Attempt<'_>> =
            names.map(|name| Attempt { name, password: "", from: "127.0.0.1", how: Try::Key }).collect();
        for (name, heard) in server.hear(&attempts, &Credentials::Probe(keys)) {
            let heard = &heard[0];
            let slot = lives.get_mut(&name).unwrap();
            match (heard.admitted(), pam) {
                _ if heard.trouble() => *slot = Err("no answer in time"),
                (false, "yes") if world.nologin => *slot = Err("nologin hides the account's own state"),
                (false, _) if slot.is_ok() => *slot = Ok((false, format!("UsePAM {pam}: {heard:?}"))),
                _ => {}
            }
        }
    }
    lives
}

/// Whether PAM asked for a new password; `None` when nobody came that far.
fn forced_change(heard: &[Heard]) -> Option<bool> {
    let admitted = heard.iter().find(|h| h.admitted() && h.how == Try::Password)?;
    Some(admitted.asks_for_change())
}

/// What the attempts say the login type is.
fn truth(heard: &[Heard], person: &Person) -> Result<LoginType, String> {
    if heard.iter().any(Heard::trouble) {
        return Err("no answer in time".into());
    }
    let works = |how: Try| heard.iter().any(|h| h.how == how && h.works(person.shell_refuses));
    if heard.iter().any(|h| h.how == Try::Key && h.without_asking()) {
        return Err("let in without being asked: the key says nothing".into());
    }
    let password = works(Try::Password);
    let key = works(Try::Key) || (works(Try::Both) && !password);
    Ok(match (key, password) {
        (false, false) => LoginType::None,
        (true, false) => LoginType::Key,
        (false, true) => LoginType::Password,
        (true, true) => LoginType::Both,
    })
}
