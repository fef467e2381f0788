//! Enrolment tokens: each beside its key, spent one use at a time.

use std::sync::Arc;

use model::{Credential, EnrolmentToken, TenantId};
use rusqlite::{OptionalExtension, Row};

use super::people::{list, unlist};
use super::{Context, Done, count, int};
use crate::{Effect, Refusal};

/// Tokens of one tenant.
const TOKENS: u64 = 10_000;
/// How long a token that has ended is listed.
const REMEMBERED: i64 = 90 * 24 * 3_600_000;

/// Columns in the order [`token`] uses.
macro_rules! token_columns {
    () => {
        "tenant, secret_id, name, tags, uses_left, uses, expires, revoked, created"
    };
}
pub(super) use token_columns;

impl Context<'_> {
    pub(super) fn create_token(&self, token: &EnrolmentToken, key: &Credential) -> Done<Effect> {
        if token.tenant != self.tenant || key.tenant != self.tenant {
            return Err(Refusal::OtherTenant.into());
        }
        self.refuse_taken_key(&key.secret_id)?;
        self.forget_old_tokens()?;
        let tokens: i64 = self
            .sql
            .prepare_cached("SELECT count(*) FROM enrolment_tokens WHERE tenant = ?1")?
            .query_row([self.tenant.0], |row| row.get(0))?;
        if count(tokens) >= TOKENS {
            return Err(Refusal::Quota { what: "enrolment tokens", limit: TOKENS }.into());
        }
        self.write_credential(key)?;
        self.write_token(token)?;
        Ok(Effect::Token { token: Arc::new(token.clone()), key: Some(Arc::new(key.clone())) })
    }

    pub(super) fn revoke_token(&self, secret_id: &str) -> Done<Effect> {
        let token = self.find_token(secret_id)?.ok_or(Refusal::TokenNotFound)?;
        self.sql
            .prepare_cached(
                "DELETE FROM credentials WHERE tenant = ?1 AND secret_id = ?2 AND role = 'enrol'",
            )?
            .execute((self.tenant.0, secret_id))?;
        let token = EnrolmentToken { revoked: true, ..token };
        self.write_token(&token)?;
        Ok(Effect::Token { token: Arc::new(token), key: None })
    }

    /// Takes a use of a token.
    pub(super) fn use_token(&self, secret_id: &str) -> Done<EnrolmentToken> {
        let token = self.find_token(secret_id)?.ok_or(Refusal::TokenNotFound)?;
        if !token.usable(self.now) {
            return Err(Refusal::TokenSpent.into());
        }
        let (left, uses) = (token.uses_left.map(|left| left.saturating_sub(1)), token.uses.saturating_add(1));
        let token = EnrolmentToken { uses_left: left, uses, ..token };
        self.write_token(&token)?;
        Ok(token)
    }

    /// A token that cannot be used any more stays for a while, with its key, so that hosts that wait for an operator
    /// can still fetch theirs; then both go, so that neither piles up.
    fn forget_old_tokens(&self) -> Done<()> {
        let before = self.now.saturating_sub(REMEMBERED);
        let mut old = self.sql.prepare_cached(
            "DELETE FROM enrolment_tokens
             WHERE tenant = ?1 AND created < ?2 AND revoked = 1 OR tenant = ?1 AND expires < ?2",
        )?;
        let mut keys = self.sql.prepare_cached(
            "DELETE FROM credentials WHERE tenant = ?1 AND role = 'enrol' AND secret_id NOT IN
             (SELECT secret_id FROM enrolment_tokens WHERE tenant = ?1)",
        )?;
        if old.execute((self.tenant.0, before))? > 0 {
            keys.execute([self.tenant.0])?;
        }
        Ok(())
    }

    fn find_token(&self, secret_id: &str) -> Done<Option<EnrolmentToken>> {
        const FIND: &str = concat!(
            "SELECT ",
            token_columns!(),
            " FROM enrolment_tokens WHERE tenant = ?1 AND secret_id = ?2"
        );
        let mut statement = self.sql.prepare_cached(FIND)?;
        Ok(statement.query_row((self.tenant.0, secret_id), token).optional()?)
    }

    fn write_token(&self, token: &EnrolmentToken) -> Done<()> {
        const WRITE: &str = concat!(
            "INSERT INTO enrolment_tokens (",
            token_columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (tenant, secret_id) DO UPDATE SET uses_left = ?5, uses = ?6, revoked = ?8"
        );
        self.sql.prepare_cached(WRITE)?.execute((
            self.tenant.0,
            &token.secret_id,
            &token.name,
            list(&token.tags),
            token.uses_left.map(int),
            int(token.uses),
            token.expires,
            token.revoked,
            token.created,
        ))?;
        Ok(())
    }
}

/// A row of [`token_columns`].
pub(super) fn token(row: &Row<'_>) -> rusqlite::Result<EnrolmentToken> {
    Ok(EnrolmentToken {
        tenant: TenantId(row.get(0)?),
        secret_id: row.get(1)?,
        name: row.get(2)?,
        tags: unlist(row, 3)?,
        uses_left: row.get::<_, Option<i64>>(4)?.map(count),
        uses: count(row.get(5)?),
        expires: row.get(6)?,
        revoked: row.get(7)?,
        created: row.get(8)?,
    })
}
