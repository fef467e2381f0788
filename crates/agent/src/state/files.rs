//! The small files of the state, as structures. Every member has a default, so that another version reads them.

use serde::{Deserialize, Serialize};

/// What the agent is enrolled with. Holds secrets: it cannot be printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Enrolment {
    /// Base address of the server.
    pub server: String,
    /// Certificates (PEM) to trust in place of the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The token, until the enrolment is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The agent's own key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

/// The agent's own key and the host it is bound to.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Credential {
    /// SecretId.
    pub secret_id: String,
    /// SecretKey.
    pub secret_key: String,
    /// Host id.
    pub quuid: String,
    /// Agent id.
    pub uuid: String,
}

/// How far the agent has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Progress {
    /// Digest of the last report that arrived, as the agent computed it.
    pub sent: String,
    /// Digest the server gave it.
    pub known: String,
    /// Seconds between polls, as the server said.
    pub poll_seconds: u64,
    /// Seconds between scans, as the server said.
    pub report_seconds: u64,
    /// When the server last answered, milliseconds.
    pub last_contact: i64,
    /// When the last report arrived, milliseconds.
    pub last_report: i64,
    /// When the host was last looked at, milliseconds.
    pub last_scan: i64,
    /// Accounts of the last scan.
    pub accounts: u64,
    /// Reports that were dropped because the queue was full, ever.
    pub dropped: u64,
    /// What went wrong last; nothing when the last call worked.
    pub trouble: Option<Trouble>,
}

/// Something that went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Trouble {
    /// When, milliseconds.
    pub at: i64,
    /// What.
    pub what: String,
    /// What to do next.
    pub next: Option<String>,
}
