//! (stands in until the service crate compiles)
#![allow(missing_docs)]
use model::{Credential, KeyState, Millis, Role, TenantId};
use std::net::IpAddr;
use zeroize::Zeroizing;

#[derive(Debug, Clone)]
pub struct Caller {
    pub tenant: TenantId,
    pub secret_id: String,
    pub role: Role,
    pub request_id: String,
    pub lang: wire::Lang,
    pub source: IpAddr,
}

pub struct LiveKey {
    pub credential: Credential,
    secret: Zeroizing<String>,
}

impl LiveKey {
    pub fn new(credential: Credential, secret: Zeroizing<String>) -> Self {
        LiveKey { credential, secret }
    }
    pub fn secret(&self) -> &str {
        &self.secret
    }
    pub fn enabled(&self) -> bool {
        self.credential.state == KeyState::Enabled
    }
    pub fn ended(&self, now: Millis) -> bool {
        self.credential.expires.is_some_and(|end| now >= end)
    }
}

pub struct Download {
    pub file: std::fs::File,
    pub file_name: String,
    pub bytes: u64,
    pub content_type: &'static str,
}
