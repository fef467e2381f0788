//! What is written down about a call when it ends: one log line and the metrics. Never a secret, a signature, a
//! token or a parameter.

use super::head::Head;
use crate::{answer, listen::Peer, metrics::Metrics};
use std::{net::IpAddr, time::Instant};
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
            lang: Lang::from_name(head.text("x-tc-language")),
            action: None,
            asked: clean(head.text("x-tc-action")),
            secret_id: claimed(head),
            client: clean(head.text("x-tc-requestclient")),
            source: peer.ip,
            start: Instant::now(),
        }
    }

    /// Notes what the common parameters say.
    pub fn note(&mut self, common: &CommonParameters) {
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
        let millis = tracing::field::display(format!("{:.3}", time.as_secs_f64() * 1e3));
        let Self { request_id, secret_id, source, client, .. } = self;
        match error.filter(|e| e.internal_context().is_some()) {
            Some(error) => {
                tracing::warn!(%request_id, %action, %code, %secret_id, %source, millis, %client, cause = %error, "call");
            }
            None => tracing::info!(%request_id, %action, %code, %secret_id, %source, millis, %client, "call"),
        }
    }
}

/// The SecretId in an `Authorization` header, whether or not it is genuine.
fn claimed(head: &Head) -> String {
    let auth = head.headers.get("authorization").map(|v| tc3::v3::Authorization::parse(v.as_bytes()));
    auth.and_then(Result::ok).map(|a| a.secret_id).unwrap_or_default()
}

/// Text from outside, shortened, with everything replaced that could forge a log line.
fn clean(text: Option<&str>) -> String {
    let graphic = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.unwrap_or_default().chars().take(TEXT_MAX).map(graphic).collect()
}
