//! API keys as the rest of the program sees them. The secret itself is sealed by the store's caller and
//! never appears here in the clear.

use crate::{Millis, TenantId};

/// What a key may do. `admin` may do all an `operator` may, and that all an `auditor` may; `agent` only
/// reports, `enrol` only asks to become an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, keys included.
    Admin,
    /// Changes people, sends reports.
    Operator,
    /// Reads and exports.
    Auditor,
    /// Sends host reports, nothing else.
    Agent,
    /// Enrols hosts, nothing else.
    Enrol,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 5] = [Role::Admin, Role::Operator, Role::Auditor, Role::Agent, Role::Enrol];

    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
            Role::Agent => "agent",
            Role::Enrol => "enrol",
        }
    }

    /// Inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Refused as if it did not exist.
    Disabled,
}

/// One API key. Permanent, or temporary with a token and an expiry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// SecretId, unique over all tenants.
    pub secret_id: String,
    /// Tenant the key works in.
    pub tenant: TenantId,
    /// Name given by the administrator.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may be used.
    pub state: KeyState,
    /// Secret key, sealed (nonce and ciphertext of AES-256-GCM).
    pub sealed_secret: Vec<u8>,
    /// SHA-256 of the session token of a temporary key.
    pub token_hash: Option<[u8; 32]>,
    /// When a temporary key stops working.
    pub expires: Option<Millis>,
    /// When it was made.
    pub created: Millis,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("secret_id", &self.secret_id).finish_non_exhaustive()
    }
}
