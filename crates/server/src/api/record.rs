//! What is written down about a call when it ends: one log line and the metrics. Never a secret, a signature, a
//! token or a parameter.

use super::head::{self, Head, Version};
use crate::{answer, listen::Peer, metrics::Metrics};
use std::{
    fmt,
    net::IpAddr,
    time::{Duration, Instant},
};
use wire::{ActionId, CommonParameters, Error, Lang};

/// Longest text from outside that goes into a log line, in characters.
const TEXT_MAX: usize = 128;

/// A call, as far as it is known.
pub struct Record {
    pub request_id: String,
    pub lang: Lang,
    pub action: Option<ActionId>,
    asked: String,
    secret_id: String,
    client: String,
    source: IpAddr,
    start: Instant,
}

impl Record {
    pub fn new(head: &Head, peer: Peer) -> Self {
        Self {
            request_id: answer::request_id(),
            lang: Lang::from_name(head.text(head::LANGUAGE)),
            action: None,
            asked: clean(head.text(head::ACTION)),
            secret_id: claimed(head),
            client: clean(head.text(head::CLIENT)),
            source: peer.ip,
            start: Instant::now(),
        }
    }

    /// Notes what the common parameters say; those of version 3 are in the head, which is known.
    pub fn note(&mut self, head: &Head, common: &CommonParameters) {
        if head.version == Version::V3 {
            return;
        }
        self.lang = Lang::from_name(common.language.as_deref());
        self.asked = clean(common.action.as_deref());
        self.client = clean(common.request_client.as_deref());
        if let Some(secret_id) = &common.secret_id {
            self.secret_id = clean(Some(secret_id));
        }
    }

    /// Writes the line and counts the call.
    pub fn finish(&self, metrics: &Metrics, error: Option<&Error>) {
        let time = self.start.elapsed();
        metrics.answered(self.action, error.map(Error::code), time);
        let code = error.map_or("OK", |e| e.code().as_str());
        let action = self.action.map_or(self.asked.as_str(), |a| a.action().name);
        let millis = tracing::field::display(Millis(time));
        let Self { request_id, secret_id, source, client, .. } = self;
        match error.filter(|e| e.internal_context().is_some()) {
            Some(error) => {
                tracing::warn!(%request_id, %action, %code, %secret_id, %source, millis, %client, cause = %error, "call");
            }
            None => tracing::info!(%request_id, %action, %code, %secret_id, %source, millis, %client, "call"),
        }
    }
}

/// Milliseconds with three digits behind the point.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = (self.0.as_nanos() + 500) / 1000;
        write!(f, "{}.{:03}", micros / 1000, micros % 1000)
    }
}

/// The SecretId in an `Authorization` header, whether or not it is genuine.
fn claimed(head: &Head) -> String {
    let auth = head.authorization.as_ref().and_then(|claimed| claimed.as_ref().ok());
    auth.map(|claimed| claimed.secret_id.clone()).unwrap_or_default()
}

/// Text from outside, shortened, with everything replaced that could forge a log line.
fn clean(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.len() <= TEXT_MAX && text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.to_owned();
    }
    let graphic = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.chars().take(TEXT_MAX).map(graphic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millis_have_three_digits() {
        for (nanos, text) in [
            (0, "0.000"),
            (499, "0.000"),
            (500, "0.001"),
            (1_234_567, "1.235"),
            (61_000_000_000, "61000.000"),
        ] {
            assert_eq!(Millis(Duration::from_nanos(nanos)).to_string(), text);
        }
    }

    #[test]
    fn texts_from_outside_cannot_forge_lines() {
        assert_eq!(clean(None), "");
        assert_eq!(clean(Some("SDK_Python 3.0~")), "SDK_Python 3.0~");
        assert_eq!(clean(Some("a\nb\u{7f}é")), "a?b??");
        assert_eq!(clean(Some(&"x".repeat(TEXT_MAX + 1))), "x".repeat(TEXT_MAX));
    }
}
