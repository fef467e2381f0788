//! Reports of hosts coming in, and the list of hosts.

use std::borrow::Cow;
use std::sync::Arc;

use model::facts::{self, HostReport, Privilege, UsageFacts, print_digest, section};
use model::{Millis, rules};
use roster::{HostOrder, HostView};
use search::accounts::{MACHINE_IP, MACHINE_NAME, QUUID, WAN_IP};
use search::text::Folded;
use search::time::print_time;
use store::{Change, Effect, Facts, HostUpdate};
use wire::rollcall::{
    HostSummary, ListHostsRequest, ListHostsResponse, ReportHostRequest, ReportHostResponse,
    ReportHostsRequest, ReportHostsResponse, ReportResult,
};
use wire::{Body, Code, Error, Nullable, Service as Wire};

use super::changes::{self, Sparing};
use super::packed::unpack;
use super::{agents, page};
use crate::cwp::machines::page_of;
use crate::labels::Labels;
use crate::{Caller, Service, errors};

/// Bytes of a report from which on it is read in a thread where that may take its time.
const LARGE: usize = 256 << 10;

/// Objects of a report at most: each takes up to some hundred bytes of memory, however short its text.
const OBJECTS: usize = 1 << 20;

/// How long what is known of a host's load is good enough, in milliseconds: a whole report renews it no more often.
const USAGE_GOOD: u64 = 3_600_000;

/// What came of one report.
#[derive(Default)]
struct Taken {
    quuid: String,
    accounts: u64,
    new: u64,
    vanished: u64,
    changed: bool,
    digest: String,
    /// When it was collected, never after its arrival.
    collected: Millis,
}

/// A report as it was sent.
enum Sent {
    /// JSON.
    Text(String),
    /// JSON in gzip in base64.
    Packed(String),
}

/// Takes in the report of one host: its accounts replace those of the last report at once or not at all. In place of
/// a report its digest will do when it is that of the last one, or what differs from the last one.
///
/// # Errors
/// `InvalidParameter` when it is no report, `InvalidParameterValue` when it breaks a bound or has no account list,
/// `MissingParameter` when there is neither a report nor host and digest.
pub async fn report(
    service: &Arc<Service>,
    caller: &Caller,
    request: ReportHostRequest,
) -> Result<Body, Error> {
    let missing = |field: &'static str| Error::new(Code::MissingParameter).field(field);
    let ReportHostRequest { report, report_gzip, quuid, digest, base, changes, scan_task } = request;
    let taken = match (report, report_gzip) {
        (Some(text), _) => Some(take(service, caller, Sent::Text(text), "Report").await?),
        (None, Some(packed)) => {
            let _few_at_once = service.unpacking.acquire().await.map_err(Error::internal)?;
            Some(take(service, caller, Sent::Packed(packed), "ReportGzip").await?)
        }
        (None, None) => {
            let digest = digest.ok_or_else(|| missing("Report"))?;
            let quuid = quuid.ok_or_else(|| missing("Quuid"))?;
            if let Some(agent) = agents::speaker(service, caller, &quuid)? {
                agent.seen(service.now());
            }
            match changes {
                None => renew(service, caller, &quuid, &digest, 0)?,
                Some(packed) => {
                    let base = base.ok_or_else(|| missing("Base"))?;
                    take_changes(service, caller, Sparing { quuid, base, digest, packed }).await?
                }
            }
        }
    };
    if let Some(taken) = &taken {
        let endings = service.scans.answered(caller.tenant, &taken.quuid, taken.collected, scan_task);
        for ending in endings {
            service.end_scan(ending).await.map_err(|e| errors::write(Wire::Rollcall, e))?;
        }
    }
    let report_needed = taken.is_none();
    let Taken { quuid, accounts, new, vanished, changed, digest, .. } = taken.unwrap_or_default();
    Body::new(&ReportHostResponse {
        quuid: quuid.into(),
        accounts,
        new,
        vanished,
        changed,
        digest: digest.into(),
        report_needed,
    })
}

