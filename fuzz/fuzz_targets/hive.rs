//! Any bytes as the bins of a registry hive: every key that can be reached, every value, and the host they describe.
//! The first block is mended first, since nothing passes a wrong checksum; the input begins with the root's place.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use windows::{
    hive::{Hive, Key, MAX_SUBKEYS, MAX_VALUE},
    sam, software, system,
};

/// The file of these bins.
fn file(data: &[u8]) -> Option<Vec<u8>> {
    let (root, bins) = data.split_first_chunk::<4>()?;
    let length = u32::try_from(bins.len()).ok()?;
    let mut file = vec![0; 4096];
    file[..4].copy_from_slice(b"regf");
    for (at, number) in [(20, 1), (24, 5), (36, u32::from_le_bytes(*root)), (40, length)] {
        file[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    let sum = file[..508].as_chunks::<4>().0.iter().fold(0, |sum, four| sum ^ u32::from_le_bytes(*four));
    file[508..512].copy_from_slice(&sum.to_le_bytes());
    file.extend_from_slice(bins);
    Some(file)
}

/// Looks at every key once, however they contain each other.
fn walk(root: Key<'_>) {
    let mut seen = HashSet::new();
    let mut waiting = vec![root];
    while let Some(key) = waiting.pop() {
        if !seen.insert(key.offset()) || seen.len() > 1000 {
            continue;
        }
        for value in key.values().into_iter().flatten().take(100) {
            assert!(value.data().is_ok_and(|data| data.len() <= MAX_VALUE) || value.number().is_none());
            let _texts = value.texts();
        }
        let keys = key.subkeys();
        assert!(keys.len() <= MAX_SUBKEYS + 1);
        waiting.extend(keys.into_iter().flatten().take(1000));
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(file) = file(data) else { return };
    let Ok(hive) = Hive::parse(&file) else { return };
    if let Ok(root) = hive.root() {
        walk(root);
    }
    let _host = (sam::read(hive), system::read(hive), software::read(hive));
});
