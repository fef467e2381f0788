//! A person of the workforce directory and the changes that can be made to one.
//! Uniqueness (user name, e-mail, phone within a tenant) is the store's business.

use crate::Millis;

/// State of a person. The vendor's API can show but never change it; ours can (`ModifyUserStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonStatus {
    /// May log in.
    Normal,
    /// Frozen by an administrator.
    Freeze,
    /// Locked, for example after failed logins.
    Locked,
    /// Created, not yet activated.
    NotEnabled,
}

impl PersonStatus {
    /// All states in the order of the vendor's list.
    pub const ALL: [PersonStatus; 4] = [Self::Normal, Self::Freeze, Self::Locked, Self::NotEnabled];

    /// The state's one spelling: `NORMAL`, `FREEZE`, `LOCKED`, `NOT_ENABLED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Freeze => "FREEZE",
            Self::Locked => "LOCKED",
            Self::NotEnabled => "NOT_ENABLED",
        }
    }

    /// Inverse of [`as_str`](Self::as_str); case matters.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id, at most 64 characters, unique in the tenant; a UUID unless an import brought its own.
    pub id: String,
    /// Login name, 1 to 64 characters, unique in the tenant, case-sensitive.
    pub user_name: String,
    /// Shown name, at most 64 characters; the user name when nobody gave one.
    pub display_name: String,
    /// Phone as sent, unique in the tenant.
    pub phone: Option<String>,
    /// E-mail address, unique in the tenant.
    pub email: Option<String>,
    /// State.
    pub status: PersonStatus,
    /// Free text, at most 512 characters.
    pub description: Option<String>,
    /// When the record was created.
    pub created: Millis,
    /// When the record last changed.
    pub updated: Millis,
    /// Last login; `None` is "never".
    pub last_login: Option<Millis>,
    /// Ids of the groups of the person, in the order given.
    pub group_ids: Vec<String>,
    /// Id of the main organisation node.
    pub org_node: String,
    /// Ids of further organisation nodes.
    pub secondary_org_nodes: Vec<String>,
    /// Where the record came from: `SELF_CREATE` or `IMPORT`.
    pub data_source: String,
    /// When the account of the person expires.
    pub expires: Option<Millis>,
    /// When the account was first activated.
    pub activated: Option<Millis>,
    /// Whether a new password has to be set at the next login.
    pub password_needs_reset: bool,
    /// Password hash in PHC form (argon2id); never leaves the store and the roster does not keep it.
    pub password_hash: Option<String>,
    /// Directory administrator: cannot be deleted.
    pub administrator: bool,
}

/// A change to one person: `None` leaves an attribute as it is. Applied inside the store's transaction,
/// so two changes at once never lose one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonPatch {
    /// New shown name.
    pub display_name: Option<String>,
    /// New remark.
    pub description: Option<String>,
    /// New phone; `Some(None)` clears it.
    pub phone: Option<Option<String>>,
    /// New e-mail address; `Some(None)` clears it.
    pub email: Option<Option<String>>,
    /// New state.
    pub status: Option<PersonStatus>,
    /// Replaces the whole group list.
    pub group_ids: Option<Vec<String>>,
    /// New main node.
    pub org_node: Option<String>,
    /// Replaces the whole list of secondary nodes.
    pub secondary_org_nodes: Option<Vec<String>>,
    /// New expiry.
    pub expires: Option<Millis>,
    /// New flag.
    pub password_needs_reset: Option<bool>,
    /// New password hash (PHC form).
    pub password_hash: Option<String>,
    /// New creation time (import only).
    pub created: Option<Millis>,
    /// New last login (import only).
    pub last_login: Option<Millis>,
    /// Update time to write instead of the given instant (import only).
    pub updated: Option<Millis>,
}

impl PersonPatch {
    /// Applies the change to `person` at instant `now`.
    pub fn apply(&self, person: &mut Person, now: Millis) {
        let patch = self.clone();
        set(&mut person.display_name, patch.display_name);
        if patch.description.is_some() {
            person.description = patch.description;
        }
        set(&mut person.phone, patch.phone);
        set(&mut person.email, patch.email);
        if let Some(status) = patch.status {
            if status == PersonStatus::Normal && person.activated.is_none() {
                person.activated = Some(now);
            }
            person.status = status;
        }
        set(&mut person.group_ids, patch.group_ids);
        set(&mut person.org_node, patch.org_node);
        set(&mut person.secondary_org_nodes, patch.secondary_org_nodes);
        if patch.expires.is_some() {
            person.expires = patch.expires;
        }
        set(&mut person.password_needs_reset, patch.password_needs_reset);
        if patch.password_hash.is_some() {
            person.password_hash = patch.password_hash;
        }
        set(&mut person.created, patch.created);
        if patch.last_login.is_some() {
            person.last_login = patch.last_login;
        }
        person.updated = patch.updated.unwrap_or(now);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
