//! The parts of an HTTP request that a version 3 signature covers, as a view that any HTTP stack can fill.

use crate::mac::sha256;

/// The only value of `X-TC-Content-SHA256` in use: the body is not covered by the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The body of a request, or its hash when it was computed while reading.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// The exact bytes.
    Bytes(&'a [u8]),
    /// SHA-256 of the exact bytes.
    Sha256([u8; 32]),
}

/// A request as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`, as sent.
    pub method: &'a str,
    /// The raw text after `?` of the request line, without re-encoding; empty when there is none. Ignored for POST.
    pub query: &'a str,
    /// All headers, names in any case, values as raw bytes.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body. Ignored for GET.
    pub body: Body<'a>,
}

impl<'a> Request<'a> {
    /// The first value of a header, looked up without regard to case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v)
    }

    /// The value of a header that occurs exactly once.
    pub(crate) fn only_header(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let first = all.next()?;
        all.next().is_none().then_some(first.1)
    }

    /// Whether the client asks for an unsigned payload. To take that or not is the caller's decision.
    pub fn is_unsigned(&self) -> bool {
        self.header("x-tc-content-sha256").is_some_and(|v| v.trim_ascii() == UNSIGNED_PAYLOAD.as_bytes())
    }

    /// The query as it is signed: raw for GET, empty for POST.
    pub(crate) fn signed_query(&self) -> &'a str {
        if self.method == "GET" { self.query } else { "" }
    }

    /// `HashedRequestPayload` in lower-case hex. For an unsigned payload this is the hash of the literal text, not
    /// the text itself as in AWS.
    pub(crate) fn hashed_payload(&self) -> String {
        let hash = match self.body {
            _ if self.is_unsigned() => sha256(UNSIGNED_PAYLOAD.as_bytes()),
            _ if self.method == "GET" => sha256(b""),
            Body::Bytes(bytes) => sha256(bytes),
            Body::Sha256(hash) => hash,
        };
        hex::encode(hash)
    }
}
