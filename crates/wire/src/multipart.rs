//! `multipart/form-data` (RFC 7578) over a body that is already complete, which is why no streaming parser is used.
//! One part is one parameter: text, or JSON where the part's own type says so (the Python SDK sends nested values
//! that way).

use std::collections::BTreeMap;

use memchr::memmem;

use crate::media;
use crate::value::{MAX_VALUES, Value};
use crate::{Code, Error};

/// Most parts; no action has as many parameters.
const MAX_PARTS: usize = 64;
/// Longest header section of a part, in bytes.
const MAX_HEADERS: usize = 8 * 1024;

/// Parses a whole body.
///
/// # Errors
/// `InvalidRequest` when it is malformed, `InvalidParameter` for bad JSON in a part or a name sent twice.
pub(crate) fn parse(boundary: &str, body: &[u8]) -> Result<BTreeMap<String, Value>, Error> {
    let mut members = BTreeMap::new();
    let mut budget = MAX_VALUES;
    for part in split(boundary, body)? {
        let (name, value) = read_part(part, &mut budget)?;
        if members.contains_key(&name) {
            return Err(Error::new(Code::InvalidParameter)
                .field(name)
                .detail("it was sent twice", "重复出现"));
        }
        members.insert(name, value);
    }
    Ok(members)
}

/// The parts between the delimiters, headers included.
fn split<'b>(boundary: &str, body: &'b [u8]) -> Result<Vec<&'b [u8]>, Error> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    // Text before the first delimiter is a preamble, to be ignored (RFC 2046, 5.1.1).
    let mut rest = match body.strip_prefix(first.as_bytes()) {
        Some(rest) => rest,
        None => after(body, delimiter.as_bytes()).ok_or_else(|| malformed("no part begins"))?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() >= MAX_PARTS {
            return Err(malformed("too many parts"));
        }
        let line = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        let part = rest.get(line..).and_then(|rest| rest.strip_prefix(b"\r\n"));
        let part = part.ok_or_else(|| malformed("a delimiter is not followed by a line end"))?;
        let (part, following) =
            after(part, delimiter.as_bytes()).ok_or_else(|| malformed("a part does not end"))?;
        parts.push(part);
        rest = following;
    }
    Ok(parts)
}

/// What is before and what is after the first occurrence of a text.
fn after<'b>(text: &'b [u8], wanted: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = memmem::find(text, wanted)?;
    Some((text.get(..at)?, text.get(at + wanted.len()..)?))
}

/// Name and value of one part.
fn read_part(part: &[u8], budget: &mut usize) -> Result<(String, Value), Error> {
    let (headers, content) = after(part, b"\r\n\r\n").ok_or_else(|| malformed("a part has no headers"))?;
    if headers.len() > MAX_HEADERS {
        return Err(malformed("the headers of a part are too long"));
    }
    let headers =
        std::str::from_utf8(headers).map_err(|_| malformed("the headers of a part are not UTF-8"))?;
    let mut name = None;
    let mut json = false;
    for line in headers.split("\r\n") {
        let (header, value) =
            line.split_once(':').ok_or_else(|| malformed("a header of a part has no colon"))?;
        if header.eq_ignore_ascii_case("content-disposition") {
            name = media::parameter(value, "name");
        } else if header.eq_ignore_ascii_case("content-type") {
            let essence = value.split(';').next().unwrap_or_default().trim();
            json = essence.eq_ignore_ascii_case("application/json");
        }
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| malformed("a part has no name"))?;
    let value = if json {
        Value::from_json_within(content, budget).map_err(|error| error.field(name.clone()))?
    } else {
        std::str::from_utf8(content).map_or(Value::Binary, |text| Value::Text(text.to_owned()))
    };
    Ok((name, value))
}

fn malformed(why: &'static str) -> Error {
    Error::new(Code::InvalidRequest).detail(why, "multipart 格式错误")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(name: &str, kind: &str, content: &str) -> String {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{kind}\r\n\r\n{content}\r\n")
    }

    fn parse_text(body: &str) -> Result<BTreeMap<String, Value>, Error> {
        parse("B", body.as_bytes())
    }

    #[test]
    fn text_json_and_binary_parts_become_parameters() {
        let json = "\r\nContent-Type: application/json; charset=utf-8";
        let mut body = part("A", "", "x\r\n--y") + &part("L", json, "[1,\"\\u5f20\"]");
        body += "--B \t\r\ncontent-disposition: form-data; name=F; filename=\"F\"\r\n\r\n";
        let mut body = body.into_bytes();
        body.extend_from_slice(b"\xff\x00\r\n--B--\r\nepilogue");
        let members = parse("B", &body).unwrap();
        assert_eq!(members["A"], Value::Text("x\r\n--y".to_owned()));
        assert_eq!(members["L"], Value::List(vec![Value::Integer(1), Value::Text("张".to_owned())]));
        assert_eq!(members["F"], Value::Binary);
    }

    #[test]
    fn no_part_at_all_is_no_parameter() {
        assert!(parse_text("--B--\r\n").unwrap().is_empty());
        assert!(parse_text("preamble\r\n--B--").unwrap().is_empty());
    }

    #[test]
    fn malformed_bodies_are_refused() {
        for body in [
            "",
            "--B",
            "--Bx\r\n",
            "--B\r\n\r\n",
            "--B\r\nContent-Disposition: form-data; name=\"A\"\r\n\r\nx",
            "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
            "--B\r\nno colon\r\n\r\nx\r\n--B--",
        ] {
            assert_eq!(parse_text(body).unwrap_err().code(), Code::InvalidRequest, "{body:?}");
        }
        let twice = part("A", "", "1") + &part("A", "", "2") + "--B--";
        assert_eq!(parse_text(&twice).unwrap_err().code(), Code::InvalidParameter);
        let many: String =
            (0..=MAX_PARTS).map(|n| part(&n.to_string(), "", "")).collect::<String>() + "--B--";
        assert_eq!(parse_text(&many).unwrap_err().code(), Code::InvalidRequest);
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(prop_oneof![
            Just(b"--B".to_vec()), Just(b"\r\n".to_vec()), Just(b"--".to_vec()), Just(b"\r\n\r\n".to_vec()),
            Just(b"Content-Disposition: form-data; name=\"A\"".to_vec()),
            Just(b"Content-Type: application/json".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..8),
        ], 0..24)) {
            let _ = parse("B", &body.concat());
        }
    }
}
