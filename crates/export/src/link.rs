//! Signed links: the right to fetch one file until an instant, carried by the link itself. The server keeps no list
//! of links; a fresh one is made for every question after the task, and changing the link key ends them all.
//!
//! A token is 72 characters of URL-safe base64 over 54 bytes: purpose (2), tenant (4), task (8), expiry in seconds
//! since the epoch (8), HMAC-SHA256 over a fixed label and those 22 bytes (32). Numbers are big-endian. 54 bytes
//! fill the 72 characters exactly, so every token has just one spelling.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::TenantId;
use sha2::Sha256;

/// Length of every token in characters.
pub const TOKEN_LENGTH: usize = 72;
/// Purpose: download of an export file, first form of the token.
const PURPOSE: [u8; 2] = *b"E1";
/// Keeps these codes apart from anything else the same key might ever sign.
const LABEL: &[u8] = b"rollcall export link\0";
const CLAIMS: usize = 22;
const CODE: usize = 32;

/// Why a link does not open anything. Whoever fetches should be told the same for all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not a token of ours by its form.
    #[error("malformed link")]
    Malformed,
    /// The code is not ours: another key, or something was changed.
    #[error("forged link")]
    Forged,
    /// It was ours and its time is over.
    #[error("expired link")]
    Expired,
}

/// Signs and verifies links.
#[derive(Debug, Clone, Copy)]
pub struct Link;

impl Link {
    /// A token for the file of `task` of `tenant`, good until `expires` (seconds since the epoch, exclusive).
    pub fn sign(key: &[u8; 32], tenant: TenantId, task: u64, expires: i64) -> String {
        let mut bytes = Vec::with_capacity(CLAIMS + CODE);
        bytes.extend_from_slice(&PURPOSE);
        bytes.extend_from_slice(&tenant.0.to_be_bytes());
        bytes.extend_from_slice(&task.to_be_bytes());
        bytes.extend_from_slice(&expires.to_be_bytes());
        let code = mac(key, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&code);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Tenant and task of a token that is good at `now` (seconds since the epoch). The code is compared in constant
    /// time and before anything in the token is believed.
    pub fn verify(key: &[u8; 32], token: &str, now: i64) -> Result<(TenantId, u64), LinkError> {
        if token.len() != TOKEN_LENGTH {
            return Err(LinkError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| LinkError::Malformed)?;
        let (claims, code) = bytes.split_first_chunk::<CLAIMS>().ok_or(LinkError::Malformed)?;
        mac(key, claims).verify_slice(code).map_err(|_| LinkError::Forged)?;
        let (purpose, tenant, task, expires) = split(claims).ok_or(LinkError::Malformed)?;
        if purpose != PURPOSE {
            return Err(LinkError::Malformed);
        }
        if now >= expires {
            return Err(LinkError::Expired);
        }
        Ok((tenant, task))
    }
}

fn split(claims: &[u8; CLAIMS]) -> Option<([u8; 2], TenantId, u64, i64)> {
    let (purpose, rest) = claims.split_first_chunk::<2>()?;
    let (tenant, rest) = rest.split_first_chunk::<4>()?;
    let (task, rest) = rest.split_first_chunk::<8>()?;
    let expires = rest.first_chunk::<8>()?;
    Some((
        *purpose,
        TenantId(u32::from_be_bytes(*tenant)),
        u64::from_be_bytes(*task),
        i64::from_be_bytes(*expires),
    ))
}

fn mac(key: &[u8; 32], claims: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of 32 bytes");
    mac.update(LABEL);
    mac.update(claims);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_token_is_stable() {
        let token = Link::sign(&KEY, TenantId(1), 11, 1_700_000_000);
        insta::assert_snapshot!(token);
        assert_eq!(token.len(), TOKEN_LENGTH);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn it_ends_at_its_second() {
        let token = Link::sign(&KEY, TenantId(3), 9, 1000);
        assert_eq!(Link::verify(&KEY, &token, 999), Ok((TenantId(3), 9)));
        assert_eq!(Link::verify(&KEY, &token, 1000), Err(LinkError::Expired));
        assert_eq!(Link::verify(&[8; 32], &token, 999), Err(LinkError::Forged));
        assert_eq!(
            Link::verify(&[8; 32], &token, 1000),
            Err(LinkError::Forged),
            "expiry is not believed unsigned"
        );
    }

    #[test]
    fn other_forms_are_malformed() {
        let token = Link::sign(&KEY, TenantId(1), 1, 10);
        for bad in [
            "",
            "x",
            &token[1..],
            &format!("{token}="),
            &format!("{token}A"),
            &"é".repeat(36),
            &"+".repeat(72),
        ] {
            assert_eq!(Link::verify(&KEY, bad, 0), Err(LinkError::Malformed), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(tenant: u32, task: u64, expires in 1i64.., key: [u8; 32]) {
            let token = Link::sign(&key, TenantId(tenant), task, expires);
            prop_assert_eq!(Link::verify(&key, &token, expires - 1), Ok((TenantId(tenant), task)));
        }

        #[test]
        fn any_changed_byte_fails(tenant: u32, task: u64, at in 0..TOKEN_LENGTH, to in 0u8..128) {
            let token = Link::sign(&KEY, TenantId(tenant), task, i64::MAX);
            let mut bytes = token.clone().into_bytes();
            bytes[at] = to;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assume!(changed != token);
            prop_assert!(Link::verify(&KEY, &changed, 0).is_err());
        }

        #[test]
        fn any_changed_bit_is_forged(bit in 0..(CLAIMS + CODE) * 8) {
            let token = Link::sign(&KEY, TenantId(1), 2, i64::MAX);
            let mut bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Link::verify(&KEY, &URL_SAFE_NO_PAD.encode(bytes), 0), Err(LinkError::Forged));
        }

        #[test]
        fn hostile_text_never_panics(text in ".{0,100}") {
            prop_assert!(Link::verify(&KEY, &text, 0).is_err());
        }
    }
}
