//! The CWP interface's account filters and sort keys as filters and orders. List and export take the union of both
//! documented filter lists; which error code a refusal becomes is the service's business.
//!
//! Text filters look for a part of the value (`ExactMatch: true` makes them exact): `Name` minding the case as Linux
//! does, `MachineName` and `IpOrAlias` without case, `IP` in both addresses. `NameStrict`, `InstanceID` and `Os` are
//! exact always. States are those of a given day: see `states`.

mod dates;
mod order;
mod states;

pub use order::{SortRefusal, sort};

use jiff::tz::TimeZone;

use crate::accounts::{self, WINDOWS};
use crate::text::Folded;
use crate::{Field, Filter, Test};
use dates::Logins;

/// Most filters of one call.
pub const MAX_FILTERS: usize = 5;
/// Most values of one filter.
pub const MAX_VALUES: usize = 5;
/// The number that stands for "unknown" on the wire.
const UNKNOWN: i64 = 999;

/// One filter as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<'a> {
    /// Name of the filter.
    pub name: &'a str,
    /// Values; any of them may match, nulls do not count.
    pub values: Vec<Option<&'a str>>,
    /// `ExactMatch`: true compares whole texts.
    pub exact: bool,
}

/// The day and the zone in which filters are read.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Today, as days since 1970-01-01 UTC: the day for which states count.
    pub today: i32,
    /// Zone of the days and times in login filters: the one in which times are printed.
    pub zone: &'a TimeZone,
}

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {name}: {kind}")]
pub struct Refusal {
    /// Name of the filter, as sent; empty when there are too many filters.
    pub name: String,
    /// What is wrong.
    pub kind: RefusalKind,
}

/// The kinds of mistake in filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusalKind {
    /// No filter of this name.
    #[error("unknown name")]
    UnknownName,
    /// More than [`MAX_FILTERS`] filters.
    #[error("more than {MAX_FILTERS} filters")]
    TooManyFilters,
    /// More than [`MAX_VALUES`] values.
    #[error("more than {MAX_VALUES} values")]
    TooManyValues,
    /// No value, or only nulls.
    #[error("no value")]
    EmptyValues,
    /// Text where a number is wanted.
    #[error("not a number")]
    NotANumber,
    /// A value that the filter does not know.
    #[error("value out of range")]
    OutOfRange,
    /// Login dates that are no dates, several in one filter, or with the start after the end.
    #[error("not a usable date range")]
    DateRange,
}

/// The accounts of one host.
pub fn of_host(quuid: &str) -> Filter {
    Filter::is(accounts::QUUID, quuid)
}

