//! What an action is besides its types, and the way from a request to its action.

use model::Role;

use crate::generated::actions::ACTIONS;
use crate::{ActionId, Code, Error};

/// One of the services; its name is also the module of its handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The workforce directory, version 2021-04-20.
    Eiam,
    /// Host accounts, version 2018-02-28.
    Cwp,
    /// What the vendor's two services have no action for, version 2026-12-01.
    Rollcall,
}

impl Service {
    /// All services.
    pub const ALL: [Service; 3] = [Service::Eiam, Service::Cwp, Service::Rollcall];

    /// Lower-case name, the first label of the vendor's host names.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Eiam => "eiam",
            Service::Cwp => "cwp",
            Service::Rollcall => "rollcall",
        }
    }
}

/// What calling an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// May change something.
    Write,
    /// Starts a background task that reads.
    Task,
}

/// One action of the contract.
#[derive(Debug)]
pub struct Action {
    /// Its id.
    pub id: ActionId,
    /// Service it belongs to.
    pub service: Service,
    /// Name on the wire, case-sensitive.
    pub name: &'static str,
    /// One English sentence.
    pub summary: &'static str,
    /// The same in Chinese.
    pub summary_zh: &'static str,
    /// What calling it does.
    pub kind: Kind,
    /// Roles of keys that may call it.
    pub roles: &'static [Role],
    /// Whether only keys of the default tenant may call it.
    pub default_tenant_only: bool,
    /// Whether this server answers it; otherwise `ActionOffline`.
    pub has_handler: bool,
    /// Its own error codes; the common ones come on top.
    pub error_codes: &'static [Code],
}

impl Action {
    /// Every action, by service and name.
    pub fn all() -> &'static [Action] {
        ACTIONS
    }

    /// Whether a key of that role may call it.
    ///
    /// # Errors
    /// `AuthFailure.UnauthorizedOperation`.
    pub fn authorize(&self, role: Role, in_default_tenant: bool) -> Result<(), Error> {
        if !self.roles.contains(&role) {
            return Err(Error::new(Code::AuthFailureUnauthorizedOperation).detail(
                format!("the role `{}` may not call {}", role.as_str(), self.name),
                format!("角色 `{}` 不能调用 {}", role.as_str(), self.name),
            ));
        }
        if self.default_tenant_only && !in_default_tenant {
            return Err(Error::new(Code::AuthFailureUnauthorizedOperation)
                .detail("only keys of the default tenant may do this", "仅默认租户的密钥可以执行此操作"));
        }
        Ok(())
    }
}

impl ActionId {
    /// What is known of the action.
    pub fn action(self) -> &'static Action {
        // The table is generated in the order of the enum; a test walks it.
        &ACTIONS[self as usize]
    }
}

/// Finds the action by version and name; the host name and the credential scope name neither reliably.
///
/// # Errors
/// `NoSuchVersion`, `InvalidAction`.
pub fn route(version: &str, action: &str) -> Result<ActionId, Error> {
    let Some(service) = Service::ALL.into_iter().find(|service| service.version() == version) else {
        return Err(Error::new(Code::NoSuchVersion));
    };
    ACTIONS
        .iter()
        .find(|entry| entry.service == service && entry.name == action)
        .map(|entry| entry.id)
        .ok_or_else(|| Error::new(Code::InvalidAction))
}

/// Refuses a request that was sent to the official host name of another product. Every other host passes: people
/// put an address, a gateway or a name of their own in front. `host` is the raw header value; tccli sends a URL.
///
/// # Errors
/// `NoSuchProduct`.
pub fn check_product(host: &[u8], service: Service) -> Result<(), Error> {
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix(b"https://").or_else(|| host.strip_prefix(b"http://")).unwrap_or(&host);
    let host = host.split(|byte| matches!(byte, b':' | b'/')).next().unwrap_or_default();
    if !host.ends_with(b".tencentcloudapi.com") {
        return Ok(());
    }
    let label = host.split(|byte| *byte == b'.').next().unwrap_or_default();
    if label == service.as_str().as_bytes() { Ok(()) } else { Err(Error::new(Code::NoSuchProduct)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_follows_the_enum() {
        for (index, action) in Action::all().iter().enumerate() {
            assert_eq!(action.id as usize, index, "{}", action.name);
            assert_eq!(route(action.service.version(), action.name).unwrap(), action.id);
            // Enrolling is for hosts alone: what is asked for is the token's.
            assert_eq!(action.roles.contains(&Role::Admin), action.name != "EnrolHost", "{}", action.name);
            assert_eq!(action.roles.contains(&Role::Enrol), action.name == "EnrolHost", "{}", action.name);
        }
    }

    #[test]
    fn routing_is_by_version_and_case_sensitive_name() {
        assert_eq!(route("2021-04-20", "ListUsers").unwrap(), ActionId::EiamListUsers);
        assert_eq!(route("2018-02-28", "ListUsers").unwrap_err().code(), Code::InvalidAction);
        assert_eq!(route("2021-04-20", "listusers").unwrap_err().code(), Code::InvalidAction);
        assert_eq!(route("2021-04-21", "ListUsers").unwrap_err().code(), Code::NoSuchVersion);
    }

    #[test]
    fn only_official_hosts_of_other_products_are_refused() {
        for host in [
            "127.0.0.1:8080",
            "http://127.0.0.1:8080",
            "eiam.tencentcloudapi.com",
            "EIAM.ap-guangzhou.tencentcloudapi.com:443",
            "cvm.example.com",
            "",
            "::1",
        ] {
            check_product(host.as_bytes(), Service::Eiam).unwrap();
        }
        for host in ["cvm.tencentcloudapi.com", "https://cwp.intl.tencentcloudapi.com/x"] {
            assert_eq!(
                check_product(host.as_bytes(), Service::Eiam).unwrap_err().code(),
                Code::NoSuchProduct
            );
        }
    }

    #[test]
    fn roles_and_tenants_are_checked() {
        let list = ActionId::EiamListUsers.action();
        list.authorize(Role::Auditor, false).unwrap();
        let error = list.authorize(Role::Agent, true).unwrap_err();
        assert_eq!(error.code(), Code::AuthFailureUnauthorizedOperation);
        let tenants = ActionId::RollcallListTenants.action();
        tenants.authorize(Role::Admin, true).unwrap();
        assert!(tenants.authorize(Role::Admin, false).is_err());
    }
}
