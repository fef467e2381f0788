//! CreateUser.

use std::sync::Arc;

use model::{Person, PersonStatus};
use store::{Change, Effect};
use wire::eiam::{CreateUserRequest, CreateUserResponse};
use wire::{Body, Code, Error, Nullable, Service as Wire};

use super::attributes;
use crate::{Caller, Service, checks, errors, ids};

/// Makes a person and answers the id.
///
/// # Errors
/// `InvalidParameterValue.ParameterIllegal` (lengths, unknown groups and nodes), `InvalidParameter.AttributeValueValidError`
/// (user name, phone, e-mail, password), `InvalidParameter.UserExpirationTimeIllegal`, the codes of organisation nodes,
/// and `FailedOperation.User{Name,Phone,Email}AlreadyExists`.
pub async fn create(
    service: &Arc<Service>,
    caller: &Caller,
    request: CreateUserRequest,
) -> Result<Body, Error> {
    let state = service.tenant(caller)?;
    let now = service.now();
    let mut person = check(&request, &state.root.id, now)?;
    person.password_hash = Some(attributes::hash_password(service, request.password).await?);
    let id = person.id.clone();
    let effect =
        service.write(caller, "CreateUser", &person.user_name.clone(), Change::CreatePerson(person)).await;
    match effect.map_err(|e| errors::write(Wire::Eiam, e))? {
        Effect::Person(_) => Body::new(&CreateUserResponse { user_id: Nullable::value(id) }),
        other => Err(errors::trouble(Wire::Eiam, format!("unexpected effect {other:?}"))),
    }
}

/// The person the request describes, without password hash.
fn check(request: &CreateUserRequest, root: &str, now: model::Millis) -> Result<Person, Error> {
    let illegal = |field: &'static str| Error::new(Code::InvalidParameterValueParameterIllegal).field(field);
    let name = &request.user_name;
    if name.is_empty() || !checks::at_most(name, checks::NAME_MAX) {
        return Err(illegal("UserName").detail("1 to 64 characters", "应为 1 到 64 个字符"));
    }
    let display_name = filled(&request.display_name).unwrap_or(name);
    if !checks::at_most(display_name, checks::NAME_MAX) {
        return Err(illegal("DisplayName").detail("at most 64 characters", "最多 64 个字符"));
    }
    let description = filled(&request.description);
    if description.is_some_and(|d| !checks::at_most(d, checks::DESCRIPTION_MAX)) {
        return Err(illegal("Description").detail("at most 512 characters", "最多 512 个字符"));
    }
    if !checks::user_name(name) {
        return Err(attributes::invalid("UserName"));
    }
    if !checks::printable(display_name) {
        return Err(attributes::invalid("DisplayName"));
    }
    if description.is_some_and(|d| !checks::description(d)) {
        return Err(attributes::invalid("Description"));
    }
    let (phone, email) = (filled(&request.phone), filled(&request.email));
    phone.map_or(Ok(()), attributes::phone)?;
    email.map_or(Ok(()), attributes::email)?;
    attributes::password(request.password.expose(), name)?;
    let expires = filled(&request.expiration_time).map(|t| attributes::expiration(t, now)).transpose()?;
    check_places(request, root)?;
    Ok(Person {
        id: ids::new(now),
        user_name: name.clone(),
        display_name: display_name.to_owned(),
        phone: phone.map(str::to_owned),
        email: email.map(str::to_owned),
        status: PersonStatus::Normal,
        description: description.map(str::to_owned),
        created: now,
        updated: now,
        last_login: None,
        group_ids: Vec::new(),
        org_node: root.to_owned(),
        secondary_org_nodes: Vec::new(),
        data_source: "SELF_CREATE".to_owned(),
        expires,
        activated: Some(now),
        password_needs_reset: request.pwd_need_reset.unwrap_or(false),
        password_hash: None,
        administrator: false,
    })
}

/// Organisation nodes and groups. Only the root node exists so far, and no group.
fn check_places(request: &CreateUserRequest, root: &str) -> Result<(), Error> {
    let unknown = |field| Err(Error::new(Code::InvalidParameterValueParameterIllegal).field(field));
    let main = filled(&request.org_node_id).unwrap_or(root);
    let secondary = request.secondary_org_node_id_list.as_deref().unwrap_or_default();
    attributes::secondary_nodes(secondary, main)?;
    if main != root {
        return Err(Error::new(Code::FailedOperationMainOrgNodeNotExist).field("OrgNodeId"));
    }
    if !secondary.is_empty() {
        return unknown("SecondaryOrgNodeIdList");
    }
    if request.user_group_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
        return unknown("UserGroupIds");
    }
    Ok(())
}

/// An optional text that is not empty: SDKs send members that were set to the empty string.
fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|t| !t.is_empty())
}
