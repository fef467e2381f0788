//! Agents: what they ask, and what people decide about them.

use std::sync::Arc;

use model::facts::print_digest;
use model::{Agent, AgentState, Credential, Millis, Role, TenantId};
use search::time::print_time;
use store::{Approval, Change, Effect};
use wire::rollcall::{
    AgentInfo, ApproveAgentRequest, ApproveAgentResponse, ListAgentsRequest, ListAgentsResponse,
    PollAgentRequest, PollAgentResponse, RevokeAgentRequest, RevokeAgentResponse,
};
use wire::{Body, Code, Error, Nullable, Service as Wire};

use super::keys::new_key;
use super::page;
use crate::fleet::LiveAgent;
use crate::{Caller, Service, checks, errors};

/// How often an agent reports at least, in seconds.
pub(crate) const REPORT_SECONDS: u64 = 3_600;
/// Fastest and slowest way to ask for work, in seconds.
const POLL_SECONDS: (u64, u64) = (15, 300);
/// Agents that may ask for work in a second; with more of them each asks less often.
const POLLS_PER_SECOND: u64 = 100;

/// How often an agent asks for work, in seconds.
pub(crate) fn poll_seconds(service: &Service) -> u64 {
    let agents = u64::try_from(service.fleet.active()).unwrap_or(u64::MAX);
    (agents / POLLS_PER_SECOND).clamp(POLL_SECONDS.0, POLL_SECONDS.1)
}

/// A key for an agent. Its secret is read from the key ring when it is told.
pub(crate) fn new_agent_key(
    service: &Service,
    tenant: TenantId,
    host_name: &str,
) -> Result<Credential, Error> {
    let name: String = format!("agent {host_name}").chars().take(checks::NAME_MAX).collect();
    let key = new_key(&service.secrets, tenant, name.trim(), Role::Agent, service.now(), None);
    key.map(|key| key.credential).map_err(Error::internal)
}

/// Puts the tags of its token on the host of an agent, once that has reported.
pub(crate) async fn put_tags(service: &Service, caller: &Caller, agent: &Agent) -> Result<(), Error> {
    let tags = service.fleet.token(&agent.token).map(|token| token.tags.clone()).unwrap_or_default();
    let known = service.tenant(caller)?.accounts.snapshot().host(&agent.quuid).is_some();
    if tags.is_empty() || !known {
        return Ok(());
    }
    let change = Change::AddTags { quuid: agent.quuid.clone(), names: tags };
    let written = service.write(caller, "AddTags", &agent.quuid, change).await;
    written.map(drop).map_err(|e| errors::write(Wire::Rollcall, e))
}

/// The agent whose key calls, when that key belongs to one; keys that people have made speak for any host.
///
/// # Errors
/// `UnauthorizedOperation` when it speaks for another host.
pub(crate) fn speaker(
    service: &Service,
    caller: &Caller,
    quuid: &str,
) -> Result<Option<Arc<LiveAgent>>, Error> {
    match service.fleet.of_key(&caller.secret_id) {
        Some(agent) if agent.agent.quuid != quuid => Err(other_host()),
        agent => Ok(agent),
    }
}

/// The host a report is about, and the agent that sends it, when the key belongs to one. The machine id of a cloned
/// host is that of another one: what its agent reports is about the host it was given.
///
/// # Errors
/// `UnauthorizedOperation` when the agent speaks for another host.
pub(crate) fn own_host(
    service: &Service,
    caller: &Caller,
    reported: String,
) -> Result<(String, Option<Arc<LiveAgent>>), Error> {
    match service.fleet.of_key(&caller.secret_id) {
        None => Ok((reported, None)),
        Some(live) if [&live.agent.quuid, &live.agent.machine].contains(&&reported) => {
            Ok((live.agent.quuid.clone(), Some(live)))
        }
        Some(_) => Err(other_host()),
    }
}

/// The key of an agent was used for a host that is not its own.
pub(crate) fn other_host() -> Error {
    Error::new(Code::UnauthorizedOperation)
        .field("Quuid")
        .detail("the key belongs to the agent of another host", "该密钥属于其他主机的 Agent")
}

/// Tells an agent what to do, and takes that it asks for a sign of life.
///
/// # Errors
/// `UnauthorizedOperation` for a host that is not the agent's own, `InvalidParameterValue` for the version.
pub async fn poll(service: &Arc<Service>, caller: &Caller, request: PollAgentRequest) -> Result<Body, Error> {
    let tenant = service.tenant(caller)?;
    let (quuid, now) = (request.quuid, service.now());
    if let Some(agent) = speaker(service, caller, &quuid)? {
        agent.seen(now);
        note_version(service, &agent, request.agent_version.unwrap_or_default())?;
    }
    let snapshot = tenant.accounts.snapshot();
    let host = snapshot.host(&quuid);
    if let Some(host) = &host {
        // Nothing was collected, so only the contact is renewed.
        tenant.accounts.contact(&quuid, now, host.state().contact.updated());
        service.contacts.note(caller.tenant, &quuid);
    }
    let digest = request.digest.unwrap_or_default();
    let known = host.is_some_and(|host| digest.is_empty() || print_digest(host.state().digest) == digest);
    let scan = service.scans.waiting_for(caller.tenant, &quuid);
    Body::new(&PollAgentResponse {
        collect_now: scan.is_some(),
        report_needed: !known,
        scan_task: scan.unwrap_or(0),
        poll_seconds: poll_seconds(service),
        report_seconds: REPORT_SECONDS,
    })
}

