//! Facts of privilege and access: sudo grants, the SSH server's settings for an account, and its authorized keys.
//! Each carries file and line.

use serde::{Deserialize, Serialize};

use super::{Evidence, Limits};

/// How strong a sudo right is; the strongest is the least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SudoStrength {
    /// Any command as root.
    Full,
    /// Some commands as root.
    RootLimited,
    /// Some commands as somebody who is not root.
    #[default]
    #[serde(other)]
    OtherUser,
}

/// One sudo rule that gives this account something on this host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SudoGrant {
    /// Whether its host list is known to match this host; `None` when a netgroup could not be resolved.
    pub host_matches: Option<bool>,
    /// Run-as part as written, `root` when there is none.
    pub runas: String,
    /// Commands as written, shortened.
    pub commands: String,
    /// How strong it is.
    pub strength: SudoStrength,
    /// Whether a password is not asked for.
    pub nopasswd: bool,
    /// File it stands in.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// Sudo rights of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SudoFacts {
    /// How well the policy could be read and decided for this account; `absent` when there is no sudo.
    pub evidence: Evidence,
    /// The rules that give it something.
    #[serde(skip_serializing_if = "super::is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::GRANTS }>")]
    pub grants: Vec<SudoGrant>,
}

/// A setting for a connection of unknown origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes from everywhere.
    Yes,
    /// No from everywhere.
    No,
    /// Depends on where the connection comes from.
    Conditional,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Choice {
    /// Whether it is yes from somewhere; `None` when unknown.
    pub fn possible(self) -> Option<bool> {
        match self {
            Choice::Yes | Choice::Conditional => Some(true),
            Choice::No => Some(false),
            Choice::Unknown => None,
        }
    }
}

impl From<bool> for Choice {
    fn from(yes: bool) -> Choice {
        if yes { Choice::Yes } else { Choice::No }
    }
}

/// sshd_config(5) PermitRootLogin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermitRoot {
    /// Every method.
    Yes,
    /// Not at all.
    No,
    /// No password.
    ProhibitPassword,
    /// Only keys with a command of their own.
    ForcedCommandsOnly,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What AllowUsers, DenyUsers, AllowGroups and DenyGroups say of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SshAllowed {
    /// The verdict.
    #[serde(skip_serializing_if = "super::is_default")]
    pub choice: Choice,
    /// `file:line keyword` of the rule that decided; empty when no list is set.
    #[serde(skip_serializing_if = "super::is_default")]
    pub by: String,
}

/// A Match block that depends on the connection and changes something for this account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConditionalBlock {
    /// Its criteria as written, such as `User carol Address 10.0.0.0/8`.
    pub criteria: String,
    /// File it stands in.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Settings it would change, as `keyword value`.
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::BLOCKS }>")]
    pub settings: Vec<String>,
}

/// Settings of the SSH server that are in force for an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SshFacts {
    /// How well the configuration could be read.
    pub evidence: Evidence,
    /// Whether an SSH server is installed; `None` unknown.
    pub installed: Option<bool>,
    /// Verdict of the allow and deny lists.
    pub allowed: SshAllowed,
    /// PasswordAuthentication.
    #[serde(skip_serializing_if = "super::is_default")]
    pub password: Choice,
    /// KbdInteractiveAuthentication.
    #[serde(skip_serializing_if = "super::is_default")]
    pub kbd_interactive: Choice,
    /// PubkeyAuthentication.
    #[serde(skip_serializing_if = "super::is_default")]
    pub pubkey: Choice,
    /// PermitEmptyPasswords.
    #[serde(skip_serializing_if = "super::is_default")]
    pub permit_empty: Choice,
    /// PermitRootLogin.
    #[serde(skip_serializing_if = "super::is_default")]
    pub permit_root: PermitRoot,
    /// UsePAM.
    #[serde(skip_serializing_if = "super::is_default")]
    pub use_pam: Option<bool>,
    /// AuthenticationMethods: alternatives such as `publickey,password`; empty when any one method will do.
    #[serde(skip_serializing_if = "super::is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::BLOCKS }>")]
    pub auth_methods: Vec<String>,
    /// AuthorizedKeysCommand is set: keys may come from a program that is never run here.
    #[serde(skip_serializing_if = "super::is_default")]
    pub keys_command: bool,
    /// TrustedUserCAKeys is set: certificates of that authority are taken.
    #[serde(skip_serializing_if = "super::is_default")]
    pub trusted_ca: bool,
    /// Blocks that depend on the connection.
    #[serde(skip_serializing_if = "super::is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::BLOCKS }>")]
    pub conditional: Vec<ConditionalBlock>,
}

impl SshFacts {
    /// Facts of a host without an SSH server.
    pub fn not_installed() -> SshFacts {
        SshFacts {
            evidence: Evidence::Absent,
            installed: Some(false),
            allowed: SshAllowed { choice: Choice::No, by: String::new() },
            ..SshFacts::default()
        }
    }
}

/// One line of an authorized_keys file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizedKey {
    /// Algorithm as named inside the blob, such as `ssh-ed25519`.
    pub algorithm: String,
    /// Size in bits; `None` when it does not apply.
    pub bits: Option<u32>,
    /// `SHA256:` and the unpadded base64 of the digest, as ssh-keygen prints it.
    pub fingerprint: String,
    /// The public key, base64.
    pub blob: String,
    /// Comment.
    pub comment: String,
    /// Options as written.
    pub options: String,
    /// A command is forced, by an option of the key.
    pub forced_command: bool,
    /// File it stands in.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Whether the server would take it.
    pub effective: bool,
    /// Why not; empty when effective.
    pub reason: String,
}

/// Authorized keys of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyFacts {
    /// How well the files could be read.
    pub evidence: Evidence,
    /// The keys.
    #[serde(skip_serializing_if = "super::is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::KEYS }>")]
    pub keys: Vec<AuthorizedKey>,
    /// Lines that are no key.
    #[serde(skip_serializing_if = "super::is_default")]
    pub bad_lines: u32,
}
