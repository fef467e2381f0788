//! The columns of a file of people: their names on the wire and what a cell may hold.
//! A cell that passes may still be refused by the server, which knows the other people.

use model::PersonStatus;
use search::time::parse_time;
use service::checks;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Id to keep.
    UserId,
    /// Login name, the key of the import.
    UserName,
    /// Shown name.
    DisplayName,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
    /// State.
    Status,
    /// Remark.
    Description,
    /// When the record was created.
    CreationTime,
    /// When it last changed.
    LastUpdateTime,
    /// Last login.
    LastLoginTime,
}

impl Column {
    /// All columns, in the order an export writes them.
    pub const ALL: [Column; 10] = [
        Self::UserId,
        Self::UserName,
        Self::DisplayName,
        Self::Phone,
        Self::Email,
        Self::Status,
        Self::Description,
        Self::CreationTime,
        Self::LastUpdateTime,
        Self::LastLoginTime,
    ];

    /// Columns whose values may occur once in a file.
    pub const UNIQUE: [Column; 4] = [Self::UserName, Self::Phone, Self::Email, Self::UserId];

    /// Name on the wire and in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserId => "UserId",
            Self::UserName => "UserName",
            Self::DisplayName => "DisplayName",
            Self::Phone => "Phone",
            Self::Email => "Email",
            Self::Status => "Status",
            Self::Description => "Description",
            Self::CreationTime => "CreationTime",
            Self::LastUpdateTime => "LastUpdateTime",
            Self::LastLoginTime => "LastLoginTime",
        }
    }

    /// Inverse of [`name`](Self::name); case matters.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == text)
    }

    /// What is wrong with a cell, if anything, by the server's own rules. Empty cells say nothing, except as a
    /// user name.
    pub fn complaint(self, cell: &str) -> Option<&'static str> {
        if cell.is_empty() {
            return (self == Self::UserName).then_some("it is empty");
        }
        let (fine, complaint) = match self {
            Self::UserName | Self::UserId => (
                checks::user_name(cell),
                "not 1 to 64 characters without control characters and without blanks around",
            ),
            Self::DisplayName => (
                checks::at_most(cell, checks::NAME_MAX) && checks::printable(cell),
                "longer than 64 characters, or control characters in it",
            ),
            Self::Description => {
                (checks::description(cell), "longer than 512 characters, or with control characters")
            }
            Self::Phone => (checks::phone(cell), "not a phone number such as +86-13800138000"),
            Self::Email => (checks::email(cell), "not an e-mail address"),
            Self::Status => {
                (PersonStatus::parse(cell).is_some(), "not one of NORMAL, FREEZE, LOCKED, NOT_ENABLED")
            }
            Self::CreationTime | Self::LastUpdateTime | Self::LastLoginTime => {
                (parse_time(cell).is_ok(), "not a time such as 2026-01-31T09:44:07.182+0000")
            }
        };
        (!fine).then_some(complaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for column in Column::ALL {
            assert_eq!(Column::parse(column.name()), Some(column));
        }
        assert_eq!(Column::parse("username"), None);
    }

    #[test]
    fn cells() {
        use Column::*;
        let long = "安".repeat(64);
        for (column, good) in [
            (UserName, "ann"),
            (UserName, &long),
            (DisplayName, "Ann Lee"),
            (Phone, "+86-13800138000"),
            (Phone, ""),
            (Email, "ann@corp.example"),
            (Status, "NOT_ENABLED"),
            (CreationTime, "2021-01-13T09:44:07.182+0000"),
            (CreationTime, "2021-01-13T09:44:07.182+08:00"),
            (CreationTime, "2021-01-13T09:44Z"),
            (CreationTime, "2021-01-13T09:44:07-05"),
            (CreationTime, "2021-01-13T09:44:07"),
            (CreationTime, "2021-01-13"),
            (LastLoginTime, ""),
        ] {
            assert_eq!(column.complaint(good), None, "{column:?} {good}");
        }
        let longer = "x".repeat(65);
        for (column, bad) in [
            (UserName, ""),
            (UserName, &longer),
            (UserName, " ann"),
            (UserName, "a\u{1b}b"),
            (UserId, &longer),
            (DisplayName, "a\nb"),
            (Phone, "call me"),
            (Email, "ann"),
            (Status, "normal"),
            (CreationTime, "2021-01-13 09:44:07"),
            (CreationTime, "2021-02-30T00:00:00Z"),
            (CreationTime, "2021-02-30"),
            (CreationTime, "13/01/2021"),
            (CreationTime, "1610530000"),
            (CreationTime, "2021-01-13T09:44:07 0000"),
            (CreationTime, "2021-01-13T09:44:07+é0"),
        ] {
            assert!(column.complaint(bad).is_some(), "{column:?} {bad}");
        }
    }
}
