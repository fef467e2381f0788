//! The two texts behind a signature: the canonical request and the string to sign.

use super::authorization::SCHEME;
use crate::{Error, Request, mac::sha256};

/// How header values other than the host enter the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Trimmed: what every SDK does.
    AsSent,
    /// Trimmed and lower-cased: what the documentation says, and its sample does with the action.
    Lower,
}

/// The canonical request: method, `/`, query, signed headers, their names, hashed payload, joined by line feeds.
///
/// `names` are the signed headers in their order, `host` replaces the value of the `Host` header.
///
/// # Errors
/// [`Error::InvalidAuthorization`] when a signed header is absent or occurs twice.
pub fn canonical_request(
    request: &Request<'_>,
    names: &[impl AsRef<str>],
    host: &[u8],
    case: Case,
) -> Result<Vec<u8>, Error> {
    let mut text = Vec::with_capacity(256 + request.signed_query().len());
    for part in [request.method, "/", request.signed_query()] {
        text.extend_from_slice(part.as_bytes());
        text.push(b'\n');
    }
    for name in names {
        let name = name.as_ref();
        let value = request
            .only_header(name)
            .ok_or(Error::InvalidAuthorization("a signed header is absent or occurs twice"))?
            .trim_ascii();
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        match case {
            _ if name == "host" => text.extend_from_slice(host),
            Case::AsSent => text.extend_from_slice(value),
            Case::Lower => text.extend(value.iter().map(u8::to_ascii_lowercase)),
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    let list: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    text.extend_from_slice(list.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(request.hashed_payload().as_bytes());
    Ok(text)
}

/// The string to sign: scheme, timestamp, scope, hash of the canonical request.
pub fn string_to_sign(timestamp: i64, date: &str, service: &str, canonical: &[u8]) -> String {
    format!("{SCHEME}\n{timestamp}\n{date}/{service}/tc3_request\n{}", hex::encode(sha256(canonical)))
}
