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
pub struct AccountRow<'a> {
    /// Host the account is on.
    pub host: &'a Host,
    /// The account.
    pub account: &'a Account,
}

impl Row for AccountRow<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        match field {
            accounts::QUUID => Some(&self.host.quuid),
            accounts::MACHINE_IP => Some(&self.host.private_ip),
            accounts::WAN_IP => Some(&self.host.wan_ip),
            accounts::MACHINE_NAME => Some(&self.host.name),
            accounts::INSTANCE_ID => Some(&self.host.instance_id),
            accounts::OS_INFO => Some(&self.host.os_info),
            accounts::NAME => Some(&self.account.name),
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
