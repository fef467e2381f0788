//! Reports that come compressed: gzip in base64, unpacked within a bound.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use wire::{Code, Error};

/// Bytes of a report at most, unpacked.
pub(crate) const UNPACKED_MAX: usize = 64 << 20;

/// Why a packed report cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unpacking {
    /// It is not base64.
    #[error("it is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// It is not gzip, or cut off.
    #[error("it is not gzip: {0}")]
    Gzip(#[from] std::io::Error),
    /// It is larger than a report may be.
    #[error("it is larger than {} MiB unpacked", .0 >> 20)]
    Large(usize),
    /// It holds no text.
    #[error("it is not UTF-8")]
    Text,
}

impl Unpacking {
    /// As it is answered.
    pub(crate) fn into_answer(self, field: &str) -> Error {
        let large = matches!(self, Unpacking::Large(_));
        let code = if large { Code::LimitExceeded } else { Code::InvalidParameter };
        Error::new(code).field(field.to_owned()).detail(self.to_string(), self.to_string())
    }
}

/// The text in `packed`, never more than [`UNPACKED_MAX`] bytes of it.
pub(crate) fn unpack(packed: &str) -> Result<String, Unpacking> {
    unpack_within(packed, UNPACKED_MAX)
}

/// The same with another bound.
pub(crate) fn unpack_within(packed: &str, most: usize) -> Result<String, Unpacking> {
    let bytes = STANDARD.decode(packed)?;
    let one_more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    GzDecoder::new(bytes.as_slice()).take(one_more).read_to_end(&mut text)?;
    if text.len() > most {
        return Err(Unpacking::Large(most));
    }
    String::from_utf8(text).map_err(|_| Unpacking::Text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn pack(text: &[u8]) -> String {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text).unwrap();
        STANDARD.encode(out.finish().unwrap())
    }

    #[test]
    fn bounds_and_damage() {
        assert_eq!(unpack(&pack(b"{}")).unwrap(), "{}");
        assert_eq!(unpack_within(&pack(b"12345"), 5).unwrap(), "12345");
        assert!(matches!(unpack_within(&pack(b"123456"), 5), Err(Unpacking::Large(_))));
        assert!(matches!(unpack(&pack(b"\xff")), Err(Unpacking::Text)));
        assert!(matches!(unpack("?"), Err(Unpacking::Base64(_))));
        assert!(matches!(unpack("AAAA"), Err(Unpacking::Gzip(_))));
        // Very little that would become very much: no more than the bound is ever unpacked.
        let zeros = pack(&vec![0; UNPACKED_MAX + 1]);
        assert!(zeros.len() < UNPACKED_MAX / 50);
        assert!(matches!(unpack(&zeros), Err(Unpacking::Large(_))));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack_within(&STANDARD.encode(&bytes), 100);
            let cut = pack(&bytes);
            let _ = unpack_within(&cut[..cut.len() / 8 * 4], 100);
            prop_assert_eq!(unpack_within(&pack(&bytes), 1000).ok(), String::from_utf8(bytes).ok());
        }
    }
}
