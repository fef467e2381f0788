//! Content types of requests.

use crate::{Code, Error};

/// What kind of body a POST request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// `application/json`; Java adds a charset.
    Json,
    /// `application/x-www-form-urlencoded`: signature version 1.
    Form,
    /// `multipart/form-data`.
    Multipart {
        /// What separates the parts, without the leading dashes.
        boundary: String,
    },
}

impl Media {
    /// Reads a `Content-Type` header.
    ///
    /// # Errors
    /// `InvalidParameter` for any other type or none (the SDKs know `application/octet-stream`, for other products);
    /// `InvalidRequest` for multipart without a usable boundary.
    pub fn of(content_type: Option<&str>) -> Result<Self, Error> {
        let text = content_type.unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            return Ok(Self::Json);
        }
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Self::Form);
        }
        if !essence.eq_ignore_ascii_case("multipart/form-data") {
            return Err(Error::new(Code::InvalidParameter)
                .field("Content-Type")
                .detail("this kind of body is not supported", "不支持该类型的请求体"));
        }
        // Java puts `charset=utf-8;` before the boundary.
        match parameter(text, "boundary") {
            Some(boundary) if (1..=70).contains(&boundary.len()) => Ok(Self::Multipart { boundary }),
            _ => Err(Error::new(Code::InvalidRequest)
                .detail("the boundary is missing or malformed", "缺少 boundary 或其格式错误")),
        }
    }
}

/// One parameter of a header value, `name=token` or `name="quoted \" text"` (RFC 9110, 5.6.6). Text before the first
/// semicolon is no parameter.
pub(crate) fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_matches([' ', '\t', ';']);
        let (value, after) = value(after)?;
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// A token or quoted string and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end)?;
        return Some((token.trim().to_owned(), rest));
    };
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, quoted.get(at + 1..)?)),
            '\\' => out.push(chars.next()?.1),
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_apart() {
        assert_eq!(Media::of(Some("application/json")).unwrap(), Media::Json);
        assert_eq!(Media::of(Some("Application/JSON; charset=utf-8")).unwrap(), Media::Json);
        assert_eq!(Media::of(Some("application/x-www-form-urlencoded")).unwrap(), Media::Form);
        for bad in [None, Some("application/octet-stream"), Some("application/jsonp"), Some("")] {
            assert_eq!(Media::of(bad).unwrap_err().code(), Code::InvalidParameter);
        }
    }

    #[test]
    fn boundaries_come_bare_quoted_and_after_a_charset() {
        for header in [
            "multipart/form-data; boundary=a-b",
            "multipart/form-data; charset=utf-8; boundary=a-b",
            "multipart/form-data;Boundary=\"a-b\"; x=y",
        ] {
            assert_eq!(Media::of(Some(header)).unwrap(), Media::Multipart { boundary: "a-b".to_owned() });
        }
        for header in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a"]
        {
            assert_eq!(Media::of(Some(header)).unwrap_err().code(), Code::InvalidRequest, "{header}");
        }
    }
}
