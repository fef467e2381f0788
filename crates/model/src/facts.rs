//! What a host reports: raw facts with evidence for each source, as the collector ships them and the store keeps
//! them. No verdicts here: `rules` draws those. No password hash has a place here either.
//!
//! Every structure takes unknown members and fills missing ones with defaults, so that older servers read newer
//! collectors and the other way round. Everything in a report is hostile until [`accept`] has passed it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Millis;

mod access;
mod bounded;
mod changes;
mod check;
mod digest;
mod machine;
mod password;

pub use access::{
    AuthorizedKey, Choice, ConditionalBlock, KeyFacts, PermitRoot, SshAllowed, SshFacts, SudoFacts,
    SudoGrant, SudoStrength,
};
pub use changes::{CHANGES_MAX, Changes, ChangesError};
pub use check::{FactsError, Limits, accept, repair, validate};
pub use digest::{digest, print_digest, undated_json};
pub use machine::{CardFacts, DiskFacts, DiskUsage, MachineFacts, Moment, UsageFacts};
pub use password::{HashClass, PasswordFacts};

/// The only format number of a report so far.
pub const FORMAT: u32 = 1;

/// Names of the sections collectors report (of Linux where nothing else is said), keys of [`HostReport::sections`].
pub mod section {
    /// The list of accounts itself: rows left out because of their name or number.
    pub const ACCOUNTS: &str = "accounts";
    /// /etc/passwd.
    pub const PASSWD: &str = "passwd";
    /// /etc/group.
    pub const GROUP: &str = "group";
    /// /etc/shadow.
    pub const SHADOW: &str = "shadow";
    /// /etc/gshadow.
    pub const GSHADOW: &str = "gshadow";
    /// /etc/login.defs.
    pub const LOGIN_DEFS: &str = "login_defs";
    /// /etc/shells.
    pub const SHELLS: &str = "shells";
    /// /etc/nsswitch.conf.
    pub const NSSWITCH: &str = "nsswitch";
    /// /etc/sudoers and what it includes.
    pub const SUDOERS: &str = "sudoers";
    /// sshd_config and what it includes.
    pub const SSHD: &str = "sshd";
    /// Authorized keys of all accounts.
    pub const KEYS: &str = "authorized_keys";
    /// /var/log/lastlog.
    pub const LASTLOG: &str = "lastlog";
    /// /var/lib/lastlog/lastlog2.db.
    pub const LASTLOG2: &str = "lastlog2";
    /// /var/log/wtmp.
    pub const WTMP: &str = "wtmp";
    /// /var/lib/wtmpdb/wtmp.db.
    pub const WTMPDB: &str = "wtmpdb";
    /// /etc/os-release.
    pub const OS_RELEASE: &str = "os_release";
    /// Host name.
    pub const HOSTNAME: &str = "hostname";
    /// /etc/machine-id.
    pub const MACHINE_ID: &str = "machine_id";
    /// Network addresses.
    pub const ADDRESSES: &str = "addresses";
    /// /proc/cpuinfo.
    pub const CPU: &str = "cpu";
    /// /proc/meminfo.
    pub const MEMORY: &str = "memory";
    /// Mounted file systems.
    pub const DISKS: &str = "disks";
    /// Network cards, default routes, name servers.
    pub const NETWORK: &str = "network";
    /// What the firmware says of the machine (/sys/class/dmi/id).
    pub const HARDWARE: &str = "hardware";
    /// Load averages and the start of the system.
    pub const LOAD: &str = "load";
    /// Accounts of a SAM hive (Windows).
    pub const SAM: &str = "sam";
    /// The SYSTEM hive (Windows).
    pub const SYSTEM: &str = "system";
    /// The SOFTWARE hive (Windows).
    pub const SOFTWARE: &str = "software";
    /// Accounts as a running Windows lists them.
    pub const NET_USERS: &str = "net_users";
    /// Password policy of a running Windows.
    pub const NET_POLICY: &str = "net_policy";
}

/// How well a source could be read. Only [`Evidence::Ok`] and [`Evidence::Absent`] permit a "no".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Read whole and understood.
    Ok,
    /// Not there: a known nothing.
    Absent,
    /// Not readable with the rights or file kind found.
    Denied,
    /// Read, but parts made no sense.
    Malformed,
    /// Larger than what is read.
    Truncated,
    /// Changed while it was read, thrice.
    Torn,
    /// Not looked at, or a word of a newer collector.
    #[default]
    #[serde(other)]
    NotCollected,
}

