//! Facts of a password: its class and its ages, as passwd(5) and shadow(5) have them. Never the hash.

use serde::{Deserialize, Serialize};

use super::Evidence;

/// What the password field allows, by its form alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashClass {
    /// A hash some password can match.
    Usable,
    /// `!` before a hash: `passwd -l`, `usermod -L`.
    LockedWithHash,
    /// `!`, `!!`, `!*`: locked and never had one.
    LockedNever,
    /// `*` or any other impossible text: nothing matches, yet sshd does not call it locked.
    NoPassword,
    /// Empty: none is needed.
    Empty,
    /// Not readable, or no shadow row.
    #[default]
    #[serde(other)]
    Unknown,
}

impl HashClass {
    /// Whether the field starts with `!`: what `passwd -l` writes and sshd without PAM refuses.
    pub fn is_locked(self) -> bool {
        matches!(self, HashClass::LockedWithHash | HashClass::LockedNever)
    }
}

/// Facts of a password. Days are those of shadow(5), UTC; `None` is an empty field, and -1 stays -1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordFacts {
    /// Whether the row could be read; `absent` when passwd says `x` and shadow has no row.
    pub evidence: Evidence,
    /// Class of the field.
    pub class: HashClass,
    /// Name of the hash algorithm, such as `yescrypt` or `sha512`; `None` when there is no hash.
    #[serde(skip_serializing_if = "super::is_default")]
    pub algorithm: Option<String>,
    /// Field 3: day of the last change; 0 must be changed.
    #[serde(skip_serializing_if = "super::is_default")]
    pub last_change: Option<i64>,
    /// Field 4: days before which it cannot be changed.
    #[serde(skip_serializing_if = "super::is_default")]
    pub min: Option<i64>,
    /// Field 5: days after which it must be changed.
    #[serde(skip_serializing_if = "super::is_default")]
    pub max: Option<i64>,
    /// Field 6: days of warning.
    #[serde(skip_serializing_if = "super::is_default")]
    pub warn: Option<i64>,
    /// Field 7: days after expiry until the account locks.
    #[serde(skip_serializing_if = "super::is_default")]
    pub inactive: Option<i64>,
    /// Field 8: day on which the account expires.
    #[serde(skip_serializing_if = "super::is_default")]
    pub expire: Option<i64>,
    /// The hash stands in passwd, so that shadow is ignored.
    #[serde(skip_serializing_if = "super::is_default")]
    pub in_passwd: bool,
}
