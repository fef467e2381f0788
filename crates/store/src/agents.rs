//! What is written about agents, tokens and scans, as plain data for the engines.

use model::{Agent, Credential, EnrolmentToken, Millis};

/// A host that asks to become an agent.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// SecretId of the token it comes with.
    pub token: String,
    /// Host id made of its machine id.
    pub machine: String,
    /// SHA-256 of the key it has made for itself.
    pub instance: [u8; 32],
    /// Name of the host.
    pub host_name: String,
    /// Version of the agent.
    pub version: String,
    /// Operating system.
    pub os_info: String,
    /// Key it gets when it may begin at once; thrown away otherwise.
    pub key: Credential,
}

/// What an operator decides about a pending agent.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Number of the agent.
    pub agent: u64,
    /// Host id of its own, for one with a cloned machine id; without one it takes the place of the agent that speaks
    /// for the host of its machine id now, which is revoked.
    pub separate: Option<String>,
    /// Key it gets.
    pub key: Credential,
}

/// When an agent last asked for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSeen {
    /// Number of the agent.
    pub id: u64,
    /// When.
    pub last_poll: Millis,
    /// Its version.
    pub version: String,
}

/// What became of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentChange {
    /// The agent now.
    pub agent: Agent,
    /// The agent whose key was taken away: another one that was replaced, as it is now, or this one as it was.
    pub before: Option<Agent>,
    /// Its new key.
    pub key: Option<Credential>,
    /// The token a use of which was taken.
    pub token: Option<EnrolmentToken>,
}

impl AgentChange {
    /// Nothing became of it.
    pub(crate) fn unchanged(agent: Agent) -> Self {
        Self { agent, before: None, key: None, token: None }
    }
}

/// A scan that has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScan {
    /// SecretId of the key that asks.
    pub owner: String,
    /// The hosts to ask.
    pub hosts: Vec<String>,
}
