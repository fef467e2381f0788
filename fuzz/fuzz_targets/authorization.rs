//! Any bytes as an Authorization header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tc3::v3::Authorization;

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = Authorization::parse(data) {
        assert!(header.signed_headers.iter().any(|name| name == "host"));
        assert!(header.signed_headers.iter().any(|name| name == "content-type"));
    }
});
