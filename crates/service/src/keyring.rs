//! The API keys in memory, ready for the next request: the store keeps them sealed, here their secrets are open.
//! Follows every committed change of a key, so that a key made, disabled or deleted counts at once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::{Credential, KeyState, Millis, TenantId};
use zeroize::Zeroizing;

/// One key with its secret open. Cannot be printed.
pub struct LiveKey {
    /// The key as stored.
    pub credential: Credential,
    secret: Zeroizing<String>,
}

impl LiveKey {
    /// A key and its opened secret.
    pub fn new(credential: Credential, secret: Zeroizing<String>) -> Self {
        LiveKey { credential, secret }
    }

    /// The secret key.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether the key may be used at all. A temporary key past its end still exists: its token is refused.
    pub fn enabled(&self) -> bool {
        self.credential.state == KeyState::Enabled
    }

    /// Whether a temporary key has ended at `now`.
    pub fn ended(&self, now: Millis) -> bool {
        self.credential.expires.is_some_and(|end| now >= end)
    }
}

/// All keys by SecretId.
#[derive(Default)]
pub struct Keyring(RwLock<HashMap<String, Arc<LiveKey>>>);

impl Keyring {
    /// The key with this SecretId, disabled ones included.
    pub fn find(&self, secret_id: &str) -> Option<Arc<LiveKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(secret_id).cloned()
    }

    /// The keys of one tenant, oldest first.
    pub fn of_tenant(&self, tenant: TenantId) -> Vec<Arc<LiveKey>> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = keys.values().filter(|k| k.credential.tenant == tenant).cloned().collect();
        found.sort_by(|a, b| {
            (a.credential.created, &a.credential.secret_id)
                .cmp(&(b.credential.created, &b.credential.secret_id))
        });
        found
    }

    /// Puts a key in, in place of the one with its SecretId.
    pub fn put(&self, key: LiveKey) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.credential.secret_id.clone(), Arc::new(key));
    }

    /// Changes the state of a key; nothing happens to an unknown one.
    pub fn set_state(&self, secret_id: &str, state: KeyState) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get_mut(secret_id) {
            let credential = Credential { state, ..key.credential.clone() };
            *key = Arc::new(LiveKey { credential, secret: key.secret.clone() });
        }
    }

    /// Takes a key out.
    pub fn remove(&self, secret_id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(secret_id);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is no key at all, as in a new data directory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
