//! Reading the `Authorization` header, tolerant where clients differ, strict where meaning would be lost.
//!
//! `TC3-HMAC-SHA256 Credential=ID/DATE/SERVICE/tc3_request, SignedHeaders=a;b, Signature=hex`

use crate::{Error, check_secret_id, utc_date};

/// The only scheme.
pub const SCHEME: &str = "TC3-HMAC-SHA256";

const MAX_LENGTH: usize = 8 * 1024;
const MAX_SIGNED_HEADERS: usize = 64;

/// A parsed `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who claims to sign; has the form of a SecretId.
    pub secret_id: String,
    /// The date in the scope, as sent; see [`check_date`](Self::check_date).
    pub date: String,
    /// The service in the scope, as sent. It feeds key derivation and says nothing about the product: the Node SDK
    /// writes `127` for the endpoint `127.0.0.1:8080` and `localhost:8080` for that one.
    pub service: String,
    /// Names of the signed headers, lower case, in the order sent; contains `content-type` and `host`.
    pub signed_headers: Vec<String>,
    /// The signature as sent.
    pub signature: String,
}

impl Authorization {
    /// Reads a header value. White space around and after commas may be missing or doubled, the fields may come in
    /// any order and in any case of their names.
    ///
    /// # Errors
    /// [`Error::InvalidAuthorization`] for another scheme (`SKIP` among them), a missing or doubled field, a scope
    /// that does not end in `tc3_request`, or a list without `content-type` and `host`; [`Error::InvalidSecretId`].
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        use Error::InvalidAuthorization as Invalid;
        if value.len() > MAX_LENGTH {
            return Err(Invalid("it is too long"));
        }
        let text = std::str::from_utf8(value).map_err(|_| Invalid("it is not text"))?.trim();
        let (scheme, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if scheme != SCHEME {
            return Err(Invalid("the scheme is not TC3-HMAC-SHA256"));
        }
        let fields = Fields::parse(rest)?;
        let (secret_id, date, service) = parse_scope(fields.credential)?;
        Ok(Self {
            secret_id: secret_id.to_owned(),
            date: date.to_owned(),
            service: service.to_owned(),
            signed_headers: parse_signed_headers(fields.signed_headers)?,
            signature: fields.signature.to_owned(),
        })
    }

    /// Refuses a scope date that is not the UTC date of the timestamp.
    ///
    /// # Errors
    /// [`Error::SignatureFailure`].
    pub fn check_date(&self, timestamp: i64) -> Result<(), Error> {
        match utc_date(timestamp) {
            Some(date) if date == self.date => Ok(()),
            _ => Err(Error::SignatureFailure),
        }
    }
}

struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Fields<'a> {
    fn parse(rest: &'a str) -> Result<Self, Error> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, value) =
                part.split_once('=').ok_or(Error::InvalidAuthorization("a field has no value"))?;
            let slot = match name.trim().to_ascii_lowercase().as_str() {
                "credential" => &mut credential,
                "signedheaders" => &mut signed_headers,
                "signature" => &mut signature,
                // A field nobody knows is not covered by anything and changes nothing.
                _ => continue,
            };
            if slot.replace(value.trim()).is_some() {
                return Err(Error::InvalidAuthorization("a field occurs twice"));
            }
        }
        let filled = |slot: Option<&'a str>, what| {
            slot.filter(|v| !v.is_empty()).ok_or(Error::InvalidAuthorization(what))
        };
        Ok(Self {
            credential: filled(credential, "Credential is missing")?,
            signed_headers: filled(signed_headers, "SignedHeaders is missing")?,
            signature: filled(signature, "Signature is missing")?,
        })
    }
}

/// Splits `ID/DATE/SERVICE/tc3_request`. The service may contain slashes: an SDK takes it from the endpoint, and
/// people write URLs there.
fn parse_scope(credential: &str) -> Result<(&str, &str, &str), Error> {
    const BAD: Error = Error::InvalidAuthorization("Credential is not ID/DATE/SERVICE/tc3_request");
    let (secret_id, scope) = credential.split_once('/').ok_or(BAD)?;
    let (date, rest) = scope.split_once('/').ok_or(BAD)?;
    let service = rest.strip_suffix("/tc3_request").ok_or(BAD)?;
    check_secret_id(secret_id)?;
    if date.is_empty() || service.is_empty() {
        return Err(BAD);
    }
    Ok((secret_id, date, service))
}

fn parse_signed_headers(list: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    for name in list.split(';').map(|n| n.trim().to_ascii_lowercase()) {
        if name.is_empty() || names.contains(&name) {
            return Err(Error::InvalidAuthorization("SignedHeaders has an empty or doubled name"));
        }
        if names.len() == MAX_SIGNED_HEADERS {
            return Err(Error::InvalidAuthorization("SignedHeaders is too long"));
        }
        names.push(name);
    }
    if !["content-type", "host"].iter().all(|needed| names.iter().any(|n| n == needed)) {
        return Err(Error::InvalidAuthorization("SignedHeaders has to name content-type and host"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "TC3-HMAC-SHA256 Credential=AKID/2025-07-03/eiam/tc3_request, SignedHeaders=content-type;host, Signature=ab";

    #[test]
    fn reads_what_clients_send() {
        let auth = Authorization::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(
            (auth.secret_id.as_str(), auth.date.as_str(), auth.service.as_str()),
            ("AKID", "2025-07-03", "eiam")
        );
        assert_eq!(auth.signed_headers, ["content-type", "host"]);
        assert_eq!(auth.signature, "ab");
        for same in [
            GOOD.replace(", ", ","),
            GOOD.replace(", ", " ,  "),
            GOOD.replace("content-type;host", "Content-Type;Host"),
        ] {
            assert_eq!(Authorization::parse(same.as_bytes()).as_ref(), Ok(&auth), "{same}");
        }
    }

    #[test]
    fn takes_any_service() {
        for service in ["127", "localhost:8080", "http://127", "x y"] {
            let text = GOOD.replace("eiam", service);
            assert_eq!(Authorization::parse(text.as_bytes()).unwrap().service, service);
        }
    }

    #[test]
    fn refuses_the_rest_by_code() {
        let invalid = [
            String::new(),
            "SKIP".into(),
            "Bearer x".into(),
            SCHEME.into(),
            GOOD.replace("TC3-", "tc3-"),
            GOOD.replace(", Signature=ab", ""),
            GOOD.replace("=ab", "="),
            GOOD.replace(", Signature=ab", ", Signature"),
            GOOD.replace("/tc3_request", ""),
            GOOD.replace("tc3_request", "aws4_request"),
            GOOD.replace("/eiam", "/"),
            GOOD.replace("content-type;host", "content-type"),
            GOOD.replace("content-type;host", "content-type;;host"),
            GOOD.replace("content-type;host", "content-type;host;HOST"),
            format!("{GOOD}, Signature=cd"),
            format!("{GOOD}{}", " ".repeat(9000)),
        ];
        for text in invalid {
            let error = Authorization::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "AuthFailure.InvalidAuthorization", "{text}");
        }
        for id in ["", "A B", "钥匙", &"A".repeat(129)] {
            let error = Authorization::parse(GOOD.replace("AKID", id).as_bytes()).unwrap_err();
            assert_eq!(error, Error::InvalidSecretId, "{id}");
        }
    }
}
