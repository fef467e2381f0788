//! The columns of a file of people: their names on the wire and what a cell may hold.
//! A cell that passes may still be refused by the server, which knows the other people.

use jiff::Timestamp;

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

    /// What is wrong with a cell, if anything. Empty cells say nothing, except as a user name.
    pub fn complaint(self, cell: &str) -> Option<&'static str> {
        if cell.is_empty() {
            return (self == Self::UserName).then_some("it is empty");
        }
        match self {
            Self::UserName => longer(cell, 64).or_else(|| {
                (cell.trim() != cell || has_control(cell))
                    .then_some("blanks around it or control characters in it")
            }),
            Self::UserId => longer(cell, 64).or_else(|| {
                (cell.chars().any(char::is_whitespace) || has_control(cell))
                    .then_some("blanks or control characters in it")
            }),
            Self::DisplayName => longer(cell, 64),
            Self::Description => longer(cell, 512),
            Self::Phone => (!phone(cell)).then_some("not a phone number such as +86-13800138000"),
            Self::Email => (!email(cell)).then_some("not an e-mail address"),
            Self::Status => {
                let known = ["NORMAL", "FREEZE", "LOCKED", "NOT_ENABLED"].contains(&cell);
                (!known).then_some("not one of NORMAL, FREEZE, LOCKED, NOT_ENABLED")
            }
            Self::CreationTime | Self::LastUpdateTime | Self::LastLoginTime => {
                (!time(cell)).then_some("not a time such as 2026-01-31T09:44:07.182+0000")
            }
        }
    }
}

fn longer(cell: &str, max: usize) -> Option<&'static str> {
    let long = cell.len() > max && cell.chars().count() > max;
    long.then_some(if max == 64 { "longer than 64 characters" } else { "longer than 512 characters" })
}

fn has_control(cell: &str) -> bool {
    cell.chars().any(char::is_control)
}

/// An optional `+`, then groups of digits joined by single hyphens, 4 to 20 digits in all.
fn phone(cell: &str) -> bool {
    let rest = cell.strip_prefix('+').unwrap_or(cell);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (4..=20).contains(&digits)
        && rest.split('-').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
}

fn email(cell: &str) -> bool {
    let Some((local, host)) = cell.rsplit_once('@') else { return false };
    cell.len() <= 254
        && !local.is_empty()
        && !host.is_empty()
        && !cell.chars().any(|c| c.is_whitespace() || c.is_control())
        && !local.contains('@')
}

/// A time the service takes: date and time joined by `T`, 0 to 9 fraction digits, an offset `Z`, `+0000`,
/// `+00:00` or `+00`, or none (UTC); or a bare date.
fn time(cell: &str) -> bool {
    let Some((date, clock)) = cell.split_once('T') else {
        return cell.len() == 10 && cell.parse::<jiff::civil::Date>().is_ok();
    };
    if date.len() != 10 || clock.contains(['T', ' ', '[']) {
        return false;
    }
    let (clock, offset) = match clock.find(['Z', '+', '-']) {
        Some(at) => clock.split_at(at),
        None => (clock, "Z"),
    };
    let offset = match *offset.as_bytes() {
        [b'Z'] => "Z".to_owned(),
        [sign @ (b'+' | b'-'), h1, h2] => spelled(sign, [h1, h2, b'0', b'0']),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] | [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            spelled(sign, [h1, h2, m1, m2])
        }
        _ => return false,
    };
    format!("{date}T{clock}{offset}").parse::<Timestamp>().is_ok()
}

fn spelled(sign: u8, [h1, h2, m1, m2]: [u8; 4]) -> String {
    [sign, h1, h2, b':', m1, m2].map(char::from).iter().collect()
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
            (UserId, "a b"),
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
