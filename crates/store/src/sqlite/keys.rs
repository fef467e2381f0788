//! API keys: sealed secrets, and the rule that a tenant keeps an admin key.

use std::sync::Arc;

use model::{Credential, KeyState, Role, TenantId};
use rusqlite::{OptionalExtension, Row};

use super::people::odd;
use super::{Context, Done};
use crate::{Effect, Refusal};

/// Columns in the order [`credential`] uses.
macro_rules! key_columns {
    () => {
        "tenant, secret_id, name, role, enabled, sealed_secret, token_hash, expires, created"
    };
}
pub(super) use key_columns;

impl Context<'_> {
    pub(super) fn put_credential(&self, credential: &Credential) -> Done<Effect> {
        if credential.tenant != self.tenant {
            return Err(Refusal::OtherTenant.into());
        }
        match self.find_credential(&credential.secret_id)? {
            Some(before) => self.keep_an_admin(&before, Some(credential))?,
            None => self.refuse_taken_key(&credential.secret_id)?,
        }
        self.write_credential(credential)?;
        Ok(Effect::Credential(Arc::new(credential.clone())))
    }

    pub(super) fn set_key_state(&self, secret_id: &str, state: KeyState) -> Done<Effect> {
        let before = self.find_credential(secret_id)?.ok_or(Refusal::KeyNotFound)?;
        let after = Credential { state, ..before.clone() };
        self.keep_an_admin(&before, Some(&after))?;
        self.write_credential(&after)?;
        Ok(Effect::Credential(Arc::new(after)))
    }

    pub(super) fn delete_credential(&self, secret_id: &str) -> Done<Effect> {
        let before = self.find_credential(secret_id)?.ok_or(Refusal::KeyNotFound)?;
        self.keep_an_admin(&before, None)?;
        self.sql
            .prepare_cached("DELETE FROM credentials WHERE tenant = ?1 AND secret_id = ?2")?
            .execute((self.tenant.0, secret_id))?;
        Ok(Effect::CredentialDeleted { secret_id: before.secret_id })
    }

    /// Refuses an id that any tenant has.
    pub(super) fn refuse_taken_key(&self, secret_id: &str) -> Done<()> {
        let mut statement = self.sql.prepare_cached("SELECT 1 FROM credentials WHERE secret_id = ?1")?;
        if statement.exists([secret_id])? { Err(Refusal::KeyTaken.into()) } else { Ok(()) }
    }

    pub(super) fn write_credential(&self, key: &Credential) -> Done<()> {
        const WRITE: &str = concat!(
            "INSERT INTO credentials (",
            key_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (tenant, secret_id) DO UPDATE SET name = ?3, role = ?4, enabled = ?5, sealed_secret = ?6,
             token_hash = ?7, expires = ?8, created = ?9"
        );
        self.sql.prepare_cached(WRITE)?.execute((
            key.tenant.0,
            &key.secret_id,
            &key.name,
            key.role.as_str(),
            key.state == KeyState::Enabled,
            &key.sealed_secret,
            key.token_hash,
            key.expires,
            key.created,
        ))?;
        Ok(())
    }

    fn find_credential(&self, secret_id: &str) -> Done<Option<Credential>> {
        const FIND: &str =
            concat!("SELECT ", key_columns!(), " FROM credentials WHERE tenant = ?1 AND secret_id = ?2");
        let mut statement = self.sql.prepare_cached(FIND)?;
        Ok(statement.query_row((self.tenant.0, secret_id), credential).optional()?)
    }

    fn keep_an_admin(&self, before: &Credential, after: Option<&Credential>) -> Done<()> {
        if !lasting_admin(before) || after.is_some_and(lasting_admin) {
            return Ok(());
        }
        let mut others = self.sql.prepare_cached(
            "SELECT 1 FROM credentials WHERE tenant = ?1 AND secret_id <> ?2 AND role = 'admin' AND enabled = 1
             AND expires IS NULL",
        )?;
        if others.exists((self.tenant.0, &before.secret_id))? {
            return Ok(());
        }
        Err(Refusal::LastAdminKey.into())
    }
}

fn lasting_admin(key: &Credential) -> bool {
    key.role == Role::Admin && key.state == KeyState::Enabled && key.expires.is_none()
}

/// A row of [`key_columns`].
pub(super) fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let role = row.get_ref(3)?.as_str()?;
    Ok(Credential {
        tenant: TenantId(row.get(0)?),
        secret_id: row.get(1)?,
        name: row.get(2)?,
        role: Role::parse(role).ok_or_else(|| odd(3, "role of a key", role))?,
        state: if row.get(4)? { KeyState::Enabled } else { KeyState::Disabled },
        sealed_secret: row.get(5)?,
        token_hash: row.get(6)?,
        expires: row.get(7)?,
        created: row.get(8)?,
    })
}
