//! The attributes that can be searched and sorted, and the two tables they belong to. Adding an attribute starts
//! here; what fills it is `model`'s `Row` implementations.

/// One searchable attribute. Text and whole numbers are kept apart by the id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u8);

/// Ids from here on are whole numbers.
const FIRST_INT: u8 = 128;

impl Field {
    /// Whether the attribute is text; otherwise it is a whole number.
    pub const fn is_text(self) -> bool {
        self.0 < FIRST_INT
    }

    /// The id, stable within one build only.
    pub const fn id(self) -> u8 {
        self.0
    }
}

/// How the rows of one kind are ordered when nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Own order of the table, for [`SortKey::Natural`](crate::SortKey::Natural). Ends in what makes it unique.
    pub natural: &'static [Field],
    /// Key of a row, unique in the table: decides, always ascending, between rows with equal sort values.
    pub ties: &'static [Field],
}

/// The workforce directory.
pub mod people {
    use super::{FIRST_INT, Field, Table};

    /// Id of the person (text, never missing).
    pub const USER_ID: Field = Field(0);
    /// Login name (text, never missing).
    pub const USER_NAME: Field = Field(1);
    /// Shown name (text).
    pub const DISPLAY_NAME: Field = Field(2);
    /// Phone (text).
    pub const PHONE: Field = Field(3);
    /// E-mail address (text).
    pub const EMAIL: Field = Field(4);
    /// State: `NORMAL`, `FREEZE`, `LOCKED` or `NOT_ENABLED` (text).
    pub const STATUS: Field = Field(5);
    /// When the record was made (milliseconds since 1970 UTC).
    pub const CREATED: Field = Field(FIRST_INT);
    /// When the record last changed (milliseconds since 1970 UTC).
    pub const UPDATED: Field = Field(FIRST_INT + 1);
    /// Last login (milliseconds since 1970 UTC); missing when never.
    pub const LAST_LOGIN: Field = Field(FIRST_INT + 2);

    /// All fields.
    pub const FIELDS: [Field; 9] =
        [USER_ID, USER_NAME, DISPLAY_NAME, PHONE, EMAIL, STATUS, CREATED, UPDATED, LAST_LOGIN];

    /// Order of people: the id.
    pub const TABLE: Table = Table { natural: &[USER_ID], ties: &[USER_ID] };
}

/// The operating-system accounts of all hosts.
pub mod accounts {
    use super::{FIRST_INT, Field, Table};

    const TEXT: u8 = 32;
    const INT: u8 = FIRST_INT + 32;

    /// Host id (text, never missing).
    pub const QUUID: Field = Field(TEXT);
    /// Private address of the host (text).
    pub const MACHINE_IP: Field = Field(TEXT + 1);
    /// Public address of the host (text).
    pub const WAN_IP: Field = Field(TEXT + 2);
    /// Host name (text).
    pub const MACHINE_NAME: Field = Field(TEXT + 3);
    /// Instance id given by a cloud (text).
    pub const INSTANCE_ID: Field = Field(TEXT + 4);
    /// Name of the host's operating system (text).
    pub const OS_INFO: Field = Field(TEXT + 5);
    /// Account name (text, never missing, unique on its host).
    pub const NAME: Field = Field(TEXT + 6);
    /// 1 for accounts of Windows hosts, 0 for Linux.
    pub const WINDOWS: Field = Field(INT);
    /// Numeric user id; missing for security identifiers.
    pub const UID: Field = Field(INT + 1);
    /// Numeric primary group id; missing on Windows.
    pub const GID: Field = Field(INT + 2);
    /// 1 when disabled or locked whatever the day, else 0.
    pub const DISABLED: Field = Field(INT + 3);
    /// First day on which the account counts as expired (days since 1970 UTC); missing is never.
    pub const EXPIRES: Field = Field(INT + 4);
    /// Ways to log in before any expiry: 0 none, 1 key, 2 password, 3 both; missing is unknown.
    pub const LOGIN_TYPE: Field = Field(INT + 5);
    /// Whether SSH lets it in before any expiry: 0, 1; missing is unknown.
    pub const SSH_LOGIN: Field = Field(INT + 6);
    /// Whether the shell allows login before any expiry: 0, 1.
    pub const SHELL_LOGIN: Field = Field(INT + 7);
    /// uid 0: 0, 1; missing on Windows.
    pub const IS_ROOT: Field = Field(INT + 8);
    /// Any sudo right: 0, 1; missing is unknown.
    pub const IS_SUDO: Field = Field(INT + 9);
    /// 0 guest, 1 standard, 2 administrator; missing on Linux or unknown.
    pub const USER_TYPE: Field = Field(INT + 10);
    /// Domain account: 0 or 2 no, 1 yes; missing on Linux or unknown.
    pub const IS_DOMAIN: Field = Field(INT + 11);
    /// 0 unknown, 1 locked, 2 usable.
    pub const PASSWORD_CLASS: Field = Field(INT + 12);
    /// First day on which a usable password counts as expired; missing is never.
    pub const PASSWORD_EXPIRED_FROM: Field = Field(INT + 13);
    /// First day of the warning period of a usable password; missing is never.
    pub const PASSWORD_WARN_FROM: Field = Field(INT + 14);
    /// Day of the last password change; missing when unknown.
    pub const PASSWORD_CHANGED: Field = Field(INT + 15);
    /// Last day of the password's life; missing when it has no end or is unknown.
    pub const PASSWORD_DUE: Field = Field(INT + 16);
    /// Days from expiry until the account locks, -1 never; missing is unknown.
    pub const LOCK_DAYS: Field = Field(INT + 17);
    /// When the account was first seen (milliseconds since 1970 UTC).
    pub const FIRST_SEEN: Field = Field(INT + 18);
    /// Last login (seconds since 1970 UTC); missing when never or unknown.
    pub const LAST_LOGIN: Field = Field(INT + 19);

    /// All fields.
    pub const FIELDS: [Field; 27] = [
        QUUID,
        MACHINE_IP,
        WAN_IP,
        MACHINE_NAME,
        INSTANCE_ID,
        OS_INFO,
        NAME,
        WINDOWS,
        UID,
        GID,
        DISABLED,
        EXPIRES,
        LOGIN_TYPE,
        SSH_LOGIN,
        SHELL_LOGIN,
        IS_ROOT,
        IS_SUDO,
        USER_TYPE,
        IS_DOMAIN,
        PASSWORD_CLASS,
        PASSWORD_EXPIRED_FROM,
        PASSWORD_WARN_FROM,
        PASSWORD_CHANGED,
        PASSWORD_DUE,
        LOCK_DAYS,
        FIRST_SEEN,
        LAST_LOGIN,
    ];

    /// Order of accounts: host, then numeric user id (those without one last), then name.
    pub const TABLE: Table = Table { natural: &[QUUID, UID, NAME], ties: &[QUUID, NAME] };
}
