//! The one way this program talks to a server: signed calls over HTTP, typed errors, patience with the rate
//! limit. Knows no action; secrets are used here and never printed.

mod error;
mod http;
pub mod target;

use std::{thread::sleep, time::Duration};

use serde::Serialize;
use serde_json::Value;

pub use error::CallError;
pub use http::Download;
pub use target::{Credentials, Endpoint, Target};

/// A service and its version, as they go into scope and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// Name in the credential scope.
    pub service: &'static str,
    /// `X-TC-Version`.
    pub version: &'static str,
}

/// The workforce directory.
pub const EIAM: Api = Api { service: "eiam", version: "2021-04-20" };
/// The accounts of hosts.
pub const CWP: Api = Api { service: "cwp", version: "2018-02-28" };
/// What the vendor's API has no action for: imports, keys, tenants, reports.
pub const OWN: Api = Api { service: "rollcall", version: "2026-12-01" };

/// How long a call refused by the rate limit is tried again: about a minute and a half in all.
const ATTEMPTS: u32 = 40;
const LONGEST_WAIT: Duration = Duration::from_millis(2500);

/// A client of one server with one key. Cheap to share between threads.
pub struct Client {
    transport: http::Transport,
    credentials: Credentials,
}

impl Client {
    /// A client for `endpoint`.
    ///
    /// # Errors
    /// [`CallError::Endpoint`] for an address that cannot be used or a certificate file that cannot be read.
    pub fn new(endpoint: &Endpoint, credentials: Credentials) -> Result<Self, CallError> {
        Ok(Self { transport: http::Transport::new(endpoint)?, credentials })
    }

    /// Address of the server, without a slash at its end.
    pub fn url(&self) -> &str {
        self.transport.base()
    }

    /// Calls an action and returns the members of `Response` besides `RequestId`.
    ///
    /// # Errors
    /// [`CallError`]; a call refused by the rate limit is repeated first.
    pub fn call(&self, api: Api, action: &str, parameters: &impl Serialize) -> Result<Value, CallError> {
        let body = serde_json::to_vec(parameters).map_err(CallError::Encode)?;
        self.call_bytes(api, action, &body)
    }

    /// Like [`call`](Self::call) with parameters that are JSON already.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_bytes(&self, api: Api, action: &str, body: &[u8]) -> Result<Value, CallError> {
        let mut attempt = 0;
        loop {
            let answer = self.transport.post(api, action, body, &self.credentials)?;
            match error::unwrap_envelope(&answer) {
                Err(CallError::Api(e)) if e.is_rate_limit() && attempt + 1 < ATTEMPTS => {
                    sleep(wait_before_retry(attempt));
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// Opens a download link of an export for reading.
    ///
    /// # Errors
    /// [`CallError`] when the link does not answer with a file.
    pub fn download(&self, url: &str) -> Result<Download, CallError> {
        self.transport.get(url)
    }
}

/// 100, 200, 400 … milliseconds, at most [`LONGEST_WAIT`]: the limit counts calls per second.
fn wait_before_retry(attempt: u32) -> Duration {
    Duration::from_millis(100_u64.saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX)))
        .min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_ceiling() {
        assert_eq!(wait_before_retry(0), Duration::from_millis(100));
        assert_eq!(wait_before_retry(3), Duration::from_millis(800));
        for attempt in [5, 63, 64, u32::MAX] {
            assert_eq!(wait_before_retry(attempt), LONGEST_WAIT);
        }
    }
}
