//! Signing and verifying for the Tencent Cloud API 3.0: version 3 (TC3-HMAC-SHA256) and version 1 (HmacSHA1 and
//! HmacSHA256). This crate knows bytes, keys and an instant. HTTP types, clocks, storage and the answer to a
//! failure belong to whoever calls it.
//!
//! A server does, in this order: parse ([`v3::Authorization::parse`]), find the key, [`check_window`], derive or
//! take from a cache the [`v3::SigningKey`], [`v3::verify`]. Version 1 has [`v1::verify`] in place of the last two.
//! For a SecretId it does not know it goes through the same steps with [`DUMMY_SECRET`], so that an unknown key
//! costs what a wrong signature costs.

mod error;
mod host;
mod mac;
mod request;
mod time;
pub mod v1;
pub mod v3;

pub use error::Error;
pub use host::HostForm;
pub use request::{Body, Request, UNSIGNED_PAYLOAD};
pub use time::{MAX_SKEW_SECONDS, check_window, parse_timestamp, utc_date};

/// Secret to verify with when the SecretId is unknown: the result is thrown away, the time is spent.
pub const DUMMY_SECRET: &str = "unknown-key-unknown-key-unknown-";

/// Longest SecretId taken, in bytes. The vendor's permanent ones have 36, temporary ones up to about 80.
pub const MAX_SECRET_ID: usize = 128;

/// Whether a text has the form of a SecretId: 1 to [`MAX_SECRET_ID`] ASCII letters, digits, `-` and `_`.
///
/// # Errors
/// [`Error::InvalidSecretId`].
pub fn check_secret_id(text: &str) -> Result<(), Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if text.is_empty() || text.len() > MAX_SECRET_ID || !text.bytes().all(allowed) {
        return Err(Error::InvalidSecretId);
    }
    Ok(())
}
