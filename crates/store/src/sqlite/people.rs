//! People: one row each, unique by id, user name, phone and e-mail address within the tenant.

use std::sync::Arc;

use model::{Person, PersonPatch, PersonStatus};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row};

use super::tenants::Size;
use super::{Context, Done};
use crate::{Effect, PeopleDeleted, PersonKey, Refusal, StoreError};

/// Columns in the order [`person`] and [`Context::insert_person`] use; the first two are the primary key.
macro_rules! columns {
    () => {
        "tenant, seq, id, user_name, display_name, phone, email, status, description, created, updated, last_login, \
         group_ids, org_node, secondary_org_nodes, data_source, expires, activated, password_needs_reset, \
         administrator, password_hash"
    };
}
pub(super) use columns;

const BY_NAME: &str = concat!("SELECT ", columns!(), " FROM people WHERE tenant = ?1 AND user_name = ?2");

/// A person with the number of the row.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) person: Person,
}

/// An attribute that only one person of a tenant may have with a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unique {
    Id,
    UserName,
    Phone,
    Email,
}

impl Unique {
    /// What is wrong when somebody else has the value.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Unique::Id => Refusal::IdTaken,
            Unique::UserName => Refusal::UserNameTaken,
            Unique::Phone => Refusal::PhoneTaken,
            Unique::Email => Refusal::EmailTaken,
        }
    }

    /// Number and user name of the person with a value; parameters: tenant, value.
    fn owner_query(self) -> &'static str {
        match self {
            Unique::Id => "SELECT seq, user_name FROM people WHERE tenant = ?1 AND id = ?2",
            Unique::UserName => "SELECT seq, user_name FROM people WHERE tenant = ?1 AND user_name = ?2",
            Unique::Phone => "SELECT seq, user_name FROM people WHERE tenant = ?1 AND phone = ?2",
            Unique::Email => "SELECT seq, user_name FROM people WHERE tenant = ?1 AND email = ?2",
        }
    }
}

