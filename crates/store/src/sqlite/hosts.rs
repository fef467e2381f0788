//! Hosts: the instants of each in a small row, report and first sights in a large one, and the history of accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::facts::HostReport;
use model::{HostRecord, Millis, VanishedAccount};
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::tenants::Size;
use super::{Context, Done, codec, int};
use crate::merge::{Merged, merge};
use crate::{Effect, Refusal, StoreError};

/// Vanished accounts remembered of one host, latest first: a host that makes up names cannot fill the disk.
const HISTORY: u32 = 1_000;

/// Columns in the order [`HostRow::read`] uses; `hosts` is `h`, `host_bodies` is `b`.
macro_rules! host_columns {
    () => {
        "h.quuid, h.first_report, h.last_report, h.collected_at, b.body \
         FROM hosts h JOIN host_bodies b ON b.tenant = h.tenant AND b.quuid = h.quuid WHERE h.tenant = ?1"
    };
}
pub(super) use host_columns;

/// The large part of a host.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    report: HostReport,
    first_seen: BTreeMap<String, Millis>,
}

/// The same to be written.
#[derive(Serialize)]
struct BodyRef<'a> {
    report: &'a HostReport,
    first_seen: &'a BTreeMap<String, Millis>,
}

/// A host as it is stored.
pub(super) struct HostRow {
    pub(super) quuid: String,
    first_report: Millis,
    last_report: Millis,
    collected_at: Millis,
    body: Vec<u8>,
}

impl HostRow {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            quuid: row.get(0)?,
            first_report: row.get(1)?,
            last_report: row.get(2)?,
            collected_at: row.get(3)?,
            body: row.get(4)?,
        })
    }

    /// The record, or what is wrong with it.
    pub(super) fn decode(self) -> Result<HostRecord, String> {
        let mut body: Body = codec::decode(&self.body)?;
        body.report.collected_at = self.collected_at;
        Ok(HostRecord {
            quuid: self.quuid,
            report: body.report,
            first_seen: body.first_seen,
            first_report: self.first_report,
            last_report: self.last_report,
        })
    }
}

/// A row of the history: `quuid, name, first_seen, vanished, facts`.
pub(super) fn vanished(row: &Row<'_>) -> Result<VanishedAccount, StoreError> {
    let (quuid, name): (String, String) = (row.get(0)?, row.get(1)?);
    let facts = codec::decode(row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?)
        .map_err(|why| StoreError::damaged(format!("facts of account {name:?} on host {quuid:?}"), why))?;
    Ok(VanishedAccount { quuid, name, first_seen: row.get(2)?, vanished: row.get(3)?, facts })
}

impl Context<'_> {
    pub(super) fn put_host(
        &self,
        quuid: &str,
        report: &HostReport,
        received: Millis,
        size: Size,
    ) -> Done<Effect> {
        let old = self.find_host(quuid)?;
        let created = old.is_none();
        if created && size.hosts >= self.limits.hosts {
            return Err(Refusal::Quota { what: "hosts", limit: self.limits.hosts }.into());
        }
        let Merged { record, vanished, changed } = merge(old, quuid, report.clone(), received);
        self.write_host(&record)?;
        if changed {
            self.write_body(&record)?;
        }
        self.remember(quuid, &vanished)?;
        self.count_hosts(i64::from(created))?;
        Ok(Effect::Host { record: Arc::new(record), vanished: vanished.len(), changed })
    }

    pub(super) fn delete_host(&self, quuid: &str) -> Done<Effect> {
        let key = (self.tenant.0, quuid);
        let forgotten =
            self.sql.prepare_cached("DELETE FROM vanished WHERE tenant = ?1 AND quuid = ?2")?.execute(key)?;
        let deleted =
            self.sql.prepare_cached("DELETE FROM hosts WHERE tenant = ?1 AND quuid = ?2")?.execute(key)?;
        if deleted == 0 {
            return Err(Refusal::HostNotFound.into());
        }
        self.count_hosts(-1)?;
        self.count_vanished(-rows(forgotten))?;
        Ok(Effect::HostDeleted { quuid: quuid.to_owned() })
    }

    fn find_host(&self, quuid: &str) -> Done<Option<HostRecord>> {
        const FIND: &str = concat!("SELECT ", host_columns!(), " AND h.quuid = ?2");
        let row =
            self.sql.prepare_cached(FIND)?.query_row((self.tenant.0, quuid), HostRow::read).optional()?;
        Ok(row.map(HostRow::decode).transpose().map_err(Refusal::HostDamaged)?)
    }

    fn write_host(&self, record: &HostRecord) -> Done<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO hosts (tenant, quuid, first_report, last_report, collected_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (tenant, quuid) DO UPDATE SET last_report = ?4, collected_at = ?5",
            )?
            .execute((
                self.tenant.0,
                &record.quuid,
                record.first_report,
                record.last_report,
                record.report.collected_at,
            ))?;
        Ok(())
    }

    fn write_body(&self, record: &HostRecord) -> Done<()> {
        let body = codec::encode(&BodyRef { report: &record.report, first_seen: &record.first_seen })?;
        self.sql
            .prepare_cached(
                "INSERT INTO host_bodies (tenant, quuid, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (tenant, quuid) DO UPDATE SET body = ?3",
            )?
            .execute((self.tenant.0, &record.quuid, body))?;
        Ok(())
    }

    /// Adds to the history of a host and lets go of its oldest entries.
    fn remember(&self, quuid: &str, vanished: &[VanishedAccount]) -> Done<()> {
        if vanished.is_empty() {
            return Ok(());
        }
        let number = rows(vanished.len());
        let last: i64 = self
            .sql
            .prepare_cached(
                "UPDATE tenants SET vanished_seq = vanished_seq + ?2 WHERE tenant = ?1 RETURNING vanished_seq",
            )?
            .query_row((self.tenant.0, number), |row| row.get(0))?;
        let mut insert =
            self.sql.prepare_cached("INSERT INTO vanished VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for (seq, account) in (last - number + 1..).zip(vanished) {
            let facts = codec::encode(&account.facts)?;
            let VanishedAccount { name, first_seen, vanished, .. } = account;
            insert.execute((self.tenant.0, seq, quuid, name, first_seen, vanished, facts))?;
        }
        let forgotten = self
            .sql
            .prepare_cached(
                "DELETE FROM vanished WHERE tenant = ?1 AND quuid = ?2 AND seq <= (SELECT seq FROM vanished
                 WHERE tenant = ?1 AND quuid = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute((self.tenant.0, quuid, HISTORY))?;
        self.count_vanished(number - rows(forgotten))
    }

    fn count_hosts(&self, more: i64) -> Done<()> {
        if more != 0 {
            self.sql
                .prepare_cached("UPDATE tenants SET hosts = hosts + ?2 WHERE tenant = ?1")?
                .execute((self.tenant.0, more))?;
        }
        Ok(())
    }

    fn count_vanished(&self, more: i64) -> Done<()> {
        self.sql
            .prepare_cached("UPDATE tenants SET vanished = vanished + ?2 WHERE tenant = ?1")?
            .execute((self.tenant.0, more))?;
        Ok(())
    }
}

fn rows(number: usize) -> i64 {
    int(u64::try_from(number).unwrap_or(u64::MAX))
}
