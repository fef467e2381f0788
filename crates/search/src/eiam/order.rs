//! Sort keys of the EIAM interface.

use crate::{Direction, Missing, Sort, SortKey, people};

/// Which half of a `Sort` member was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SortRefusal {
    /// Unknown sort key.
    #[error("unknown sort key")]
    Key,
    /// Order other than ASC and DESC.
    #[error("unknown sort order")]
    Order,
}

/// Order when none is asked for: shown name, ascending.
pub fn default_sort() -> Sort {
    by(people::DISPLAY_NAME, Direction::Ascending)
}

/// Reads the two members of `Sort`; the order's case does not matter, the key's does.
pub fn sort(key: &str, order: &str) -> Result<Sort, SortRefusal> {
    let field = match key {
        "UserName" => people::USER_NAME,
        "DisplayName" => people::DISPLAY_NAME,
        "Phone" => people::PHONE,
        "Email" => people::EMAIL,
        "Status" => people::STATUS,
        "CreationTime" => people::CREATED,
        "LastUpdateTime" => people::UPDATED,
        "LastLoginTime" => people::LAST_LOGIN,
        _ => return Err(SortRefusal::Key),
    };
    let direction = if order.eq_ignore_ascii_case("ASC") {
        Direction::Ascending
    } else if order.eq_ignore_ascii_case("DESC") {
        Direction::Descending
    } else {
        return Err(SortRefusal::Order);
    };
    Ok(by(field, direction))
}

fn by(field: crate::Field, direction: Direction) -> Sort {
    Sort { key: SortKey::Field(field), direction, missing: Missing::Lowest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_orders() {
        assert_eq!(sort("DisplayName", "asc"), Ok(default_sort()));
        let last = sort("LastLoginTime", "DESC").expect("known");
        assert_eq!((last.key, last.direction), (SortKey::Field(people::LAST_LOGIN), Direction::Descending));
        for unknown in ["UserId", "OrgPath", "CreatedDate", "username", ""] {
            assert_eq!(sort(unknown, "ASC"), Err(SortRefusal::Key), "{unknown}");
        }
        assert_eq!(sort("Phone", "up"), Err(SortRefusal::Order));
        assert_eq!(sort("Phone", ""), Err(SortRefusal::Order));
    }
}
