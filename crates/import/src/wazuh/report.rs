//! What is gathered of an agent as its report.

use std::net::IpAddr;

use model::facts::{
    AccountFacts, Address, Evidence, HostFacts, HostReport, KeyFacts, Limits, Origin, Os, ShellFacts,
    SudoFacts, WindowsFacts, WindowsKind, section,
};

use super::{Agent, User};
use crate::account::{Accounts, Coverage, frame, seen};
use crate::ids::quuid;

impl Agent {
    /// Makes the report.
    ///
    /// # Errors
    /// Why there can be none, in English.
    pub(super) fn report(&self, key: &str) -> Result<HostReport, String> {
        if self.os.platform == "darwin" {
            return Err("macOS hosts are not taken".to_owned());
        }
        if self.users.is_empty() {
            return Err("there is no document of the inventory of users".to_owned());
        }
        let has_sid = self.users.values().any(|(_, user)| user.facts.sid.is_some());
        let windows = self.os.platform == "windows" || has_sid;
        let mut made = frame("wazuh", self.at, self.host(key, windows));
        let mut users: Vec<&User> = self.users.values().map(|(_, user)| user).collect();
        // Documents come in any order; a stable one makes the same report of them each time.
        users.sort_by_key(|user| (user.facts.uid, user.facts.name.clone()));
        let (mut shadow, mut logins) = (Coverage::default(), Coverage::default());
        let mut accounts = Accounts::default();
        for user in users {
            shadow.count(user.shadow);
            logins.count(user.facts.last_login.record.is_some());
            accounts.push(self.account(user, windows));
        }
        accounts.into_report(Evidence::Ok, None, &mut made);
        let groups = if self.groups.is_empty() { Evidence::NotCollected } else { Evidence::Ok };
        seen(&mut made, section::GROUP, groups, Vec::new());
        seen(&mut made, section::SHADOW, shadow.evidence(), Vec::new());
        seen(&mut made, section::LASTLOG, logins.evidence(), Vec::new());
        Ok(made)
    }

    fn host(&self, key: &str, windows: bool) -> HostFacts {
        let mut addresses: Vec<Address> = Vec::new();
        for (ip, interface) in &self.addresses {
            let Ok(ip) = ip.parse::<IpAddr>() else { continue };
            let address = Address { ip: ip.to_string(), interface: interface.clone() };
            if !ip.is_loopback() && !addresses.contains(&address) && addresses.len() < Limits::ADDRESSES {
                addresses.push(address);
            }
        }
        addresses.sort_by(|a, b| (&a.interface, &a.ip).cmp(&(&b.interface, &b.ip)));
        HostFacts {
            quuid: Some(quuid("wazuh", key)),
            hostname: if self.hostname.is_empty() { self.name.clone() } else { self.hostname.clone() },
            os: if windows { Os::Windows } else { Os::Linux },
            os_name: format!("{} {}", self.os.name, self.os.version).trim().to_owned(),
            os_id: self.os.platform.clone(),
            os_version: self.os.version.clone(),
            addresses,
            ..HostFacts::default()
        }
    }

    fn account(&self, user: &User, windows: bool) -> AccountFacts {
        let facts = user.facts.clone();
        let primary_group = facts.gid.and_then(|gid| self.groups.get(&gid)).map(|group| group.name.clone());
        let others =
            user.groups.iter().filter(|name| Some(*name) != primary_group.as_ref()).take(Limits::GROUPS);
        let facts = AccountFacts { groups: others.cloned().collect(), primary_group, ..facts };
        if !windows {
            // An empty field of passwd means these, and Wazuh leaves empty members out.
            let or = |text: String, empty: &str| if text.is_empty() { empty.to_owned() } else { text };
            let login_shell = or(facts.shell, "/bin/sh");
            let shell_facts = crate::account::shell(&login_shell);
            return AccountFacts {
                home: or(facts.home, "/"),
                shell: login_shell,
                shell_facts,
                sid: None,
                ..facts
            };
        }
        let domain = (user.windows_type.as_deref() == Some("local")).then_some(false);
        AccountFacts {
            gid: None,
            shell: String::new(),
            shell_facts: ShellFacts::default(),
            sudo: SudoFacts::default(),
            keys: KeyFacts::default(),
            origin: Origin::Windows,
            windows: Some(WindowsFacts {
                kind: self.kind(&user.groups),
                domain,
                enabled: None,
                ..WindowsFacts::default()
            }),
            ..facts
        }
    }

    /// By the names of its groups and what the group documents say these are: names depend on the language.
    fn kind(&self, groups: &[String]) -> WindowsKind {
        let is = |sid: &str| {
            let named = self.groups.values().find(|group| group.sid.as_deref() == Some(sid));
            named.is_some_and(|group| groups.contains(&group.name))
        };
        if is("S-1-5-32-544") {
            WindowsKind::Administrator
        } else if is("S-1-5-32-546") {
            WindowsKind::Guest
        } else if is("S-1-5-32-545") && groups.len() == 1 {
            WindowsKind::Standard
        } else {
            WindowsKind::Unknown
        }
    }
}