impl Context<'_> {
    pub(super) fn create_person(&self, person: &Person, size: Size) -> Done<Effect> {
        if size.people >= self.limits.people {
            return Err(Refusal::Quota { what: "people", limit: self.limits.people }.into());
        }
        // Tried first: asking each index beforehand costs more than the insert, which asks them anyway.
        let seq = size.person_seq.saturating_add(1);
        if self.insert_people(seq, std::iter::once(person))? {
            self.sql
                .prepare_cached("UPDATE tenants SET people = people + 1, person_seq = ?2 WHERE tenant = ?1")?
                .execute((self.tenant.0, seq))?;
            return Ok(Effect::Person(public(person.clone())));
        }
        let unique = [
            (Unique::UserName, Some(&person.user_name)),
            (Unique::Id, Some(&person.id)),
            (Unique::Phone, person.phone.as_ref()),
            (Unique::Email, person.email.as_ref()),
        ];
        for (attribute, value) in unique {
            self.refuse_taken(attribute, value, None)?;
        }
        Err(StoreError::damaged("indexes of people", "they disagree on who has what").into())
    }

    pub(super) fn modify_person(&self, key: &PersonKey, patch: &PersonPatch) -> Done<Effect> {
        let Stored { seq, person: before } = self.find_person(key)?.ok_or(Refusal::PersonNotFound)?;
        let mut after = before.clone();
        patch.apply(&mut after, self.now);
        self.refuse_taken(Unique::Phone, after.phone.as_ref(), Some(seq))?;
        self.refuse_taken(Unique::Email, after.email.as_ref(), Some(seq))?;
        self.update_person(seq, &before, &after)?;
        Ok(Effect::Person(public(after)))
    }

    pub(super) fn delete_person(&self, key: &PersonKey) -> Done<Effect> {
        let id = self.remove_person(key)??;
        self.count_people(-1)?;
        Ok(Effect::PersonDeleted { id })
    }

    pub(super) fn delete_people(&self, keys: &[PersonKey]) -> Done<Effect> {
        let mut gone = PeopleDeleted::default();
        for key in keys {
            match self.remove_person(key)? {
                Ok(id) => gone.deleted.push(id),
                Err(refusal) => gone.failed.push((key.clone(), refusal)),
            }
        }
        self.count_people(-i64::try_from(gone.deleted.len()).unwrap_or(i64::MAX))?;
        Ok(Effect::PeopleDeleted(Arc::new(gone)))
    }

    /// Removes one person and returns the id; the count is the caller's.
    fn remove_person(&self, key: &PersonKey) -> Done<Result<String, Refusal>> {
        let (query, value) = match key {
            PersonKey::Id(id) => {
                ("SELECT seq, id, administrator FROM people WHERE tenant = ?1 AND id = ?2", id)
            }
            PersonKey::Name(name) => {
                ("SELECT seq, id, administrator FROM people WHERE tenant = ?1 AND user_name = ?2", name)
            }
        };
        let found: Option<(i64, String, bool)> = self
            .sql
            .prepare_cached(query)?
            .query_row((self.tenant.0, value), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match found {
            None => Ok(Err(Refusal::PersonNotFound)),
            Some((_, _, true)) => Ok(Err(Refusal::Administrator)),
            Some((seq, id, false)) => {
                self.sql
                    .prepare_cached("DELETE FROM people WHERE tenant = ?1 AND seq = ?2")?
                    .execute((self.tenant.0, seq))?;
                Ok(Ok(id))
            }
        }
    }

    /// The person of the key, with the password hash.
    fn find_person(&self, key: &PersonKey) -> Done<Option<Stored>> {
        const BY_ID: &str = concat!("SELECT ", columns!(), " FROM people WHERE tenant = ?1 AND id = ?2");
        let (query, value) = match key {
            PersonKey::Id(id) => (BY_ID, id),
            PersonKey::Name(name) => (BY_NAME, name),
        };
        let mut statement = self.sql.prepare_cached(query)?;
        Ok(statement.query_row((self.tenant.0, value), person).optional()?)
    }

    /// The people with these user names, in their order, with the password hash.
    pub(super) fn find_people<'a>(&self, names: impl Iterator<Item = &'a str>) -> Done<Vec<Option<Stored>>> {
        let mut statement = self.sql.prepare_cached(BY_NAME)?;
        let found = names.map(|name| statement.query_row((self.tenant.0, name), person).optional());
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Number and user name of the person that has `value`.
    pub(super) fn owner(&self, attribute: Unique, value: &str) -> Done<Option<(i64, String)>> {
        let mut statement = self.sql.prepare_cached(attribute.owner_query())?;
        Ok(statement.query_row((self.tenant.0, value), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn refuse_taken(&self, attribute: Unique, value: Option<&String>, except: Option<i64>) -> Done<()> {
        let Some(value) = value else { return Ok(()) };
        match self.owner(attribute, value)? {
            Some((seq, _)) if Some(seq) != except => Err(attribute.refusal().into()),
            _ => Ok(()),
        }
    }

    /// Adds people, numbered from `first`; false, with some of them added, when somebody else has one of the unique
    /// values.
    pub(super) fn insert_people<'a>(
        &self,
        first: i64,
        people: impl Iterator<Item = &'a Person>,
    ) -> Done<bool> {
        const INSERT: &str = concat!(
            "INSERT INTO people (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) \
             ON CONFLICT DO NOTHING"
        );
        let mut insert = self.sql.prepare_cached(INSERT)?;
        for (seq, person) in (first..).zip(people) {
            let inserted = insert.execute(rusqlite::params![
                self.tenant.0,
                seq,
                person.id,
                person.user_name,
                person.display_name,
                person.phone,
                person.email,
                person.status.as_str(),
                person.description,
                person.created,
                person.updated,
                person.last_login,
                list(&person.group_ids),
                person.org_node,
                list(&person.secondary_org_nodes),
                person.data_source,
                person.expires,
                person.activated,
                person.password_needs_reset,
                person.administrator,
                person.password_hash,
            ])?;
            if inserted != 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes what can change of a person. Indexed columns are only touched when they differ.
    pub(super) fn update_person(&self, seq: i64, before: &Person, after: &Person) -> Done<()> {
        const UPDATE: &str = "UPDATE people SET display_name = ?3, status = ?4, description = ?5, created = ?6, \
            updated = ?7, last_login = ?8, group_ids = ?9, org_node = ?10, secondary_org_nodes = ?11, expires = ?12, \
            activated = ?13, password_needs_reset = ?14, password_hash = ?15 WHERE tenant = ?1 AND seq = ?2";
        self.sql.prepare_cached(UPDATE)?.execute(rusqlite::params![
            self.tenant.0,
            seq,
            after.display_name,
            after.status.as_str(),
            after.description,
            after.created,
            after.updated,
            after.last_login,
            list(&after.group_ids),
            after.org_node,
            list(&after.secondary_org_nodes),
            after.expires,
            after.activated,
            after.password_needs_reset,
            after.password_hash,
        ])?;
        if before.phone != after.phone || before.email != after.email {
            self.set_contacts(seq, after.phone.as_deref(), after.email.as_deref())?;
        }
        Ok(())
    }

    pub(super) fn set_contacts(&self, seq: i64, phone: Option<&str>, email: Option<&str>) -> Done<()> {
        self.sql
            .prepare_cached("UPDATE people SET phone = ?3, email = ?4 WHERE tenant = ?1 AND seq = ?2")?
            .execute((self.tenant.0, seq, phone, email))?;
        Ok(())
    }
}

/// The person as the rosters may have it.
pub(super) fn public(mut person: Person) -> Arc<Person> {
    person.password_hash = None;
    Arc::new(person)
}

/// A row of [`columns`].
pub(super) fn person(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let status = row.get_ref(7)?.as_str()?;
    let status = PersonStatus::parse(status).ok_or_else(|| odd(7, "state of a person", status))?;
    let person = Person {
        id: row.get(2)?,
        user_name: row.get(3)?,
        display_name: row.get(4)?,
        phone: row.get(5)?,
        email: row.get(6)?,
        status,
        description: row.get(8)?,
        created: row.get(9)?,
        updated: row.get(10)?,
        last_login: row.get(11)?,
        group_ids: unlist(row, 12)?,
        org_node: row.get(13)?,
        secondary_org_nodes: unlist(row, 14)?,
        data_source: row.get(15)?,
        expires: row.get(16)?,
        activated: row.get(17)?,
        password_needs_reset: row.get(18)?,
        administrator: row.get(19)?,
        password_hash: row.get(20)?,
    };
    Ok(Stored { seq: row.get(1)?, person })
}

/// A value the program never writes.
pub(super) fn odd(column: usize, what: &str, value: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("{what}: {value:?}").into())
}

pub(super) fn list(ids: &[String]) -> Option<String> {
    // A list of texts always has a JSON form.
    (!ids.is_empty()).then(|| serde_json::Value::from(ids).to_string())
}

pub(super) fn unlist(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    match row.get_ref(column)?.as_str_or_null()? {
        None => Ok(Vec::new()),
        Some(json) => serde_json::from_str(json).map_err(|_| odd(column, "list of ids", json)),
    }
}
