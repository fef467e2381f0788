//! Tenants, what each counts, and its audit trail.

use std::sync::Arc;

use model::{TagsChanged, Tenant, TenantId};
use rusqlite::OptionalExtension;

use super::{Context, Done, count, int};
use crate::{Audit, Effect, FirstKey, Refusal};

/// How much the tenant of a write has already.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) people: u64,
    pub(super) hosts: u64,
    /// Last number given to a person.
    pub(super) person_seq: i64,
}

impl Context<'_> {
    /// Size of the tenant; refused when there is no such tenant.
    pub(super) fn size(&self) -> Done<Size> {
        let mut statement =
            self.sql.prepare_cached("SELECT people, hosts, person_seq FROM tenants WHERE tenant = ?1")?;
        let size = statement
            .query_row([self.tenant.0], |row| {
                Ok(Size { people: count(row.get(0)?), hosts: count(row.get(1)?), person_seq: row.get(2)? })
            })
            .optional()?;
        size.ok_or_else(|| Refusal::TenantNotFound.into())
    }

    pub(super) fn create_tenant(&self, name: &str, first_key: &FirstKey, root: &str) -> Done<Effect> {
        let mut taken = self.sql.prepare_cached("SELECT 1 FROM tenants WHERE name = ?1")?;
        if taken.exists([name])? {
            return Err(Refusal::TenantTaken.into());
        }
        let number = self.next("tenant")?;
        // 32 bits of tenants: nobody makes four billion, but the counter must not wrap.
        let limit = u64::from(u32::MAX);
        let id = u32::try_from(number).map_err(|_| Refusal::Quota { what: "tenants", limit })?;
        let tenant = Tenant { id: TenantId(id), name: name.to_owned(), created: self.now };
        self.sql
            .prepare_cached(
                "INSERT INTO tenants (tenant, name, created, root_org_node) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((id, name, self.now, root))?;
        let key = first_key.clone().into_credential(tenant.id, self.now);
        self.refuse_taken_key(&key.secret_id)?;
        self.write_credential(&key)?;
        Ok(Effect::Tenant {
            tenant: Arc::new(tenant),
            root_org_node: root.to_owned(),
            first_key: Arc::new(key),
        })
    }

    /// The next number of one of the installation's counters, from 1. A number is given once, restarts included.
    pub(super) fn next(&self, counter: &str) -> Done<u64> {
        let mut statement = self.sql.prepare_cached(
            "INSERT INTO counters (name, value) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        )?;
        Ok(statement.query_row([counter], |row| row.get(0)).map(count)?)
    }

    /// Adds an entry to the audit trail of the tenant.
    pub(super) fn record(&self, audit: &Audit) -> Done<()> {
        let mut next = self.sql.prepare_cached(
            "UPDATE tenants SET audit_seq = audit_seq + 1 WHERE tenant = ?1 RETURNING audit_seq",
        )?;
        let seq: Option<i64> = next.query_row([self.tenant.0], |row| row.get(0)).optional()?;
        let seq = seq.ok_or(Refusal::TenantNotFound)?;
        self.sql.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute((
            self.tenant.0,
            seq,
            self.now,
            &audit.actor,
            &audit.action,
            &audit.target,
            &audit.request_id,
        ))?;
        Ok(())
    }

    /// Keeps the counts of the tenant right; negative for what is gone.
    pub(super) fn count_people(&self, more: i64) -> Done<()> {
        self.sql
            .prepare_cached("UPDATE tenants SET people = people + ?2 WHERE tenant = ?1")?
            .execute((self.tenant.0, more))?;
        Ok(())
    }

    /// Reserves `number` consecutive numbers of people and returns the first.
    pub(super) fn next_people(&self, number: usize) -> Done<i64> {
        let number = int(u64::try_from(number).unwrap_or(u64::MAX));
        let mut statement = self.sql.prepare_cached(
            "UPDATE tenants SET person_seq = person_seq + ?2 WHERE tenant = ?1 RETURNING person_seq",
        )?;
        let last: i64 = statement.query_row((self.tenant.0, number), |row| row.get(0))?;
        Ok(last - number + 1)
    }
}

impl Effect {
    /// Whether anything of the tenant differs (its audit trail aside).
    pub(super) fn changes(&self) -> bool {
        match self {
            Effect::Recorded => false,
            Effect::Contacts { renewed } => *renewed > 0,
            Effect::Imported(imported) => !imported.people.is_empty(),
            Effect::Tags(changed) => **changed != TagsChanged::default(),
            Effect::PeopleDeleted(gone) => !gone.deleted.is_empty(),
            _ => true,
        }
    }
}
