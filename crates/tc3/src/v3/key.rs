//! The signing key: good for one secret, one day and one service, so worth caching.

use crate::mac::hmac_sha256;
use zeroize::Zeroizing;

/// A derived key. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// Derives the key: HMAC-SHA256 chain from `"TC3" + secret` over date (`YYYY-MM-DD`), service and `tc3_request`.
    pub fn derive(secret: &str, date: &str, service: &str) -> Self {
        let start = Zeroizing::new([b"TC3", secret.as_bytes()].concat());
        let day = Zeroizing::new(hmac_sha256(&start, date.as_bytes()));
        let scoped = Zeroizing::new(hmac_sha256(&*day, service.as_bytes()));
        Self(Zeroizing::new(hmac_sha256(&*scoped, b"tc3_request")))
    }

    /// The signature of a string to sign, in lower-case hex.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(hmac_sha256(&*self.0, string_to_sign.as_bytes()))
    }

    /// The key itself, for comparison with published test vectors. Not for logs.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
