//! How the nouns look to a search: which attribute fills which `search` field. No rules live here.

use search::{Field, Row, accounts, people};

use crate::account::Password;
use crate::{Account, Host, Person, Uid};

impl Row for Person {
    fn text(&self, field: Field) -> Option<&str> {
        match field {
            people::USER_ID => Some(&self.id),
            people::USER_NAME => Some(&self.user_name),
            people::DISPLAY_NAME => Some(&self.display_name),
            people::PHONE => self.phone.as_deref(),
            people::EMAIL => self.email.as_deref(),
            people::STATUS => Some(self.status.as_str()),
            _ => None,
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        match field {
            people::CREATED => Some(self.created),
            people::UPDATED => Some(self.updated),
            people::LAST_LOGIN => self.last_login,
            _ => None,
        }
    }
}

/// An account together with its host: one row of the account table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRow<'a, T = String> {
    /// Host the account is on.
    pub host: &'a Host,
    /// The account.
    pub account: &'a Account<T>,
}

impl<T: AsRef<str>> Row for AccountRow<'_, T> {
    fn text(&self, field: Field) -> Option<&str> {
        match field {
            accounts::QUUID => Some(&self.host.quuid),
            accounts::MACHINE_IP => Some(&self.host.private_ip),
            accounts::WAN_IP => Some(&self.host.wan_ip),
            accounts::MACHINE_NAME => Some(&self.host.name),
            accounts::INSTANCE_ID => Some(&self.host.instance_id),
            accounts::OS_INFO => Some(&self.host.os_info),
            accounts::NAME => Some(self.account.name.as_ref()),
            _ => None,
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        let account = self.account;
        match field {
            accounts::WINDOWS => Some(self.host.windows.into()),
            accounts::UID => match account.uid {
                Uid::Number(n) => Some(n.into()),
                Uid::Sid(_) => None,
            },
            accounts::GID => account.gid.map(i64::from),
            accounts::DISABLED => Some(account.disabled.into()),
            accounts::EXPIRES => account.expires.map(i64::from),
            accounts::LOGIN_TYPE => account.login_type.map(|t| t.code().into()),
            accounts::SSH_LOGIN => account.ssh_login.map(i64::from),
            accounts::SHELL_LOGIN => Some(account.shell_login.into()),
            accounts::IS_ROOT => account.is_root.map(i64::from),
            accounts::IS_SUDO => account.is_sudo.map(i64::from),
            accounts::USER_TYPE => account.user_type.map(|t| t as i64),
            accounts::IS_DOMAIN => account.is_domain.map(i64::from),
            accounts::PASSWORD_CHANGED => account.password_changed.map(i64::from),
            accounts::PASSWORD_DUE => account.password_due.map(i64::from),
            accounts::LOCK_DAYS => account.password_lock_days.map(i64::from),
            accounts::FIRST_SEEN => Some(account.first_seen),
            accounts::LAST_LOGIN => account.last_login,
            _ => password_int(account.password, field),
        }
    }
}

fn password_int(password: Password, field: Field) -> Option<i64> {
    match (field, password) {
        (accounts::PASSWORD_CLASS, Password::Unknown) => Some(0),
        (accounts::PASSWORD_CLASS, Password::Locked) => Some(1),
        (accounts::PASSWORD_CLASS, Password::Usable { .. }) => Some(2),
        (accounts::PASSWORD_EXPIRED_FROM, Password::Usable { expired_from, .. }) => {
            expired_from.map(i64::from)
        }
        (accounts::PASSWORD_WARN_FROM, Password::Usable { warn_from, .. }) => warn_from.map(i64::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::option::of;
    use proptest::prelude::*;
    use search::cwp::{Context, Given, filters};

    use super::*;
    use crate::{Day, LoginType, UserType};

    /// Days close enough to each other and to today for every boundary to be hit.
    fn day() -> impl Strategy<Value = Day> {
        prop_oneof![8 => 18..23i32, 1 => Just(Day::MIN), 1 => Just(Day::MAX)]
    }

    fn password() -> impl Strategy<Value = Password> {
        prop_oneof![
            Just(Password::Unknown),
            Just(Password::Locked),
            (of(day()), of(day()))
                .prop_map(|(expired_from, warn_from)| Password::Usable { expired_from, warn_from }),
        ]
    }

    prop_compose! {
        fn account()(
            flags in (of(any::<bool>()), of(any::<bool>()), of(any::<bool>()), of(any::<bool>())),
            shell_login: bool,
            disabled: bool,
            login_type in of(0..4usize),
            user_type in of(0..3usize),
            expires in of(day()),
            password in password(),
        ) -> Account {
            let login_types = [LoginType::None, LoginType::Key, LoginType::Password, LoginType::Both];
            let user_types = [UserType::Guest, UserType::Standard, UserType::Administrator];
            Account {
                name: "a".into(),
                uid: Uid::Number(1),
                gid: None,
                home: String::new(),
                shell: String::new(),
                is_root: flags.0,
                is_sudo: flags.1,
                login_type: login_type.map(|i| login_types[i]),
                ssh_login: flags.2,
                shell_login,
                user_type: user_type.map(|i| user_types[i]),
                is_domain: flags.3,
                disabled,
                expires,
                password,
                password_changed: None,
                password_due: None,
                password_lock_days: None,
                last_login: None,
                first_seen: 0,
            }
        }
    }

    /// The codes of an account as the wire shows them, by the filter that asks for them; `None` where the filter is
    /// for hosts of the other system.
    fn codes(row: &AccountRow<'_>, today: Day) -> [(&'static str, Option<u16>); 9] {
        let (account, states) = (row.account, row.account.states(today));
        let flag = |flag: Option<bool>| flag.map_or(999, u16::from);
        let linux = |code: u16| (!row.host.windows).then_some(code);
        let windows = |code: u16| row.host.windows.then_some(code);
        [
            ("Status", Some(states.enabled.into())),
            ("LoginType", linux(states.login_type.map_or(999, LoginType::code))),
            ("IsSshLogin", linux(flag(states.ssh_login))),
            ("ShellLoginStatus", linux(states.shell_login.into())),
            ("PasswordStatus", linux(states.password.map_or(999, |p| p.code()))),
            ("IsRoot", linux(flag(account.is_root))),
            ("IsSudo", linux(flag(account.is_sudo))),
            ("UserType", windows(account.user_type.map_or(999, |t| t as u16))),
            ("IsDomain", windows(flag(account.is_domain))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn filters_agree_with_the_states_of_every_account_on_every_day(
            account in account(), windows: bool, today in prop_oneof![17..24i32, Just(Day::MIN), Just(Day::MAX)]
        ) {
            let host = Host { windows, ..Host::default() };
            let row = AccountRow { host: &host, account: &account };
            let context = Context { today, zone: &TimeZone::UTC };
            for (name, actual) in codes(&row, today) {
                for code in [0u16, 1, 2, 3, 4, 999] {
                    let text = code.to_string();
                    let given = Given { name, values: vec![Some(&text)], exact: false };
                    if let Ok(filter) = filters(&[given], context) {
                        prop_assert_eq!(filter.matches(&row), actual == Some(code), "{} {}", name, code);
                    } else {
                        prop_assert_ne!(actual, Some(code), "{} refuses a code that occurs", name);
                    }
                }
            }
        }
    }
}
