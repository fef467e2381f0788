//! What a request says, whichever way it says it: the common parameters and the action's own.

use super::head::{self, Head, Version};
use axum::http::header;
use wire::media::Media;
use wire::{Code, CommonParameters, Error, Params, pairs};

/// The contents of a request.
pub struct Sent {
    /// Action, version, timestamp and so on.
    pub common: CommonParameters,
    /// The action's own parameters.
    pub params: Params,
    /// All decoded pairs of a version 1 request, which are what it signs.
    pub pairs: Vec<(String, String)>,
}

impl Sent {
    /// Reads query or body by method and content type.
    ///
    /// # Errors
    /// `InvalidParameter` for what cannot be parsed, `InvalidRequest` for a malformed multipart body.
    pub fn read(head: &Head, body: &[u8]) -> Result<Self, Error> {
        match head.version {
            Version::V1 => {
                let pairs = pairs::parse(if head.is_get() { head.query.as_bytes() } else { body })?;
                let (common, params) = (CommonParameters::from_pairs(&pairs), Params::from_pairs(&pairs)?);
                Ok(Self { common, params, pairs })
            }
            Version::V3 => {
                let params = v3_params(head, body)?;
                Ok(Self { common: from_headers(head), params, pairs: Vec::new() })
            }
        }
    }
}

/// A version 3 request has JSON, or one part of a multipart body for each parameter; a form is version 1. A body of
/// no stated type is taken as JSON.
fn v3_params(head: &Head, body: &[u8]) -> Result<Params, Error> {
    if head.is_get() {
        return Params::from_pairs(&pairs::parse(head.query.as_bytes())?);
    }
    match head.text(header::CONTENT_TYPE).map_or(Ok(Media::Json), |text| Media::of(Some(text)))? {
        Media::Form => Err(Error::new(Code::InvalidParameter)
            .field("Content-Type")
            .detail("a form is signed by version 1", "表单只适用于签名方法 v1")),
        media => Params::from_body(&media, body),
    }
}

fn from_headers(sent: &Head) -> CommonParameters {
    let text = |name| sent.text(name).map(str::to_owned);
    CommonParameters {
        action: text(head::ACTION),
        version: text(head::VERSION),
        region: text(head::REGION),
        timestamp: text(head::TIMESTAMP),
        token: text(head::TOKEN),
        language: text(head::LANGUAGE),
        request_client: text(head::CLIENT),
        ..CommonParameters::default()
    }
}
