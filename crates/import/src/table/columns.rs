//! The header line of a table.

use std::collections::HashMap;

/// Columns, with other names they may have.
const COLUMNS: [(&str, &[&str]); 32] = [
    ("host", &["hostname", "host_name"]),
    ("machine_id", &[]),
    ("quuid", &["host_id"]),
    ("ip", &["ips", "address", "addresses"]),
    ("os", &["os_family"]),
    ("os_name", &["os_version"]),
    ("collected_at", &[]),
    ("name", &["username", "user", "account"]),
    ("uid", &[]),
    ("gid", &[]),
    ("gecos", &["remark", "comment", "description", "full_name"]),
    ("home", &["home_path", "directory"]),
    ("shell", &[]),
    ("primary_group", &[]),
    ("groups", &[]),
    ("sudo", &["is_sudo"]),
    ("last_login", &["last_login_time"]),
    ("last_login_from", &["last_login_ip"]),
    ("last_login_terminal", &["last_login_tty"]),
    ("password_status", &[]),
    ("password_algorithm", &[]),
    ("password_changed", &["password_change_time"]),
    ("password_min_days", &[]),
    ("password_max_days", &[]),
    ("password_warn_days", &[]),
    ("password_inactive_days", &["password_lock_days"]),
    ("expires", &["disable_time"]),
    ("ssh_keys", &["authorized_keys"]),
    ("sid", &[]),
    ("user_type", &[]),
    ("domain", &["is_domain"]),
    ("enabled", &[]),
];

/// Where each column stands.
#[derive(Debug)]
pub struct Header {
    columns: HashMap<&'static str, usize>,
    width: usize,
}

impl Header {
    /// Reads the header line. Upper and lower case, spaces and dashes make no difference.
    ///
    /// # Errors
    /// What is wrong with it, in English.
    pub fn read(line: &csv::StringRecord) -> Result<Header, String> {
        let mut columns = HashMap::new();
        for (index, title) in line.iter().enumerate() {
            let plain = title.trim().to_ascii_lowercase().replace([' ', '-'], "_");
            let known =
                COLUMNS.iter().find(|(name, others)| *name == plain || others.contains(&plain.as_str()));
            let Some((name, _)) = known else {
                return Err(format!("{title}: there is no such column (docs/import.md names them)"));
            };
            if columns.insert(*name, index).is_some() {
                return Err(format!("{title}: the column occurs before"));
            }
        }
        match ["host", "name"].into_iter().find(|name| !columns.contains_key(name)) {
            Some(missing) => {
                Err(format!("the first line names the columns, and {missing} is not among them"))
            }
            None => Ok(Header { columns, width: line.len() }),
        }
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.width
    }

    /// Where a column stands.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }
}