/// Notes a contact with a host on which nothing has changed; `None`, and nothing noted, when the digest is not that
/// of its last report.
fn renew(
    service: &Service,
    caller: &Caller,
    quuid: &str,
    digest: &str,
    collected_at: Millis,
) -> Result<Option<Taken>, Error> {
    let tenant = service.tenant(caller)?;
    let snapshot = tenant.accounts.snapshot();
    let Some(host) = snapshot.host(quuid).filter(|host| print_digest(host.state().digest) == digest) else {
        return Ok(None);
    };
    let received = service.now();
    let collected = rules::updated(collected_at, received);
    if !tenant.accounts.contact(quuid, received, collected) {
        return Ok(None);
    }
    service.contacts.note(caller.tenant, quuid);
    Ok(Some(Taken {
        quuid: quuid.to_owned(),
        accounts: host.len() as u64,
        new: 0,
        vanished: 0,
        changed: false,
        digest: digest.to_owned(),
        collected,
    }))
}

/// Takes in the reports of many hosts; a bad one does not stop the others.
///
/// # Errors
/// `LimitExceeded` with more than 1000 reports, `InvalidParameter` without any.
pub async fn report_many(
    service: &Arc<Service>,
    caller: &Caller,
    request: ReportHostsRequest,
) -> Result<Body, Error> {
    if request.reports.is_empty() {
        return Err(Error::new(Code::InvalidParameter)
            .field("Reports")
            .detail("at least one report", "至少需要一份报告"));
    }
    if request.reports.len() > ReportHostsRequest::REPORTS_MAX_ITEMS {
        return Err(Error::new(Code::LimitExceeded)
            .field("Reports")
            .detail("at most 1000 reports", "最多 1000 份报告"));
    }
    let mut pending = Vec::with_capacity(request.reports.len());
    for (index, text) in request.reports.into_iter().enumerate() {
        // All are queued at once, so that the store can commit them together.
        let (service, caller) = (Arc::clone(service), caller.clone());
        pending.push(tokio::spawn(async move {
            take(&service, &caller, Sent::Text(text), format!("Reports.{index}")).await
        }));
    }
    let mut results = Vec::with_capacity(pending.len());
    for (index, one) in pending.into_iter().enumerate() {
        let taken = one.await.map_err(Error::internal)?;
        results.push(result(index as u64, taken, caller));
    }
    Body::new(&ReportHostsResponse { results })
}

fn result(index: u64, taken: Result<Taken, Error>, caller: &Caller) -> ReportResult<'static> {
    match taken {
        Ok(taken) => {
            ReportResult { index, quuid: taken.quuid.into(), code: Nullable::Null, message: Nullable::Null }
        }
        Err(error) => ReportResult {
            index,
            quuid: Cow::Borrowed(""),
            code: Nullable::value(error.code().as_str()),
            message: Nullable::value(error.message(caller.lang)),
        },
    }
}

async fn take(
    service: &Service,
    caller: &Caller,
    sent: Sent,
    field: impl Into<Cow<'static, str>>,
) -> Result<Taken, Error> {
    let field = field.into();
    let (size, read) = match sent {
        Sent::Text(text) => (text.len(), in_its_place(text.len(), move || read(&text, &field)).await?),
        // However small it came, it may be large.
        Sent::Packed(packed) => (LARGE, in_its_place(LARGE, move || read_packed(&packed, &field)).await?),
    };
    let (quuid, facts) = read?;
    absorb(service, caller, size, quuid, facts).await
}