impl Evidence {
    /// Whether what was not found can be taken as not being there.
    pub fn is_complete(self) -> bool {
        matches!(self, Evidence::Ok | Evidence::Absent)
    }
}

/// Members that hold their default are left out of a report: most accounts of a host are dull, and there are many.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One host's report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostReport {
    /// Format of the report, [`FORMAT`].
    pub format: u32,
    /// When it was collected, on the host's clock.
    pub collected_at: Millis,
    /// Version of the collector.
    pub collector: String,
    /// The host itself.
    pub host: HostFacts,
    /// Evidence for each source, by section name (see [`section`]).
    #[serde(deserialize_with = "bounded::map::<_, _, { Limits::SECTIONS }>")]
    pub sections: BTreeMap<String, Section>,
    /// The accounts; names are unique in a valid report.
    #[serde(deserialize_with = "bounded::list::<_, _, { Limits::ACCOUNTS }>")]
    pub accounts: Vec<AccountFacts>,
    /// Whether [`repair`] had to change a text.
    pub repaired: bool,
}

/// Evidence for one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    /// How well it could be read.
    pub evidence: Evidence,
    /// What was odd, as `path:line message`.
    #[serde(deserialize_with = "bounded::list::<_, _, { Limits::NOTES }>")]
    pub notes: Vec<String>,
}

/// Operating system family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    /// Windows.
    Windows,
    /// Linux, and whatever a newer collector may name.
    #[default]
    #[serde(other)]
    Linux,
}

/// With which rights the collector ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Everything readable.
    Root,
    /// Some protected sources readable.
    Partial,
    /// Only what everybody may read.
    #[default]
    #[serde(other)]
    None,
}

/// Facts of the host itself. Empty text is unknown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostFacts {
    /// machine-id(5), 32 hexadecimal digits.
    pub machine_id: String,
    /// Host id given by the operator; else it is derived from the machine id.
    pub quuid: Option<String>,
    /// Host name.
    pub hostname: String,
    /// Family.
    pub os: Os,
    /// os-release(5) PRETTY_NAME.
    pub os_name: String,
    /// os-release(5) ID.
    pub os_id: String,
    /// os-release(5) VERSION_ID.
    pub os_version: String,
    /// Addresses of its interfaces, loopback left out.
    #[serde(deserialize_with = "bounded::list::<_, _, { Limits::ADDRESSES }>")]
    pub addresses: Vec<Address>,
    /// Instance id given by a cloud.
    pub instance_id: Option<String>,
    /// 1 VPC, 2 classic network, 3 outside the cloud.
    pub network_type: Option<u8>,
    /// Network name given by a cloud.
    pub network_name: Option<String>,
    /// With which rights the collector ran.
    pub privilege: Privilege,
    /// Defaults for new accounts and passwords.
    pub login_defs: LoginDefs,
    /// Whether nologin(5) keeps everybody but root out; `None` unknown.
    pub nologin: Option<bool>,
    /// What the machine is made of.
    #[serde(skip_serializing_if = "is_default")]
    pub machine: MachineFacts,
    /// How busy it was; no part of any digest.
    #[serde(skip_serializing_if = "is_default")]
    pub usage: UsageFacts,
}

/// login.defs(5): defaults for new accounts and passwords; `None` is not given, or the file was not readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginDefs {
    /// Maximum days of a new password.
    pub pass_max_days: Option<i64>,
    /// Minimum days of a new password.
    pub pass_min_days: Option<i64>,
    /// Days of warning of a new password.
    pub pass_warn_age: Option<i64>,
    /// Smallest user id of ordinary users.
    pub uid_min: Option<i64>,
    /// Largest user id of ordinary users.
    pub uid_max: Option<i64>,
    /// Algorithm of new password hashes.
    pub encrypt_method: Option<String>,
}

/// One address of an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// IPv4 or IPv6 text.
    pub ip: String,
    /// Interface name.
    pub interface: String,
}

/// Where an account was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// passwd(5) file.
    #[default]
    Files,
    /// Name service (LDAP, SSSD, winbind).
    Nss,
    /// systemd user database.
    Userdb,
    /// Windows.
    Windows,
    /// A word of a newer collector.
    #[serde(other)]
    Other,
}

