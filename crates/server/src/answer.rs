//! The HTTP form of an API answer: always 200, always exactly `application/json` (the Python SDK does not look for an
//! error under any other type), never compressed.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, header},
};

use std::cell::RefCell;
use uuid::{Builder, Uuid};

/// Echoed to the client, so that it can match its own trace.
const TRACE_ID: HeaderName = HeaderName::from_static("x-tc-traceid");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-tc-requestid");
/// Longest trace id that is echoed, in bytes.
const TRACE_ID_MAX: usize = 128;

/// RequestIds that are drawn at once: one question to the system for all of them.
const DRAWN: usize = 64;

/// A fresh RequestId: a lower-case UUID v4.
pub fn request_id() -> String {
    thread_local!(static DRAW: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) });
    let bytes = DRAW.with_borrow_mut(|ids| {
        ids.pop().or_else(|| {
            let mut bytes = [[0; 16]; DRAWN];
            getrandom::fill(bytes.as_flattened_mut()).ok()?;
            ids.extend_from_slice(&bytes);
            ids.pop()
        })
    });
    let id = bytes.map_or_else(Uuid::new_v4, |bytes| Builder::from_random_bytes(bytes).into_uuid());
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// An envelope as an answer to a request with these headers.
pub fn json(envelope: Vec<u8>, request_id: &str, asked: &HeaderMap) -> Response<Body> {
    let mut answer = Response::new(Body::from(envelope));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A UUID is always a valid header value.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(id) = asked.get(TRACE_ID).filter(|id| sane(id)) {
        headers.insert(TRACE_ID, id.clone());
    }
    answer
}

fn sane(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=TRACE_ID_MAX).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_graphic())
}
