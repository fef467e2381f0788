//! What a request says, whichever way it says it: the common parameters and the action's own.

use super::head::{Head, Version};
use axum::body::Body;
use wire::{Code, CommonParameters, Error, Params, pairs};

/// Most parts of a multipart body; no action has as many parameters.
const PARTS: usize = 256;

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
    pub async fn read(head: &Head, body: &[u8]) -> Result<Self, Error> {
        match head.version {
            Version::V1 => {
                let pairs = pairs::parse(if head.is_get() { head.query.as_bytes() } else { body })?;
                let (common, params) = (CommonParameters::from_pairs(&pairs), Params::from_pairs(&pairs)?);
                Ok(Self { common, params, pairs })
            }
            Version::V3 => {
                let params = v3_params(head, body).await?;
                Ok(Self { common: from_headers(head), params, pairs: Vec::new() })
            }
        }
    }
}

async fn v3_params(head: &Head, body: &[u8]) -> Result<Params, Error> {
    if head.is_get() {
        return Params::from_pairs(&pairs::parse(head.query.as_bytes())?);
    }
    match head.media_type().as_str() {
        "application/json" | "" => Params::from_json(body),
        "multipart/form-data" => multipart(head, body).await,
        other => Err(Error::new(Code::InvalidParameter)
            .field("Content-Type")
            .detail(format!("`{}` is not taken here", shown(other)), format!("不支持 `{}`", shown(other)))),
    }
}

fn shown(media_type: &str) -> String {
    media_type.chars().take(80).collect()
}

fn from_headers(head: &Head) -> CommonParameters {
    let text = |name| head.text(name).map(str::to_owned);
    CommonParameters {
        action: text("x-tc-action"),
        version: text("x-tc-version"),
        region: text("x-tc-region"),
        timestamp: text("x-tc-timestamp"),
        token: text("x-tc-token"),
        language: text("x-tc-language"),
        request_client: text("x-tc-requestclient"),
        ..CommonParameters::default()
    }
}

/// One part per top-level parameter: JSON for lists and structures, text for the rest. None of the actions takes a
/// file, so a part that is not text is refused.
async fn multipart(head: &Head, body: &[u8]) -> Result<Params, Error> {
    let boundary =
        multer::parse_boundary(head.text("content-type").unwrap_or_default()).map_err(malformed)?;
    let mut parts = multer::Multipart::new(Body::from(body.to_vec()).into_data_stream(), boundary);
    let mut object = serde_json::Map::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_json = part.content_type().is_some_and(|t| t.essence_str() == "application/json");
        let bytes = part.bytes().await.map_err(malformed)?;
        let not_text =
            |_| Error::new(Code::InvalidParameter).field(name.clone()).detail("it is not text", "不是文本");
        let value = match is_json {
            true => serde_json::from_slice(&bytes).map_err(|_| {
                Error::new(Code::InvalidParameter)
                    .field(name.clone())
                    .detail("it is not JSON", "不是合法的 JSON")
            })?,
            false => serde_json::Value::from(std::str::from_utf8(&bytes).map_err(not_text)?),
        };
        if object.len() == PARTS || name.is_empty() || object.insert(name, value).is_some() {
            return Err(malformed("a part without a name, sent twice, or too many of them"));
        }
    }
    Params::from_json(serde_json::Value::Object(object).to_string().as_bytes())
}

fn malformed(error: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidRequest)
        .detail("the multipart body is malformed", "multipart 请求体格式错误")
        .context(error)
}
