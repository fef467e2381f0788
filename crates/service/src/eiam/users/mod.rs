//! People, called users on this wire: finding, reading, making, changing and deleting them.

mod attributes;
mod create;
mod delete;
mod describe;
mod list;
mod modify;

pub use create::create;
pub use delete::{delete, delete_many};
pub use describe::describe;
pub use list::list;
pub use modify::modify;

use store::PersonKey;
use wire::{Code, Error};

/// How an action names one person: by user name, which wins, or by id. `none` is the code for neither.
fn person_key(
    user_name: Option<String>,
    user_id: Option<String>,
    empty_name: Code,
    empty_id: Code,
    none: Code,
) -> Result<PersonKey, Error> {
    match (user_name, user_id) {
        (Some(name), _) if name.is_empty() => Err(Error::new(empty_name).field("UserName")),
        (Some(name), _) => Ok(PersonKey::Name(name)),
        (None, Some(id)) if id.is_empty() => Err(Error::new(empty_id).field("UserId")),
        (None, Some(id)) => Ok(PersonKey::Id(id)),
        (None, None) => Err(Error::new(none)
            .field("UserName")
            .detail("either UserName or UserId is needed", "UserName 与 UserId 至少需要一个")),
    }
}

/// The person with this key, or `FailedOperation.PersonNotFound`.
fn find<'s>(snapshot: &'s roster::PeopleSnapshot, key: &PersonKey) -> Result<roster::PersonView<'s>, Error> {
    let found = match key {
        PersonKey::Id(id) => snapshot.by_id(id),
        PersonKey::Name(name) => snapshot.by_name(name),
    };
    let field = match key {
        PersonKey::Id(_) => "UserId",
        PersonKey::Name(_) => "UserName",
    };
    found.ok_or_else(|| Error::new(Code::FailedOperationPersonNotFound).field(field))
}
