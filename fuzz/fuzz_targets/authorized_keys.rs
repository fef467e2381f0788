//! Any bytes as an authorized_keys file.

#![no_main]

use collect::keys::{MAX_KEYS, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = parse(data, 1_767_225_600);
    assert!(file.keys.len() <= MAX_KEYS && file.bad.len() <= file.bad_lines as usize);
    for key in &file.keys {
        assert!(key.blob.bits >= 1 && key.blob.fingerprint.starts_with("SHA256:"));
        // What was read reads the same again.
        let line = format!("{} {}", key.blob.algorithm, key.base64);
        assert_eq!(parse(line.as_bytes(), 0).keys.first().map(|again| &again.blob), Some(&key.blob));
    }
});
