//! The three actions an agent calls, as requests and answers, and the real server behind them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::http::{CallError, Transport};
use crate::state::{Credential, Enrolment, Packed};

/// Version of this agent.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What a token starts with.
const TOKEN_PREFIX: &str = "rct1.";

/// `EnrolHost`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EnrolRequest {
    /// machine-id(5).
    pub machine_id: String,
    /// Host name.
    pub host_name: String,
    /// Tells this installation from another one with the same machine id.
    pub instance_key: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Operating system.
    pub os_info: String,
}

/// Answer to `EnrolHost`.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Enrolled {
    /// `active` or `pending`.
    pub state: String,
    /// The agent's own key, only when active.
    pub secret_id: Option<String>,
    /// Its secret.
    pub secret_key: Option<String>,
    /// Host id.
    pub quuid: Option<String>,
    /// Agent id.
    pub uuid: Option<String>,
    /// Seconds between polls.
    pub poll_seconds: Option<u64>,
    /// Seconds between scans.
    pub report_seconds: Option<u64>,
}

impl Enrolled {
    /// The key, when there is one to work with.
    pub fn credential(&self) -> Option<Credential> {
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        (self.state == "active").then_some(())?;
        Some(Credential {
            secret_id: given(&self.secret_id)?,
            secret_key: given(&self.secret_key)?,
            quuid: given(&self.quuid)?,
            uuid: given(&self.uuid).unwrap_or_default(),
        })
    }
}

/// `PollAgent`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PollRequest {
    /// Host id.
    pub quuid: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Digest of the last report; empty when the host has changed since, or none has arrived.
    pub digest: String,
}

/// Answer to `PollAgent`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Polled {
    /// Look at the host now.
    pub collect_now: bool,
    /// The server does not have the report the digest is of.
    pub report_needed: bool,
    /// The scan that waits for the answer; 0 for none.
    pub scan_task: u64,
    /// Seconds between polls.
    pub poll_seconds: Option<u64>,
    /// Seconds between scans.
    pub report_seconds: Option<u64>,
}

/// `ReportHost`, with a report, with what is different from the last one, or with the digest of the last one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ReportRequest {
    /// The report: JSON, gzip, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_gzip: Option<String>,
    /// Host id, beside a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quuid: Option<String>,
    /// Digest of the last report; of the new one, beside changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Digest of the report that is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What is different: JSON, gzip, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// The scan this answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_task: Option<u64>,
}

impl ReportRequest {
    /// A whole report.
    pub fn whole(report: &Packed, scan_task: Option<u64>) -> ReportRequest {
        ReportRequest { report_gzip: Some(STANDARD.encode(&report.gzip)), scan_task, ..Default::default() }
    }

    /// Only the digest of what the server has already.
    pub fn unchanged(quuid: &str, digest: &str, scan_task: Option<u64>) -> ReportRequest {
        let (quuid, digest) = (Some(quuid.to_owned()), Some(digest.to_owned()));
        ReportRequest { quuid, digest, scan_task, ..Default::default() }
    }

    /// What makes the report with this digest of the one with the digest `base`.
    pub fn sparing(
        quuid: &str,
        base: &str,
        digest: &str,
        changes: &[u8],
        scan_task: Option<u64>,
    ) -> ReportRequest {
        let base = Some(base.to_owned());
        let changes = Some(STANDARD.encode(changes));
        ReportRequest { base, changes, ..ReportRequest::unchanged(quuid, digest, scan_task) }
    }
}

/// Answer to `ReportHost`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Reported {
    /// Digest of the report as the server keeps it.
    pub digest: String,
    /// A digest, or changes, were not enough.
    pub report_needed: bool,
}

/// A server an agent can talk to. `now` is seconds since the epoch.
pub trait Server {
    /// Exchanges the token for a key.
    ///
    /// # Errors
    /// [`CallError`].
    fn enrol(&mut self, with: &Enrolment, request: &EnrolRequest, now: i64) -> Result<Enrolled, CallError>;

    /// Asks whether there is anything to do.
    ///
    /// # Errors
    /// [`CallError`].
    fn poll(&mut self, with: &Enrolment, request: &PollRequest, now: i64) -> Result<Polled, CallError>;

    /// Sends a report.
    ///
    /// # Errors
    /// [`CallError`].
    fn report(&mut self, with: &Enrolment, request: &ReportRequest, now: i64) -> Result<Reported, CallError>;
}

/// The server of an enrolment, over HTTP. Keeps its connection while the address stays the same.
#[derive(Default)]
pub struct Remote {
    open: Option<(String, Option<String>, Transport)>,
}

impl Remote {
    fn transport(&mut self, with: &Enrolment) -> Result<&Transport, CallError> {
        let same = self.open.as_ref().is_some_and(|(url, ca, _)| *url == with.server && *ca == with.ca);
        if !same {
            let transport = Transport::new(&with.server, with.ca.as_deref())?;
            self.open = Some((with.server.clone(), with.ca.clone(), transport));
        }
        let open = self.open.as_ref().map(|(_, _, transport)| transport);
        open.ok_or_else(|| CallError::Local("there is no server".to_owned()))
    }
}

fn key(with: &Enrolment) -> Result<(&str, &str), CallError> {
    let credential =
        with.credential.as_ref().ok_or_else(|| CallError::Local("the host is not enrolled".to_owned()))?;
    Ok((&credential.secret_id, &credential.secret_key))
}

impl Server for Remote {
    fn enrol(&mut self, with: &Enrolment, request: &EnrolRequest, now: i64) -> Result<Enrolled, CallError> {
        let token = with.token.as_deref().and_then(parse_token);
        let token = token.ok_or_else(|| CallError::Local("there is no enrolment token".to_owned()))?;
        self.transport(with)?.call("EnrolHost", request, token, now)
    }

    fn poll(&mut self, with: &Enrolment, request: &PollRequest, now: i64) -> Result<Polled, CallError> {
        self.transport(with)?.call("PollAgent", request, key(with)?, now)
    }

    fn report(&mut self, with: &Enrolment, request: &ReportRequest, now: i64) -> Result<Reported, CallError> {
        self.transport(with)?.call("ReportHost", request, key(with)?, now)
    }
}

/// SecretId and SecretKey in a token, `rct1.<SecretId>.<SecretKey>`.
pub fn parse_token(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.trim().strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
    (tc3::check_secret_id(id).is_ok() && !secret.is_empty()).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        assert_eq!(parse_token(" rct1.AKID1.s3cret\n"), Some(("AKID1", "s3cret")));
        for bad in ["", "rct1.", "rct1.a", "rct1.a.", "rct1..b", "rct2.a.b", "a.b"] {
            assert_eq!(parse_token(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_a_whole_answer_is_an_enrolment() {
        let whole = Enrolled {
            state: "active".into(),
            secret_id: Some("i".into()),
            secret_key: Some("k".into()),
            quuid: Some("q".into()),
            ..Default::default()
        };
        assert!(whole.credential().is_some());
        assert!(Enrolled { state: "pending".into(), ..whole.clone() }.credential().is_none());
        assert!(Enrolled { secret_key: Some(String::new()), ..whole.clone() }.credential().is_none());
        assert!(Enrolled { quuid: None, ..whole }.credential().is_none());
    }
}
