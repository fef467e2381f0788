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

#[derive(PartialEq, Eq, Hash)]
struct Scope {
    secret_id: String,
    date: String,
    service: String,
}

impl Scope {
    fn of(auth: &Authorization) -> Self {
        Self { secret_id: auth.secret_id.clone(), date: auth.date.clone(), service: auth.service.clone() }
    }
}

struct Entry {
    /// The secret it was derived from: a SecretId that was deleted and made again has another one.
    secret: Zeroizing<String>,
    key: SigningKey,
}

/// The cache.
#[derive(Default)]
pub struct SigningKeys(Mutex<HashMap<Scope, Entry>>);

impl SigningKeys {
    /// The signing key for the scope of `auth`, derived when it is not known.
    pub fn get(&self, auth: &Authorization, secret: &str) -> SigningKey {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&Scope::of(auth)) {
            Some(entry) if entry.secret.as_str() == secret => entry.key.clone(),
            _ => {
                drop(known);
                SigningKey::derive(secret, &auth.date, &auth.service)
            }
        }
    }

    /// Remembers a key whose signature was right. A full cache starts again: yesterday's keys are most of it.
    pub fn put(&self, auth: &Authorization, secret: &str, key: &SigningKey) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let scope = Scope::of(auth);
        if known.len() >= CAPACITY && !known.contains_key(&scope) {
            known.clear();
        }
        known.insert(scope, Entry { secret: Zeroizing::new(secret.to_owned()), key: key.clone() });
    }
}
