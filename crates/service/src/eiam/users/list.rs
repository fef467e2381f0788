//! ListUsers: conditions, chosen fields, order, page and total (semantics A1 to A8).

use std::borrow::Cow;
use std::sync::Arc;

use roster::{Page, PersonView};
use search::eiam::{Member, RefusalKind, SortRefusal};
use search::{Filter, Query, Sort, time};
use wire::eiam::{ListUsersRequest, ListUsersResponse, SortCondition, UserInformation, UserSearchCriteria};
use wire::{Body, Code, Error, Nullable};

use crate::{Caller, Service};

/// Rows of a page when `Limit` is 0.
const LIMIT_DEFAULT: u64 = ListUsersRequest::LIMIT_DEFAULT;
/// Largest `Limit`.
const LIMIT_MAX: u64 = ListUsersRequest::LIMIT_MAX;
/// Rows without paging.
const UNPAGED: usize = 1000;

/// Answers ListUsers.
///
/// # Errors
/// In the order of the checks: `InvalidParameterValue.ParameterIllegal` (paging, order), `…SortKeyIllegal`,
/// `FailedOperation.ExpectFieldsNotFound`, `InvalidParameter.SearchCriteriaIllegal`, `…TimeFormatIllegal`.
pub async fn list(service: &Arc<Service>, caller: &Caller, request: ListUsersRequest) -> Result<Body, Error> {
    let (offset, limit) = page(request.offset, request.limit, UNPAGED)?;
    let sort = sort(request.sort.as_ref())?;
    let fields = Fields::parse(request.expected_fields.as_deref().unwrap_or_default())?;
    let filter = conditions(request.search_condition)?;
    let total = request.include_total.unwrap_or(false);
    let snapshot = service.tenant(caller)?.people.snapshot();
    let Page { rows, total } = snapshot.search(&Query { filter, sort, offset, limit, total });
    let root = service.tenant(caller)?.root.id.clone();
    let user_list =
        rows.iter().filter_map(|row| snapshot.get(*row)).map(|person| fields.of(&person, &root)).collect();
    Body::new(&ListUsersResponse {
        user_list: Nullable::Value(user_list),
        total_count: Nullable::or_absent(total.map(|t| t as u64)),
    })
}

/// Offset and limit as numbers of rows: both or neither; limit 0 is the default, above the maximum is refused
/// (clamping would make a client that steps by its own limit skip people).
///
/// # Errors
/// `InvalidParameterValue.ParameterIllegal`.
fn page(offset: Option<u64>, limit: Option<u64>, unpaged: usize) -> Result<(usize, usize), Error> {
    let illegal = |field: &'static str| Error::new(Code::InvalidParameterValueParameterIllegal).field(field);
    match (offset, limit) {
        (None, None) => Ok((0, unpaged)),
        (Some(_), None) => {
            Err(illegal("Limit").detail("it goes together with Offset", "须与 Offset 同时指定"))
        }
        (None, Some(_)) => {
            Err(illegal("Offset").detail("it goes together with Limit", "须与 Limit 同时指定"))
        }
        (Some(_), Some(limit)) if limit > LIMIT_MAX => {
            Err(illegal("Limit").detail("at most 100", "最大为 100"))
        }
        (Some(offset), Some(limit)) => {
            let limit = if limit == 0 { LIMIT_DEFAULT } else { limit };
            Ok((usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(unpaged)))
        }
    }
}

fn sort(condition: Option<&SortCondition>) -> Result<Sort, Error> {
    let Some(condition) = condition else { return Ok(search::eiam::default_sort()) };
    search::eiam::sort(&condition.sort_key, &condition.sort_order).map_err(|refusal| match refusal {
        SortRefusal::Key => Error::new(Code::InvalidParameterValueSortKeyIllegal).field("Sort.SortKey"),
        SortRefusal::Order => Error::new(Code::InvalidParameterValueParameterIllegal)
            .field("Sort.SortOrder")
            .detail("ASC or DESC", "应为 ASC 或 DESC"),
    })
}

