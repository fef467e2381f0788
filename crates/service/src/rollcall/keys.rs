//! API keys of the caller's tenant, and who the caller is.

use std::sync::Arc;

use model::{Credential, KeyState, Role, TenantId};
use search::time::print_time;
use sha2::{Digest, Sha256};
use store::{Change, SealError};
use wire::rollcall::{
    CreateKeyRequest, CreateKeyResponse, DeleteKeyRequest, DeleteKeyResponse, DescribeCallerRequest,
    DescribeCallerResponse, KeyInfo, ListKeysRequest, ListKeysResponse, ModifyKeyStatusRequest,
    ModifyKeyStatusResponse,
};
use wire::{Body, Code, Error, Nullable, Secret, Service as Wire};
use zeroize::Zeroizing;

use crate::{Caller, Service, checks, errors, secrets};

/// Longest life of a temporary key, in seconds: what the vendor's token service allows.
const EXPIRES_MAX: u64 = 129_600;

/// A new key with its secrets open, to be shown once.
pub(crate) struct NewKey {
    pub credential: Credential,
    pub secret: Zeroizing<String>,
    pub token: Option<Zeroizing<String>>,
}

/// Makes a key: permanent, or temporary with a token when it has an end.
pub(crate) fn new_key(
    sealer: &secrets::Secrets,
    tenant: TenantId,
    name: &str,
    role: Role,
    created: model::Millis,
    expires: Option<model::Millis>,
) -> Result<NewKey, SealError> {
    let (secret_id, secret) = (secrets::new_id()?, secrets::new_secret()?);
    let token = expires.map(|_| secrets::new_token()).transpose()?;
    let credential = Credential {
        sealed_secret: sealer.seal(&secret_id, &secret)?,
        secret_id,
        tenant,
        name: name.to_owned(),
        role,
        state: KeyState::Enabled,
        token_hash: token.as_ref().map(|t| Sha256::digest(t.as_bytes()).into()),
        expires,
        created,
    };
    Ok(NewKey { credential, secret, token })
}

/// Makes a key and shows its secret, this once.
///
/// # Errors
/// `InvalidParameterValue` (name, role, life), `ResourceNotFound` (tenant), `AuthFailure.UnauthorizedOperation` when a
/// key of another tenant than the default one names a tenant.
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: CreateKeyRequest,
) -> Result<Body, Error> {
    let wrong = |field: &'static str| Error::new(Code::InvalidParameterValue).field(field);
    if !checks::user_name(&request.name) {
        return Err(wrong("Name").detail("1 to 64 characters", "应为 1 到 64 个字符"));
    }
    // Keys of the role `enrol` come from tokens alone.
    let role = Role::parse(&request.role).filter(|role| *role != Role::Enrol).ok_or_else(|| {
        let names = CreateKeyRequest::ROLE_VALUES.join(", ");
        wrong("Role").detail(names.clone(), names)
    })?;
    let seconds = request.expires_in.unwrap_or(0);
    if seconds > EXPIRES_MAX {
        return Err(wrong("ExpiresIn").detail("at most 129600 seconds", "最长 129600 秒"));
    }
    let tenant = named_tenant(service, caller, request.tenant.as_deref())?;
    let now = service.now();
    let expires =
        Some(seconds).filter(|s| *s > 0).map(|s| now.saturating_add_unsigned(s.saturating_mul(1000)));
    let key =
        new_key(&service.secrets, tenant, &request.name, role, now, expires).map_err(Error::internal)?;
    let target = key.credential.secret_id.clone();
    let change = Change::PutCredential(key.credential);
    service
        .write_in(tenant, caller, "CreateKey", &target, change)
        .await
        .map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&CreateKeyResponse {
        secret_id: target.into(),
        secret_key: Secret::new(key.secret.to_string()),
        token: Nullable::or_absent(key.token.map(|t| Secret::new(t.to_string()))),
        role: role.as_str().into(),
        name: request.name.into(),
        expiration_time: Nullable::or_null(expires.map(print_time)),
    })
}

