//! Sort keys of the CWP interface: both spellings wherever list and export differ, and the vendor's misspelling.

use crate::{Direction, Missing, Sort, SortKey, accounts};

/// Which of the two sort parameters was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SortRefusal {
    /// Unknown sort key.
    #[error("unknown By")]
    By,
    /// Order other than asc and desc.
    #[error("unknown Order")]
    Order,
}

/// Reads `By` and `Order`; absent and empty are the same. Without `By` the order is host, numeric user id, name.
pub fn sort(by: Option<&str>, order: Option<&str>) -> Result<Sort, SortRefusal> {
    let key = match by.unwrap_or_default() {
        "" => SortKey::Natural,
        "FirstTime" => SortKey::Field(accounts::FIRST_SEEN),
        "LoginTime" => SortKey::Field(accounts::LAST_LOGIN),
        "PasswordChangeTime" | "ChangePasswordTime" => SortKey::Field(accounts::PASSWORD_CHANGED),
        "PasswordDuaTime" | "PasswordDueTime" => SortKey::Field(accounts::PASSWORD_DUE),
        "PasswordLockDays" => SortKey::Field(accounts::LOCK_DAYS),
        _ => return Err(SortRefusal::By),
    };
    let direction = match order.unwrap_or_default() {
        "" => Direction::Ascending,
        order if order.eq_ignore_ascii_case("asc") => Direction::Ascending,
        order if order.eq_ignore_ascii_case("desc") => Direction::Descending,
        _ => return Err(SortRefusal::Order),
    };
    Ok(Sort { key, direction, missing: Missing::Last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_orders() {
        assert_eq!(sort(None, None), Ok(Sort::NATURAL));
        assert_eq!(sort(Some(""), Some("")), Ok(Sort::NATURAL));
        assert_eq!(sort(None, Some("DESC")).map(|s| s.direction), Ok(Direction::Descending));
        assert_eq!(sort(Some("PasswordDuaTime"), None), sort(Some("PasswordDueTime"), Some("asc")));
        assert_eq!(sort(Some("PasswordChangeTime"), None), sort(Some("ChangePasswordTime"), None));
        assert_eq!(sort(Some("Name"), None), Err(SortRefusal::By));
        assert_eq!(sort(Some("logintime"), None), Err(SortRefusal::By));
        assert_eq!(sort(None, Some("up")), Err(SortRefusal::Order));
    }
}
