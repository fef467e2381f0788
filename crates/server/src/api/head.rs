//! The head of a request as the API sees it: raw host, raw query, which signature version it wants to be.

use axum::http::{HeaderMap, HeaderName, Method, header, request::Parts};
use tc3::v3::Authorization;
use wire::{Code, Error};

/// The headers of the common parameters.
pub const ACTION: HeaderName = HeaderName::from_static("x-tc-action");
pub const VERSION: HeaderName = HeaderName::from_static("x-tc-version");
pub const REGION: HeaderName = HeaderName::from_static("x-tc-region");
pub const TIMESTAMP: HeaderName = HeaderName::from_static("x-tc-timestamp");
pub const TOKEN: HeaderName = HeaderName::from_static("x-tc-token");
pub const LANGUAGE: HeaderName = HeaderName::from_static("x-tc-language");
pub const CLIENT: HeaderName = HeaderName::from_static("x-tc-requestclient");

/// The signature version of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Parameters among the action's own, in the query or form.
    V1,
    /// `X-TC-*` headers and `Authorization`.
    V3,
}

/// How the common parameters are called in a signature version.
pub struct CommonNames {
    pub action: &'static str,
    pub version: &'static str,
    pub timestamp: &'static str,
}

/// The head of a request.
pub struct Head {
    pub method: Method,
    /// The text after `?` exactly as it arrived.
    pub query: String,
    pub headers: HeaderMap,
    pub version: Version,
    /// What the `Authorization` header says, if there is one; whether it is genuine is another question.
    pub authorization: Option<Result<Authorization, tc3::Error>>,
}

impl Head {
    pub fn new(parts: Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let version = version(&parts.method, &parts.headers);
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let authorization = authorization.map(|value| Authorization::parse(value.as_bytes()));
        Self { method: parts.method, query, headers: parts.headers, version, authorization }
    }

    /// # Errors
    /// `UnsupportedProtocol` for anything but GET and POST.
    pub fn check_method(&self) -> Result<(), Error> {
        if self.is_get() || self.method == Method::POST {
            return Ok(());
        }
        Err(Error::new(Code::UnsupportedProtocol).detail("use GET or POST", "请使用 GET 或 POST"))
    }

    pub fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// A GET that carries nothing of the API: somebody with a browser.
    pub fn is_browser(&self) -> bool {
        self.is_get() && self.query.is_empty() && self.version == Version::V1
    }

    /// The `Host` header as raw bytes; tccli sends a whole URL in it.
    pub fn host(&self) -> &[u8] {
        self.headers.get(header::HOST).map_or(b"", |v| v.as_bytes())
    }

    /// A header as text; `None` when it is absent, empty or not printable ASCII.
    pub fn text(&self, name: HeaderName) -> Option<&str> {
        let value = self.headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then_some(value)
    }

    pub fn common_names(&self) -> CommonNames {
        match self.version {
            Version::V1 => CommonNames { action: "Action", version: "Version", timestamp: "Timestamp" },
            Version::V3 => {
                CommonNames { action: "X-TC-Action", version: "X-TC-Version", timestamp: "X-TC-Timestamp" }
            }
        }
    }
}

/// A request wants to be version 3 when it has one of that version's headers, or a body that version 1 does not know.
fn version(method: &Method, headers: &HeaderMap) -> Version {
    let other_body = || {
        *method != Method::GET
            && headers.get(header::CONTENT_TYPE).is_some_and(|v| {
                !v.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
            })
    };
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(ACTION) || other_body() {
        Version::V3
    } else {
        Version::V1
    }
}
