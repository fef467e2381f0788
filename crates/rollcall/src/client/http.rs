//! Requests over HTTP: what to send where, and what came back. Nothing about actions or retries.

use std::{fs, io::Read, sync::Arc, time::Duration};

use tc3::v3;
use ureq::{
    Agent,
    http::Uri,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::{Api, CallError, Credentials, Endpoint, error::Answer};

const CONNECT: Duration = Duration::from_secs(10);
/// A call may take this long; the longest are large imports.
const CALL: Duration = Duration::from_secs(120);
/// No answer is larger: a page has 100 records, a block 1000.
const LARGEST_ANSWER: u64 = 64 << 20;

pub struct Transport {
    agent: Agent,
    base: String,
    host: String,
}

/// A file being downloaded.
pub struct Download {
    /// Its size, when the server said so.
    pub length: Option<u64>,
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
}

impl Transport {
    pub fn new(endpoint: &Endpoint) -> Result<Self, CallError> {
        let base = endpoint.url.trim_end_matches('/').to_owned();
        let uri = parse_base(&base)?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")));
        if is_loopback(uri.host().unwrap_or_default()) {
            config = config.proxy(None);
        }
        if let Some(path) = &endpoint.ca {
            let pem = fs::read(path).map_err(|e| CallError::Endpoint(format!("{}: {e}", path.display())))?;
            config = config.tls_config(TlsConfig::builder().root_certs(roots(&pem, path)?).build());
        }
        Ok(Self { agent: config.build().into(), base, host })
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn post(&self, api: Api, action: &str, body: &[u8], key: &Credentials) -> Result<Answer, CallError> {
        let call = v3::Call {
            method: "POST",
            host: &self.host,
            query: "",
            content_type: "application/json",
            body,
            service: api.service,
            action,
            version: api.version,
            language: Some("en-US"),
            timestamp: jiff::Timestamp::now().as_second(),
            cover_action: true,
            unsigned_payload: false,
        };
        let headers = v3::sign(&call, &key.signing_key()).map_err(CallError::Sign)?;
        let mut request = self.agent.post(format!("{}/", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let sent = request.config().timeout_global(Some(CALL)).build().send(body);
        let mut response = sent.map_err(|e| self.unreachable(&e))?;
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        Ok(Answer { url: self.base.clone(), status, body: read.map_err(|e| self.unreachable(&e))? })
    }

    pub fn get(&self, url: &str) -> Result<Download, CallError> {
        let response = self.agent.get(url).call().map_err(|e| self.unreachable(&e))?;
        let status = response.status().as_u16();
        if status != 200 {
            let reason = format!("the download link answered with status {status}");
            return Err(CallError::Answer { url: self.base.clone(), reason });
        }
        let body = response.into_body();
        Ok(Download { length: body.content_length(), reader: Box::new(body.into_reader()) })
    }

    fn unreachable(&self, error: &ureq::Error) -> CallError {
        CallError::Transport { url: self.base.clone(), reason: error.to_string() }
    }
}

fn parse_base(base: &str) -> Result<Uri, CallError> {
    let bad = || {
        CallError::Endpoint(format!(
            "`{base}` is no endpoint; it has to look like https://rollcall.example:9321"
        ))
    };
    let uri: Uri = base.parse().map_err(|_| bad())?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let named = uri.authority().is_some_and(|a| !a.as_str().contains('@')) && uri.query().is_none();
    if known && named { Ok(uri) } else { Err(bad()) }
}

/// Whether a host name means this machine: a proxy could never reach that.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn roots(pem: &[u8], path: &std::path::Path) -> Result<RootCerts, CallError> {
    let bad = |why: String| CallError::Endpoint(format!("{}: {why}", path.display()));
    let mut certs = Vec::new();
    for item in parse_pem(pem) {
        match item.map_err(|e| bad(e.to_string()))? {
            PemItem::Certificate(cert) => certs.push(cert),
            _ => continue,
        }
    }
    if certs.is_empty() {
        return Err(bad("there is no certificate in it (PEM)".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(certs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        for good in ["http://127.0.0.1:9321", "https://x", "https://x/rollcall", "http://[::1]:1"] {
            assert!(parse_base(good).is_ok(), "{good}");
        }
        for bad in ["", "127.0.0.1:9321", "ftp://x", "http://u:p@x", "http://x?y", "/x", "http://"] {
            assert!(parse_base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback() {
        for here in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"] {
            assert!(is_loopback(here), "{here}");
        }
        for there in ["example.com", "10.0.0.1", "127.0.0.1.example.com", ""] {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