/// Facts of one account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountFacts {
    /// Name as UTF-8; lossy when `name_raw` is given.
    pub name: String,
    /// The bytes of the name in hexadecimal when they are not UTF-8.
    #[serde(skip_serializing_if = "is_default")]
    pub name_raw: Option<String>,
    /// User id (Linux).
    pub uid: Option<u32>,
    /// Primary group id (Linux).
    #[serde(skip_serializing_if = "is_default")]
    pub gid: Option<u32>,
    /// Security identifier (Windows).
    #[serde(skip_serializing_if = "is_default")]
    pub sid: Option<String>,
    /// passwd field 5 whole; the comment on Windows.
    #[serde(skip_serializing_if = "is_default")]
    pub gecos: String,
    /// Home directory; `/` when the field is empty.
    #[serde(skip_serializing_if = "is_default")]
    pub home: String,
    /// Login shell; `/bin/sh` when the field is empty.
    #[serde(skip_serializing_if = "is_default")]
    pub shell: String,
    /// Name of the primary group; `None` when no group has that id or the group file was not readable.
    #[serde(skip_serializing_if = "is_default")]
    pub primary_group: Option<String>,
    /// Supplementary groups in the order of the group file.
    #[serde(skip_serializing_if = "is_default")]
    #[serde(deserialize_with = "bounded::list::<_, _, { Limits::GROUPS }>")]
    pub groups: Vec<String>,
    /// Line of /etc/passwd, from 1.
    #[serde(skip_serializing_if = "is_default")]
    pub line: Option<u32>,
    /// Where it was found.
    #[serde(skip_serializing_if = "is_default")]
    pub origin: Origin,
    /// Its password.
    #[serde(skip_serializing_if = "is_default")]
    pub password: PasswordFacts,
    /// Its shell.
    #[serde(skip_serializing_if = "is_default")]
    pub shell_facts: ShellFacts,
    /// Its sudo rights.
    #[serde(skip_serializing_if = "is_default")]
    pub sudo: SudoFacts,
    /// What the SSH server thinks of it.
    #[serde(skip_serializing_if = "is_default")]
    pub ssh: SshFacts,
    /// Its authorized keys.
    #[serde(skip_serializing_if = "is_default")]
    pub keys: KeyFacts,
    /// Its last login.
    #[serde(skip_serializing_if = "is_default")]
    pub last_login: LastLogin,
    /// Facts of a Windows account.
    #[serde(skip_serializing_if = "is_default")]
    pub windows: Option<WindowsFacts>,
}

/// Facts of a login shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShellFacts {
    /// Whether the file could be looked at.
    pub evidence: Evidence,
    /// It exists.
    pub exists: bool,
    /// It is a regular file that somebody may execute.
    pub executable: bool,
    /// It is not one of the programs that refuse a session (nologin, false, sync, halt, shutdown).
    pub interactive: bool,
    /// /etc/shells lists it; `None` when that file was not readable. Does not stop logins.
    pub listed: Option<bool>,
}

/// Last login: the newest record of all readable sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastLogin {
    /// Evidence of all sources together: `absent` when none exists.
    pub evidence: Evidence,
    /// The newest record; `None` with complete evidence means never.
    #[serde(skip_serializing_if = "is_default")]
    pub record: Option<LoginRecord>,
}

/// One login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginRecord {
    /// Seconds since the epoch, greater than 0.
    pub time: i64,
    /// Terminal.
    #[serde(skip_serializing_if = "is_default")]
    pub terminal: String,
    /// Remote host as recorded: a name, an address, or empty.
    #[serde(skip_serializing_if = "is_default")]
    pub host: String,
    /// Remote address, only when the record holds one.
    #[serde(skip_serializing_if = "is_default")]
    pub ip: Option<String>,
    /// Section name of the source.
    pub source: String,
}

/// Kind of a Windows account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowsKind {
    /// Member of Guests.
    Guest,
    /// Standard user.
    Standard,
    /// Member of Administrators.
    Administrator,
    /// Not known.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Facts of a Windows account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowsFacts {
    /// Kind.
    pub kind: WindowsKind,
    /// Whether it is a domain account.
    pub domain: Option<bool>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// Full name.
    #[serde(skip_serializing_if = "is_default")]
    pub full_name: String,
    /// Whether it is locked after too many wrong passwords. It ends by itself, so it does not disable the account.
    #[serde(skip_serializing_if = "is_default")]
    pub locked_out: Option<bool>,
    /// Whether it must have a password at all.
    #[serde(skip_serializing_if = "is_default")]
    pub password_required: Option<bool>,
    /// Whether its password never expires, whatever the policy says.
    #[serde(skip_serializing_if = "is_default")]
    pub password_never_expires: Option<bool>,
}
