//! The action's parameters as they arrived, not yet decoded into a request type.

use std::collections::BTreeMap;

use crate::common::CommonParameters;
use crate::decode::{self, Decode};
use crate::value::Value;
use crate::{Code, Error, Media, multipart, pairs};

/// The parameters of one call. Holds secrets: `Debug` shows names only.
#[derive(Clone, Default, PartialEq)]
pub struct Params(pub(crate) BTreeMap<String, Value>);

impl Params {
    /// From a JSON body; an empty one counts as `{}`, older Node SDKs send that.
    ///
    /// # Errors
    /// `InvalidParameter` when it is no JSON object, nested deeper than 16 or names a member twice.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        match Value::from_json(body)? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Error::new(Code::InvalidParameter)
                .detail("the body has to be a JSON object", "请求体必须是 JSON 对象")),
        }
    }

    /// From decoded pairs of a form or query ([`pairs::parse`]), without the common parameters.
    ///
    /// # Errors
    /// `InvalidParameter` when two names contradict each other or are nested deeper than 16.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let own = pairs.iter().filter(|(name, _)| !CommonParameters::NAMES.contains(&name.as_str()));
        pairs::unflatten(own).map(Self)
    }

    /// From a `multipart/form-data` body, one part for each parameter: text, or JSON where the part says so.
    ///
    /// # Errors
    /// `InvalidRequest` when the body is malformed, `InvalidParameter` for bad JSON or a name sent twice.
    pub fn from_multipart(boundary: &str, body: &[u8]) -> Result<Self, Error> {
        multipart::parse(boundary, body).map(Self)
    }

    /// From the body of a POST request of whatever kind.
    ///
    /// # Errors
    /// As the other constructors and [`pairs::parse`].
    pub fn from_body(media: &Media, body: &[u8]) -> Result<Self, Error> {
        match media {
            Media::Json => Self::from_json(body),
            Media::Form => Self::from_pairs(&pairs::parse(body)?),
            Media::Multipart { boundary } => Self::from_multipart(boundary, body),
        }
    }

    /// Decodes them into the request type of an action.
    ///
    /// # Errors
    /// `UnknownParameter`, `InvalidParameter` (wrong type) or `MissingParameter`, the first that applies in this
    /// order, naming the parameter with its full path.
    pub fn decode<T: Decode>(self) -> Result<T, Error> {
        decode::decode(self.0)
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
