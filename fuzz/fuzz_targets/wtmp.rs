//! Any bytes as wtmp and as one record of lastlog.

#![no_main]

use collect::logins::{lastlog, wtmp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    wtmp::parse(data);
    lastlog::parse(data);
});
