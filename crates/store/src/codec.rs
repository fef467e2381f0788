//! How reports and facts are kept in one value of a database.
//!
//! JSON, because it describes itself: a newer program adds members with defaults and reads what an older one wrote,
//! which a positional encoding cannot do, and it is the form reports arrive in, so one set of tests covers both. LZ4
//! takes away most of what the repeated member names cost and is faster to read than the disk.
//!
//! First byte 1: JSON. First byte 2: length of the JSON (4 bytes, little endian), LZ4 block.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

const PLAIN: u8 = 1;
const LZ4: u8 = 2;
/// Below this compression saves less than it costs.
const WORTH_IT: usize = 128;
/// Far above what a report may have; a length beyond it is damage, not a reason to allocate.
const MOST: usize = 512 << 20;

pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    Ok(pack(&json(value)?))
}

/// The value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|e| StoreError::Engine(Box::new(e)))
}

/// JSON in the form [`decode`] reads.
pub(crate) fn pack(json: &[u8]) -> Vec<u8> {
    match u32::try_from(json.len()) {
        Ok(length) if json.len() >= WORTH_IT => {
            [&[LZ4], length.to_le_bytes().as_slice(), &lz4_flex::block::compress(json)].concat()
        }
        _ => [&[PLAIN], json].concat(),
    }
}

/// The value, or what is wrong with the bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((&PLAIN, json)) => serde_json::from_slice(json).map_err(|e| e.to_string()),
        Some((&LZ4, rest)) => {
            let (length, block) = rest.split_first_chunk::<4>().ok_or("shorter than its head")?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            if length > MOST {
                return Err(format!("{length} bytes are too many"));
            }
            let json = lz4_flex::block::decompress(block, length).map_err(|e| e.to_string())?;
            serde_json::from_slice(&json).map_err(|e| e.to_string())
        }
        Some((version, _)) => Err(format!("encoding {version} is not known to this program")),
        None => Err("empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_wrote(value: Vec<(String, i64, Option<bool>)>) {
            let bytes = encode(&value).unwrap();
            prop_assert_eq!(decode::<Vec<(String, i64, Option<bool>)>>(&bytes).unwrap(), value);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _any: Result<Vec<String>, _> = decode(&bytes);
            let _any: Result<Vec<String>, _> = decode(&[&[LZ4], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn compresses_what_is_worth_it() {
        assert_eq!(encode(&"short").unwrap()[0], PLAIN);
        let long = encode(&"long ".repeat(1000)).unwrap();
        assert!(long[0] == LZ4 && long.len() < 100);
    }

    #[test]
    fn an_absurd_length_is_not_allocated() {
        assert!(decode::<String>(&[LZ4, 255, 255, 255, 255, 0]).is_err());
    }
}
