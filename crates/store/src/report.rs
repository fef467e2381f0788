//! A host's report made ready for the writing thread: whatever can be computed without knowing what is stored is
//! computed here, by whoever took the report in.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::facts::{self, HostFacts, HostReport, Os, UsageFacts, section};
use model::{HostEntry, Millis, rules};
use serde::{Deserialize, Serialize};

use crate::{StoreError, codec, rows};

/// What is kept of a report. An older program kept the first sights of accounts here, too.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    pub(crate) report: HostReport,
    pub(crate) first_seen: BTreeMap<String, Millis>,
    /// Beside the report, so that the digest is of its beginning.
    pub(crate) usage: UsageFacts,
}

/// The part of it that is about the host itself.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct HostBody {
    report: HostPart,
    usage: UsageFacts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPart {
    host: HostFacts,
}

impl HostBody {
    /// The facts of the host, how busy it was among them.
    pub(crate) fn into_facts(self) -> HostFacts {
        HostFacts { usage: self.usage, ..self.report.host }
    }
}

/// The report to be written.
#[derive(Serialize)]
pub(crate) struct BodyRef<'a> {
    pub(crate) report: &'a HostReport,
}

/// An accepted report with its digest.
pub struct Facts {
    report: Arc<HostReport>,
    json: Vec<u8>,
    digest: [u8; 16],
}

impl Facts {
    /// Encodes the report and computes its digest ([`facts::digest`]).
    ///
    /// # Errors
    /// None for a report that came from JSON.
    pub fn new(mut report: HostReport) -> Result<Self, StoreError> {
        let mut json = facts::undated_json(&mut report).map_err(|e| StoreError::Engine(Box::new(e)))?;
        let digest = facts::digest(&json);
        let usage = &report.host.usage;
        if *usage != UsageFacts::default() {
            // One more member of the object that was just closed.
            json.pop();
            json.extend_from_slice(b",\"usage\":");
            json.extend(codec::json(usage)?);
            json.push(b'}');
        }
        Ok(Self { report: Arc::new(report), json, digest })
    }

    /// The report.
    pub fn report(&self) -> &HostReport {
        &self.report
    }

    /// Bytes of its JSON.
    pub fn size(&self) -> usize {
        self.json.len()
    }

    /// The digest.
    pub fn digest(&self) -> [u8; 16] {
        self.digest
    }
}

/// A host as a report shows it when nothing is known of it yet, with everything that is to be written.
#[derive(Debug, Clone)]
pub struct HostUpdate {
    /// Every account first seen when the report arrived.
    pub(crate) entry: Arc<HostEntry>,
    /// The facts, to be compared with those of the last report.
    pub(crate) report: Arc<HostReport>,
    /// When it was collected, as the host says.
    pub(crate) collected_at: Millis,
    /// Whether an account that is not in the report is not on the host.
    pub(crate) lists_all: bool,
    /// The facts, encoded.
    pub(crate) body: Vec<u8>,
    /// `entry`, encoded.
    pub(crate) rows: Vec<u8>,
}

impl HostUpdate {
    /// What a report says of the host `quuid`, having arrived at `received`.
    ///
    /// # Errors
    /// None for a report that came from JSON.
    pub fn new(quuid: &str, facts: &Facts, received: Millis) -> Result<Self, StoreError> {
        let report = &facts.report;
        // No agent is bound to a host yet, so there is no agent id.
        let mut state = rules::host_state(report, quuid, received, received);
        state.digest = facts.digest;
        let accounts = report.accounts.iter().map(|a| rules::account(a, &report.host, received)).collect();
        let entry = Arc::new(HostEntry { state: Arc::new(state), accounts });
        Ok(Self {
            report: Arc::clone(report),
            collected_at: report.collected_at,
            lists_all: lists_all_accounts(report),
            body: codec::pack(&facts.json),
            rows: rows::encode(&entry)?,
            entry,
        })
    }

    /// Id of the host.
    pub fn quuid(&self) -> &str {
        &self.entry.state.host.quuid
    }

    /// How many accounts the report has.
    pub fn accounts(&self) -> usize {
        self.entry.accounts.len()
    }

    /// When the report arrived.
    pub(crate) fn received(&self) -> Millis {
        self.entry.state.first_report
    }
}

/// Whether an account that is not in the report is not on the host: the list was read whole, or is known not to exist.
fn lists_all_accounts(report: &HostReport) -> bool {
    match report.sections.get(section::PASSWD) {
        Some(passwd) => passwd.evidence.is_complete(),
        None => report.host.os == Os::Windows,
    }
}

#[cfg(test)]
mod tests {
    use model::facts::AccountFacts;

    use super::*;

    #[test]
    fn the_digest_is_of_the_facts() {
        let digest = |report: &HostReport| Facts::new(report.clone()).unwrap().digest();
        let one = HostReport { collected_at: 5, ..Default::default() };
        let later = HostReport { collected_at: 6, ..Default::default() };
        let mut busy = one.clone();
        busy.host.usage.memory_used = Some(5);
        assert_eq!(digest(&one), digest(&busy));
        let account = AccountFacts { name: "a".into(), ..Default::default() };
        let other = HostReport { accounts: vec![account], ..one.clone() };
        assert_eq!(digest(&one), digest(&later));
        assert_ne!(digest(&one), digest(&other));
        let read: HostReport = serde_json::from_slice(&serde_json::to_vec(&other).unwrap()).unwrap();
        assert_eq!(digest(&read), digest(&other), "it survives a journey");
    }

    #[test]
    fn usage_is_kept_though_it_is_not_in_the_digest() {
        let mut report = HostReport::default();
        report.host.usage.memory_used = Some(5);
        report.host.hostname = "h".into();
        let update = HostUpdate::new("q", &Facts::new(report.clone()).unwrap(), 1).unwrap();
        let body: Body = codec::decode(&update.body).unwrap();
        assert_eq!((body.usage, body.report.host.hostname), (report.host.usage.clone(), "h".to_owned()));
        let body: HostBody = codec::decode(&update.body).unwrap();
        assert_eq!(body.into_facts(), report.host);
    }
}
