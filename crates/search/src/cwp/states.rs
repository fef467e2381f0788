//! Filters over codes: each says which accounts answer with a code on a day, as a tree over columns that do not
//! depend on the day. They restate `model::Account::states`, and a property test there holds the two together.
//! A filter that is for one system never matches hosts of the other, whatever the code.

use super::{RefusalKind, UNKNOWN};
use crate::accounts::{
    DISABLED, EXPIRES, IS_DOMAIN, IS_ROOT, IS_SUDO, LOGIN_TYPE, PASSWORD_CLASS, PASSWORD_EXPIRED_FROM,
    PASSWORD_WARN_FROM, SHELL_LOGIN, SSH_LOGIN, USER_TYPE, WINDOWS,
};
use crate::{Field, Filter, Test};

type Read = Result<Filter, RefusalKind>;

fn linux(filter: Filter) -> Filter {
    Filter::all_of([Filter::int(WINDOWS, 0), filter])
}

fn windows(filter: Filter) -> Filter {
    Filter::all_of([Filter::int(WINDOWS, 1), filter])
}

fn unknown(field: Field) -> Filter {
    Filter::has(field).negate()
}

/// Accounts for which the day in `field` has come.
fn reached(field: Field, today: i32) -> Filter {
    Filter::test(field, Test::IntRange(i64::MIN, today.into()))
}

fn expired(today: i32) -> Filter {
    reached(EXPIRES, today)
}

/// A flag that is 0 for all who have expired.
fn until_expired(field: Field, code: i64, today: i32) -> Read {
    match code {
        0 => {
            Ok(Filter::all_of([Filter::has(field), Filter::any_of([Filter::int(field, 0), expired(today)])]))
        }
        1 => Ok(Filter::all_of([Filter::int(field, 1), expired(today).negate()])),
        _ => Err(RefusalKind::OutOfRange),
    }
}

/// A flag with three answers.
fn flag(field: Field, code: i64) -> Read {
    match code {
        0 | 1 => Ok(Filter::int(field, code)),
        UNKNOWN => Ok(unknown(field)),
        _ => Err(RefusalKind::OutOfRange),
    }
}

/// LoginType: 0 none, 1 key, 2 password, 3 both, 999 unknown; Linux only.
pub(super) fn login_type(code: i64, today: i32) -> Read {
    let filter = match code {
        0 => until_expired(LOGIN_TYPE, 0, today)?,
        1..=3 => Filter::all_of([Filter::int(LOGIN_TYPE, code), expired(today).negate()]),
        UNKNOWN => unknown(LOGIN_TYPE),
        _ => return Err(RefusalKind::OutOfRange),
    };
    Ok(linux(filter))
}

/// Status: 0 disabled or expired, 1 enabled; both systems.
pub(super) fn status(code: i64, today: i32) -> Read {
    let off = Filter::any_of([Filter::int(DISABLED, 1), expired(today)]);
    match code {
        0 => Ok(off),
        1 => Ok(off.negate()),
        _ => Err(RefusalKind::OutOfRange),
    }
}

/// UserType: 0 guest, 1 standard, 2 administrator, 999 unknown; Windows only.
pub(super) fn user_type(code: i64, _: i32) -> Read {
    match code {
        0..=2 => Ok(windows(Filter::int(USER_TYPE, code))),
        UNKNOWN => Ok(windows(unknown(USER_TYPE))),
        _ => Err(RefusalKind::OutOfRange),
    }
}

/// IsDomain: 0 no (stored as 0 or 2, both are documented as "no"), 1 yes, 999 unknown; Windows only.
pub(super) fn is_domain(code: i64, _: i32) -> Read {
    match code {
        0 => Ok(windows(Filter::test(IS_DOMAIN, Test::IntIn(vec![0, 2])))),
        _ => flag(IS_DOMAIN, code).map(windows),
    }
}

/// IsRoot: 0, 1, 999; Linux only.
pub(super) fn is_root(code: i64, _: i32) -> Read {
    flag(IS_ROOT, code).map(linux)
}

/// IsSudo: 0, 1, 999; Linux only.
pub(super) fn is_sudo(code: i64, _: i32) -> Read {
    flag(IS_SUDO, code).map(linux)
}

/// IsSshLogin: 0, 1, 999; Linux only.
pub(super) fn ssh_login(code: i64, today: i32) -> Read {
    let filter = if code == UNKNOWN { unknown(SSH_LOGIN) } else { until_expired(SSH_LOGIN, code, today)? };
    Ok(linux(filter))
}

/// ShellLoginStatus: 0, 1; Linux only.
pub(super) fn shell_login(code: i64, today: i32) -> Read {
    until_expired(SHELL_LOGIN, code, today).map(linux)
}

/// PasswordStatus: 1 normal, 2 about to expire, 3 expired, 4 locked, 999 unknown; Linux only.
pub(super) fn password(code: i64, today: i32) -> Read {
    let class = |class| Filter::int(PASSWORD_CLASS, class);
    let expired = || reached(PASSWORD_EXPIRED_FROM, today);
    let warned = || reached(PASSWORD_WARN_FROM, today);
    let filter = match code {
        1 => Filter::all_of([class(2), expired().negate(), warned().negate()]),
        2 => Filter::all_of([class(2), expired().negate(), warned()]),
        3 => Filter::all_of([class(2), expired()]),
        4 => class(1),
        UNKNOWN => class(0),
        _ => return Err(RefusalKind::OutOfRange),
    };
    Ok(linux(filter))
}
