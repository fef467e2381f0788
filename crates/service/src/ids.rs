//! New ids of people and nodes: UUIDs that begin with the time, so that new rows come to lie side by side in the
//! store. Random ones would touch a page of their own for each row of an import.

use model::Millis;
use uuid::{NoContext, Timestamp, Uuid};

/// A new id made at `now`: a UUID of version 7 (RFC 9562, 5.7), 74 of its bits random.
pub fn new(now: Millis) -> String {
    let seconds = u64::try_from(now.div_euclid(1000)).unwrap_or(0);
    let nanos = u32::try_from(now.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_differ_and_follow_the_time() {
        let now = 1_751_500_800_000;
        assert_ne!(super::new(now), super::new(now));
        assert!(super::new(now) < super::new(now + 1));
    }
}