/// Takes in a report that came as changes of the last one; `None`, and nothing is taken in, when they are of another.
async fn take_changes(
    service: &Arc<Service>,
    caller: &Caller,
    sent: Sparing,
) -> Result<Option<Taken>, Error> {
    // Sent again after a lost answer.
    if sent.base != sent.digest
        && let Some(known) = renew(service, caller, &sent.quuid, &sent.digest, 0)?
    {
        return Ok(Some(known));
    }
    let _few_at_once = service.unpacking.acquire().await.map_err(Error::internal)?;
    let named = sent.quuid.clone();
    let Some((quuid, facts)) = changes::whole(service, caller, sent).await? else { return Ok(None) };
    // Changes cannot make a host another one: that takes a whole report.
    match agents::own_host(service, caller, quuid.clone()) {
        Ok((own, _)) if own == named => absorb(service, caller, facts.size(), quuid, facts).await.map(Some),
        _ => Ok(None),
    }
}

/// Takes in an acceptable report of about `size` bytes, however it came.
async fn absorb(
    service: &Service,
    caller: &Caller,
    size: usize,
    quuid: String,
    facts: Facts,
) -> Result<Taken, Error> {
    let (quuid, agent) = agents::own_host(service, caller, quuid)?;
    if let Some(agent) = &agent {
        agent.seen(service.now());
    }
    let (digest, collected_at) = (print_digest(facts.digest()), facts.report().collected_at);
    if !brings_usage(service, caller, &quuid, facts.report())?
        && let Some(unchanged) = renew(service, caller, &quuid, &digest, collected_at)?
    {
        return Ok(unchanged);
    }
    let received = service.now();
    let update = in_its_place(size, move || HostUpdate::new(&quuid, &facts, received)).await?;
    let update = update.map_err(Error::internal)?;
    let quuid = update.quuid().to_owned();
    let effect = service.write(caller, "ReportHost", &quuid, Change::PutHost(Box::new(update))).await;
    match effect.map_err(|e| errors::write(Wire::Rollcall, e))? {
        Effect::Host { entry, new, vanished, changed } => {
            let accounts = entry.accounts.len() as u64;
            if let Some(agent) = agent.filter(|_| entry.state.first_report == received) {
                agents::put_tags(service, caller, &agent.agent).await?;
            }
            let collected = rules::updated(collected_at, received);
            Ok(Taken {
                quuid,
                accounts,
                new: new as u64,
                vanished: vanished as u64,
                changed,
                digest,
                collected,
            })
        }
        other => Err(errors::trouble(Wire::Rollcall, format!("unexpected effect {other:?}"))),
    }
}

/// Whether a report says how busy the host is, and what is known of that is old enough to be written anew although
/// nothing else may have changed.
fn brings_usage(service: &Service, caller: &Caller, quuid: &str, report: &HostReport) -> Result<bool, Error> {
    if report.host.usage == UsageFacts::default() {
        return Ok(false);
    }
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let known = snapshot.host(quuid).map(|host| host.state().resources.usage.at);
    let at = rules::updated(report.collected_at, service.now());
    Ok(known.is_none_or(|known| at.abs_diff(known) >= USAGE_GOOD))
}

/// Does some work on a report here, or in a thread for blocking work when the report is large.
async fn in_its_place<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if size < LARGE { Ok(work()) } else { tokio::task::spawn_blocking(work).await.map_err(Error::internal) }
}

/// The same of a packed one.
fn read_packed(packed: &str, field: &str) -> Result<(String, Facts), Error> {
    let text = unpack(packed).map_err(|error| error.into_answer(field))?;
    read(&text, field)
}

/// Host and facts of an acceptable report.
fn read(text: &str, field: &str) -> Result<(String, Facts), Error> {
    let bad = |code, en: String| Error::new(code).field(field.to_owned()).detail(en.clone(), en);
    // A report is an object; the decoder alone would take its members as a list, too.
    if !text.trim_start().starts_with('{') {
        return Err(bad(Code::InvalidParameter, "it is no report: a JSON object is expected".to_owned()));
    }
    few_objects(text, OBJECTS, field)?;
    let report: HostReport = serde_json::from_str(text)
        .map_err(|e| bad(Code::InvalidParameter, format!("it is no report: {e}")))?;
    acceptable(report, field)
}

