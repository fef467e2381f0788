//! What is different between two packed reports, packed too. When to send it is decided in `agent`.

use std::io::{self, Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use model::facts::{CHANGES_MAX, Changes, HostReport};

use crate::state::Packed;

/// Reports that are larger than this unpacked are sent whole: comparing two takes several times that much memory.
const COMPARED: usize = 32 << 20;

/// What makes `after` of `before`, as gzip of JSON; `None` where that is not much smaller than `after` itself, or one of
/// them makes no sense.
pub fn between(before: &Packed, after: &Packed) -> Option<Vec<u8>> {
    let changes = Changes::between(&unpack(&before.gzip)?, &unpack(&after.gzip)?).ok()?;
    let json = serde_json::to_vec(&changes).ok().filter(|json| json.len() <= CHANGES_MAX)?;
    let packed = pack(&json).ok()?;
    (packed.len() <= after.gzip.len() / 2).then_some(packed)
}

fn unpack(gzip: &[u8]) -> Option<HostReport> {
    let mut json = Vec::new();
    let most = u64::try_from(COMPARED).unwrap_or(u64::MAX);
    GzDecoder::new(gzip).take(most.saturating_add(1)).read_to_end(&mut json).ok()?;
    (json.len() <= COMPARED).then_some(())?;
    serde_json::from_slice(&json).ok()
}

fn pack(json: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json)?;
    gzip.finish()
}

#[cfg(test)]
mod tests {
    use model::facts::AccountFacts;

    use super::*;

    fn report(names: impl Iterator<Item = u64>) -> Packed {
        let account = |n: u64| AccountFacts {
            name: format!("user{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            ..Default::default()
        };
        let report = HostReport { accounts: names.map(account).collect(), ..Default::default() };
        Packed { digest: String::new(), gzip: pack(&serde_json::to_vec(&report).unwrap()).unwrap() }
    }

    #[test]
    fn only_what_is_much_smaller_is_worth_it() {
        let before = report(0..500);
        let bytes = |after: &Packed| between(&before, after).map(|changes| changes.len());
        assert!(bytes(&report(0..499)).unwrap() < 120);
        assert!(bytes(&report(10..520)).unwrap() < before.gzip.len() / 2);
        assert_eq!(bytes(&report(1000..1500)), None, "nobody is left");
        let nonsense = Packed { digest: String::new(), gzip: before.gzip[..99].to_vec() };
        assert_eq!((between(&nonsense, &before), between(&before, &nonsense)), (None, None));
    }
}
