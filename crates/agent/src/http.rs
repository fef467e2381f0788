//! Signed calls of the project's own service over HTTP. Knows no action, no retry and no state.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tc3::v3;
use ureq::{
    Agent,
    http::Uri,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::untrusted;

const SERVICE: &str = "rollcall";
const VERSION: &str = "2026-12-01";
const CONNECT: Duration = Duration::from_secs(10);
const CALL: Duration = Duration::from_secs(60);
/// Answers to an agent are short.
const LARGEST_ANSWER: u64 = 1 << 20;

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The service refused.
    #[error("{message} ({code}, request {request_id})")]
    Refused {
        /// Code of the API.
        code: String,
        /// Text for people.
        message: String,
        /// Identifies the call in the server's log.
        request_id: String,
    },
    /// Nothing answered, or not what was asked for.
    #[error("{url}: {reason}")]
    Unreachable {
        /// Base address.
        url: String,
        /// Why.
        reason: String,
    },
    /// There is a server, but it is not the one it is taken for.
    #[error("{url}: {reason}")]
    Untrusted {
        /// Base address.
        url: String,
        /// Why.
        reason: String,
        /// What to do about it.
        next: &'static str,
    },
    /// The request could not be made.
    #[error("{0}")]
    Local(String),
}

/// What an error means for what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The same call may work later.
    Later,
    /// This very request will never be taken.
    Never,
    /// Nothing will be taken with this key.
    Key,
}

impl CallError {
    /// What it means.
    pub fn meaning(&self) -> Meaning {
        let CallError::Refused { code, .. } = self else { return Meaning::Later };
        let category = code.split('.').next().unwrap_or_default();
        match (category, code.as_str()) {
            (_, "AuthFailure.SignatureExpire") => Meaning::Later,
            ("AuthFailure" | "UnauthorizedOperation", _) => Meaning::Key,
            (
                "InvalidParameter"
                | "InvalidParameterValue"
                | "RequestSizeLimitExceeded"
                | "MissingParameter",
                _,
            )
            | ("LimitExceeded" | "UnknownParameter", _) => Meaning::Never,
            _ => Meaning::Later,
        }
    }

    /// What to do next.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            CallError::Unreachable { .. } => {
                Some("check the address, that the server runs, and the way to it")
            }
            CallError::Untrusted { next, .. } => Some(next),
            CallError::Local(_) => None,
            CallError::Refused { code, .. } => match (self.meaning(), code.as_str()) {
                (_, "AuthFailure.SignatureExpire") => {
                    Some("set the clock of this host; it may differ by five minutes at most")
                }
                (Meaning::Key, _) => {
                    Some("enrol this host again with a token that is valid (rollcall hosts token create)")
                }
                (Meaning::Never, _) => {
                    Some("look for the request in the server's log; agent or server may be too old")
                }
                _ => None,
            },
        }
    }
}

/// A way to one server.
pub struct Transport {
    agent: Agent,
    base: String,
    host: String,
}

