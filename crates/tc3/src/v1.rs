//! Signature version 1: HmacSHA1 and HmacSHA256 over the sorted parameters. Everything the request says is covered,
//! the token too.

use crate::{Error, HostForm, host, mac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use subtle::ConstantTimeEq;

/// The hash behind a version 1 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// HmacSHA1: the default.
    Sha1,
    /// HmacSHA256.
    Sha256,
}

impl Method {
    /// Chooses by the `SignatureMethod` parameter: exactly `HmacSHA256` is SHA-256, everything else, also its
    /// absence, is SHA-1.
    pub fn choose(parameter: Option<&str>) -> Self {
        if parameter == Some("HmacSHA256") { Method::Sha256 } else { Method::Sha1 }
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Sha1 => "HmacSHA1",
            Method::Sha256 => "HmacSHA256",
        }
    }
}

/// The string to sign: HTTP method, host, `/?`, then all parameters but `Signature`, decoded, in ASCII order of
/// their names, joined `name=value&...`. Empty values count.
pub fn string_to_sign(http_method: &str, host: &[u8], parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut text = [http_method.as_bytes(), host, b"/?"].concat();
    let mut sorted: Vec<_> = parameters.iter().filter(|(name, _)| *name != "Signature").collect();
    sorted.sort_by_key(|(name, _)| *name);
    for (i, (name, value)) in sorted.into_iter().enumerate() {
        if i > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
    }
    text
}

/// The signature in Base64; the key is the bare secret.
pub fn sign(secret: &str, method: Method, string_to_sign: &[u8]) -> String {
    match method {
        Method::Sha1 => STANDARD.encode(mac::hmac_sha1(secret.as_bytes(), string_to_sign)),
        Method::Sha256 => STANDARD.encode(mac::hmac_sha256(secret.as_bytes(), string_to_sign)),
    }
}

/// Verifies the `Signature` among `parameters` (decoded, all of the query or the form) and says which form of the
/// host was signed. The hash is chosen by `SignatureMethod`.
///
/// # Errors
/// [`Error::Missing`] without a `Signature`, [`Error::SignatureFailure`] when no candidate matches.
pub fn verify(
    secret: &str,
    http_method: &str,
    host_header: &[u8],
    parameters: &[(&str, &str)],
) -> Result<HostForm, Error> {
    let find = |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let signature = find("Signature").filter(|s| !s.is_empty()).ok_or(Error::Missing("Signature"))?;
    let method = Method::choose(find("SignatureMethod"));
    let mut matched = None;
    for (form, host) in host::candidates(host_header) {
        let expected = sign(secret, method, &string_to_sign(http_method, &host, parameters));
        if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) && matched.is_none() {
            matched = Some(form);
        }
    }
    matched.ok_or(Error::SignatureFailure)
}

/// Checks the form of `Nonce`: a positive integer below 2^63. Whether it was seen before is not asked: older Go
/// programs start every process with the same one.
///
/// # Errors
/// [`Error::InvalidNonce`].
pub fn check_nonce(text: &str) -> Result<(), Error> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(nonce) if digits && nonce > 0 => Ok(()),
        _ => Err(Error::InvalidNonce),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_is_sha256_only_by_its_exact_name() {
        assert_eq!(Method::choose(Some("HmacSHA256")), Method::Sha256);
        for other in [None, Some(""), Some("HmacSHA1"), Some("hmacsha256"), Some("HmacSHA512")] {
            assert_eq!(Method::choose(other), Method::Sha1);
        }
    }

    #[test]
    fn names_sort_as_ascii() {
        let text = string_to_sign("GET", b"h", &[("X.2", "b"), ("X.10", "a"), ("Signature", "s"), ("E", "")]);
        assert_eq!(text, b"GETh/?E=&X.10=a&X.2=b");
    }

    #[test]
    fn nonces() {
        for good in ["1", "32768", "9223372036854775807"] {
            assert_eq!(check_nonce(good), Ok(()));
        }
        for bad in ["", "0", "-1", "+1", "x", "9223372036854775808"] {
            assert_eq!(check_nonce(bad), Err(Error::InvalidNonce));
        }
    }
}
