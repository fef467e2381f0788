//! One document: the API prints columns of its tables, nested or with dots in their names, the indexer nests them
//! deeper. A member is looked for under each of its names.

use model::facts::{
    AccountFacts, Evidence, LastLogin, LoginRecord, Origin, PasswordFacts, SudoFacts, SudoGrant, section,
};
use serde_json::Value;

use super::User;
use crate::account::{password, shell};
use crate::values::{at, day, id, instant, number, text, text_at};

/// A document.
#[derive(Clone, Copy)]
pub struct Document<'a>(pub &'a Value);

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account.
    User,
    /// A group.
    Group,
    /// An address.
    Address,
    /// The operating system.
    System,
}

const NAME: [&str; 2] = ["user.name", "user_name"];

impl<'a> Document<'a> {
    /// What it is about; `None` when that is nothing of ours.
    pub fn kind(&self) -> Option<Kind> {
        let has = |paths: &[&str]| self.first(paths).is_some();
        // Services and browser extensions name a user, too.
        let account = self.first(&["user.id", "user_id", "user.uid_signed"]).is_some();
        if has(&NAME) && account && !has(&["service.name", "service.id", "browser.name", "process.name"]) {
            Some(Kind::User)
        } else if has(&["group.name", "group_name"]) {
            Some(Kind::Group)
        } else if has(&["network.ip", "network_ip"]) || (has(&["address"]) && has(&["iface", "proto"])) {
            Some(Kind::Address)
        } else if has(&["host.os.name", "os.name"]) {
            Some(Kind::System)
        } else {
            None
        }
    }

    /// The same as a word for messages.
    pub fn kind_name(&self) -> &'static str {
        match Document(self.0.get("_source").unwrap_or(self.0)).kind() {
            Some(Kind::User) => "users",
            Some(Kind::Group) => "groups",
            Some(Kind::Address) => "networks",
            Some(Kind::System) => "system",
            None => "others",
        }
    }

    /// Key and name of the agent; `host` is what to call one that is not named.
    pub fn agent(&self, host: Option<&str>) -> Option<(String, String)> {
        let Some(id) = self.first(&["agent.id", "wazuh.agent.id", "agent_id"]) else {
            let host = host?;
            return Some((host.to_owned(), host.to_owned()));
        };
        let name = self.first(&["agent.name", "wazuh.agent.name"]).unwrap_or_else(|| id.clone());
        // Agents are numbered in each cluster.
        let cluster = self.first(&["wazuh.cluster.name"]).unwrap_or_default();
        Some((format!("{cluster}/{id}"), name))
    }

    /// The first member that is there and not empty.
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        // A lone space is how some versions print nothing.
        paths.iter().find_map(|path| text_at(self.0, path))
    }

    /// The same as a number of a user or group.
    pub fn number_of(&self, paths: &[&str]) -> Option<u32> {
        self.first(paths).as_deref().and_then(id)
    }

    /// The texts that are kept of it, near enough for counting.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        let members = self.0.as_object().into_iter().flat_map(|members| members.values());
        let inner = |value: &'a Value| -> Box<dyn Iterator<Item = &'a str>> {
            match value {
                Value::String(text) => Box::new(std::iter::once(text.as_str())),
                Value::Object(members) => {
                    Box::new(members.values().map(|value| value.as_str().unwrap_or_default()))
                }
                _ => Box::new(std::iter::once("")),
            }
        };
        members.flat_map(inner)
    }

    /// A list: of texts, or one text with separators.
    fn list(&self, paths: &[&str]) -> Vec<String> {
        let found = paths.iter().find_map(|path| at(self.0, path));
        let words: Vec<String> = match found {
            Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
            Some(Value::String(text)) => text.split([':', ',']).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        words.into_iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    }

    /// The account; `None` without a name.
    pub fn user(&self) -> Option<User> {
        let name = self.first(&NAME)?;
        let sid = self.first(&["user.uuid", "user_uuid"]).filter(|sid| sid.starts_with("S-1-"));
        let text = |paths: &[&str]| self.first(paths).unwrap_or_default();
        let login_shell = text(&["user.shell", "user_shell"]);
        let (password, shadow) = self.password(sid.is_some());
        let facts = AccountFacts {
            name,
            uid: self.number_of(&["user.id", "user_id"]),
            gid: self.number_of(&["user.group.id", "user.group_id", "user_group_id"]),
            sid,
            gecos: text(&["user.full_name", "user_full_name"]),
            home: text(&["user.home", "user_home"]),
            shell_facts: shell(&login_shell),
            shell: login_shell,
            origin: Origin::Other,
            password,
            sudo: self.sudo(),
            last_login: self.last_login(),
            ..AccountFacts::default()
        };
        let groups = self.list(&["user.groups", "user_groups"]);
        Some(User { facts, groups, shadow, windows_type: self.first(&["user.type", "user_type"]) })
    }

    /// Its password, and whether shadow had a row for it: without one all numbers are printed as 0.
    fn password(&self, windows: bool) -> (PasswordFacts, bool) {
        let get = |name: &str| {
            let (nested, flat, column) = (
                format!("user.password.{name}"),
                format!("user.password_{name}"),
                format!("user_password_{name}"),
            );
            self.first(&[&nested, &flat, &column])
        };
        let Some(word) = get("status").filter(|_| !windows) else { return (PasswordFacts::default(), false) };
        let days = |name: &str| get(name).as_deref().and_then(number).filter(|days| *days >= 0);
        let facts = PasswordFacts {
            last_change: get("last_change").as_deref().and_then(day),
            min: days("min_days_between_changes"),
            max: days("max_days_between_changes"),
            warn: days("warning_days_before_expiration"),
            inactive: days("inactive_days"),
            expire: get("expiration_date").as_deref().and_then(day),
            ..password(&word, get("hash_algorithm").as_deref())
        };
        (facts, true)
    }

    /// The role `sudo` means that a line of sudoers begins with the name of the account; hosts, aliases and groups are
    /// not looked at, so that it decides nothing.
    fn sudo(&self) -> SudoFacts {
        let named = self.list(&["user.roles", "user_roles"]).iter().any(|role| role == "sudo");
        let grant =
            || SudoGrant { host_matches: None, file: "user.roles".to_owned(), ..SudoGrant::default() };
        SudoFacts { evidence: Evidence::NotCollected, grants: if named { vec![grant()] } else { Vec::new() } }
    }

    fn last_login(&self) -> LastLogin {
        let Some(time) = self.first(&["user.last_login", "user_last_login"]).as_deref().and_then(instant)
        else {
            return LastLogin::default();
        };
        let record = LoginRecord { time, source: section::LASTLOG.to_owned(), ..LoginRecord::default() };
        LastLogin { evidence: Evidence::Ok, record: Some(record) }
    }
}
