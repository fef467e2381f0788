//! Signing: what a client sends. Used by our own command line client and by tests.

use super::{Authorization, Case, SigningKey, canonical_request, string_to_sign};
use crate::{Body, Error, Request, UNSIGNED_PAYLOAD, utc_date};

/// The key of a client.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// SecretId.
    pub secret_id: &'a str,
    /// SecretKey.
    pub secret_key: &'a str,
    /// Token that belongs to a temporary key.
    pub token: Option<&'a str>,
}

/// One call to make.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The `Host` header, port included, as it will be sent.
    pub host: &'a str,
    /// The raw query of a GET; empty otherwise.
    pub query: &'a str,
    /// The `Content-Type` header, such as `application/json`.
    pub content_type: &'a str,
    /// The body of a POST; empty otherwise.
    pub body: &'a [u8],
    /// Service for the scope, such as `eiam`.
    pub service: &'a str,
    /// Action name.
    pub action: &'a str,
    /// API version, such as `2021-04-20`.
    pub version: &'a str,
    /// `zh-CN` or `en-US`; `None` leaves the choice to the server.
    pub language: Option<&'a str>,
    /// Seconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// Whether to cover the action as well. SDKs do not, the documentation does; a client that can should.
    pub cover_action: bool,
    /// Whether to leave the body out of the signature.
    pub unsigned_payload: bool,
}

/// Signs a call and returns every header to send, `Host` and `Content-Type` included, `Content-Length` not.
///
/// # Errors
/// [`Error::InvalidTimestamp`] when the timestamp has no date.
pub fn sign(call: &Call<'_>, key: &Key<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let date = utc_date(call.timestamp).ok_or(Error::InvalidTimestamp)?;
    let mut headers = vec![
        ("Host", call.host.to_owned()),
        ("Content-Type", call.content_type.to_owned()),
        ("X-TC-Action", call.action.to_owned()),
        ("X-TC-Version", call.version.to_owned()),
        ("X-TC-Timestamp", call.timestamp.to_string()),
    ];
    let unsigned = call.unsigned_payload.then_some(UNSIGNED_PAYLOAD);
    for (name, value) in
        [("X-TC-Token", key.token), ("X-TC-Language", call.language), ("X-TC-Content-SHA256", unsigned)]
    {
        headers.extend(value.map(|v| (name, v.to_owned())));
    }
    let view: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
    let request =
        Request { method: call.method, query: call.query, headers: &view, body: Body::Bytes(call.body) };
    let names: &[&str] =
        if call.cover_action { &["content-type", "host", "x-tc-action"] } else { &["content-type", "host"] };
    // The documented form lower-cases values; the one header an SDK signs besides the host has none to lower.
    let case = if call.cover_action { Case::Lower } else { Case::AsSent };
    let signing_key = SigningKey::derive(key.secret_key, &date, call.service);
    let mut auth = Authorization {
        secret_id: key.secret_id.to_owned(),
        date,
        service: call.service.to_owned(),
        signed_headers: names.iter().map(|n| (*n).to_owned()).collect(),
        signature: String::new(),
    };
    auth.signature = authorize(&request, &auth, call.timestamp, &signing_key, case)?;
    headers.push(("Authorization", auth.to_string()));
    Ok(headers)
}

/// The signature of `request` under the scope and header list of `auth`, with the host as sent. The lower level of
/// [`sign`]: nothing is checked, so that tests can sign what a server has to refuse.
///
/// # Errors
/// [`Error::InvalidAuthorization`] when a signed header is absent or occurs twice.
pub fn authorize(
    request: &Request<'_>,
    auth: &Authorization,
    timestamp: i64,
    key: &SigningKey,
    case: Case,
) -> Result<String, Error> {
    let host = request.header("host").unwrap_or_default().trim_ascii();
    let canonical = canonical_request(request, &auth.signed_headers, host, case)?;
    Ok(key.sign(&string_to_sign(timestamp, &auth.date, &auth.service, &canonical)))
}

impl std::fmt::Display for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} Credential={}/{}/{}/tc3_request, SignedHeaders={}, Signature={}",
            super::SCHEME,
            self.secret_id,
            self.date,
            self.service,
            self.signed_headers.join(";"),
            self.signature
        )
    }
}
