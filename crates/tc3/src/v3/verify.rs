//! Verifying: recompute the signature for the few forms in which clients sign, compare in constant time.

use super::{Authorization, Case, SigningKey, canonical_request, string_to_sign};
use crate::{Error, HostForm, Request, host};
use subtle::{Choice, ConstantTimeEq};

/// How a signature came to match; for logs and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Which form of the host the client signed.
    pub host: HostForm,
    /// How it treated the other header values.
    pub case: Case,
}

/// Verifies the signature of `request`, whose `Authorization` header was parsed into `auth`.
///
/// `timestamp` is the one of the request, `key` derived from the caller's secret with `auth.date` and
/// `auth.service`. The window is [`check_window`](crate::check_window)'s business. A wrong signature is compared with
/// every candidate in constant time; a right one ends the search, which tells nobody more than the answer does.
///
/// # Errors
/// [`Error::SignatureFailure`] when nothing matches or the scope date is not the UTC date of the timestamp;
/// [`Error::InvalidAuthorization`] when a signed header is absent or occurs twice.
pub fn verify(
    request: &Request<'_>,
    auth: &Authorization,
    timestamp: i64,
    key: &SigningKey,
) -> Result<Verified, Error> {
    let date = auth.check_date(timestamp);
    let sent_host =
        request.only_header("host").ok_or(Error::InvalidAuthorization("there is not one Host header"))?;
    for (form, host) in host::candidates(sent_host) {
        let mut previous = None;
        for case in [Case::AsSent, Case::Lower] {
            let canonical = canonical_request(request, &auth.signed_headers, &host, case)?;
            if previous.as_ref() == Some(&canonical) {
                continue;
            }
            let text = string_to_sign(timestamp, &auth.date, &auth.service, &canonical);
            let equal: Choice = key.sign(&text).as_bytes().ct_eq(auth.signature.as_bytes());
            if bool::from(equal) {
                return date.map(|()| Verified { host: form, case });
            }
            previous = Some(canonical);
        }
    }
    Err(Error::SignatureFailure)
}
