//! Reading a body: never more than the signature version allows, never for longer than the time allows, and not
//! more of them at once than memory allows.

use super::head::{Head, Version};
use crate::config::Limits;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wire::{Code, Error};

/// Bodies up to this size do not count against the memory for bodies.
const SMALL: usize = 16 * 1024;
/// What is read and thrown away of a body that is too large, so that a client that is still sending gets to see the
/// answer rather than a reset connection.
const DRAIN: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A body on its way in, straight from the connection or through the router.
pub trait Incoming: Body<Data = Bytes, Error: std::fmt::Display> + Unpin {}

impl<T: Body<Data = Bytes, Error: std::fmt::Display> + Unpin> Incoming for T {}

/// A body and its hash.
pub struct Read {
    /// The bytes; empty for GET, whose body is ignored.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    _memory: Option<OwnedSemaphorePermit>,
}

/// Reads the body of a request.
///
/// # Errors
/// `RequestSizeLimitExceeded`, `RequestLimitExceeded` when memory for bodies is taken, `InvalidRequest` when the body
/// breaks off or takes too long.
pub async fn read(
    head: &Head,
    body: impl Incoming,
    limits: &Limits,
    memory: &Arc<Semaphore>,
) -> Result<Read, Error> {
    if head.is_get() {
        return match head.query.len() > limits.query_bytes {
            true => Err(too_large(limits.query_bytes)),
            false => Ok(Read { bytes: Vec::new(), sha256: Sha256::digest(b"").into(), _memory: None }),
        };
    }
    let limit = match head.version {
        Version::V1 => limits.form_bytes,
        Version::V3 => limits.body_bytes,
    };
    let announced = announced(head, limit);
    let (mut body, mut outcome) = (body, Err(too_large(limit)));
    if announced <= limit {
        let memory = hold(memory, announced, limits.body_timeout).await?;
        let late = || broken("the body took too long", "请求体接收超时");
        outcome = timeout(limits.body_timeout, collect(&mut body, announced, limit))
            .await
            .map_err(|_| late())
            .flatten();
        outcome = outcome.map(|read| Read { _memory: memory, ..read });
    }
    if matches!(&outcome, Err(e) if e.code() == Code::RequestSizeLimitExceeded) {
        drain(body).await;
    }
    outcome
}

/// `Content-Length`; for a body of unknown length the most it may have.
fn announced(head: &Head, limit: usize) -> usize {
    head.text(CONTENT_LENGTH).and_then(|v| v.parse().ok()).unwrap_or(limit)
}

/// Waits for memory for a large body.
async fn hold(
    memory: &Arc<Semaphore>,
    bytes: usize,
    patience: Duration,
) -> Result<Option<OwnedSemaphorePermit>, Error> {
    if bytes <= SMALL {
        return Ok(None);
    }
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    match timeout(patience, Arc::clone(memory).acquire_many_owned(kib)).await {
        // The semaphore is never closed.
        Ok(held) => held.map(Some).map_err(Error::internal),
        Err(_) => Err(Error::new(Code::RequestLimitExceeded)
            .detail("too many large requests at the same time", "同时处理的大请求过多")),
    }
}

async fn collect(body: &mut impl Incoming, announced: usize, limit: usize) -> Result<Read, Error> {
    let mut bytes = Vec::with_capacity(announced.min(SMALL));
    let mut hash = Sha256::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| broken("the body broke off", "请求体不完整").context(e))?;
        // Trailers say nothing that matters here.
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        hash.update(&data);
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes, sha256: hash.finalize().into(), _memory: None })
}

async fn drain(mut body: impl Incoming) {
    let discard = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, |d| d.len());
            if seen > DRAIN {
                break;
            }
        }
    };
    if timeout(DRAIN_TIME, discard).await.is_err() {
        tracing::debug!("a body that is too large was not sent to its end");
    }
}

fn too_large(limit: usize) -> Error {
    Error::new(Code::RequestSizeLimitExceeded)
        .detail(format!("at most {limit} bytes"), format!("最大 {limit} 字节"))
}

fn broken(en: &'static str, zh: &'static str) -> Error {
    Error::new(Code::InvalidRequest).detail(en, zh)
}