/// Refuses a text of more objects than `most` before any of them is made. Braces inside of strings count, too: no
/// report comes near the bound.
pub(super) fn few_objects(text: &str, most: usize, field: &str) -> Result<(), Error> {
    if text.bytes().filter(|byte| *byte == b'{').count() <= most {
        return Ok(());
    }
    let detail =
        |text: String| Error::new(Code::LimitExceeded).field(field.to_owned()).detail(text.clone(), text);
    Err(detail(format!("more than {most} JSON objects")))
}

/// The same of a report that is one.
pub(super) fn acceptable(report: HostReport, field: &str) -> Result<(String, Facts), Error> {
    let bad = |code, en: String| Error::new(code).field(field.to_owned()).detail(en.clone(), en);
    let report = facts::accept(report).map_err(|e| bad(Code::InvalidParameterValue, e.to_string()))?;
    let complete = report.sections.get(section::PASSWD).is_some_and(|s| s.evidence.is_complete());
    if !complete && report.accounts.is_empty() {
        let text = "the account list could not be read on the host".to_owned();
        return Err(bad(Code::InvalidParameterValue, text));
    }
    let quuid = rules::quuid(&report.host).ok_or_else(|| {
        bad(Code::InvalidParameterValue, "it has neither a machine id nor a host id".to_owned())
    })?;
    Ok((quuid, Facts::new(report).map_err(Error::internal)?))
}

/// Lists hosts by name.
///
/// # Errors
/// `InvalidParameterValue` for the limit.
pub async fn list(service: &Arc<Service>, caller: &Caller, request: ListHostsRequest) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit)?;
    let tenant = service.tenant(caller)?;
    let (snapshot, labels, finder) = (tenant.accounts.snapshot(), tenant.labels(), service.finder());
    let hosts = snapshot.hosts_by(HostOrder::Name);
    let keyword = request.keyword.filter(|keyword| !keyword.is_empty());
    let (page, total) = match keyword.map(|keyword| Folded::new(&keyword)) {
        None => (hosts.skip(offset).take(limit).collect(), snapshot.hosts_len()),
        Some(keyword) => {
            let having = |field| snapshot.hosts_where(field, |text| keyword.is_within(text));
            let sets = [MACHINE_NAME, MACHINE_IP, WAN_IP, QUUID].map(having);
            page_of(hosts.filter(|view| sets.iter().any(|set| set.has(view))), offset, limit)
        }
    };
    let page = page.iter().map(|view| summary(view, &labels, finder.online(view.state()))).collect();
    Body::new(&ListHostsResponse { total: total as u64, hosts: page })
}

fn summary<'a>(view: &HostView<'a>, labels: &'a Labels, online: bool) -> HostSummary<'a> {
    let state = view.state();
    let host = &state.host;
    HostSummary {
        quuid: host.quuid.as_str().into(),
        uuid: host.uuid.as_str().into(),
        machine_name: host.name.as_str().into(),
        machine_ip: host.private_ip.as_str().into(),
        os_info: host.os_info.as_str().into(),
        agent_status: if online { "ONLINE" } else { "OFFLINE" }.into(),
        tags: labels.of_host(&host.quuid).map(|tag| tag.name.into()).collect(),
        remark: labels.remark_of(&host.quuid).into(),
        accounts: view.len() as u64,
        first_report_time: print_time(state.first_report).into(),
        last_report_time: print_time(state.contact.last_report()).into(),
        privilege: match state.privilege {
            Privilege::Root => "root",
            Privilege::Partial => "partial",
            Privilege::None => "none",
        }
        .into(),
        problems: state
            .problems
            .iter()
            .map(|(name, evidence)| format!("{name}: {evidence:?}").into())
            .collect(),
    }
}
