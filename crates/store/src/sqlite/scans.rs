//! Scans: which hosts were asked to report, by whom, and how it ended. Who has answered is known in memory.

use std::sync::Arc;

use model::{Scan, ScanState, TenantId};
use rusqlite::{OptionalExtension, Row};

use super::people::odd;
use super::{Context, Done, count, int};
use crate::{Effect, NewScan, Refusal, StoreError, codec};

/// Scans of a tenant that are remembered.
const REMEMBERED: u32 = 1_000;

/// Columns in the order [`scan`] uses.
macro_rules! scan_columns {
    () => {
        "tenant, id, owner, state, hosts, asked, answered, started, ended"
    };
}
pub(super) use scan_columns;

impl Context<'_> {
    pub(super) fn start_scan(&self, new: &NewScan) -> Done<Effect> {
        let scan = Scan {
            id: self.next("scan")?,
            tenant: self.tenant,
            owner: new.owner.clone(),
            state: ScanState::Running,
            hosts: new.hosts.clone(),
            asked: u64::try_from(new.hosts.len()).unwrap_or(u64::MAX),
            answered: 0,
            started: self.now,
            ended: None,
        };
        const WRITE: &str =
            concat!("INSERT INTO scans (", scan_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, NULL)");
        let hosts = codec::encode(&scan.hosts)?;
        self.sql.prepare_cached(WRITE)?.execute((
            self.tenant.0,
            int(scan.id),
            &scan.owner,
            scan.state.as_str(),
            hosts,
            int(scan.asked),
            scan.started,
        ))?;
        self.sql
            .prepare_cached(
                "DELETE FROM scans WHERE tenant = ?1 AND state <> 'running' AND id <=
                 (SELECT id FROM scans WHERE tenant = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((self.tenant.0, REMEMBERED))?;
        Ok(Effect::Scan(Arc::new(scan)))
    }

    pub(super) fn end_scan(&self, id: u64, state: ScanState, answered: u64) -> Done<Effect> {
        const FIND: &str = concat!("SELECT ", scan_columns!(), " FROM scans WHERE tenant = ?1 AND id = ?2");
        let mut statement = self.sql.prepare_cached(FIND)?;
        let before = statement.query_row((self.tenant.0, int(id)), scan).optional()?;
        let before = before.ok_or(Refusal::ScanNotFound)?.map_err(|why| damaged(id, why))?;
        if before.state != ScanState::Running {
            return Err(Refusal::ScanEnded.into());
        }
        let scan = Scan { state, hosts: Vec::new(), answered, ended: Some(self.now), ..before };
        self.sql
            .prepare_cached(
                "UPDATE scans SET state = ?3, answered = ?4, ended = ?5, hosts = ?6 WHERE tenant = ?1 AND id = ?2",
            )?
            .execute((self.tenant.0, int(id), state.as_str(), int(answered), scan.ended, codec::encode(&scan.hosts)?))?;
        Ok(Effect::Scan(Arc::new(scan)))
    }
}

/// What is said of a scan that cannot be read.
pub(super) fn damaged(id: u64, why: String) -> StoreError {
    StoreError::damaged(format!("scan {id}"), why)
}

/// A row of [`scan_columns`]; the inner error is what is wrong with its hosts.
pub(super) fn scan(row: &Row<'_>) -> rusqlite::Result<Result<Scan, String>> {
    let state = row.get_ref(3)?.as_str()?;
    let state = ScanState::parse(state).ok_or_else(|| odd(3, "state of a scan", state))?;
    let hosts = match codec::decode(row.get_ref(4)?.as_blob()?) {
        Ok(hosts) => hosts,
        Err(why) => return Ok(Err(why)),
    };
    Ok(Ok(Scan {
        tenant: TenantId(row.get(0)?),
        id: count(row.get(1)?),
        owner: row.get(2)?,
        state,
        hosts,
        asked: count(row.get(5)?),
        answered: count(row.get(6)?),
        started: row.get(7)?,
        ended: row.get(8)?,
    }))
}