/// All members joined with AND. Broken syntax of any member is told before a broken time of any other.
fn conditions(criteria: Option<UserSearchCriteria>) -> Result<Filter, Error> {
    let Some(c) = criteria else { return Ok(Filter::All) };
    let members = [
        (Member::UserName, &c.user_name),
        (Member::Phone, &c.phone),
        (Member::Email, &c.email),
        (Member::Status, &c.status),
        (Member::CreationTime, &c.creation_time),
        (Member::LastUpdateTime, &c.last_update_time),
        (Member::Keyword, &c.keyword),
    ];
    let given = members.iter().filter_map(|(member, value)| Some((*member, value.as_deref()?)));
    search::eiam::conditions(given).map_err(|refusal| {
        let (code, zh) = match refusal.kind {
            RefusalKind::Illegal => (Code::InvalidParameterSearchCriteriaIllegal, "写法不受支持"),
            RefusalKind::TimeIllegal => {
                (Code::InvalidParameterTimeFormatIllegal, "应为 YYYY-MM-DDTHH:MM:SS.mmm+0000")
            }
        };
        Error::new(code)
            .field(format!("SearchCondition.{}", refusal.member.name()))
            .detail(refusal.reason, zh)
    })
}

/// The attributes asked for, one bit each in the order of [`NAMES`].
#[derive(Clone, Copy)]
struct Fields(u16);

const NAMES: [&str; 12] = [
    "UserId",
    "DisplayName",
    "UserName",
    "Phone",
    "Email",
    "Status",
    "SubjectGroups",
    "OrgPath",
    "Description",
    "CreationTime",
    "LastUpdateTime",
    "LastLoginTime",
];

impl Fields {
    /// None named is all.
    fn parse(names: &[String]) -> Result<Fields, Error> {
        let mut bits = 0;
        for (index, name) in names.iter().enumerate() {
            let Some(at) = NAMES.iter().position(|n| n == name) else {
                return Err(Error::new(Code::FailedOperationExpectFieldsNotFound)
                    .field(format!("ExpectedFields.{index}")));
            };
            bits |= 1 << at;
        }
        Ok(Fields(if names.is_empty() { u16::MAX } else { bits }))
    }

    /// The value of an attribute that was asked for; left out otherwise, `null` when there is none.
    fn pick<T>(self, at: usize, value: impl FnOnce() -> Option<T>) -> Nullable<T> {
        if self.0 & (1 << at) == 0 {
            Nullable::Absent
        } else {
            value().map_or(Nullable::Null, Nullable::Value)
        }
    }

    fn of<'a>(self, person: &PersonView<'a>, root: &str) -> UserInformation<'a> {
        let text = |value: &'a str| Some(Cow::Borrowed(value));
        let time = |at| Some(Cow::Owned(time::print_time(at)));
        UserInformation {
            user_id: self.pick(0, || text(person.id)),
            display_name: self.pick(1, || text(person.display_name)),
            user_name: self.pick(2, || text(person.user_name)),
            phone: self.pick(3, || person.phone.and_then(text)),
            email: self.pick(4, || person.email.and_then(text)),
            status: self.pick(5, || text(person.status.as_str())),
            subject_groups: self
                .pick(6, || Some(person.group_ids.iter().map(|id| id.as_str().into()).collect())),
            org_path: self.pick(7, || Some(Cow::Owned(org_path(person.org_node, root)))),
            description: self.pick(8, || person.description.and_then(text)),
            creation_time: self.pick(9, || time(person.created)),
            last_update_time: self.pick(10, || time(person.updated)),
            last_login_time: self.pick(11, || person.last_login.and_then(time)),
        }
    }
}

/// Ids from the root to the main node, joined with `/`. There are no nodes below the root yet.
fn org_path(node: &str, root: &str) -> String {
    if node == root { root.to_owned() } else { format!("{root}/{node}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_pair() {
        assert_eq!(page(None, None, 1000).unwrap(), (0, 1000));
        assert_eq!(page(Some(5), Some(0), 1000).unwrap(), (5, 50));
        assert_eq!(page(Some(0), Some(100), 1000).unwrap(), (0, 100));
        for (offset, limit) in [(Some(0), None), (None, Some(1)), (Some(0), Some(101))] {
            let error = page(offset, limit, 1000).unwrap_err();
            assert_eq!(error.code(), Code::InvalidParameterValueParameterIllegal);
        }
    }

    #[test]
    fn fields_are_exact_names() {
        assert_eq!(Fields::parse(&[]).unwrap().0, u16::MAX);
        let two = ["UserId".to_owned(), "Phone".to_owned(), "UserId".to_owned()];
        assert_eq!(Fields::parse(&two).unwrap().0, 0b1001);
        let wrong = Fields::parse(&["userid".to_owned()]).map(|_| ()).unwrap_err();
        assert_eq!(wrong.code(), Code::FailedOperationExpectFieldsNotFound);
    }
}
