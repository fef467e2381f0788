//! What can be wrong with a signed request; each case has exactly one code on the wire.

/// Why a request was not accepted. Says nothing about the signature that would have been right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither `Authorization` nor `Signature`, or another field that signing needs is absent: its name.
    #[error("the request lacks `{0}`")]
    Missing(&'static str),
    /// The `Authorization` header cannot be used; what is wrong with it.
    #[error("the Authorization header is not acceptable: {0}")]
    InvalidAuthorization(&'static str),
    /// The SecretId does not have the form of one.
    #[error("the SecretId does not have the form of an API key")]
    InvalidSecretId,
    /// The timestamp is not a count of seconds.
    #[error("the timestamp is not a number of seconds since 1970")]
    InvalidTimestamp,
    /// The nonce of a version 1 request is not a positive integer below 2^63.
    #[error("the nonce is not a positive integer")]
    InvalidNonce,
    /// More than five minutes between the timestamp and the clock.
    #[error("the timestamp is {seconds} s away from the server's clock (more than 300)")]
    SignatureExpire {
        /// Distance in seconds, positive when the request is older than the clock.
        seconds: i64,
    },
    /// The recomputed signature differs, or the date in the scope is not the UTC date of the timestamp.
    #[error("the signature does not match")]
    SignatureFailure,
}

impl Error {
    /// The code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Missing(_) => "MissingParameter",
            Error::InvalidAuthorization(_) => "AuthFailure.InvalidAuthorization",
            Error::InvalidSecretId => "AuthFailure.InvalidSecretId",
            Error::InvalidTimestamp | Error::InvalidNonce => "InvalidParameter",
            Error::SignatureExpire { .. } => "AuthFailure.SignatureExpire",
            Error::SignatureFailure => "AuthFailure.SignatureFailure",
        }
    }
}
