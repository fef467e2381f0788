//! ModifyUserInfo: what is left out stays as it is. No member changes the state of a person, in spite of what the
//! vendor's one-line description says; `ModifyUserStatus` of our own service does.

use std::sync::Arc;

use model::{Millis, PersonPatch};
use store::Change;
use wire::eiam::{ModifyUserInfoRequest, ModifyUserInfoResponse};
use wire::{Body, Code, Error, Service as Wire};

use super::{attributes, find, person_key};
use crate::{Caller, Service, checks, errors};

/// Changes one person.
///
/// # Errors
/// Those of the attributes as in CreateUser, with `LimitExceeded.ParameterLengthLimitExceeded` for lengths,
/// `FailedOperation.GroupIdNotFound` and `FailedOperation.PersonNotFound`.
pub async fn modify(
    service: &Arc<Service>,
    caller: &Caller,
    request: ModifyUserInfoRequest,
) -> Result<Body, Error> {
    let key = person_key(
        request.user_name.clone(),
        request.user_id.clone(),
        Code::InvalidParameterValueUserNameCanNotBeEmpty,
        Code::InvalidParameterValueUserIdCanNotBeEmpty,
        Code::InvalidParameterValueUserNameCanNotBeEmpty,
    )?;
    let state = service.tenant(caller)?;
    let user_name = find(&state.people.snapshot(), &key)?.user_name.to_owned();
    let mut patch = patch(&request, &user_name, &state.root.id, service.now())?;
    if let Some(password) = request.password {
        patch.password_hash = Some(attributes::hash_password(service, password).await?);
    }
    let change = Change::ModifyPerson { key, patch };
    service
        .write(caller, "ModifyUserInfo", &user_name, change)
        .await
        .map_err(|e| errors::write(Wire::Eiam, e))?;
    Body::new(&ModifyUserInfoResponse {})
}

fn patch(
    request: &ModifyUserInfoRequest,
    user_name: &str,
    root: &str,
    now: Millis,
) -> Result<PersonPatch, Error> {
    check_texts(request)?;
    if let Some(password) = &request.password {
        if password.expose().is_empty() {
            return Err(Error::new(Code::InvalidParameterValueNewPasswordCanNotBeEmpty).field("Password"));
        }
        attributes::password(password.expose(), user_name)?;
    }
    let expires = request.expiration_time.as_deref().map(|t| attributes::expiration(t, now)).transpose()?;
    check_places(request, root)?;
    Ok(PersonPatch {
        display_name: request.display_name.clone(),
        description: request.description.clone(),
        phone: request.phone.clone().map(Some),
        // An empty address takes the address away; there is no other way to say so.
        email: request.email.clone().map(|e| Some(e).filter(|e| !e.is_empty())),
        group_ids: request.user_group_ids.clone(),
        secondary_org_nodes: request.secondary_org_node_id_list.clone(),
        expires,
        password_needs_reset: request.pwd_need_reset,
        ..PersonPatch::default()
    })
}

fn check_texts(request: &ModifyUserInfoRequest) -> Result<(), Error> {
    let long = |field| Err(Error::new(Code::LimitExceededParameterLengthLimitExceeded).field(field));
    if let Some(name) = &request.display_name {
        if !checks::at_most(name, checks::NAME_MAX) {
            return long("DisplayName");
        }
        if name.is_empty() || !checks::printable(name) {
            return Err(attributes::invalid("DisplayName"));
        }
    }
    if request.description.as_ref().is_some_and(|d| !checks::at_most(d, checks::DESCRIPTION_MAX)) {
        return long("Description");
    }
    if request.description.as_ref().is_some_and(|d| !checks::description(d)) {
        return Err(attributes::invalid("Description"));
    }
    match request.phone.as_deref() {
        Some("") => return Err(Error::new(Code::InvalidParameterValueUserPhoneCanNotBeEmpty).field("Phone")),
        Some(phone) => attributes::phone(phone)?,
        None => {}
    }
    match request.email.as_deref() {
        Some("") | None => Ok(()),
        Some(email) => attributes::email(email),
    }
}

/// Organisation nodes and groups. Only the root node exists so far, and no group.
fn check_places(request: &ModifyUserInfoRequest, root: &str) -> Result<(), Error> {
    let secondary = request.secondary_org_node_id_list.as_deref().unwrap_or_default();
    attributes::secondary_nodes(secondary, request.org_node_id.as_deref().unwrap_or(root))?;
    if request.org_node_id.as_ref().is_some_and(|id| id != root) {
        return Err(Error::new(Code::FailedOperationMainOrgNodeNotExist).field("OrgNodeId"));
    }
    if !secondary.is_empty() {
        return Err(Error::new(Code::FailedOperationOrgNodeNotExist).field("SecondaryOrgNodeIdList"));
    }
    if request.user_group_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
        return Err(Error::new(Code::FailedOperationGroupIdNotFound).field("UserGroupIds"));
    }
    Ok(())
}
