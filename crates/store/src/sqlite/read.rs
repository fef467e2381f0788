//! Reading, for the writing connection and for those that only read.

use model::facts::{AccountFacts, HostFacts};
use model::{
    Account, AccountView, Agent, ClearedHost, Credential, Day, EnrolmentToken, ExportTask, HostDay,
    HostEntry, HostRecord, HostState, Labels, Millis, Person, Scan, Tenant, TenantId,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::agents::{agent, agent_columns};
use super::enrolment::{token, token_columns};
use super::hosts::{Stored, facts, host_columns, host_facts, made_again};
use super::keys::{credential, key_columns};
use super::past;
use super::people::{columns, person};
use super::scans::{damaged, scan, scan_columns};
use super::tasks::{task, task_columns};
use super::{clearing, count, int, labels};
use crate::history::Past;
use crate::{AccountEvent, Audit, AuditRecord, Counts, EventFilter, Reader, Share, StoreError};

/// All rows of a query.
fn all<T>(
    sql: &Connection,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    Ok(sql.prepare_cached(query)?.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Anything that can be asked.
pub(super) trait HasConnection {
    fn sql(&self) -> &Connection;
}

impl<T: HasConnection> Reader for T {
    fn tenants(&mut self) -> Result<Vec<Tenant>, StoreError> {
        let mut statement =
            self.sql().prepare_cached("SELECT tenant, name, created FROM tenants ORDER BY tenant")?;
        let tenants = statement.query_map([], |row| {
            Ok(Tenant { id: TenantId(row.get(0)?), name: row.get(1)?, created: row.get(2)? })
        })?;
        Ok(tenants.collect::<Result<_, _>>()?)
    }

    fn root_org_node(&mut self, tenant: TenantId) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.sql().prepare_cached("SELECT root_org_node FROM tenants WHERE tenant = ?1")?;
        Ok(statement.query_row([tenant.0], |row| row.get(0)).optional()?)
    }

    fn each_person(
        &mut self,
        tenant: TenantId,
        share: Share,
        each: &mut dyn FnMut(Person),
    ) -> Result<(), StoreError> {
        const SOME: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM people WHERE tenant = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq"
        );
        let sql = self.sql().unchecked_transaction()?;
        let highest = kept_count(&sql, "SELECT person_seq FROM tenants WHERE tenant = ?1", tenant)?;
        let (low, high) = share.bounds(highest);
        let mut statement = sql.prepare_cached(SOME)?;
        let mut rows = statement.query((tenant.0, low, high))?;
        while let Some(row) = rows.next()? {
            let stored = person(row)?;
            each(Person { password_hash: None, ..stored.person });
        }
        Ok(())
    }

    fn each_host(
        &mut self,
        tenant: TenantId,
        each: &mut dyn FnMut(HostState, &[AccountView<'_>]),
    ) -> Result<(), StoreError> {
        // In the order of the large rows, so that the file is read from front to back.
        const ALL: &str = concat!(
            "SELECT ",
            host_columns!(),
            " FROM host_rows r CROSS JOIN hosts h ON h.tenant = ?1 AND h.quuid = r.quuid
             WHERE r.id >= ?1 << 32 AND r.id < (?1 + 1) << 32 ORDER BY r.id"
        );
        let sql = self.sql().unchecked_transaction()?;
        let mut statement = sql.prepare_cached(ALL)?;
        let mut rows = statement.query([i64::from(tenant.0)])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            each_stored(&sql, tenant, &Stored::read(row)?, each)?;
            found += 1;
        }
        let hosts = kept_count(&sql, "SELECT hosts FROM tenants WHERE tenant = ?1", tenant)?;
        if found != hosts {
            let why = format!("{found} have rows, {hosts} are counted");
            return Err(StoreError::damaged(format!("hosts of tenant {}", tenant.0), why));
        }
        Ok(())
    }

    fn host(&mut self, tenant: TenantId, quuid: &str) -> Result<Option<HostRecord>, StoreError> {
        const ONE: &str = concat!(
            "SELECT ",
            host_columns!(),
            " FROM hosts h LEFT JOIN host_rows r ON r.id = (h.tenant << 32) + h.number
             WHERE h.tenant = ?1 AND h.quuid = ?2"
        );
        let sql = self.sql().unchecked_transaction()?;
        let mut statement = sql.prepare_cached(ONE)?;
        let Some(stored) = statement.query_row((tenant.0, quuid), Stored::read).optional()? else {
            return Ok(None);
        };
        let record = facts(&sql, tenant.0, quuid)?.and_then(|body| stored.record(body));
        record.map(Some).map_err(|why| damaged_host(tenant, quuid, why))
    }

    fn labels(&mut self, tenant: TenantId) -> Result<Labels, StoreError> {
        labels::labels(self.sql(), tenant)
    }

    fn cleared(&mut self, tenant: TenantId) -> Result<Vec<ClearedHost>, StoreError> {
        clearing::cleared(self.sql(), tenant)
    }

    fn host_days(&mut self, tenant: TenantId, first: Day, last: Day) -> Result<Vec<HostDay>, StoreError> {
        clearing::days(self.sql(), tenant, first, last)
    }

    fn host_facts(
        &mut self,
        tenant: TenantId,
        quuids: &[&str],
    ) -> Result<Vec<Option<HostFacts>>, StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        let one = |quuid: &&str| {
            let found = host_facts(&sql, tenant.0, quuid)?;
            found.transpose().map_err(|why| damaged_host(tenant, quuid, why))
        };
        quuids.iter().map(one).collect()
    }

    fn credentials(&mut self) -> Result<Vec<Credential>, StoreError> {
        const ALL: &str = concat!("SELECT ", key_columns!(), " FROM credentials ORDER BY tenant, secret_id");
        all(self.sql(), ALL, credential)
    }

    fn tasks(&mut self) -> Result<Vec<ExportTask>, StoreError> {
        const ALL: &str = concat!("SELECT ", task_columns!(), " FROM tasks ORDER BY id");
        all(self.sql(), ALL, task)
    }

    fn enrolment_tokens(&mut self) -> Result<Vec<EnrolmentToken>, StoreError> {
        const ALL: &str =
            concat!("SELECT ", token_columns!(), " FROM enrolment_tokens ORDER BY tenant, secret_id");
        all(self.sql(), ALL, token)
    }

    fn agents(&mut self) -> Result<Vec<Agent>, StoreError> {
        const ALL: &str = concat!("SELECT ", agent_columns!(), " FROM agents ORDER BY tenant, id");
        all(self.sql(), ALL, agent)
    }

    fn scans(&mut self) -> Result<Vec<Scan>, StoreError> {
        const ALL: &str = concat!("SELECT ", scan_columns!(), " FROM scans ORDER BY id");
        let mut statement = self.sql().prepare_cached(ALL)?;
        let mut rows = statement.query([])?;
        let mut scans = Vec::new();
        while let Some(row) = rows.next()? {
            scans.push(scan(row)?.map_err(|why| damaged(0, why))?);
        }
        Ok(scans)
    }

    fn events(
        &mut self,
        tenant: TenantId,
        filter: &EventFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<AccountEvent>, u64), StoreError> {
        // One transaction, so that page and total belong together.
        let sql = self.sql().unchecked_transaction()?;
        past::events(&sql, tenant, filter, offset, limit)
    }

    fn history_from(&mut self, tenant: TenantId) -> Result<Millis, StoreError> {
        let mut find = self.sql().prepare_cached("SELECT history_from FROM tenants WHERE tenant = ?1")?;
        Ok(find.query_row([tenant.0], |row| row.get(0)).optional()?.unwrap_or_default())
    }

    fn host_at(
        &mut self,
        tenant: TenantId,
        quuid: &str,
        at: Millis,
    ) -> Result<Option<HostEntry>, StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        Ok(past::host_at(&sql, tenant, quuid, at, false)?.map(Past::entry))
    }

    fn account_at(
        &mut self,
        tenant: TenantId,
        quuid: &str,
        name: &str,
        at: Millis,
    ) -> Result<Option<(HostEntry, Option<AccountFacts>)>, StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        let past = past::host_at(&sql, tenant, quuid, at, false)?;
        Ok(past.map(|past| {
            let facts = past.account(name).cloned();
            (past.entry(), facts)
        }))
    }

    fn host_rebuilt(
        &mut self,
        tenant: TenantId,
        quuid: &str,
        at: Millis,
    ) -> Result<Option<HostEntry>, StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        Ok(past::host_at(&sql, tenant, quuid, at, true)?.map(Past::entry))
    }

    fn oldest(&mut self, tenant: TenantId, quuid: &str) -> Result<Option<HostEntry>, StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        past::oldest(&sql, tenant, quuid)
    }

    fn each_changed(
        &mut self,
        tenant: TenantId,
        at: Millis,
        each: &mut dyn FnMut(String, Option<HostEntry>),
    ) -> Result<(), StoreError> {
        let sql = self.sql().unchecked_transaction()?;
        for quuid in past::changed_since(&sql, tenant, at)? {
            let entry = past::host_at(&sql, tenant, &quuid, at, false)?.map(Past::entry);
            each(quuid, entry);
        }
        Ok(())
    }

    fn removed_hosts(&mut self, tenant: TenantId) -> Result<Vec<String>, StoreError> {
        past::removed(self.sql(), tenant)
    }

    fn person_password_hash(&mut self, tenant: TenantId, id: &str) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.sql().prepare_cached("SELECT password_hash FROM people WHERE tenant = ?1 AND id = ?2")?;
        Ok(statement.query_row((tenant.0, id), |row| row.get(0)).optional()?.flatten())
    }

    fn change_seq(&mut self, tenant: TenantId) -> Result<u64, StoreError> {
        kept_count(self.sql(), "SELECT change_seq FROM tenants WHERE tenant = ?1", tenant)
    }

    fn counts(&mut self, tenant: TenantId) -> Result<Counts, StoreError> {
        const COUNTS: &str = "SELECT people, hosts, audit_seq, \
             (SELECT count(*) FROM credentials WHERE tenant = ?1), (SELECT count(*) FROM tasks WHERE tenant = ?1) \
             FROM tenants WHERE tenant = ?1";
        let mut statement = self.sql().prepare_cached(COUNTS)?;
        let counts = statement
            .query_row([tenant.0], |row| {
                Ok(Counts {
                    people: count(row.get(0)?),
                    hosts: count(row.get(1)?),
                    audit: count(row.get(2)?),
                    credentials: count(row.get(3)?),
                    tasks: count(row.get(4)?),
                })
            })
            .optional()?;
        Ok(counts.unwrap_or_default())
    }

    fn audit(&mut self, tenant: TenantId, after: u64, limit: u64) -> Result<Vec<AuditRecord>, StoreError> {
        let mut statement = self.sql().prepare_cached(
            "SELECT seq, at, actor, action, target, request_id FROM audit
             WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let records = statement.query_map((tenant.0, int(after), int(limit)), |row| {
            Ok(AuditRecord {
                seq: count(row.get(0)?),
                at: row.get(1)?,
                entry: Audit {
                    actor: row.get(2)?,
                    action: row.get(3)?,
                    target: row.get(4)?,
                    request_id: row.get(5)?,
                },
            })
        })?;
        Ok(records.collect::<Result<_, _>>()?)
    }
}

