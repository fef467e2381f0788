//! Rules of the tree that the compiler does not know, as ordinary tests: files open with `//!` and stay small,
//! nothing is left for later, and the crates use only those below them.

use std::path::{Path, PathBuf};

use crate::contract::root;

/// Longest file that is written by hand.
const LINES: usize = 600;

/// The crates from the ground up; each may use only those before it.
const ORDER: [&str; 14] = [
    "tc3", "search", "model", "roster", "store", "collect", "windows", "import", "export", "wire", "service",
    "server", "rollcall", "agent",
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory of the tree").map(|e| e.expect("an entry")) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != ".venv" && !name.to_string_lossy().starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 50, "the tree was found");
    files.into_iter().map(|f| (f.clone(), std::fs::read_to_string(f).expect("UTF-8"))).collect()
}

#[test]
fn files_say_what_they_are_for_and_stay_small() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let generated = text.starts_with("// Generated");
        let opening = text.lines().find(|l| !l.starts_with("// ") && !l.starts_with("#!"));
        if !opening.is_some_and(|l| l.starts_with("//!")) {
            wrong.push(format!("{} does not open with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > LINES && !generated {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimple", "mented!(")];
    let left: Vec<String> = sources()
        .iter()
        .flat_map(|(path, text)| text.lines().enumerate().map(move |(n, line)| (path, n + 1, line)))
        .filter(|(_, _, line)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(path, line, text)| format!("{}:{line}: {}", path.display(), text.trim()))
        .collect();
    assert!(left.is_empty(), "{}", left.join("\n"));
}

#[test]
fn only_the_calls_into_windows_are_unsafe() {
    // Put together here, so that this file does not find itself.
    let marks = [
        concat!("unsa", "fe {"),
        concat!("unsa", "fe fn"),
        concat!("unsa", "fe impl"),
        concat!("allow(unsa", "fe_code"),
    ];
    let found = sources().into_iter().filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)));
    let mut found: Vec<PathBuf> = found.map(|(path, _)| path).collect();
    found.sort();
    let live = root().join("crates/windows/src/live");
    assert_eq!(found, [live.join("folder.rs"), live.join("net.rs")]);
}

#[test]
fn crates_use_only_those_below_them() {
    let mut wrong = Vec::new();
    for (level, name) in ORDER.iter().enumerate() {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let used = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if ORDER.iter().position(|other| *other == used).is_some_and(|below| below >= level) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    let dirs = std::fs::read_dir(root().join("crates")).expect("crates");
    for dir in dirs.map(|d| d.expect("an entry").file_name().to_string_lossy().into_owned()) {
        if !ORDER.contains(&dir.as_str()) {
            wrong.push(format!("{dir} has no place in the order"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