/// The tenant a key is for: the caller's, or for callers of the default tenant the one named by number or name.
fn named_tenant(service: &Service, caller: &Caller, named: Option<&str>) -> Result<TenantId, Error> {
    let Some(named) = named.filter(|n| !n.is_empty()) else { return Ok(caller.tenant) };
    let own = service.tenant(caller)?;
    if own.tenant.name == named || own.tenant.id.0.to_string() == named {
        return Ok(caller.tenant);
    }
    if caller.tenant != TenantId::DEFAULT {
        return Err(Error::new(Code::AuthFailureUnauthorizedOperation).detail(
            "only keys of the default tenant may name another tenant",
            "仅默认租户的密钥可以指定其他租户",
        ));
    }
    service
        .find_tenant(named)
        .map(|state| state.tenant.id)
        .ok_or_else(|| Error::new(Code::ResourceNotFound).field("Tenant"))
}

/// Lists the keys of the tenant that people have made, without secrets.
///
/// # Errors
/// None of its own.
pub async fn list(service: &Arc<Service>, caller: &Caller, _: ListKeysRequest) -> Result<Body, Error> {
    let tenant = service.tenant(caller)?;
    let keys = service.keys_of_people(caller.tenant);
    let info = keys.iter().map(|key| {
        let key = &key.credential;
        KeyInfo {
            secret_id: key.secret_id.as_str().into(),
            name: key.name.as_str().into(),
            role: key.role.as_str().into(),
            state: if key.state == KeyState::Enabled { "ENABLED" } else { "DISABLED" }.into(),
            tenant: tenant.tenant.name.as_str().into(),
            creation_time: print_time(key.created).into(),
            expiration_time: Nullable::or_null(key.expires.map(print_time)),
        }
    });
    Body::new(&ListKeysResponse { keys: info.collect() })
}

/// Enables or disables a key.
///
/// # Errors
/// `InvalidParameterValue`, `ResourceNotFound`, `OperationDenied` for the last admin key.
pub async fn set_state(
    service: &Arc<Service>,
    caller: &Caller,
    request: ModifyKeyStatusRequest,
) -> Result<Body, Error> {
    let state = match request.state.as_str() {
        "ENABLED" => KeyState::Enabled,
        "DISABLED" => KeyState::Disabled,
        _ => {
            let names = "ENABLED, DISABLED";
            return Err(Error::new(Code::InvalidParameterValue).field("State").detail(names, names));
        }
    };
    let target = format!("{} {}", request.secret_id, request.state);
    let change = Change::SetKeyState { secret_id: request.secret_id, state };
    service
        .write(caller, "ModifyKeyStatus", &target, change)
        .await
        .map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&ModifyKeyStatusResponse {})
}

/// Deletes a key for good.
///
/// # Errors
/// `ResourceNotFound`, `OperationDenied` for the last admin key.
pub async fn delete(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteKeyRequest,
) -> Result<Body, Error> {
    let target = request.secret_id.clone();
    // With the key of an agent or a token goes what it is for.
    let change = match service.fleet.of_key(&target).filter(|live| live.agent.tenant == caller.tenant) {
        Some(live) => Change::RevokeAgent { id: live.agent.id },
        None if service.fleet.token(&target).is_some() => {
            Change::RevokeToken { secret_id: request.secret_id }
        }
        None => Change::DeleteCredential { secret_id: request.secret_id },
    };
    service
        .write(caller, "DeleteKey", &target, change)
        .await
        .map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&DeleteKeyResponse {})
}

/// Tells the caller who it is.
///
/// # Errors
/// None of its own.
pub async fn whoami(
    service: &Arc<Service>,
    caller: &Caller,
    _: DescribeCallerRequest,
) -> Result<Body, Error> {
    let tenant = service.tenant(caller)?;
    Body::new(&DescribeCallerResponse {
        tenant: tenant.tenant.name.as_str().into(),
        secret_id: caller.secret_id.as_str().into(),
        role: caller.role.as_str().into(),
        server_version: env!("CARGO_PKG_VERSION").into(),
    })
}
