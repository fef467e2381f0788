//! The cells of one line as facts of an account.

use std::net::IpAddr;

use model::facts::{
    AccountFacts, Evidence, HashClass, KeyFacts, LastLogin, Limits, LoginRecord, Origin, Os, PasswordFacts,
    SudoFacts, SudoGrant, WindowsFacts, WindowsKind, section,
};

use super::columns::Header;
use crate::account::{add_keys, shell};
use crate::values::{day, id, instant, number};

/// One line.
pub struct Cells<'a> {
    header: &'a Header,
    record: &'a csv::StringRecord,
}

impl<'a> Cells<'a> {
    /// The cells of a line.
    pub fn new(header: &'a Header, record: &'a csv::StringRecord) -> Self {
        Self { header, record }
    }

    /// A cell without white space around it; `None` when it is empty.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let text = self.record.get(self.header.index(column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A cell read by `read`.
    fn read<T>(
        &self,
        column: &str,
        read: impl Fn(&str) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| format!("{column}: {wanted} is expected"))
    }

    /// An instant in seconds.
    pub fn instant(&self, column: &str) -> Result<Option<i64>, String> {
        self.read(column, instant, "a time (2026-01-31T12:00:00Z, or seconds)")
    }

    fn days(&self, column: &str) -> Result<Option<i64>, String> {
        self.read(column, |text| number(text).filter(|days| *days >= -1), "a number of days")
    }

    fn yes(&self, column: &str) -> Result<Option<bool>, String> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" | "y" => Some(true),
            "no" | "false" | "0" | "n" => Some(false),
            _ => None,
        };
        self.read(column, read, "yes or no")
    }

    /// The addresses of the host.
    pub fn addresses(&self) -> Result<Vec<String>, String> {
        let list = self.text("ip").unwrap_or_default();
        let parts = list.split([';', ',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| {
                part.parse::<IpAddr>()
                    .map(|ip| ip.to_string())
                    .map_err(|_| format!("ip: {part} is no address"))
            })
            .collect()
    }

    /// The account; `now` is the time of collection in seconds.
    pub fn account(&self, os: Os, now: i64) -> Result<AccountFacts, String> {
        let text = |column| self.text(column).unwrap_or_default().to_owned();
        let name = text("name");
        if name.is_empty() || name.len() > Limits::NAME {
            return Err(format!("name: a name of at most {} bytes is expected", Limits::NAME));
        }
        let groups = self.text("groups").unwrap_or_default().split([';', ',', '\n']).map(str::trim);
        let primary_group = self.text("primary_group").map(str::to_owned);
        let others = groups.filter(|group| !group.is_empty() && Some(*group) != primary_group.as_deref());
        let account = AccountFacts {
            name,
            uid: self.read("uid", id, "a number from 0 to 4294967295")?,
            gid: self.read("gid", id, "a number from 0 to 4294967295")?,
            gecos: text("gecos"),
            home: text("home"),
            groups: others.map(str::to_owned).collect(),
            primary_group,
            origin: Origin::Other,
            last_login: self.last_login()?,
            password: self.password()?,
            ..AccountFacts::default()
        };
        if os == Os::Windows {
            let sid = self.text("sid").map(str::to_owned);
            return Ok(AccountFacts {
                sid,
                windows: Some(self.windows()?),
                origin: Origin::Windows,
                ..account
            });
        }
        let login_shell = text("shell");
        Ok(AccountFacts {
            shell_facts: shell(&login_shell),
            shell: login_shell,
            sudo: self.sudo()?,
            keys: self.keys(now),
            ..account
        })
    }

    fn last_login(&self) -> Result<LastLogin, String> {
        if self.text("last_login").is_some_and(|text| text.eq_ignore_ascii_case("never")) {
            return Ok(LastLogin { evidence: Evidence::Ok, record: None });
        }
        let Some(time) = self.instant("last_login")? else { return Ok(LastLogin::default()) };
        let host = self.text("last_login_from").unwrap_or_default().to_owned();
        let record = LoginRecord {
            time,
            terminal: self.text("last_login_terminal").unwrap_or_default().to_owned(),
            ip: host.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
            host,
            source: section::LASTLOG.to_owned(),
        };
        Ok(LastLogin { evidence: Evidence::Ok, record: Some(record) })
    }

    fn password(&self) -> Result<PasswordFacts, String> {
        let read = |text: &str| {
            Some(match text.to_ascii_lowercase().as_str() {
                "usable" | "active" | "normal" => HashClass::Usable,
                "locked" => HashClass::LockedNever,
                "none" | "no_password" => HashClass::NoPassword,
                "empty" => HashClass::Empty,
                "unknown" => HashClass::Unknown,
                _ => return None,
            })
        };
        let class =
            self.read("password_status", read, "usable, locked, none, empty or unknown")?.unwrap_or_default();
        let evidence = if class == HashClass::Unknown { Evidence::NotCollected } else { Evidence::Ok };
        let never = |text: &str| text.eq_ignore_ascii_case("never");
        let expire = if self.text("expires").is_some_and(never) {
            None
        } else {
            self.read("expires", day, "a date or never")?
        };
        Ok(PasswordFacts {
            evidence,
            class,
            algorithm: self.text("password_algorithm").map(str::to_owned),
            last_change: self.read("password_changed", day, "a date")?,
            min: self.days("password_min_days")?,
            max: self.days("password_max_days")?,
            warn: self.days("password_warn_days")?,
            inactive: self.days("password_inactive_days")?,
            expire,
            in_passwd: false,
        })
    }

    /// A right of unknown strength counts as the weakest.
    fn sudo(&self) -> Result<SudoFacts, String> {
        let grant = || SudoGrant { host_matches: Some(true), ..SudoGrant::default() };
        Ok(match self.yes("sudo")? {
            Some(true) => SudoFacts { evidence: Evidence::Ok, grants: vec![grant()] },
            Some(false) => SudoFacts { evidence: Evidence::Ok, grants: Vec::new() },
            None => SudoFacts::default(),
        })
    }

    fn keys(&self, now: i64) -> KeyFacts {
        let mut keys = KeyFacts::default();
        match self.text("ssh_keys") {
            Some(text) if text.eq_ignore_ascii_case("none") => keys.evidence = Evidence::Absent,
            Some(text) => add_keys("", text, now, &mut keys),
            None => {}
        }
        keys
    }

    fn windows(&self) -> Result<WindowsFacts, String> {
        let kind = |text: &str| {
            Some(match text.to_ascii_lowercase().as_str() {
                "administrator" => WindowsKind::Administrator,
                "standard" => WindowsKind::Standard,
                "guest" => WindowsKind::Guest,
                _ => return None,
            })
        };
        let kind = self.read("user_type", kind, "administrator, standard or guest")?;
        Ok(WindowsFacts {
            kind: kind.unwrap_or_default(),
            domain: self.yes("domain")?,
            enabled: self.yes("enabled")?,
            ..WindowsFacts::default()
        })
    }
}
