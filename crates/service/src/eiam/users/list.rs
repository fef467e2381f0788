//! ListUsers: conditions, chosen fields, order, page and total (semantics A1 to A8).

use std::sync::Arc;

use roster::{Page, PersonView};
use search::eiam::{Member, RefusalKind, SortRefusal};
use search::{Filter, Query, Sort, time};
use wire::eiam::{ListUsersRequest, SortCondition, UserSearchCriteria};
use wire::json::Writer;
use wire::{Body, Code, Error};

use crate::{Caller, Service};

/// Rows of a page when `Limit` is 0.
const LIMIT_DEFAULT: u64 = ListUsersRequest::LIMIT_DEFAULT;
/// Largest `Limit`.
const LIMIT_MAX: u64 = ListUsersRequest::LIMIT_MAX;
/// Rows without paging.
const UNPAGED: usize = 1000;
/// Rows looked up at once.
const GATHERED: usize = 64;
/// Bytes of a row with everything usual in it, to make room at once.
const ROW_BYTES: usize = 480;

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
    let tenant = service.tenant(caller)?;
    let snapshot = tenant.people.snapshot();
    let Page { rows, total } = snapshot.search(&Query { filter, sort, offset, limit, total });
    let people = rows.chunks(GATHERED).flat_map(|rows| snapshot.page(rows));
    Ok(answer(rows.len(), people, total, fields, &tenant.root.id))
}

/// Writes a `ListUsersResponse`; not through that type, because most of a page's time went into making its values.
fn answer<'a>(
    rows: usize,
    people: impl Iterator<Item = PersonView<'a>>,
    total: Option<usize>,
    fields: Fields,
    root: &str,
) -> Body {
    let mut writer = Writer::with_capacity(64 + rows * ROW_BYTES);
    writer.member("UserList").list(people, |writer, person| {
        writer.object(|writer| fields.write(writer, &person, root));
    });
    if let Some(total) = total {
        writer.member("TotalCount").number(total as u64);
    }
    writer.finish()
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

    /// Whether an attribute was asked for.
    fn has(self, at: usize) -> bool {
        self.0 & (1 << at) != 0
    }

    #[inline(always)]
    fn text(self, writer: &mut Writer, at: usize, name: &'static str, value: Option<&str>) {
        if self.has(at) {
            writer.member(name).text_or_null(value);
        }
    }

    #[inline(always)]
    fn time(self, writer: &mut Writer, at: usize, name: &'static str, value: Option<model::Millis>) {
        if self.has(at) {
            match value {
                Some(value) => writer.member(name).plain(&time::time_bytes(value)),
                None => writer.member(name).null(),
            }
        }
    }

    /// Writes the members of a `UserInformation`: an attribute that was not asked for is left out, one without value
    /// is `null`.
    fn write(self, writer: &mut Writer, person: &PersonView<'_>, root: &str) {
        self.text(writer, 2, "UserName", Some(person.user_name));
        self.text(writer, 5, "Status", Some(person.status.as_str()));
        self.text(writer, 1, "DisplayName", Some(person.display_name));
        self.text(writer, 8, "Description", person.description);
        self.time(writer, 10, "LastUpdateTime", Some(person.updated));
        self.time(writer, 9, "CreationTime", Some(person.created));
        match person.org_node {
            node if node == root => self.text(writer, 7, "OrgPath", Some(root)),
            node => self.text(writer, 7, "OrgPath", Some(&org_path(node, root))),
        }
        self.text(writer, 3, "Phone", person.phone);
        if self.has(6) {
            writer.member("SubjectGroups").list(person.group_ids, |writer, id| writer.text(id));
        }
        self.text(writer, 4, "Email", person.email);
        self.time(writer, 11, "LastLoginTime", person.last_login);
        self.text(writer, 0, "UserId", Some(person.id));
    }
}

/// Ids from the root to another main node, joined with `/`. There are no nodes below the root yet.
fn org_path(node: &str, root: &str) -> String {
    format!("{root}/{node}")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use model::PersonStatus;
    use proptest::prelude::*;
    use wire::Nullable;
    use wire::eiam::{ListUsersResponse, UserInformation};

    use super::*;

    /// The row as the generated type has it.
    fn generated<'a>(fields: Fields, person: &PersonView<'a>, root: &str) -> UserInformation<'a> {
        fn pick<T>(fields: Fields, at: usize, value: Option<T>) -> Nullable<T> {
            if fields.has(at) { value.map_or(Nullable::Null, Nullable::Value) } else { Nullable::Absent }
        }
        let text = |at, value: Option<&'a str>| pick(fields, at, value.map(Cow::Borrowed));
        let time = |at, value: Option<i64>| pick(fields, at, value.map(|v| Cow::Owned(time::print_time(v))));
        let node = person.org_node;
        let path = if node == root { node.to_owned() } else { format!("{root}/{node}") };
        UserInformation {
            user_id: text(0, Some(person.id)),
            display_name: text(1, Some(person.display_name)),
            user_name: text(2, Some(person.user_name)),
            phone: text(3, person.phone),
            email: text(4, person.email),
            status: text(5, Some(person.status.as_str())),
            subject_groups: pick(
                fields,
                6,
                Some(person.group_ids.iter().map(|id| id.as_str().into()).collect()),
            ),
            org_path: pick(fields, 7, Some(Cow::Owned(path))),
            description: text(8, person.description),
            creation_time: time(9, Some(person.created)),
            last_update_time: time(10, Some(person.updated)),
            last_login_time: time(11, person.last_login),
        }
    }

    prop_compose! {
        fn people()(
            texts in prop::collection::vec(any::<String>(), 4),
            node in prop_oneof!["root", any::<String>()],
            optional in prop::collection::vec(prop::option::of(any::<String>()), 3),
            status in prop::sample::select(&PersonStatus::ALL[..]),
            times in any::<(i64, i64, Option<i64>)>(),
            group_ids in prop::collection::vec(any::<String>(), 0..3),
        ) -> model::Person {
            let mut texts = texts.into_iter();
            let mut text = || texts.next().unwrap();
            let [phone, email, description] = optional.try_into().unwrap();
            model::Person {
                id: text(), user_name: text(), display_name: text(), phone, email, status, description,
                created: times.0, updated: times.1, last_login: times.2, group_ids, org_node: node,
                secondary_org_nodes: Vec::new(), data_source: text(), expires: None, activated: None,
                password_needs_reset: false, password_hash: None, administrator: false,
            }
        }
    }

    proptest! {
        #[test]
        fn pages_are_what_the_generated_types_write(
            people in prop::collection::vec(people(), 0..4), bits: u16, total: Option<u32>,
        ) {
            let fields = Fields(bits);
            let roster = roster::People::load(people);
            let snapshot = roster.snapshot();
            let all = Query { filter: Filter::All, sort: search::eiam::default_sort(), offset: 0, limit: 9, total: false };
            let rows = snapshot.search(&all).rows;
            let views: Vec<_> = rows.chunks(3).flat_map(|rows| snapshot.page(rows)).collect();
            let single: Vec<_> = rows.iter().filter_map(|row| snapshot.get(*row)).collect();
            prop_assert_eq!(&views, &single);
            let expected = Body::new(&ListUsersResponse {
                user_list: Nullable::Value(views.iter().map(|person| generated(fields, person, "root")).collect()),
                total_count: Nullable::or_absent(total),
            });
            let written = answer(rows.len(), views.into_iter(), total.map(|t| t as usize), fields, "root");
            prop_assert_eq!(written, expected.unwrap());
        }
    }

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
