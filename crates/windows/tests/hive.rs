//! Hives written here and read back; hives damaged in every way do not hurt.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::HashSet;

use proptest::prelude::*;
use windows::hive::{Hive, HiveError, Key};

mod common;

use common::{List, Node, hive, put, seal};

const LISTS: [List; 4] = [List::Lf, List::Lh, List::Li, List::Ri];

fn sample() -> Node {
    let big: Vec<u8> = (0..40_000u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    Node::new("ROOT")
        .key(Node::new("alpha").text("Text", "wörld").number("Number", 77).value("Empty", 3, &[]))
        .key(Node::new("Ünïcode").key(Node::new("inner").value("", 3, &[1, 2, 3, 4, 5])))
        .key(Node::new("big").value("Data", 3, &big).value("List", 7, &common::wide("a\0b\0\0")))
}

#[test]
fn what_was_written_is_read() {
    for list in LISTS {
        let bytes = hive(&sample(), list);
        let hive = Hive::parse(&bytes).unwrap();
        assert!(hive.is_whole() && !hive.is_dirty());
        let names: Vec<_> =
            hive.root().unwrap().subkeys().into_iter().map(|k| k.unwrap().name().to_owned()).collect();
        assert_eq!(names, ["alpha", "Ünïcode", "big"], "{list:?}");
        let alpha = hive.key("ALPHA").unwrap().unwrap();
        assert_eq!(alpha.value("text").unwrap().unwrap().text().unwrap(), "wörld");
        assert_eq!(alpha.value("Number").unwrap().unwrap().number(), Some(77));
        assert_eq!(alpha.value("Number").unwrap().unwrap().text(), None);
        assert!(alpha.value("Empty").unwrap().unwrap().data().unwrap().is_empty());
        assert!(alpha.value("other").unwrap().is_none() && alpha.subkey("x").unwrap().is_none());
        let inner = hive.key(r"ünïcode\inner").unwrap().unwrap();
        assert_eq!(&*inner.value("").unwrap().unwrap().data().unwrap(), [1, 2, 3, 4, 5]);
        let big = hive.key("big").unwrap().unwrap();
        let data = big.value("Data").unwrap().unwrap().data().unwrap().into_owned();
        assert_eq!((data.len(), data[250], data[251], data[39_999]), (40_000, 250, 0, 90));
        assert_eq!(big.value("List").unwrap().unwrap().texts().unwrap(), ["a", "b"]);
        assert!(hive.key(r"alpha\nothing\here").unwrap().is_none());
    }
}

#[test]
fn other_files_are_refused() {
    let good = hive(&sample(), List::Lf);
    for bytes in [&[][..], b"regf", &good[..4095], &[0; 8192]] {
        assert_eq!(Hive::parse(bytes).unwrap_err(), HiveError::NotAHive);
    }
    let mut bytes = good.clone();
    bytes[24] = 9;
    assert_eq!(Hive::parse(&bytes).unwrap_err(), HiveError::Version(1, 9));
    let mut bytes = good.clone();
    bytes[100] ^= 1;
    assert_eq!(Hive::parse(&bytes).unwrap_err(), HiveError::Checksum);
}

#[test]
fn changes_in_a_log_and_missing_bins_are_seen() {
    let mut bytes = hive(&sample(), List::Lf);
    bytes[8] = 2;
    seal(&mut bytes);
    assert!(Hive::parse(&bytes).unwrap().is_dirty());
    let cut = &bytes[..bytes.len() - 4096];
    let hive = Hive::parse(cut).unwrap();
    assert!(!hive.is_whole());
    assert!(matches!(hive.root(), Err(HiveError::Cell { .. })));
}

/// Every key once, by its place; says how many there were and whether one was its own descendant.
fn walk(key: &Key<'_>, above: &mut Vec<u32>, seen: &mut HashSet<u32>) -> bool {
    if above.contains(&key.offset()) {
        return true;
    }
    if !seen.insert(key.offset()) {
        return false;
    }
    for value in key.values().into_iter().flatten() {
        let _ = (value.data().map(|data| data.len()), value.texts(), value.number());
    }
    above.push(key.offset());
    let cycles = key.subkeys().into_iter().flatten().filter(|key| walk(key, above, seen)).count();
    above.pop();
    cycles > 0
}

/// Where a cell with this mark begins in the file.
fn find(bytes: &[u8], mark: &[u8]) -> usize {
    bytes.windows(mark.len()).position(|part| part == mark).unwrap()
}

#[test]
fn a_key_that_contains_itself_is_followed_no_further_than_the_path() {
    let node = Node::new("ROOT").key(Node::new("loop").key(Node::new("leaf")));
    let mut bytes = hive(&node, List::Li);
    let hive = Hive::parse(&bytes).unwrap();
    let root = hive.root().unwrap().offset();
    // The list of `loop` is written before that of the root: its only entry is made to name the root.
    let list = find(&bytes, b"li");
    put(&mut bytes, list + 4, root as usize);
    let hive = Hive::parse(&bytes).unwrap();
    assert!(walk(&hive.root().unwrap(), &mut Vec::new(), &mut HashSet::new()), "a cycle");
    assert_eq!(hive.key(r"loop\ROOT\loop").unwrap().unwrap().name(), "loop");
    assert!(hive.key(r"loop\ROOT\leaf").unwrap().is_none());
}

#[test]
fn a_list_that_names_itself_ends() {
    let keys = ["a", "b", "c", "d"].map(Node::new);
    let mut bytes = hive(&Node { keys: keys.to_vec(), ..Node::new("ROOT") }, List::Ri);
    let list = find(&bytes, b"ri");
    let own = list - 4 - 4096;
    for entry in [4, 8] {
        put(&mut bytes, list + entry, own);
    }
    let hive = Hive::parse(&bytes).unwrap();
    let keys = hive.root().unwrap().subkeys();
    assert!(matches!(keys[..], [Err(HiveError::Cell { .. })]));
}

#[test]
fn a_list_named_thousands_of_times_gives_no_more_than_the_key_says() {
    let mut bytes =
        hive(&Node { keys: ["a", "b", "c"].map(Node::new).to_vec(), ..Node::new("ROOT") }, List::Ri);
    let list = find(&bytes, b"ri");
    let first = bytes[list + 4..list + 8].to_vec();
    bytes[list + 8..list + 12].copy_from_slice(&first);
    let hive = Hive::parse(&bytes).unwrap();
    assert_eq!(hive.root().unwrap().subkeys().len(), 3);
}

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let hives = prop::sample::select(LISTS.to_vec()).prop_map(|list| hive(&sample(), list));
    let mark = prop::sample::select(vec![&b"nk"[..], b"vk", b"lf", b"lh", b"li", b"ri", b"db", b"hbin"]);
    // Anywhere, or shortly after a mark, where the numbers are that matter.
    let hit =
        (any::<prop::sample::Index>(), prop::option::of(mark), 0usize..80, any::<[u8; 4]>(), 1usize..=4);
    (hives, prop::collection::vec(hit, 1..12), prop::option::of(any::<prop::sample::Index>())).prop_map(
        |(mut bytes, hits, cut)| {
            for (anywhere, mark, after, with, length) in hits {
                let places: Vec<usize> = match mark {
                    Some(mark) => (0..bytes.len() - 8).filter(|at| bytes[*at..].starts_with(mark)).collect(),
                    None => Vec::new(),
                };
                let place = match places.get(anywhere.index(places.len().max(1))) {
                    Some(place) => place.saturating_sub(4) + after,
                    None => anywhere.index(bytes.len()),
                };
                for (byte, new) in bytes.iter_mut().skip(place).zip(with.iter().take(length)) {
                    *byte = *new;
                }
            }
            if let Some(cut) = cut {
                bytes.truncate(4096 + cut.index(bytes.len() - 4096));
            }
            seal(&mut bytes);
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_hives_do_not_hurt(bytes in damaged()) {
        if let Ok(hive) = Hive::parse(&bytes) {
            if let Ok(root) = hive.root() {
                walk(&root, &mut Vec::new(), &mut HashSet::new());
            }
            let _ = hive.key(r"Ünïcode\inner");
        }
    }

    #[test]
    fn any_bytes_do_not_hurt(mut bytes in prop::collection::vec(any::<u8>(), 4096..9000)) {
        bytes[..4].copy_from_slice(b"regf");
        (bytes[20..28]).copy_from_slice(&[1, 0, 0, 0, 5, 0, 0, 0]);
        seal(&mut bytes);
        if let Ok(hive) = Hive::parse(&bytes) {
            let _ = hive.root();
        }
    }
}
