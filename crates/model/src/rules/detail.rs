//! What the detail of one account adds to the list: groups, remark, last login in full, keys.

use crate::{
    Day,
    facts::{AccountFacts, KeyFacts},
};

use super::{change_allowed, disable_day, last_login, warn_days};

/// The additional members of an account's detail. Empty text is unknown or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Primary group, then the supplementary ones, joined with commas.
    pub group_name: String,
    /// The whole GECOS field.
    pub remark: String,
    /// Day on which the account expires; `None` never.
    pub disable_day: Option<Day>,
    /// Terminal of the last login.
    pub last_login_terminal: String,
    /// Address of the last login, if an address was recorded.
    pub last_login_ip: String,
    /// Days of warning before the password expires.
    pub password_warn_days: u32,
    /// Whether the password can be changed today; `None` unknown.
    pub password_changeable: Option<bool>,
    /// Authorized keys.
    pub keys: Vec<KeyDetail>,
}

/// One public key of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDetail {
    /// The key, base64.
    pub value: String,
    /// Comment.
    pub comment: String,
    /// Algorithm, such as `ssh-ed25519`.
    pub algorithm: String,
}

/// The detail of an account on `today`.
pub fn detail(facts: &AccountFacts, today: Day) -> Detail {
    let login = last_login(facts);
    Detail {
        group_name: group_name(facts),
        remark: facts.gecos.clone(),
        disable_day: disable_day(&facts.password),
        last_login_terminal: login.map(|record| record.terminal.clone()).unwrap_or_default(),
        last_login_ip: login.and_then(|record| record.ip.clone()).unwrap_or_default(),
        password_warn_days: warn_days(&facts.password),
        password_changeable: change_allowed(&facts.password, today),
        keys: keys(&facts.keys),
    }
}

/// Primary group first, then the supplementary groups in the order of the group file; each once.
pub fn group_name(facts: &AccountFacts) -> String {
    let primary = facts.primary_group.iter().map(String::as_str);
    let others = facts
        .groups
        .iter()
        .map(String::as_str)
        .filter(|group| Some(*group) != facts.primary_group.as_deref());
    primary.chain(others).collect::<Vec<_>>().join(",")
}

/// Every well-formed key, also those the server would ignore: they wait there for somebody to fix the permissions.
fn keys(facts: &KeyFacts) -> Vec<KeyDetail> {
    let detail = |key: &crate::facts::AuthorizedKey| KeyDetail {
        value: key.blob.clone(),
        comment: key.comment.clone(),
        algorithm: key.algorithm.clone(),
    };
    facts.keys.iter().map(detail).collect()
}
