//! DescribeUserInfo.

use std::borrow::Cow;
use std::sync::Arc;

use model::Millis;
use roster::PersonView;
use search::time::print_time;
use wire::eiam::{DescribeUserInfoRequest, DescribeUserInfoResponse};
use wire::{Body, Code, Error, Nullable};

use super::{find, person_key};
use crate::{Caller, Service};

/// Answers the whole record of one person.
///
/// # Errors
/// `InvalidParameter.UserNameIsNull` when neither name nor id is given, `InvalidParameterValue.User{Name,Id}CanNotBeEmpty`,
/// `FailedOperation.PersonNotFound`.
pub async fn describe(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeUserInfoRequest,
) -> Result<Body, Error> {
    let key = person_key(
        request.user_name,
        request.user_id,
        Code::InvalidParameterValueUserNameCanNotBeEmpty,
        Code::InvalidParameterValueUserIdCanNotBeEmpty,
        Code::InvalidParameterUserNameIsNull,
    )?;
    let snapshot = service.tenant(caller)?.people.snapshot();
    Body::new(&answer(&find(&snapshot, &key)?))
}

fn answer<'a>(person: &PersonView<'a>) -> DescribeUserInfoResponse<'a> {
    let text = |value: Option<&'a str>| Nullable::or_null(value);
    let time = |at: Option<Millis>| Nullable::or_null(at.map(print_time));
    let list = |ids: &'a [String]| Nullable::Value(ids.iter().map(|id| Cow::Borrowed(id.as_str())).collect());
    DescribeUserInfoResponse {
        user_name: Nullable::value(person.user_name),
        status: Nullable::value(person.status.as_str()),
        display_name: Nullable::value(person.display_name),
        description: text(person.description),
        user_group_ids: list(person.group_ids),
        user_id: Nullable::value(person.id),
        email: text(person.email),
        phone: text(person.phone),
        org_node_id: Nullable::value(person.org_node),
        data_source: Nullable::value(person.data_source),
        expiration_time: time(person.expires),
        activation_time: time(person.activated),
        pwd_need_reset: Nullable::value(person.password_needs_reset),
        secondary_org_node_id_list: list(person.secondary_org_nodes),
        admin_flag: Nullable::value(i64::from(person.administrator)),
    }
}
