//! How hosts become agents: tokens made and ended by people, and exchanged by hosts for keys of their own.

use std::sync::Arc;

use model::facts::HostFacts;
use model::{Agent, AgentState, EnrolmentToken, Role, rules};
use search::time::print_time;
use sha2::{Digest, Sha256};
use store::{Change, Effect, Enrolment};
use wire::rollcall::{
    CreateEnrolmentTokenRequest, CreateEnrolmentTokenResponse, EnrolHostRequest, EnrolHostResponse,
    EnrolmentTokenInfo, ListEnrolmentTokensRequest, ListEnrolmentTokensResponse, RevokeEnrolmentTokenRequest,
    RevokeEnrolmentTokenResponse,
};
use wire::{Body, Code, Error, Nullable, Secret, Service as Wire};
use zeroize::Zeroizing;

use super::agents;
use super::keys::new_key;
use crate::cwp::install::install_command;
use crate::{Caller, Service, checks, errors};

/// How long a token is good for unless told otherwise, in seconds.
pub(crate) const WEEK: u64 = 7 * 86_400;
/// Longest life of a token, in seconds.
pub(crate) const YEAR: u64 = 365 * 86_400;
/// What a token begins with, so that people and programs recognise one.
const PREFIX: &str = "rct1";
/// How soon a pending agent asks again, in seconds.
const PENDING_SECONDS: u64 = 180;
/// Agents of one installation, revoked ones included.
const AGENTS: usize = 2_000_000;

/// A token that was made; its text is shown once.
pub(crate) struct MadeToken {
    pub token: EnrolmentToken,
    pub text: Zeroizing<String>,
}

/// Makes a token in the caller's tenant. The values have been checked.
///
/// # Errors
/// Trouble with the store; `LimitExceeded` with too many tokens.
pub(crate) async fn make_token(
    service: &Service,
    caller: &Caller,
    action: &str,
    name: &str,
    uses: Option<u64>,
    expires_in: u64,
    tags: Vec<String>,
) -> Result<MadeToken, Error> {
    let now = service.now();
    let expires = now.saturating_add_unsigned(expires_in.saturating_mul(1000));
    let key = new_key(&service.secrets, caller.tenant, name, Role::Enrol, now, None);
    let key = key.map_err(Error::internal)?;
    let token = EnrolmentToken {
        secret_id: key.credential.secret_id.clone(),
        tenant: caller.tenant,
        name: name.to_owned(),
        tags,
        uses_left: uses,
        uses: 0,
        expires: Some(expires),
        revoked: false,
        created: now,
    };
    let change = Change::CreateToken { token: token.clone(), key: key.credential };
    let written = service.write(caller, action, &token.secret_id, change).await;
    written.map_err(|e| errors::write(Wire::Rollcall, e))?;
    let text = Zeroizing::new(format!("{PREFIX}.{}.{}", token.secret_id, &*key.secret));
    Ok(MadeToken { token, text })
}

/// Makes a token and shows it, this once.
///
/// # Errors
/// `InvalidParameterValue`; `LimitExceeded` with too many tokens.
pub async fn create_token(
    service: &Arc<Service>,
    caller: &Caller,
    request: CreateEnrolmentTokenRequest,
) -> Result<Body, Error> {
    let wrong = |field: &'static str, en: &'static str, zh: &'static str| {
        Error::new(Code::InvalidParameterValue).field(field).detail(en, zh)
    };
    let name = request.name.unwrap_or_default();
    if !name.is_empty() && !checks::user_name(&name) {
        return Err(wrong("Name", "at most 64 characters", "最多 64 个字符"));
    }
    if request.uses == Some(0) {
        return Err(wrong("Uses", "at least 1", "至少为 1"));
    }
    let seconds = request.expires_in.filter(|s| *s > 0).unwrap_or(WEEK);
    if seconds > YEAR {
        return Err(wrong("ExpiresIn", "at most 31536000 seconds", "最长 31536000 秒"));
    }
    let mut tags = request.tags.unwrap_or_default();
    tags.sort();
    tags.dedup();
    if tags.len() > CreateEnrolmentTokenRequest::TAGS_MAX_ITEMS || !tags.iter().all(|t| checks::user_name(t))
    {
        return Err(wrong(
            "Tags",
            "at most 20 tags of 1 to 64 characters",
            "最多 20 个标签，每个 1 到 64 个字符",
        ));
    }
    let made =
        make_token(service, caller, "CreateEnrolmentToken", &name, request.uses, seconds, tags).await?;
    let command = install_command(service, &made.text).await;
    Body::new(&CreateEnrolmentTokenResponse {
        token: Secret::new(made.text.to_string()),
        secret_id: made.token.secret_id.into(),
        expiration_time: Nullable::or_null(made.token.expires.map(print_time)),
        install_command: Nullable::or_null(command.map(Secret::new)),
    })
}

/// Lists the tokens of the tenant.
///
/// # Errors
/// None of its own.
pub async fn list_tokens(
    service: &Arc<Service>,
    caller: &Caller,
    _: ListEnrolmentTokensRequest,
) -> Result<Body, Error> {
    let (tokens, now) = (service.fleet.tokens(caller.tenant), service.now());
    let info = |token: &'_ Arc<EnrolmentToken>| EnrolmentTokenInfo {
        secret_id: token.secret_id.clone().into(),
        name: token.name.clone().into(),
        state: state(token, now).into(),
        uses: token.uses,
        uses_left: Nullable::or_null(token.uses_left),
        tags: token.tags.iter().map(|tag| tag.clone().into()).collect(),
        creation_time: print_time(token.created).into(),
        expiration_time: Nullable::or_null(token.expires.map(print_time)),
    };
    Body::new(&ListEnrolmentTokensResponse { tokens: tokens.iter().map(info).collect() })
}