/// A number kept beside the tenant; 0 when there is no such tenant.
fn kept_count(sql: &Connection, query: &str, tenant: TenantId) -> Result<u64, StoreError> {
    let found = sql.prepare_cached(query)?.query_row([tenant.0], |row| row.get(0)).optional()?;
    Ok(found.map_or(0, count))
}

/// Gives out one host, made again from its facts when its rows cannot be read.
fn each_stored(
    sql: &Connection,
    tenant: TenantId,
    stored: &Stored,
    each: &mut dyn FnMut(HostState, &[AccountView<'_>]),
) -> Result<(), StoreError> {
    match stored.parts() {
        Ok((state, accounts)) => each(state, &accounts),
        Err(why) => {
            tracing::warn!(quuid = stored.quuid, why, "the rows of a host are made again from its facts");
            let made = made_again(sql, tenant.0, stored)?;
            let (entry, _) = made.map_err(|why| damaged_host(tenant, &stored.quuid, why))?;
            each(
                HostState::clone(&entry.state),
                &entry.accounts.iter().map(Account::view).collect::<Vec<_>>(),
            );
        }
    }
    Ok(())
}

/// What is said of a host that cannot be read.
pub(super) fn damaged_host(tenant: TenantId, quuid: &str, why: String) -> StoreError {
    StoreError::damaged(format!("host {quuid:?} of tenant {}", tenant.0), why)
}