impl Transport {
    /// A way to `url`, trusting the certificates in `ca` (PEM) in place of the public ones.
    ///
    /// # Errors
    /// [`CallError::Local`] when the address or the certificates cannot be used.
    pub fn new(url: &str, ca: Option<&str>) -> Result<Transport, CallError> {
        let base = url.trim_end_matches('/').to_owned();
        let uri = parse_base(&base)?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(CALL))
            .max_idle_connections(1)
            .user_agent(concat!("rollcall-agent/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&uri) {
            config = config.proxy(None);
        }
        if let Some(pem) = ca {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(pem)?).build());
        }
        Ok(Transport { agent: config.build().into(), base, host })
    }

    /// Calls an action at the instant `now` (seconds).
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<T: DeserializeOwned>(
        &self,
        action: &str,
        parameters: &impl Serialize,
        key: (&str, &str),
        now: i64,
    ) -> Result<T, CallError> {
        let body = serde_json::to_vec(parameters).map_err(|e| CallError::Local(e.to_string()))?;
        let call = v3::Call {
            method: "POST",
            host: &self.host,
            query: "",
            content_type: "application/json",
            body: &body,
            service: SERVICE,
            action,
            version: VERSION,
            language: Some("en-US"),
            timestamp: now,
            cover_action: true,
            unsigned_payload: false,
        };
        let key = v3::Key { secret_id: key.0, secret_key: key.1, token: None };
        let headers = v3::sign(&call, &key)
            .map_err(|e| CallError::Local(format!("the request could not be signed: {e}")))?;
        let mut request = self.agent.post(format!("{}/", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send(&body[..]).map_err(|e| self.failed(&e))?;
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        self.unwrap(status, &read.map_err(|e| self.unreachable(e.to_string()))?)
    }

    /// Takes the envelope off: `{"Response": {…, "RequestId": "…"}}`.
    fn unwrap<T: DeserializeOwned>(&self, status: u16, body: &[u8]) -> Result<T, CallError> {
        let strange = || self.unreachable(format!("status {status}, no answer of a Rollcall server"));
        let mut outer: Value = serde_json::from_slice(body).map_err(|_| strange())?;
        let response = outer.get_mut("Response").map(Value::take).ok_or_else(strange)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(error) = response.get("Error").filter(|error| !error.is_null()) {
            return Err(CallError::Refused {
                code: text(error.get("Code")),
                message: text(error.get("Message")),
                request_id: text(response.get("RequestId")),
            });
        }
        serde_json::from_value(response)
            .map_err(|_| self.unreachable(format!("status {status}, an answer that is not understood")))
    }

    fn failed(&self, error: &ureq::Error) -> CallError {
        match untrusted::explain(error) {
            Some((reason, next)) => CallError::Untrusted { url: self.base.clone(), reason, next },
            None => self.unreachable(error.to_string()),
        }
    }

    fn unreachable(&self, reason: String) -> CallError {
        CallError::Unreachable { url: self.base.clone(), reason }
    }
}

/// Whether everybody on the way to this address could read the answers.
///
/// # Errors
/// [`CallError::Local`] when it is no address.
pub fn is_open(url: &str) -> Result<bool, CallError> {
    let uri = parse_base(url.trim_end_matches('/'))?;
    Ok(uri.scheme_str() == Some("http") && !is_loopback(&uri))
}

fn parse_base(base: &str) -> Result<Uri, CallError> {
    let bad = || {
        CallError::Local(format!("`{base}` is no address; it has to look like https://rollcall.example:9321"))
    };
    let uri: Uri = base.parse().map_err(|_| bad())?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let named = uri.authority().is_some_and(|a| !a.as_str().contains('@')) && uri.query().is_none();
    if known && named { Ok(uri) } else { Err(bad()) }
}

fn is_loopback(uri: &Uri) -> bool {
    let bare = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn roots(pem: &str) -> Result<RootCerts, CallError> {
    let bad = |why: String| CallError::Local(format!("the certificates to trust cannot be used: {why}"));
    let mut certs = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        if let PemItem::Certificate(cert) = item.map_err(|e| bad(e.to_string()))? {
            certs.push(cert);
        }
    }
    if certs.is_empty() {
        return Err(bad("there is no certificate among them (PEM)".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(certs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, open) in [
            ("http://127.0.0.1:9321", false),
            ("http://[::1]:1/", false),
            ("https://x/rollcall", false),
            ("http://x:80", true),
            ("http://127.0.0.1.example.com", true),
        ] {
            assert_eq!(is_open(url), Ok(open), "{url}");
        }
        for bad in ["", "127.0.0.1:9321", "ftp://x", "http://u:p@x", "http://x?y", "/x", "http://"] {
            assert!(is_open(bad).is_err(), "{bad}");
        }
        assert!(Transport::new("https://x", Some("no pem")).is_err());
    }

    #[test]
    fn codes_mean_something() {
        let meaning = |code: &str| {
            CallError::Refused { code: code.into(), message: String::new(), request_id: String::new() }
                .meaning()
        };
        assert_eq!(meaning("AuthFailure.SecretIdNotFound"), Meaning::Key);
        assert_eq!(meaning("UnauthorizedOperation"), Meaning::Key);
        assert_eq!(meaning("AuthFailure.SignatureExpire"), Meaning::Later);
        assert_eq!(meaning("InvalidParameterValue"), Meaning::Never);
        assert_eq!(meaning("RequestLimitExceeded"), Meaning::Later);
        assert_eq!(meaning("InternalError"), Meaning::Later);
        assert_eq!(meaning(""), Meaning::Later);
    }

    #[test]
    fn answers() {
        let transport = Transport::new("http://localhost", None).unwrap();
        let read = |body: &str| transport.unwrap::<Value>(200, body.as_bytes());
        assert_eq!(read(r#"{"Response":{"A":1}}"#).unwrap()["A"], 1);
        let refused = r#"{"Response":{"Error":{"Code":"InternalError","Message":"m"},"RequestId":"r"}}"#;
        assert!(matches!(read(refused), Err(CallError::Refused { code, .. }) if code == "InternalError"));
        for strange in ["", "<html>", "[]", "{}", "3"] {
            assert!(matches!(read(strange), Err(CallError::Unreachable { .. })), "{strange}");
        }
    }
}
