//! Differential test: algorithm, size and fingerprint of keys made by ssh-keygen, against `ssh-keygen -l`, and which
//! damaged lines either side still takes for a key. Skips where ssh-keygen is missing.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "common/oracle.rs"]
mod oracle;

use std::path::Path;
use std::process::Command;

use collect::keys::parse;
use oracle::{Budget, Random, Tally};

/// Arguments for each kind of key that can be made without a device.
const KINDS: [(&str, &str); 8] = [
    ("rsa", "1024"),
    ("rsa", "2048"),
    ("rsa", "3072"),
    ("ecdsa", "256"),
    ("ecdsa", "384"),
    ("ecdsa", "521"),
    ("ed25519", "256"),
    ("dsa", "1024"),
];

/// `bits fingerprint` for every key ssh-keygen sees in the text.
fn ask(path: &Path, text: &str) -> Vec<String> {
    std::fs::write(path, text).unwrap();
    let out = Command::new("ssh-keygen").arg("-lf").arg(path).output().unwrap();
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

fn ours(text: &str) -> Vec<String> {
    parse(text.as_bytes(), 0)
        .keys
        .iter()
        .map(|key| format!("{} {}", key.blob.bits, key.blob.fingerprint))
        .collect()
}

fn keys(dir: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (i, (kind, bits)) in KINDS.into_iter().enumerate() {
        let path = dir.join(format!("k{i}"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-b", bits, "-N", "", "-C", "a comment", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        if made.status.success() {
            lines.push(std::fs::read_to_string(path.with_extension("pub")).unwrap().trim_end().to_owned());
        }
    }
    lines
}

#[test]
fn keys_agree_with_ssh_keygen() {
    let mut tally = Tally::new("keys");
    if Command::new("ssh-keygen").arg("-?").output().is_ok() {
        compare(&mut tally);
    } else {
        tally.skip("ssh-keygen is not installed");
    }
    tally.finish();
}

fn compare(tally: &mut Tally) {
    let dir = tempfile::tempdir().unwrap();
    let lines = keys(dir.path());
    assert!(lines.len() >= 6, "{lines:?}");
    let path = dir.path().join("authorized_keys");
    let whole = lines.join("\n");
    tally.same(|| whole.clone(), ours(&whole), ask(&path, &whole));
    assert_eq!(ours(&whole).len(), lines.len());
    for options in ["restrict", "command=\"echo \\\"a b\\\"\",no-pty", "from=\"10.0.0.0/8\""] {
        let text: String = lines.iter().map(|line| format!("{options} {line}\n")).collect();
        tally.same(|| text.clone(), ours(&text), ask(&path, &text));
    }
    damaged(&lines, &path, tally);
    certificate(dir.path());
}

/// Characters changed, dropped and added: both sides must still agree on what is a key.
fn damaged(lines: &[String], path: &Path, tally: &mut Tally) {
    let mut random = Random::seeded(0x5eed_0003);
    let budget = Budget::new(120, 10);
    for _ in (0..).take_while(|done| budget.more(*done)) {
        let mut line = lines[random.next(lines.len())].clone();
        let end = line.find(" a comment").unwrap();
        let at = random.next(end);
        match random.next(5) {
            0 => drop(line.remove(at)),
            1 => line.insert(at, ['A', '=', ' ', '"', '/', '\t'][random.next(6)]),
            2 => line.replace_range(at..=at, ["A", "b", "-"][random.next(3)]),
            3 => line.truncate(at),
            _ => line.insert_str(0, ["a=\"b c\" ", "x ", "\"x ", "\\\" "][random.next(4)]),
        }
        let (found, expected) = (ours(&line), ask(path, &line));
        if expected.is_empty() && !found.is_empty() && line.contains("ecdsa-sha2-") {
            tally.listed("a point off the curve of an ECDSA key is not noticed");
        } else {
            tally.same(|| line.clone(), found, expected);
        }
    }
}

/// A certificate is read but never counted as a key that logs in.
fn certificate(dir: &Path) {
    let sign = Command::new("ssh-keygen")
        .args(["-q", "-I", "id", "-n", "me", "-s"])
        .arg(dir.join("k6"))
        .arg(dir.join("k1.pub"))
        .output()
        .unwrap();
    assert!(sign.status.success(), "{}", String::from_utf8_lossy(&sign.stderr));
    let path = dir.join("k1-cert.pub");
    let text = std::fs::read_to_string(&path).unwrap();
    let file = parse(text.as_bytes(), 0);
    assert!(file.keys[0].blob.certificate && !file.keys[0].effective());
    assert_eq!(ours(&text), ask(&dir.join("cert"), &text));
}

/// The keys and certificates of OpenSSH's own tests.
#[test]
fn keys_of_openssh() {
    let mut tally = Tally::new("keys-openssh");
    let found = std::fs::read_dir(oracle::cache().join("sources")).into_iter().flatten().flatten();
    let tree = found.map(|e| e.path()).find(|p| p.is_dir() && p.to_string_lossy().contains("/openssh-"));
    let Some(tree) = tree else {
        tally.skip("sources not fetched: cargo xtask oracles fetches them");
        return tally.finish();
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authorized_keys");
    for folder in ["sshkey", "authopt"] {
        let folder = tree.join("regress/unittests").join(folder).join("testdata");
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|e| e == "pub" || e == "cert") {
                let text = std::fs::read_to_string(&file).unwrap();
                tally.same(|| file.display().to_string(), ours(&text), ask(&path, &text));
            }
        }
    }
    tally.finish();
}
