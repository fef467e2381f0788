//! From what signing says to what the wire says.

use wire::{Code, Error};

/// The wire's error for a failure of signing. Says nothing about the signature that would have been right.
pub fn of(error: &tc3::Error) -> Error {
    let answer = Error::new(Code::parse(error.code()).unwrap_or(Code::AuthFailure));
    match *error {
        tc3::Error::Missing(name) => answer.field(name),
        tc3::Error::InvalidNonce => {
            answer.field("Nonce").detail("a positive integer is needed", "应为正整数")
        }
        tc3::Error::InvalidTimestamp => {
            answer.detail("seconds since 1970 are needed", "应为秒级 UNIX 时间戳")
        }
        tc3::Error::InvalidAuthorization(what) => answer.detail(what, "请检查 Authorization 请求头"),
        tc3::Error::SignatureExpire { seconds } => answer.detail(
            format!(
                "the timestamp is {seconds} s behind the server's clock, at most {} either way",
                tc3::MAX_SKEW_SECONDS
            ),
            format!("与服务器时间相差 {seconds} 秒，最多允许 {} 秒", tc3::MAX_SKEW_SECONDS),
        ),
        tc3::Error::InvalidSecretId | tc3::Error::SignatureFailure => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_keeps_its_code() {
        for error in [
            tc3::Error::Missing("Authorization"),
            tc3::Error::InvalidAuthorization("x"),
            tc3::Error::InvalidSecretId,
            tc3::Error::InvalidTimestamp,
            tc3::Error::InvalidNonce,
            tc3::Error::SignatureExpire { seconds: 301 },
            tc3::Error::SignatureFailure,
        ] {
            assert_eq!(of(&error).code().as_str(), error.code());
        }
    }
}
