//! The digest of a report: of everything but its [`Moment`](super::Moment), so that two reports of a host on which
//! nothing has changed have the same one. Collector and server compute it alike, here.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::HostReport;

/// The form of a report that is kept and digested.
#[derive(Serialize)]
struct Undated<'a> {
    report: &'a HostReport,
}

/// `{"report": …}` without the moment of its collection. The report is as before afterwards.
///
/// # Errors
/// None for a report that came from JSON or from a collector.
pub fn undated_json(report: &mut HostReport) -> serde_json::Result<Vec<u8>> {
    let moment = report.take_moment();
    let json = serde_json::to_vec(&Undated { report });
    report.put_moment(moment);
    json
}

/// The digest of what [`undated_json`] gave.
pub fn digest(undated: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    for (to, from) in digest.iter_mut().zip(Sha256::digest(undated)) {
        *to = from;
    }
    digest
}

/// A digest as it travels: 32 hexadecimal digits; nothing for none.
pub fn print_digest(digest: [u8; 16]) -> String {
    match u128::from_be_bytes(digest) {
        0 => String::new(),
        digest => format!("{digest:032x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::AccountFacts;

    #[test]
    fn the_digest_is_of_the_facts() {
        let of = |report: &HostReport| {
            let mut report = report.clone();
            let digest = digest(&undated_json(&mut report).unwrap());
            (digest, report.collected_at)
        };
        let one = HostReport { collected_at: 5, ..Default::default() };
        let later = HostReport { collected_at: 6, ..Default::default() };
        let account = AccountFacts { name: "a".into(), ..Default::default() };
        let other = HostReport { accounts: vec![account], ..one.clone() };
        assert_eq!((of(&one).0, of(&one).1), (of(&later).0, 5));
        assert_ne!(of(&one).0, of(&other).0);
        let read: HostReport = serde_json::from_slice(&serde_json::to_vec(&other).unwrap()).unwrap();
        assert_eq!(of(&read), of(&other), "it survives a journey");
    }

    #[test]
    fn printed() {
        assert_eq!(print_digest([0; 16]), "");
        assert_eq!(print_digest([1; 16]), "01".repeat(16));
    }
}
