//! What the master key is used for: sealing the secrets of API keys, and the key that signs download links.
//! Also makes new keys.

use model::Credential;
use store::{MasterKey, SealError};
use zeroize::Zeroizing;

use crate::keyring::LiveKey;

/// Letters of new ids and secrets: those of the vendor's keys.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Letters after `AKID` in a SecretId, as the vendor's.
const ID_LETTERS: usize = 32;
/// Letters of a secret key, as the vendor's: 190 bits.
const SECRET_LETTERS: usize = 32;
/// Letters of the token of a temporary key.
const TOKEN_LETTERS: usize = 64;

/// The master key and what is derived from it.
pub struct Secrets {
    master: MasterKey,
    link: [u8; 32],
}

impl Secrets {
    /// Everything that hangs on this master key.
    pub fn new(master: MasterKey) -> Self {
        let link = master.derive("download links");
        Secrets { master, link }
    }

    /// The key that signs download links.
    pub fn link_key(&self) -> &[u8; 32] {
        &self.link
    }

    /// Seals the secret of the key `secret_id`.
    pub fn seal(&self, secret_id: &str, secret: &str) -> Result<Vec<u8>, SealError> {
        self.master.seal(secret_id, secret.as_bytes())
    }

    /// Opens a stored key.
    pub fn open_key(&self, credential: Credential) -> Result<LiveKey, SealError> {
        let secret = self.master.open(&credential.secret_id, &credential.sealed_secret)?;
        let secret = std::str::from_utf8(&secret).map_err(|_| SealError::Damaged)?;
        let secret = Zeroizing::new(secret.to_owned());
        Ok(LiveKey::new(credential, secret))
    }
}

/// A new SecretId.
pub fn new_id() -> Result<String, SealError> {
    Ok(format!("AKID{}", &*letters(ID_LETTERS)?))
}

/// A new secret key.
pub fn new_secret() -> Result<Zeroizing<String>, SealError> {
    letters(SECRET_LETTERS)
}

/// A new token for a temporary key.
pub fn new_token() -> Result<Zeroizing<String>, SealError> {
    letters(TOKEN_LETTERS)
}

/// Random letters, each equally likely: bytes that would favour some are thrown away.
fn letters(count: usize) -> Result<Zeroizing<String>, SealError> {
    let mut out = Zeroizing::new(String::with_capacity(count));
    let mut bytes = Zeroizing::new([0u8; 64]);
    while out.len() < count {
        getrandom::fill(&mut *bytes).map_err(SealError::Random)?;
        let fair = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < 4 * LETTERS.len());
        let chosen = fair.filter_map(|b| LETTERS.get(b % LETTERS.len())).map(|b| char::from(*b));
        let wanted = count.saturating_sub(out.len());
        out.extend(chosen.take(wanted));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_have_the_form_and_differ() {
        let (a, b) = (new_id().unwrap(), new_id().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric()));
        assert_eq!(new_secret().unwrap().len(), SECRET_LETTERS);
        assert_eq!(new_token().unwrap().len(), TOKEN_LETTERS);
    }
}
