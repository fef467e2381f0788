//! The shape every answer has. Three rules keep the official SDKs working: no `Error` member on success (the Python
//! SDK trips over `"Error": null`), `Code`, `Message` and `RequestId` all present on failure, and nothing else at
//! the top level.

use serde::Serialize;

use crate::json::push_text;
use crate::{Error, Lang};

/// A response type: a struct that serialises to a JSON object without `Error` or `RequestId`.
pub trait Response: Serialize {}

/// The members of a successful answer, already serialised. Starts with the opening of the envelope, so that a large
/// answer need not be copied once more when it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl Body {
    /// Serialises a response.
    ///
    /// # Errors
    /// `InternalError` when serde fails or the response is no object, which the generated types rule out.
    pub fn new<R: Response>(response: &R) -> Result<Self, Error> {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(OPENING);
        serde_json::to_writer(&mut bytes, response).map_err(Error::internal)?;
        let body = Self(bytes);
        if !body.as_json().starts_with(b"{") {
            return Err(Error::internal("a response has to be a JSON object"));
        }
        Ok(body)
    }

    /// The answer of an action that returns nothing but the request id.
    pub fn empty() -> Self {
        Self([OPENING, b"{}"].concat())
    }

    /// Members that were written behind [`OPENING`]; a whole JSON object.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The members as one JSON object.
    pub fn as_json(&self) -> &[u8] {
        self.0.get(OPENING.len()..).unwrap_or_default()
    }
}

/// How every answer begins.
pub(crate) const OPENING: &[u8] = b"{\"Response\":";

/// `{"Response":{...,"RequestId":"..."}}`. `request_id` is a UUID in lower case.
pub fn success(body: Body, request_id: &str) -> Vec<u8> {
    let is_empty = body.as_json() == b"{}";
    let mut out = body.0;
    out.pop(); // the closing brace of the members, put back by `close`
    if !is_empty {
        out.push(b',');
    }
    close(&mut out, request_id);
    out
}

/// `{"Response":{"Error":{"Code":"...","Message":"..."},"RequestId":"..."}}`.
pub fn failure(error: &Error, lang: Lang, request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(OPENING);
    out.extend_from_slice(b"{\"Error\":{\"Code\":");
    push_text(&mut out, error.code().as_str());
    out.extend_from_slice(b",\"Message\":");
    push_text(&mut out, &error.message(lang));
    out.extend_from_slice(b"},");
    close(&mut out, request_id);
    out
}

fn close(out: &mut Vec<u8>, request_id: &str) {
    out.extend_from_slice(b"\"RequestId\":");
    push_text(out, request_id);
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Nullable, cwp, eiam};

    fn json(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn success_has_members_and_request_id_and_nothing_else() {
        let body = Body::new(&cwp::ExportAssetUserListResponse { task_id: "11".into() }).unwrap();
        assert_eq!(json(&success(body, "id")), r#"{"Response":{"TaskId":"11","RequestId":"id"}}"#);
        assert_eq!(Body::empty().as_json(), b"{}");
        assert_eq!(json(&success(Body::empty(), "id")), r#"{"Response":{"RequestId":"id"}}"#);
        let body = Body::new(&eiam::DeleteUserResponse {}).unwrap();
        assert_eq!(json(&success(body, "id")), r#"{"Response":{"RequestId":"id"}}"#);
    }

    #[test]
    fn failure_has_all_three_texts_escaped() {
        let error = Error::new(Code::UnknownParameter).field("a\"b\n").context("secret");
        assert_eq!(
            json(&failure(&error, Lang::En, "id")),
            r#"{"Response":{"Error":{"Code":"UnknownParameter","Message":"The parameter `a\"b\n` is not recognized."},"RequestId":"id"}}"#
        );
    }

    #[test]
    fn nullable_fields_have_three_states() {
        let user = eiam::UserInformation {
            user_id: Nullable::value("u"),
            phone: Nullable::Null,
            ..Default::default()
        };
        assert_eq!(serde_json::to_string(&user).unwrap(), r#"{"Phone":null,"UserId":"u"}"#);
    }
}
