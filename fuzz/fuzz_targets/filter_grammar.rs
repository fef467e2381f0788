//! Any text as a search condition of each member of EIAM's `SearchCondition`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use search::eiam::{Member, condition, conditions};

fuzz_target!(|text: &str| {
    for member in Member::ALL {
        // One condition and the list of that one condition are the same filter.
        assert_eq!(condition(member, text).is_ok(), conditions([(member, text)]).is_ok());
    }
});
