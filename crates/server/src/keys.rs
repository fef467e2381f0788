//! Signing keys that were derived before: one per SecretId, day and service. Only keys whose signature was right
//! come in, so a stranger cannot fill it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tc3::v3::{Authorization, SigningKey};
use zeroize::Zeroizing;

/// Entries kept at most; a key uses one per day and service.
const CAPACITY: usize = 4096;

struct Entry {
    date: String,
    service: String,
    /// The secret it was derived from: a SecretId that was deleted and made again has another one.
    secret: Zeroizing<String>,
    key: SigningKey,
}

impl Entry {
    fn is_for(&self, auth: &Authorization) -> bool {
        self.date == auth.date && self.service == auth.service
    }
}

/// The cache, by SecretId.
#[derive(Default)]
pub struct SigningKeys(Mutex<HashMap<String, Vec<Entry>>>);

impl SigningKeys {
    /// The signing key for the scope of `auth`, if it is known.
    pub fn get(&self, auth: &Authorization, secret: &str) -> Option<SigningKey> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(&auth.secret_id)?.iter().find(|entry| entry.is_for(auth))?;
        (entry.secret.as_str() == secret).then(|| entry.key.clone())
    }

    /// Remembers a key whose signature was right. A full cache starts again: yesterday's keys are most of it.
    pub fn put(&self, auth: &Authorization, secret: &str, key: SigningKey) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(Vec::len).sum::<usize>() >= CAPACITY {
            known.clear();
        }
        let entries = known.entry(auth.secret_id.clone()).or_default();
        entries.retain(|entry| !entry.is_for(auth));
        let (date, service) = (auth.date.clone(), auth.service.clone());
        entries.push(Entry { date, service, secret: Zeroizing::new(secret.to_owned()), key });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_scope_and_secret_and_bounded() {
        let auth = |service: &str| {
            let head = format!(
                "TC3-HMAC-SHA256 Credential=ID/2026-01-01/{service}/tc3_request, SignedHeaders=content-type;host, Signature=0"
            );
            Authorization::parse(head.as_bytes()).unwrap()
        };
        let keys = SigningKeys::default();
        let put = |auth: &Authorization, secret: &str| {
            keys.put(auth, secret, SigningKey::derive(secret, &auth.date, &auth.service));
        };
        let (eiam, cwp) = (auth("eiam"), auth("cwp"));
        put(&eiam, "old");
        assert!(keys.get(&eiam, "old").is_some());
        assert!(keys.get(&eiam, "new").is_none() && keys.get(&cwp, "old").is_none());
        put(&eiam, "new");
        assert!(keys.get(&eiam, "old").is_none() && keys.get(&eiam, "new").is_some());
        for number in 0..CAPACITY {
            put(&auth(&number.to_string()), "new");
        }
        assert!(keys.0.lock().unwrap().values().map(Vec::len).sum::<usize>() <= CAPACITY);
    }
}
