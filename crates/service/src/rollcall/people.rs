//! ModifyUserStatus and ImportUsers.

use std::sync::Arc;

use model::{PersonPatch, PersonStatus};
use store::{Change, Effect, PersonKey, Refusal, WriteError};
use wire::rollcall::{
    ImportUsersRequest, ImportUsersResponse, ModifyUserStatusRequest, ModifyUserStatusResponse,
};
use wire::{Body, Code, Error, Service as Wire};

use super::import;
use crate::{Caller, Service, errors};

/// Sets the state of one person.
///
/// # Errors
/// `InvalidParameterValue` for a state that does not exist, `MissingParameter` when nobody is named,
/// `FailedOperation.PersonNotFound`.
pub async fn set_status(
    service: &Arc<Service>,
    caller: &Caller,
    request: ModifyUserStatusRequest,
) -> Result<Body, Error> {
    let status = PersonStatus::parse(&request.status).ok_or_else(|| {
        let names = "NORMAL, FREEZE, LOCKED, NOT_ENABLED";
        Error::new(Code::InvalidParameterValue).field("Status").detail(names, names)
    })?;
    let key = match (request.user_name, request.user_id) {
        (Some(name), _) if !name.is_empty() => PersonKey::Name(name),
        (_, Some(id)) if !id.is_empty() => PersonKey::Id(id),
        _ => return Err(Error::new(Code::MissingParameter).field("UserName")),
    };
    let target = match &key {
        PersonKey::Id(text) | PersonKey::Name(text) => format!("{text} {}", status.as_str()),
    };
    let patch = PersonPatch { status: Some(status), ..PersonPatch::default() };
    service
        .write(caller, "ModifyUserStatus", &target, Change::ModifyPerson { key, patch })
        .await
        .map_err(|e| errors::write(Wire::Rollcall, e))?;
    Body::new(&ModifyUserStatusResponse {})
}

/// Adds or changes people by user name: all of the request or nobody. Problems are answered one by one, not as an
/// error, so that a file can be checked whole.
///
/// # Errors
/// `LimitExceeded` with more than 5000 people, `InvalidParameter` without any.
pub async fn import(
    service: &Arc<Service>,
    caller: &Caller,
    request: ImportUsersRequest,
) -> Result<Body, Error> {
    let count = request.users.len();
    if count == 0 {
        return Err(Error::new(Code::InvalidParameter)
            .field("Users")
            .detail("at least one person", "至少需要一个用户"));
    }
    if count > ImportUsersRequest::USERS_MAX_ITEMS {
        return Err(Error::new(Code::LimitExceeded)
            .field("Users")
            .detail("at most 5000 people", "最多 5000 个用户"));
    }
    let state = service.tenant(caller)?;
    let (rows, mut problems) = import::rows(request.users, &state.root.id, service.now());
    if !problems.is_empty() {
        return answer(ImportUsersResponse {
            problems: import::print(&mut problems, caller.lang),
            ..Default::default()
        });
    }
    let change = Change::ImportPeople { rows, dry_run: request.dry_run.unwrap_or(false) };
    match service.write(caller, "ImportUsers", &format!("{count} people"), change).await {
        Ok(Effect::Imported(done)) => answer(ImportUsersResponse {
            created: done.created as u64,
            updated: done.updated as u64,
            unchanged: done.unchanged as u64,
            problems: Vec::new(),
        }),
        Ok(other) => Err(errors::trouble(Wire::Rollcall, format!("unexpected effect {other:?}"))),
        Err(WriteError::Refused(Refusal::Import(refused))) => {
            let mut problems = refused.iter().map(import::refused).collect();
            answer(ImportUsersResponse {
                problems: import::print(&mut problems, caller.lang),
                ..Default::default()
            })
        }
        Err(error) => Err(errors::write(Wire::Rollcall, error)),
    }
}

fn answer(response: ImportUsersResponse<'_>) -> Result<Body, Error> {
    Body::new(&response)
}
