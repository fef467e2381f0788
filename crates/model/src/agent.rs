//! Agents on hosts as the server knows them: the tokens they enrol with, who they are, and the scans they are asked
//! for. The secrets of keys are not here.

use crate::{Millis, TenantId};

/// A token hosts enrol with: a key of the role `enrol`, and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// SecretId of its key.
    pub secret_id: String,
    /// Tenant the hosts enrol in.
    pub tenant: TenantId,
    /// Name for people to recognise it by.
    pub name: String,
    /// Tags of the hosts that enrol with it.
    pub tags: Vec<String>,
    /// Enrolments it is still good for; `None` is any number.
    pub uses_left: Option<u64>,
    /// Enrolments it was used for.
    pub uses: u64,
    /// When it ends; `None` is never.
    pub expires: Option<Millis>,
    /// Whether somebody has ended it.
    pub revoked: bool,
    /// When it was made.
    pub created: Millis,
}

impl EnrolmentToken {
    /// Whether a host that was not known before may enrol with it.
    pub fn usable(&self, now: Millis) -> bool {
        !self.revoked && self.uses_left != Some(0) && self.expires.is_none_or(|end| now < end)
    }
}

/// Where an agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentState {
    /// It has a key and speaks for its host.
    Active,
    /// Another agent has, or had, its machine id: it waits for an operator and nothing of it is taken in.
    Pending,
    /// Its key is gone.
    Revoked,
}

impl AgentState {
    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            AgentState::Active => "active",
            AgentState::Pending => "pending",
            AgentState::Revoked => "revoked",
        }
    }

    /// Inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Pending, Self::Revoked].into_iter().find(|s| s.as_str() == text)
    }
}

/// One installation of the agent: a machine id together with a key the installation has made for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Number, unique in the installation of the server.
    pub id: u64,
    /// Tenant.
    pub tenant: TenantId,
    /// Host id that follows from its machine id; the machine id itself is confidential and is not kept.
    pub machine: String,
    /// SHA-256 of the key it made for itself.
    pub instance: [u8; 32],
    /// Host it speaks for; empty until it is active. Not `machine` for one with a cloned machine id.
    pub quuid: String,
    /// SecretId of its key; empty without one.
    pub secret_id: String,
    /// SecretId of the token it came with.
    pub token: String,
    /// Where it stands.
    pub state: AgentState,
    /// Name of its host, as it says.
    pub host_name: String,
    /// Version of the agent, as it says.
    pub version: String,
    /// Operating system, as it says.
    pub os_info: String,
    /// When it first enrolled.
    pub enrolled: Millis,
    /// When it last asked for work; 0 is never.
    pub last_poll: Millis,
}

/// How a scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanState {
    /// Some hosts have not answered.
    Running,
    /// All hosts have answered.
    Finished,
    /// It ended because its time was up.
    TimedOut,
    /// Somebody has ended it.
    Stopped,
}

impl ScanState {
    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            ScanState::Running => "running",
            ScanState::Finished => "finished",
            ScanState::TimedOut => "timed out",
            ScanState::Stopped => "stopped",
        }
    }

    /// Inverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::TimedOut, Self::Stopped]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// A request to hosts to report now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Number, in a counter of its own.
    pub id: u64,
    /// Tenant.
    pub tenant: TenantId,
    /// SecretId of the key that asked.
    pub owner: String,
    /// State.
    pub state: ScanState,
    /// The hosts asked; empty once it has ended.
    pub hosts: Vec<String>,
    /// How many were asked.
    pub asked: u64,
    /// How many of them had answered when it ended.
    pub answered: u64,
    /// When it was started.
    pub started: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_by_use_time_or_hand() {
        let token = EnrolmentToken {
            secret_id: "AKID".into(),
            tenant: TenantId::DEFAULT,
            name: String::new(),
            tags: Vec::new(),
            uses_left: None,
            uses: 7,
            expires: None,
            revoked: false,
            created: 0,
        };
        assert!(token.usable(i64::MAX));
        assert!(EnrolmentToken { uses_left: Some(1), expires: Some(10), ..token.clone() }.usable(9));
        assert!(!EnrolmentToken { expires: Some(10), ..token.clone() }.usable(10));
        assert!(!EnrolmentToken { uses_left: Some(0), ..token.clone() }.usable(9));
        assert!(!EnrolmentToken { revoked: true, ..token }.usable(9));
    }

    #[test]
    fn states_have_one_spelling() {
        for state in [AgentState::Active, AgentState::Pending, AgentState::Revoked] {
            assert_eq!(AgentState::parse(state.as_str()), Some(state));
        }
        for state in [ScanState::Running, ScanState::Finished, ScanState::TimedOut, ScanState::Stopped] {
            assert_eq!(ScanState::parse(state.as_str()), Some(state));
        }
    }
}
