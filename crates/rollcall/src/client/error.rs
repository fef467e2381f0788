//! What can go wrong with a call, and what the caller can do about it.

use serde_json::Value;

/// The service's own error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code}, request {request_id})")]
pub struct ApiError {
    /// The vendor's code, `Category` or `Category.Detail`.
    pub code: String,
    /// Text for people.
    pub message: String,
    /// Identifies the call in the server's log.
    pub request_id: String,
}

impl ApiError {
    /// Whether the same call may work a moment later.
    pub fn is_rate_limit(&self) -> bool {
        self.code == "RequestLimitExceeded" || self.code.starts_with("RequestLimitExceeded.")
    }
}

/// Why a call did not give an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service refused.
    #[error(transparent)]
    Api(ApiError),
    /// The address or the certificate file cannot be used.
    #[error("{0}")]
    Endpoint(String),
    /// Nothing answered.
    #[error("{url} could not be reached: {reason}")]
    Transport {
        /// Base address.
        url: String,
        /// Why.
        reason: String,
    },
    /// Something answered that does not speak this protocol.
    #[error("{url} did not answer as expected: {reason}")]
    Answer {
        /// Base address.
        url: String,
        /// What was wrong.
        reason: String,
    },
    /// The parameters could not be written as JSON.
    #[error("the parameters cannot be sent: {0}")]
    Encode(serde_json::Error),
    /// The system clock is outside of what can be signed.
    #[error("the request could not be signed: {0}")]
    Sign(tc3::Error),
}

impl CallError {
    /// What to do next, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            CallError::Api(e) => advice_for_code(&e.code),
            CallError::Transport { .. } => Some(
                "start the server with `rollcall serve`, or name it with --endpoint (and --ca for its certificate)",
            ),
            CallError::Answer { .. } => Some("check that --endpoint names a Rollcall server"),
            CallError::Sign(_) => Some("set the clock of this machine"),
            CallError::Endpoint(_) | CallError::Encode(_) => None,
        }
    }
}

fn advice_for_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "AuthFailure.SecretIdNotFound" | "AuthFailure.InvalidSecretId" | "AuthFailure.SignatureFailure" => {
            "check TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or the credentials.toml of --data-dir"
        }
        "AuthFailure.SignatureExpire" => {
            "set the clock of this machine; it may differ by five minutes at most"
        }
        "AuthFailure.TokenFailure" => {
            "set TENCENTCLOUD_TOKEN to the token of this temporary key, or make a new key"
        }
        "AuthFailure.UnauthorizedOperation" | "UnauthorizedOperation" => {
            "use a key with a higher role (`rollcall keys create --role …` with an admin key)"
        }
        "InvalidAction" | "NoSuchVersion" | "ActionOffline" => {
            "check the action's name, or update the server"
        }
        "InternalError" | "ServiceUnavailable" => "look for the request id in the server's log",
        _ if code.starts_with("RequestLimitExceeded") => {
            "wait, or start the server with a higher --rate-limit"
        }
        _ => return None,
    })
}

/// An answer's text and where it came from.
pub struct Answer {
    /// Base address, for messages.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// Takes the envelope off: `{"Response": {…, "RequestId": "…"}}`.
pub fn unwrap_envelope(answer: &Answer) -> Result<Value, CallError> {
    let strange = |reason: String| CallError::Answer { url: answer.url.clone(), reason };
    let parsed: Result<Value, _> = serde_json::from_slice(&answer.body);
    let Ok(Value::Object(mut outer)) = parsed else {
        return Err(strange(format!("status {}, not the JSON of this API", answer.status)));
    };
    let Some(Value::Object(mut response)) = outer.remove("Response") else {
        return Err(strange(format!("status {}, no Response in it", answer.status)));
    };
    let request_id = response.remove("RequestId").as_ref().map(text).unwrap_or_default();
    match response.remove("Error") {
        None | Some(Value::Null) => Ok(Value::Object(response)),
        Some(error) => Err(CallError::Api(ApiError {
            code: error.get("Code").map(text).unwrap_or_default(),
            message: error.get("Message").map(text).unwrap_or_default(),
            request_id,
        })),
    }
}

fn text(value: &Value) -> String {
    crate::output::table::text(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Value, CallError> {
        unwrap_envelope(&Answer { url: "http://x".into(), status: 200, body: body.into() })
    }

    #[test]
    fn takes_the_envelope_off() {
        assert_eq!(read(r#"{"Response":{"A":1,"RequestId":"r"}}"#).unwrap(), serde_json::json!({"A": 1}));
        let refused =
            r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"m"},"RequestId":"r"}}"#;
        let Err(CallError::Api(error)) = read(refused) else { panic!() };
        assert!(error.is_rate_limit());
        assert_eq!((error.message.as_str(), error.request_id.as_str()), ("m", "r"));
        for strange in ["", "<html>", "[]", "{}", r#"{"Response":3}"#] {
            assert!(matches!(read(strange), Err(CallError::Answer { .. })), "{strange}");
        }
    }
}
