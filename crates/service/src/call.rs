//! The one way in: who may call the action is checked, then its handler answers.

use std::sync::Arc;

use model::TenantId;
use wire::{ActionId, Body, Error, Params};

use crate::{Caller, Service, dispatch::dispatch};

/// Answers one call of an authenticated caller.
///
/// # Errors
/// `AuthFailure.UnauthorizedOperation` before anything is looked at; then whatever the action says.
pub async fn call(
    service: &Arc<Service>,
    caller: &Caller,
    action: ActionId,
    params: Params,
) -> Result<Body, Error> {
    action.action().authorize(caller.role, caller.tenant == TenantId::DEFAULT)?;
    dispatch(service, caller, action, params).await
}
