//! How accounts lie in memory: which attribute is laid out how, and an account put together again from its columns.

use std::sync::Arc;

use model::account::Password;
use model::rows::AccountRow;
use model::{AccountView, Day, LoginType, Uid, UserType};
use search::accounts as a;
use search::{Field, Row};

use crate::column::{Coded, Dictionary, FlagField, Flags, HostRows, Ints};

/// Whole numbers with few distinct values, and which of them rows are sorted by.
pub(super) const CODED: [(Field, bool); 9] = [
    (a::UID, false),
    (a::GID, false),
    (a::EXPIRES, false),
    (a::PASSWORD_EXPIRED_FROM, false),
    (a::PASSWORD_WARN_FROM, false),
    (a::PASSWORD_CHANGED, true),
    (a::PASSWORD_DUE, true),
    (a::LOCK_DAYS, true),
    (a::FIRST_SEEN, true),
];
pub(super) const UID: usize = 0;
const GID: usize = 1;
const EXPIRES: usize = 2;
const EXPIRED_FROM: usize = 3;
const WARN_FROM: usize = 4;
const CHANGED: usize = 5;
const DUE: usize = 6;
const LOCK_DAYS: usize = 7;
const FIRST_SEEN: usize = 8;

const WINDOWS: FlagField = FlagField::new(0, 1, false);
const DISABLED: FlagField = FlagField::new(1, 1, false);
const SHELL_LOGIN: FlagField = FlagField::new(2, 1, false);
const PASSWORD_CLASS: FlagField = FlagField::new(3, 2, false);
const LOGIN_TYPE: FlagField = FlagField::new(5, 3, true);
const SSH_LOGIN: FlagField = FlagField::new(8, 2, true);
const IS_ROOT: FlagField = FlagField::new(10, 2, true);
const IS_SUDO: FlagField = FlagField::new(12, 2, true);
const USER_TYPE: FlagField = FlagField::new(14, 2, true);
const IS_DOMAIN: FlagField = FlagField::new(16, 2, true);

/// Small codes, in the bits of one word.
pub(super) const FLAGS: [(Field, FlagField); 10] = [
    (a::WINDOWS, WINDOWS),
    (a::DISABLED, DISABLED),
    (a::SHELL_LOGIN, SHELL_LOGIN),
    (a::PASSWORD_CLASS, PASSWORD_CLASS),
    (a::LOGIN_TYPE, LOGIN_TYPE),
    (a::SSH_LOGIN, SSH_LOGIN),
    (a::IS_ROOT, IS_ROOT),
    (a::IS_SUDO, IS_SUDO),
    (a::USER_TYPE, USER_TYPE),
    (a::IS_DOMAIN, IS_DOMAIN),
];

/// Bits of the word that are used.
pub(super) const FLAG_BITS: u8 = IS_DOMAIN.end();

/// The flags of an account as one word.
pub(super) fn flags(row: &AccountRow<'_, &str>) -> u32 {
    FLAGS.iter().fold(0, |word, (field, flag)| word | flag.pack(row.int(*field)))
}

/// The security identifier of an account; empty when it has a number.
pub(super) fn sid<'a>(account: &AccountView<'a>) -> &'a str {
    match account.uid {
        Uid::Number(_) => "",
        Uid::Sid(sid) => sid,
    }
}

/// The columns of all accounts; those that are searched are also the table's.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) hosts: Arc<HostRows>,
    pub(super) name: Arc<Dictionary>,
    pub(super) home: Dictionary,
    pub(super) shell: Dictionary,
    pub(super) sid: Dictionary,
    /// In the order of [`CODED`].
    pub(super) coded: [Arc<Coded>; 9],
    pub(super) flags: Arc<Flags>,
    pub(super) last_login: Arc<Ints>,
}

impl Packed {
    /// The account in a row, which has to be one of the table.
    pub(super) fn account(&self, row: u32) -> AccountView<'_> {
        let word = self.flags.word(row);
        let day = |column: usize| self.int(column, row).map(|day| day as Day);
        let flag = |field: FlagField| field.unpack(word).map(|code| code == 1);
        AccountView {
            name: self.name.get(row),
            uid: match self.int(UID, row) {
                Some(number) => Uid::Number(number as u32),
                None => Uid::Sid(self.sid.get(row)),
            },
            gid: self.int(GID, row).map(|gid| gid as u32),
            home: self.home.get(row),
            shell: self.shell.get(row),
            is_root: flag(IS_ROOT),
            is_sudo: flag(IS_SUDO),
            login_type: LOGIN_TYPE.unpack(word).map(login_type),
            ssh_login: flag(SSH_LOGIN),
            shell_login: flag(SHELL_LOGIN) == Some(true),
            user_type: USER_TYPE.unpack(word).map(user_type),
            is_domain: flag(IS_DOMAIN),
            disabled: flag(DISABLED) == Some(true),
            expires: day(EXPIRES),
            password: match PASSWORD_CLASS.unpack(word) {
                Some(1) => Password::Locked,
                Some(2) => Password::Usable { expired_from: day(EXPIRED_FROM), warn_from: day(WARN_FROM) },
                _ => Password::Unknown,
            },
            password_changed: day(CHANGED),
            password_due: day(DUE),
            password_lock_days: self.int(LOCK_DAYS, row).map(|days| days as i32),
            last_login: self.last_login.get(row),
            first_seen: self.int(FIRST_SEEN, row).unwrap_or_default(),
        }
    }

    fn int(&self, column: usize, row: u32) -> Option<i64> {
        self.coded[column].get(row)
    }
}

fn login_type(code: i64) -> LoginType {
    match code {
        1 => LoginType::Key,
        2 => LoginType::Password,
        3 => LoginType::Both,
        _ => LoginType::None,
    }
}

fn user_type(code: i64) -> UserType {
    match code {
        0 => UserType::Guest,
        1 => UserType::Standard,
        _ => UserType::Administrator,
    }
}
