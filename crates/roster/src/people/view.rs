//! A person as the roster shows one, wherever the attributes are kept.

use model::{Millis, Person, PersonStatus};

/// Everything about a person except the password hash, which the roster does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonView<'a> {
    /// See [`Person::id`].
    pub id: &'a str,
    /// See [`Person::user_name`].
    pub user_name: &'a str,
    /// See [`Person::display_name`].
    pub display_name: &'a str,
    /// See [`Person::phone`]; an empty one is none.
    pub phone: Option<&'a str>,
    /// See [`Person::email`]; an empty one is none.
    pub email: Option<&'a str>,
    /// See [`Person::status`].
    pub status: PersonStatus,
    /// See [`Person::description`].
    pub description: Option<&'a str>,
    /// See [`Person::created`].
    pub created: Millis,
    /// See [`Person::updated`].
    pub updated: Millis,
    /// See [`Person::last_login`].
    pub last_login: Option<Millis>,
    /// See [`Person::group_ids`].
    pub group_ids: &'a [String],
    /// See [`Person::org_node`].
    pub org_node: &'a str,
    /// See [`Person::secondary_org_nodes`].
    pub secondary_org_nodes: &'a [String],
    /// See [`Person::data_source`].
    pub data_source: &'a str,
    /// See [`Person::expires`].
    pub expires: Option<Millis>,
    /// See [`Person::activated`].
    pub activated: Option<Millis>,
    /// See [`Person::password_needs_reset`].
    pub password_needs_reset: bool,
    /// See [`Person::administrator`].
    pub administrator: bool,
}

impl<'a> PersonView<'a> {
    /// A view of a whole person.
    pub(crate) fn of(person: &'a Person) -> Self {
        Self {
            id: &person.id,
            user_name: &person.user_name,
            display_name: &person.display_name,
            phone: person.phone.as_deref().filter(|t| !t.is_empty()),
            email: person.email.as_deref().filter(|t| !t.is_empty()),
            status: person.status,
            description: person.description.as_deref(),
            created: person.created,
            updated: person.updated,
            last_login: person.last_login,
            group_ids: &person.group_ids,
            org_node: &person.org_node,
            secondary_org_nodes: &person.secondary_org_nodes,
            data_source: &person.data_source,
            expires: person.expires,
            activated: person.activated,
            password_needs_reset: person.password_needs_reset,
            administrator: person.administrator,
        }
    }

    /// A whole person again, without a password hash.
    pub fn to_person(&self) -> Person {
        Person {
            id: self.id.to_owned(),
            user_name: self.user_name.to_owned(),
            display_name: self.display_name.to_owned(),
            phone: self.phone.map(str::to_owned),
            email: self.email.map(str::to_owned),
            status: self.status,
            description: self.description.map(str::to_owned),
            created: self.created,
            updated: self.updated,
            last_login: self.last_login,
            group_ids: self.group_ids.to_vec(),
            org_node: self.org_node.to_owned(),
            secondary_org_nodes: self.secondary_org_nodes.to_vec(),
            data_source: self.data_source.to_owned(),
            expires: self.expires,
            activated: self.activated,
            password_needs_reset: self.password_needs_reset,
            password_hash: None,
            administrator: self.administrator,
        }
    }
}
