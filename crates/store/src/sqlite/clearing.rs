//! Hosts that are cleared away after a long silence, and how many hosts there were on each day.

use model::{ClearedHost, Day, HostDay, TenantId};
use rusqlite::{Connection, Row};

use super::{Context, Done, count, int};
use crate::{Effect, Refusal, StoreError};

/// Cleared hosts remembered of a tenant, latest first.
const CLEARED: i64 = 10_000;
/// Days remembered of a tenant.
const DAYS: i32 = 3 * 366;

impl Context<'_> {
    /// Sets after how many days of silence a host is cleared away.
    pub(super) fn set_clear_rule(&self, days: u32) -> Done<Effect> {
        self.sql
            .prepare_cached("UPDATE tenants SET clear_after_days = ?2 WHERE tenant = ?1")?
            .execute((self.tenant.0, days))?;
        Ok(Effect::ClearRule { days })
    }

    /// Removes a host that was last heard of at `host.last_report`, and notes that.
    pub(super) fn clear_host(&self, host: &ClearedHost) -> Done<Effect> {
        let mut find = self
            .sql
            .prepare_cached("SELECT 1 FROM hosts WHERE tenant = ?1 AND quuid = ?2 AND last_report <= ?3")?;
        // It may have been heard of since it was chosen.
        if !find.exists((self.tenant.0, &host.quuid, host.last_report))? {
            return Err(Refusal::HostNotFound.into());
        }
        let id = int(self.next("cleared host")?);
        self.sql
            .prepare_cached("INSERT INTO cleared_hosts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute((
                self.tenant.0,
                id,
                &host.quuid,
                &host.name,
                &host.instance_id,
                &host.wan_ip,
                &host.private_ip,
                host.last_report,
                self.now,
            ))?;
        self.sql
            .prepare_cached(
                "DELETE FROM cleared_hosts WHERE tenant = ?1 AND id <= (SELECT id FROM cleared_hosts
                 WHERE tenant = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((self.tenant.0, CLEARED))?;
        self.delete_host(&host.quuid, false)
    }

    /// Removes entries of the list of cleared hosts: all or none.
    pub(super) fn forget_cleared(&self, ids: &[u64]) -> Done<Effect> {
        let mut delete =
            self.sql.prepare_cached("DELETE FROM cleared_hosts WHERE tenant = ?1 AND id = ?2")?;
        for id in ids.iter().collect::<std::collections::BTreeSet<_>>() {
            if delete.execute((self.tenant.0, int(*id)))? == 0 {
                return Err(Refusal::HostNotFound.into());
            }
        }
        Ok(Effect::Recorded)
    }

    /// Notes the hosts of a day in place of an earlier count, and forgets days of long ago.
    pub(super) fn put_host_day(&self, counted: HostDay) -> Done<Effect> {
        self.sql
            .prepare_cached(
                "INSERT INTO host_days VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant, day) DO UPDATE SET hosts = ?3, online = ?4",
            )?
            .execute((self.tenant.0, counted.day, int(counted.hosts), int(counted.online)))?;
        self.sql
            .prepare_cached("DELETE FROM host_days WHERE tenant = ?1 AND day < ?2")?
            .execute((self.tenant.0, counted.day.saturating_sub(DAYS)))?;
        Ok(Effect::Recorded)
    }
}

/// Hosts that were cleared away, in that order.
pub(super) fn cleared(sql: &Connection, tenant: TenantId) -> Result<Vec<ClearedHost>, StoreError> {
    let mut all = sql.prepare_cached(
        "SELECT id, quuid, name, instance_id, wan_ip, private_ip, last_report, cleared FROM cleared_hosts
         WHERE tenant = ?1 ORDER BY id",
    )?;
    let one = |row: &Row<'_>| {
        Ok(ClearedHost {
            id: count(row.get(0)?),
            quuid: row.get(1)?,
            name: row.get(2)?,
            instance_id: row.get(3)?,
            wan_ip: row.get(4)?,
            private_ip: row.get(5)?,
            last_report: row.get(6)?,
            cleared: row.get(7)?,
        })
    };
    Ok(all.query_map([tenant.0], one)?.collect::<Result<_, _>>()?)
}

/// The days that were counted, from `first` to `last`, in order.
pub(super) fn days(
    sql: &Connection,
    tenant: TenantId,
    first: Day,
    last: Day,
) -> Result<Vec<HostDay>, StoreError> {
    let mut some = sql.prepare_cached(
        "SELECT day, hosts, online FROM host_days WHERE tenant = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day",
    )?;
    let one = |row: &Row<'_>| {
        Ok(HostDay { day: row.get(0)?, hosts: count(row.get(1)?), online: count(row.get(2)?) })
    };
    Ok(some.query_map((tenant.0, first, last), one)?.collect::<Result<_, _>>()?)
}