fn state(token: &EnrolmentToken, now: model::Millis) -> &'static str {
    if token.revoked {
        "revoked"
    } else if token.usable(now) {
        "usable"
    } else if token.uses_left == Some(0) {
        "used up"
    } else {
        "expired"
    }
}

/// Ends a token.
///
/// # Errors
/// `ResourceNotFound`.
pub async fn revoke_token(
    service: &Arc<Service>,
    caller: &Caller,
    request: RevokeEnrolmentTokenRequest,
) -> Result<Body, Error> {
    let target = request.token_id.clone();
    let change = Change::RevokeToken { secret_id: request.token_id };
    let written = service.write(caller, "RevokeEnrolmentToken", &target, change).await;
    written.map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&RevokeEnrolmentTokenResponse {})
}

/// Makes an agent of the caller's host, or tells a known one again what it is.
///
/// # Errors
/// `InvalidParameterValue`; `AuthFailure.TokenFailure` for a newcomer with a token that has ended; `LimitExceeded`.
pub async fn enrol(
    service: &Arc<Service>,
    caller: &Caller,
    request: EnrolHostRequest,
) -> Result<Body, Error> {
    service.tenant(caller)?;
    let (machine, instance) = identity(&request)?;
    if let Some(known) = service.fleet.find(caller.tenant, &machine, instance)
        && known.agent.state != AgentState::Revoked
    {
        known.seen(service.now());
        return answer(service, &known.agent);
    }
    if service.fleet.len() >= AGENTS {
        return Err(Error::new(Code::LimitExceeded).detail("too many agents", "Agent 数量过多"));
    }
    let host_name = bounded(request.host_name, EnrolHostRequest::HOST_NAME_MAX_LENGTH, "HostName")?;
    let version = bounded(request.agent_version, EnrolHostRequest::AGENT_VERSION_MAX_LENGTH, "AgentVersion")?;
    let os_info = bounded(request.os_info, EnrolHostRequest::OS_INFO_MAX_LENGTH, "OsInfo")?;
    let key = agents::new_agent_key(service, caller.tenant, &host_name)?;
    let token = caller.secret_id.clone();
    let enrolment = Enrolment { token, machine, instance, host_name, version, os_info, key };
    let target = format!("{} {}", enrolment.machine, enrolment.host_name);
    let change = Change::Enrol(Box::new(enrolment));
    let written = service.write(caller, "EnrolHost", &target, change).await;
    match written.map_err(|e| errors::write(Wire::Rollcall, e))? {
        Effect::Agent(change) => {
            if change.agent.state == AgentState::Pending {
                let agent = change.agent.id;
                tracing::warn!(
                    agent,
                    host = change.agent.machine,
                    "another agent has this machine id: it waits"
                );
            }
            agents::put_tags(service, caller, &change.agent).await?;
            answer(service, &change.agent)
        }
        other => Err(errors::trouble(Wire::Rollcall, format!("unexpected effect {other:?}"))),
    }
}

/// The host id a machine id stands for, and the hash of the key the installation has made for itself.
fn identity(request: &EnrolHostRequest) -> Result<(String, [u8; 32]), Error> {
    let wrong = |field: &'static str, digits: u32| {
        Error::new(Code::InvalidParameterValue)
            .field(field)
            .detail(format!("{digits} hexadecimal digits"), format!("应为 {digits} 位十六进制数字"))
    };
    // Windows writes its machine id with hyphens.
    let machine_id = request.machine_id.expose().replace('-', "");
    let machine = rules::quuid(&HostFacts { machine_id, ..HostFacts::default() });
    let machine = machine.ok_or_else(|| wrong("MachineId", 32))?;
    let key = request.instance_key.expose();
    if key.len() != EnrolHostRequest::INSTANCE_KEY_MAX_LENGTH || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong("InstanceKey", 64));
    }
    Ok((machine, Sha256::digest(key.to_ascii_lowercase().as_bytes()).into()))
}

/// A text of a host that is shown to people: bounded and printable.
fn bounded(text: Option<String>, most: usize, field: &'static str) -> Result<String, Error> {
    let text = text.unwrap_or_default();
    if checks::at_most(&text, most) && checks::printable(&text) {
        return Ok(text);
    }
    Err(Error::new(Code::InvalidParameterValue)
        .field(field)
        .detail(format!("at most {most} printable characters"), format!("最多 {most} 个可显示字符")))
}

/// What an agent is told: its key once it may begin.
fn answer(service: &Service, agent: &Agent) -> Result<Body, Error> {
    if agent.state != AgentState::Active {
        return Body::new(&EnrolHostResponse {
            state: AgentState::Pending.as_str().into(),
            poll_seconds: PENDING_SECONDS,
            report_seconds: agents::REPORT_SECONDS,
            secret_key: Nullable::Null,
            secret_id: "".into(),
            quuid: "".into(),
            uuid: "".into(),
        });
    }
    let key = service.keyring().find(&agent.secret_id).filter(|key| key.enabled()).ok_or_else(|| {
        Error::new(Code::AuthFailureTokenFailure)
            .detail("the key of this agent is disabled", "该 Agent 的密钥已停用")
    })?;
    Body::new(&EnrolHostResponse {
        state: AgentState::Active.as_str().into(),
        secret_id: agent.secret_id.as_str().into(),
        secret_key: Nullable::Value(Secret::new(key.secret().to_owned())),
        quuid: agent.quuid.as_str().into(),
        uuid: rules::uuid(&agent.quuid).into(),
        poll_seconds: agents::poll_seconds(service),
        report_seconds: agents::REPORT_SECONDS,
    })
}
