//! One operating-system account, boiled down from facts to what lists, filters and exports need.
//! Nothing here depends on the day; what does (`States`) is computed from the day columns by [`Account::states`].

use serde::{Deserialize, Serialize};

use crate::{Day, Millis};

/// Numeric id on Linux, SID on Windows. `T` is how texts are held, see [`Account`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Uid<T = String> {
    /// passwd(5) user id.
    Number(u32),
    /// Windows security identifier.
    Sid(T),
}

impl<T: AsRef<str>> std::fmt::Display for Uid<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Uid::Number(n) => write!(f, "{n}"),
            Uid::Sid(s) => f.write_str(s.as_ref()),
        }
    }
}

/// How an account can log in over SSH (Linux).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginType {
    /// Not at all.
    None,
    /// By key only.
    Key,
    /// By password only.
    Password,
    /// By key and by password.
    Both,
}

impl LoginType {
    /// The vendor's code 0 to 3.
    pub fn code(self) -> u16 {
        self as u16
    }
}

/// Kind of a Windows account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserType {
    /// Member of Guests.
    Guest,
    /// Standard user.
    Standard,
    /// Member of Administrators.
    Administrator,
}

/// State of a password on a day (Linux).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordStatus {
    /// Usable.
    Normal,
    /// In its warning period.
    Expiring,
    /// Expired or to be changed at once.
    Expired,
    /// Locked, or there is none that could match.
    Locked,
}

impl PasswordStatus {
    /// The vendor's code 1 to 4.
    pub fn code(self) -> u16 {
        self as u16 + 1
    }
}

/// What shadow(5) says of the password, without the day. Days are `None` for "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Password {
    /// Could not be read, or the row is missing: 999 on the wire.
    Unknown,
    /// Locked (`!…`) or none that could match (`*`).
    Locked,
    /// A password can match (or none is needed).
    Usable {
        /// First day on which it counts as expired; `Day::MIN` when it must be changed at once.
        expired_from: Option<Day>,
        /// First day of the warning period; never after `expired_from`.
        warn_from: Option<Day>,
    },
}

/// One account of one host. `T` is how texts are held: owned, or borrowed from wherever they are kept
/// ([`AccountView`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account<T = String> {
    /// Account name (lossy UTF-8 of the bytes on the host).
    pub name: T,
    /// User id or SID.
    pub uid: Uid<T>,
    /// Primary group id (Linux).
    pub gid: Option<u32>,
    /// Home directory.
    pub home: T,
    /// Login shell (Linux).
    pub shell: T,
    /// uid 0; `None` on Windows.
    pub is_root: Option<bool>,
    /// Any sudo right on this host; `None` is unknown.
    pub is_sudo: Option<bool>,
    /// How it could log in if the account has not expired; `None` is unknown.
    pub login_type: Option<LoginType>,
    /// Whether SSH would let it in with a usable shell if the account has not expired; `None` is unknown.
    pub ssh_login: Option<bool>,
    /// Whether the shell allows login if the account has no expiry; always false on Windows.
    pub shell_login: bool,
    /// Windows kind; `None` on Linux or unknown.
    pub user_type: Option<UserType>,
    /// Domain account (Windows); `None` on Linux or unknown.
    pub is_domain: Option<bool>,
    /// Locked or disabled whatever the day.
    pub disabled: bool,
    /// First day on which the account counts as expired: shadow field 8 ("today >= f8") or the end of the inactive
    /// period after the password's expiry, whichever comes first; `None` is never. The detail's DisableTime is field 8
    /// alone.
    pub expires: Option<Day>,
    /// Password state.
    pub password: Password,
    /// Day of the last password change; `None` when unknown or not kept.
    pub password_changed: Option<Day>,
    /// Last day of the password's life (change day + maximum age); `None` when it never expires or is unknown.
    pub password_due: Option<Day>,
    /// Days after expiry until the account locks; -1 never; `None` unknown (999 on the wire).
    pub password_lock_days: Option<i32>,
    /// Last login, seconds since the epoch; `None` when never or unknown.
    pub last_login: Option<i64>,
    /// When this account was first seen on this host.
    pub first_seen: Millis,
}

/// An account whose texts are kept elsewhere; cheap to copy.
pub type AccountView<'a> = Account<&'a str>;

/// What depends on the day. `None` is unknown (999 on the wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct States {
    /// Not disabled and not expired.
    pub enabled: bool,
    /// How it can log in today.
    pub login_type: Option<LoginType>,
    /// Whether SSH lets it in today.
    pub ssh_login: Option<bool>,
    /// Whether its shell allows login today.
    pub shell_login: bool,
    /// State of the password; `None` also for Windows.
    pub password: Option<PasswordStatus>,
}

impl<T: AsRef<str>> Account<T> {
    /// The same with borrowed texts.
    pub fn view(&self) -> AccountView<'_> {
        Account {
            name: self.name.as_ref(),
            uid: match &self.uid {
                Uid::Number(n) => Uid::Number(*n),
                Uid::Sid(sid) => Uid::Sid(sid.as_ref()),
            },
            gid: self.gid,
            home: self.home.as_ref(),
            shell: self.shell.as_ref(),
            is_root: self.is_root,
            is_sudo: self.is_sudo,
            login_type: self.login_type,
            ssh_login: self.ssh_login,
            shell_login: self.shell_login,
            user_type: self.user_type,
            is_domain: self.is_domain,
            disabled: self.disabled,
            expires: self.expires,
            password: self.password,
            password_changed: self.password_changed,
            password_due: self.password_due,
            password_lock_days: self.password_lock_days,
            last_login: self.last_login,
            first_seen: self.first_seen,
        }
    }
}

impl<T> Account<T> {
    /// Whether the account has expired on `today` (PAM's rule: denied on the day itself; linux-fields section 2).
    pub fn expired(&self, today: Day) -> bool {
        self.expires.is_some_and(|day| today >= day)
    }

    /// The states of the account on `today`.
    pub fn states(&self, today: Day) -> States {
        let expired = self.expired(today);
        States {
            enabled: !self.disabled && !expired,
            login_type: self.login_type.map(|t| if expired { LoginType::None } else { t }),
            ssh_login: self.ssh_login.map(|s| s && !expired),
            shell_login: self.shell_login && !expired,
            password: self.password.status(today),
        }
    }
}

impl Password {
    /// State on `today`; `None` when unknown.
    pub fn status(self, today: Day) -> Option<PasswordStatus> {
        Some(match self {
            Password::Unknown => return None,
            Password::Locked => PasswordStatus::Locked,
            Password::Usable { expired_from: Some(day), .. } if today >= day => PasswordStatus::Expired,
            Password::Usable { warn_from: Some(day), .. } if today >= day => PasswordStatus::Expiring,
            Password::Usable { .. } => PasswordStatus::Normal,
        })
    }
}
