//! Tenants: made and listed by keys of the default tenant.

use std::sync::Arc;

use model::{Role, TenantId};
use search::time::print_time;
use store::{Change, Effect, FirstKey};
use wire::rollcall::{
    CreateTenantRequest, CreateTenantResponse, ListTenantsRequest, ListTenantsResponse, TenantInfo,
};
use wire::{Body, Code, Error, Secret, Service as Wire};

use super::keys::new_key;
use crate::{Caller, Service, errors, secrets::Secrets};

/// Name of the first key of a tenant.
const FIRST_KEY: &str = "first admin";

/// The change that makes a tenant, and the secret of its first key.
pub(crate) fn new_tenant(
    sealer: &Secrets,
    name: &str,
    now: model::Millis,
) -> Result<(Change, String, zeroize::Zeroizing<String>), store::SealError> {
    // The tenant's number is the store's to give; it is filled in there.
    let key = new_key(sealer, TenantId::DEFAULT, FIRST_KEY, Role::Admin, now, None)?;
    let id = key.credential.secret_id.clone();
    let first_key = FirstKey {
        secret_id: key.credential.secret_id,
        name: key.credential.name,
        sealed_secret: key.credential.sealed_secret,
    };
    let root_org_node = uuid::Uuid::new_v4().to_string();
    Ok((Change::CreateTenant { name: name.to_owned(), first_key, root_org_node }, id, key.secret))
}

/// Whether a tenant may have this name: 1 to 64 of `a-z 0-9 - _`.
pub(crate) fn acceptable_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Makes a tenant with its first admin key, whose secret is shown this once.
///
/// # Errors
/// `InvalidParameterValue` (name), `ResourceInUse` (name taken).
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: CreateTenantRequest,
) -> Result<Body, Error> {
    if !acceptable_name(&request.name) {
        return Err(Error::new(Code::InvalidParameterValue)
            .field("Name")
            .detail("1 to 64 of a-z, 0-9, - and _", "应为 1 到 64 个 a-z、0-9、- 或 _"));
    }
    let (change, secret_id, secret) =
        new_tenant(&service.secrets, &request.name, service.now()).map_err(Error::internal)?;
    let effect = service.write(caller, "CreateTenant", &request.name, change).await;
    match effect.map_err(|e| errors::write(Wire::Rollcall, e))? {
        Effect::Tenant { tenant, .. } => Body::new(&CreateTenantResponse {
            tenant_id: tenant.id.0.to_string().into(),
            secret_id: secret_id.into(),
            secret_key: Secret::new(secret.to_string()),
        }),
        other => Err(errors::trouble(Wire::Rollcall, format!("unexpected effect {other:?}"))),
    }
}

/// Lists the tenants.
///
/// # Errors
/// None of its own.
pub async fn list(service: &Arc<Service>, _: &Caller, _: ListTenantsRequest) -> Result<Body, Error> {
    let all = service.directory.tenants();
    let tenants = all.iter().map(|state| TenantInfo {
        tenant_id: state.tenant.id.0.to_string().into(),
        name: state.tenant.name.as_str().into(),
        creation_time: print_time(state.tenant.created).into(),
    });
    Body::new(&ListTenantsResponse { tenants: tenants.collect() })
}
