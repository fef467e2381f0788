//! Accounts in words: the columns every table of accounts has, from the codes of the service. Unknown is `?`.

use serde_json::Value;

use crate::output::table::{Column, plain, text};

/// The columns of a list of accounts.
pub const COLUMNS: [Column; 11] = [
    plain("HOST", "MachineName"),
    plain("ACCOUNT", "Name"),
    plain("UID", "Uid"),
    Column { title: "STATUS", field: "Status", show: |v| word(v, &["disabled", "enabled"], 0) },
    Column {
        title: "LOGIN",
        field: "LoginType",
        show: |v| word(v, &["none", "key", "password", "key+password"], 0),
    },
    Column { title: "SUDO", field: "IsSudo", show: yes_no },
    Column { title: "ROOT", field: "IsRoot", show: yes_no },
    plain("SHELL", "Shell"),
    Column { title: "LAST LOGIN", field: "LastLoginTime", show: time },
    Column {
        title: "PASSWORD",
        field: "PasswordStatus",
        show: |v| word(v, &["normal", "expiring", "expired", "locked"], 1),
    },
    plain("OS", "OsInfo"),
];

/// The columns without host and system, for one host.
pub fn one_host() -> Vec<Column> {
    COLUMNS.into_iter().filter(|c| !matches!(c.field, "MachineName" | "OsInfo")).collect()
}

/// The columns of the accounts of one Windows host.
pub fn one_windows_host() -> Vec<Column> {
    let mut columns = one_host();
    columns.retain(|c| matches!(c.field, "Name" | "Uid" | "Status" | "LastLoginTime"));
    let kind: fn(&Value) -> String = |v| word(v, &["guest", "standard", "administrator"], 0);
    columns.insert(3, Column { title: "TYPE", field: "UserType", show: kind });
    let days = [("PASSWORD SET", "PasswordChangeTime"), ("PASSWORD DUE", "PasswordDueTime")];
    columns.extend(days.map(|(title, field)| Column { title, field, show: time }));
    columns
}

fn yes_no(value: &Value) -> String {
    word(value, &["no", "yes"], 0)
}

/// The word of a code that counts from `first`; 999 and everything else is unknown.
fn word(value: &Value, words: &[&str], first: u64) -> String {
    let index = value.as_u64().and_then(|code| code.checked_sub(first)).and_then(|i| usize::try_from(i).ok());
    index.and_then(|i| words.get(i)).map_or_else(|| "?".to_owned(), |w| (*w).to_owned())
}

/// A time; empty is "never" or unknown, which the service does not tell apart.
fn time(value: &Value) -> String {
    let shown = text(value);
    if shown.is_empty() { "-".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_is_a_question_mark() {
        let words = ["normal", "expiring", "expired", "locked"];
        for (code, shown) in [(json!(1), "normal"), (json!(4), "locked")] {
            assert_eq!(word(&code, &words, 1), shown);
        }
        for unknown in [json!(999), json!(0), json!(5), json!(null), json!("1"), json!(-1)] {
            assert_eq!(word(&unknown, &words, 1), "?", "{unknown}");
        }
        assert_eq!(time(&json!("")), "-");
    }
}
