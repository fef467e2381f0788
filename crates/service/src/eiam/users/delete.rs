//! DeleteUser and DeleteUsers.

use std::borrow::Cow;
use std::sync::Arc;

use store::{Change, Effect, PersonKey};
use wire::eiam::{DeleteUserRequest, DeleteUserResponse, DeleteUsersRequest, DeleteUsersResponse};
use wire::{Body, Code, Error, Nullable, Service as Wire};

use super::person_key;
use crate::{Caller, Service, errors};

/// Most people one DeleteUsers takes.
const BATCH_MAX: usize = 1000;

/// Deletes one person.
///
/// # Errors
/// `InvalidParameterValue.ParameterIllegal` when nobody is named, `FailedOperation.PersonNotFound`,
/// `FailedOperation.DeleteUserExistsAdministrator`.
pub async fn delete(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteUserRequest,
) -> Result<Body, Error> {
    let illegal = Code::InvalidParameterValueParameterIllegal;
    let key = person_key(request.user_name, request.user_id, illegal, illegal, illegal)?;
    let target = text(&key).to_owned();
    service
        .write(caller, "DeleteUser", &target, Change::DeletePerson { key })
        .await
        .map_err(|e| errors::write(Wire::Eiam, e))?;
    Body::new(&DeleteUserResponse {})
}

/// Deletes those it can and answers the others. Names win when names and ids are sent.
///
/// # Errors
/// `InvalidParameterValue.ParameterIllegal` when nobody or more than 1000 are named.
pub async fn delete_many(
    service: &Arc<Service>,
    caller: &Caller,
    request: DeleteUsersRequest,
) -> Result<Body, Error> {
    let named = request.delete_name_list.filter(|names| !names.is_empty());
    let keys: Vec<PersonKey> = match named {
        Some(names) => names.into_iter().map(PersonKey::Name).collect(),
        None => request.delete_id_list.unwrap_or_default().into_iter().map(PersonKey::Id).collect(),
    };
    if keys.is_empty() || keys.len() > BATCH_MAX {
        return Err(Error::new(Code::InvalidParameterValueParameterIllegal)
            .field("DeleteIdList")
            .detail("1 to 1000 ids or names", "应为 1 到 1000 个 ID 或用户名"));
    }
    let target = format!("{} people", keys.len());
    let effect = service.write(caller, "DeleteUsers", &target, Change::DeletePeople { keys }).await;
    match effect.map_err(|e| errors::write(Wire::Eiam, e))? {
        Effect::PeopleDeleted(gone) => {
            let failed = gone.failed.iter().map(|(key, _)| Cow::Borrowed(text(key))).collect();
            Body::new(&DeleteUsersResponse { failed_items: Nullable::Value(failed) })
        }
        other => Err(errors::trouble(Wire::Eiam, format!("unexpected effect {other:?}"))),
    }
}

fn text(key: &PersonKey) -> &str {
    match key {
        PersonKey::Id(text) | PersonKey::Name(text) => text,
    }
}