fn note_version(service: &Service, agent: &LiveAgent, version: String) -> Result<(), Error> {
    if version.is_empty() || version == agent.agent.version {
        return Ok(());
    }
    if !checks::at_most(&version, PollAgentRequest::AGENT_VERSION_MAX_LENGTH) || !checks::printable(&version)
    {
        return Err(Error::new(Code::InvalidParameterValue)
            .field("AgentVersion")
            .detail("at most 64 printable characters", "最多 64 个可显示字符"));
    }
    service.fleet.renew(agent, &version);
    Ok(())
}

/// Lists agents by number.
///
/// # Errors
/// `InvalidParameterValue` for limit or state.
pub async fn list(
    service: &Arc<Service>,
    caller: &Caller,
    request: ListAgentsRequest,
) -> Result<Body, Error> {
    let wrong = |field: &'static str, text: &'static str| {
        Error::new(Code::InvalidParameterValue).field(field).detail(text, text)
    };
    let (offset, limit) = page(request.offset, request.limit)?;
    let state = match request.state.as_deref().filter(|s| !s.is_empty()) {
        None => None,
        Some(text) => {
            Some(AgentState::parse(text).ok_or_else(|| wrong("State", "active, pending, revoked"))?)
        }
    };
    let keyword = request.keyword.unwrap_or_default().to_lowercase();
    let fits = |agent: &Agent| {
        state.is_none_or(|state| agent.state == state)
            && [&agent.host_name, &agent.quuid, &agent.machine]
                .iter()
                .any(|text| text.to_lowercase().contains(&keyword))
    };
    let mut agents = service.fleet.agents(caller.tenant);
    agents.retain(|live| fits(&live.agent));
    let page = agents.iter().skip(offset).take(limit);
    Body::new(&ListAgentsResponse {
        total: u64::try_from(agents.len()).unwrap_or(u64::MAX),
        agents: page.map(|live| info(&live.agent, live.last_poll())).collect(),
    })
}

fn info(agent: &Agent, last_poll: Millis) -> AgentInfo<'_> {
    AgentInfo {
        agent_id: agent.id,
        state: agent.state.as_str().into(),
        host_name: agent.host_name.as_str().into(),
        quuid: agent.quuid.as_str().into(),
        claims: agent.machine.as_str().into(),
        secret_id: agent.secret_id.as_str().into(),
        agent_version: agent.version.as_str().into(),
        os_info: agent.os_info.as_str().into(),
        enrolment_time: print_time(agent.enrolled).into(),
        last_poll_time: Nullable::or_null(Some(last_poll).filter(|at| *at > 0).map(print_time)),
        token: agent.token.as_str().into(),
    }
}

/// Lets a pending agent begin.
///
/// # Errors
/// `InvalidParameterValue`; `ResourceNotFound`; `OperationDenied` when it is not pending.
pub async fn approve(
    service: &Arc<Service>,
    caller: &Caller,
    request: ApproveAgentRequest,
) -> Result<Body, Error> {
    let separate = match request.r#as.as_str() {
        "Replace" => None,
        "Separate" => Some(uuid::Uuid::new_v4().to_string()),
        _ => {
            return Err(Error::new(Code::InvalidParameterValue)
                .field("As")
                .detail("Replace or Separate", "应为 Replace 或 Separate"));
        }
    };
    let agent = request.agent_id;
    let name = service.fleet.agents(caller.tenant).into_iter().find(|live| live.agent.id == agent);
    let name = name.map(|live| live.agent.host_name.clone()).unwrap_or_default();
    let key = new_agent_key(service, caller.tenant, &name)?;
    let target = format!("{agent} {}", request.r#as);
    let change = Change::ApproveAgent(Box::new(Approval { agent, separate, key }));
    let written = service.write(caller, "ApproveAgent", &target, change).await;
    match written.map_err(|e| errors::write(Wire::Rollcall, e))? {
        Effect::Agent(change) => {
            put_tags(service, caller, &change.agent).await?;
            Body::new(&ApproveAgentResponse { quuid: change.agent.quuid.as_str().into() })
        }
        other => Err(errors::trouble(Wire::Rollcall, format!("unexpected effect {other:?}"))),
    }
}

/// Takes an agent its key.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn revoke(
    service: &Arc<Service>,
    caller: &Caller,
    request: RevokeAgentRequest,
) -> Result<Body, Error> {
    let change = Change::RevokeAgent { id: request.agent_id };
    let written = service.write(caller, "RevokeAgent", &request.agent_id.to_string(), change).await;
    written.map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&RevokeAgentResponse {})
}
