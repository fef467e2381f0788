//! The tables that are used, their columns, and how a row is known to be of one of them: scheduled queries have names
//! of their own, so the columns decide.

use serde_json::{Map, Value};

use crate::values::text;

/// A table of osquery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Accounts.
    Users,
    /// Groups.
    Groups,
    /// Which group has which user, by their numbers.
    UserGroups,
    /// Ages and states of passwords.
    Shadow,
    /// Logins in wtmp.
    Last,
    /// Lines of authorized_keys.
    AuthorizedKeys,
    /// Lines of sudoers.
    Sudoers,
    /// The operating system.
    OsVersion,
    /// The machine.
    SystemInfo,
    /// Addresses.
    InterfaceAddresses,
}

use Table::{
    AuthorizedKeys, Groups, InterfaceAddresses, Last, OsVersion, Shadow, Sudoers, SystemInfo, UserGroups,
    Users,
};

impl Table {
    /// All, those first whose columns others may have beside their own.
    const ALL: [Table; 10] = [
        AuthorizedKeys,
        Sudoers,
        Shadow,
        Last,
        Users,
        Groups,
        OsVersion,
        InterfaceAddresses,
        SystemInfo,
        UserGroups,
    ];

    /// Its name in osquery.
    pub fn name(self) -> &'static str {
        match self {
            Users => "users",
            Groups => "groups",
            UserGroups => "user_groups",
            Shadow => "shadow",
            Last => "last",
            AuthorizedKeys => "authorized_keys",
            Sudoers => "sudoers",
            OsVersion => "os_version",
            SystemInfo => "system_info",
            InterfaceAddresses => "interface_addresses",
        }
    }

    /// The table of a name.
    pub fn named(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The columns that are kept.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Users => &["username", "uid", "gid", "description", "directory", "shell", "uuid", "type"],
            Groups => &["groupname", "gid", "group_sid"],
            UserGroups => &["uid", "gid"],
            Shadow => &[
                "username",
                "password_status",
                "hash_alg",
                "last_change",
                "min",
                "max",
                "warning",
                "inactive",
                "expire",
            ],
            Last => &["username", "tty", "type", "type_name", "time", "host"],
            AuthorizedKeys => &["uid", "key", "key_file", "algorithm", "options", "comment"],
            Sudoers => &["source", "header", "rule_details"],
            OsVersion => &["name", "version", "major", "minor", "platform"],
            SystemInfo => &["hostname", "uuid", "computer_name"],
            InterfaceAddresses => &["interface", "address"],
        }
    }

    /// Columns a row must have to be of the table.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Users => &["username", "uid", "gid"],
            Groups => &["groupname", "gid"],
            UserGroups => &["uid", "gid"],
            Shadow => &["username", "password_status"],
            Last => &["username", "time", "tty"],
            AuthorizedKeys => &["uid", "key", "key_file"],
            Sudoers => &["source", "header", "rule_details"],
            OsVersion => &["name", "version", "platform"],
            SystemInfo => &["hostname", "uuid"],
            InterfaceAddresses => &["interface", "address"],
        }
    }

    /// The table a row is of.
    pub(super) fn of(columns: &Map<String, Value>) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.fits(columns))
    }

    /// Whether the row has the columns of the table. The numbers alone are of `user_groups` only when nothing else is
    /// there: many tables have them.
    pub(super) fn fits(self, columns: &Map<String, Value>) -> bool {
        let marked = self.marks().iter().all(|name| columns.contains_key(*name));
        let alone = self != UserGroups
            || columns.keys().all(|name| matches!(name.as_str(), "uid" | "gid" | "username" | "groupname"));
        marked && alone
    }

    /// The values of the columns that are kept.
    pub(super) fn row(self, columns: &Map<String, Value>) -> Row {
        self.columns().iter().map(|name| columns.get(*name).and_then(text)).collect()
    }

    /// The value of a column of a row of this table.
    pub(super) fn value<'a>(self, row: &'a Row, column: &str) -> Option<&'a str> {
        let index = self.columns().iter().position(|name| *name == column)?;
        row.get(index)?.as_deref()
    }
}

/// Values in the order of [`Table::columns`]; `None` where the query did not select the column.
pub(super) type Row = Vec<Option<String>>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_decide() {
        let of = |value: Value| Table::of(value.as_object().unwrap());
        assert_eq!(of(json!({"uid": "0", "gid": "0", "username": "root", "shell": "/bin/sh"})), Some(Users));
        assert_eq!(of(json!({"uid": "0", "gid": "0"})), Some(UserGroups));
        assert_eq!(of(json!({"gid": "0", "groupname": "root"})), Some(Groups));
        assert_eq!(
            of(json!({"uid": "0", "key": "ssh-rsa AAAA", "key_file": "/k", "username": "root", "gid": "0"})),
            Some(AuthorizedKeys)
        );
        assert_eq!(of(json!({"username": "root", "time": "1", "tty": "pts/0", "host": "h"})), Some(Last));
        // Private keys are none of ours.
        assert_eq!(of(json!({"uid": "0", "path": "/root/.ssh/id_rsa", "encrypted": "0"})), None);
        assert_eq!(of(json!({"uid": "0", "gid": "0", "pid": "1", "name": "init"})), None);
        assert_eq!(Table::named("user_groups"), Some(UserGroups));
        assert_eq!(Table::named("processes"), None);
    }
}