/// Joins filters: an account has to match all, and any value within one. None at all is every account.
///
/// ```
/// use search::{Filter, cwp::{Context, Given, filters}};
/// let context = Context { today: 20_000, zone: &jiff::tz::TimeZone::UTC };
/// let root = Given { name: "NameStrict", values: vec![Some("root")], exact: false };
/// assert_eq!(filters(&[root], context), Ok(Filter::is(search::accounts::NAME, "root")));
/// ```
pub fn filters(given: &[Given<'_>], context: Context<'_>) -> Result<Filter, Refusal> {
    if given.len() > MAX_FILTERS {
        return Err(Refusal { name: String::new(), kind: RefusalKind::TooManyFilters });
    }
    let mut logins = Logins::default();
    let mut parts = Vec::with_capacity(given.len() + 1);
    for filter in given {
        let part = one(filter, context, &mut logins);
        parts.push(part.map_err(|kind| Refusal { name: filter.name.to_owned(), kind })?);
    }
    parts.push(logins.filter());
    Ok(Filter::all_of(parts))
}

/// Reads one filter; login dates only add to `logins`.
fn one(given: &Given<'_>, context: Context<'_>, logins: &mut Logins) -> Result<Filter, RefusalKind> {
    let values: Vec<&str> = given.values.iter().copied().flatten().collect();
    let kind = Kind::named(given.name).ok_or(RefusalKind::UnknownName)?;
    if values.is_empty() {
        return Err(RefusalKind::EmptyValues);
    }
    match kind {
        Kind::LoginStart => logins.start(&values, context.zone).map(|()| Filter::All),
        Kind::LoginEnd => logins.end(&values, context.zone).map(|()| Filter::All),
        _ if values.len() > MAX_VALUES => Err(RefusalKind::TooManyValues),
        Kind::Text(fields, mode) => {
            let mode = if given.exact { Mode::Exact } else { mode };
            Ok(text(fields, mode, &values))
        }
        Kind::OsType => any(&values, os_type),
        Kind::Id(field) => any(&values, |value| id(field, value)),
        Kind::State(state) => any(&values, |value| state(code(value)?, context.today)),
    }
}

/// How a text filter compares.
#[derive(Clone, Copy)]
enum Mode {
    Exact,
    Part,
    PartFolded,
}

/// Makes the filter for one code of a state on a day.
type State = fn(i64, i32) -> Result<Filter, RefusalKind>;

/// What a filter name stands for.
enum Kind {
    Text(&'static [Field], Mode),
    Id(Field),
    OsType,
    LoginStart,
    LoginEnd,
    State(State),
}

impl Kind {
    /// Names of both actions, with the spellings in which they differ, and the withdrawn `IpOrAlias`.
    fn named(name: &str) -> Option<Self> {
        const ADDRESSES: &[Field] = &[accounts::MACHINE_IP, accounts::WAN_IP];
        const HOST: &[Field] = &[accounts::MACHINE_IP, accounts::WAN_IP, accounts::MACHINE_NAME];
        Some(match name {
            "IP" | "MachineIp" => Self::Text(ADDRESSES, Mode::Part),
            "MachineName" => Self::Text(&[accounts::MACHINE_NAME], Mode::PartFolded),
            "IpOrAlias" => Self::Text(HOST, Mode::PartFolded),
            "InstanceID" => Self::Text(&[accounts::INSTANCE_ID], Mode::Exact),
            "Os" => Self::Text(&[accounts::OS_INFO], Mode::Exact),
            "Name" => Self::Text(&[accounts::NAME], Mode::Part),
            "NameStrict" => Self::Text(&[accounts::NAME], Mode::Exact),
            "Uid" => Self::Id(accounts::UID),
            "Guid" | "Gid" => Self::Id(accounts::GID),
            "OsType" => Self::OsType,
            "LoginTimeStart" => Self::LoginStart,
            "LoginTimeEnd" => Self::LoginEnd,
            "LoginType" => Self::State(states::login_type),
            "Status" => Self::State(states::status),
            "UserType" | "Type" => Self::State(states::user_type),
            "IsDomain" => Self::State(states::is_domain),
            "IsRoot" => Self::State(states::is_root),
            "IsSudo" => Self::State(states::is_sudo),
            "IsSshLogin" => Self::State(states::ssh_login),
            "ShellLoginStatus" => Self::State(states::shell_login),
            "PasswordStatus" => Self::State(states::password),
            _ => return None,
        })
    }
}

fn any(values: &[&str], read: impl Fn(&str) -> Result<Filter, RefusalKind>) -> Result<Filter, RefusalKind> {
    let filters = values.iter().map(|value| read(value)).collect::<Result<Vec<_>, _>>()?;
    Ok(Filter::any_of(filters))
}

fn text(fields: &[Field], mode: Mode, values: &[&str]) -> Filter {
    let test = |value: &str| match mode {
        Mode::Exact => Test::Is(value.to_owned()),
        Mode::Part => Test::ContainsExact(value.to_owned()),
        Mode::PartFolded => Test::Contains(Folded::new(value)),
    };
    Filter::any_of(
        values.iter().flat_map(|value| fields.iter().map(move |&field| Filter::test(field, test(value)))),
    )
}

fn os_type(value: &str) -> Result<Filter, RefusalKind> {
    let windows = value.eq_ignore_ascii_case("windows");
    if windows || value.eq_ignore_ascii_case("linux") {
        Ok(Filter::int(WINDOWS, windows.into()))
    } else {
        Err(RefusalKind::OutOfRange)
    }
}

/// A user or group id of any size; what no Linux knows finds nobody.
fn id(field: Field, value: &str) -> Result<Filter, RefusalKind> {
    let number = number(value)?;
    Ok(i64::try_from(number).map_or(Filter::None, |number| Filter::int(field, number)))
}

/// A small code.
fn code(value: &str) -> Result<i64, RefusalKind> {
    i64::try_from(number(value)?).map_err(|_| RefusalKind::OutOfRange)
}

fn number(value: &str) -> Result<u64, RefusalKind> {
    let value = value.trim();
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(RefusalKind::NotANumber);
    }
    value.parse().map_err(|_| RefusalKind::OutOfRange)
}

#[cfg(test)]
mod tests;
