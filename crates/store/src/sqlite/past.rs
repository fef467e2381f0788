//! Reading the history: pages of events, and states of hosts at an instant, made again from what changed.

use model::facts::HostReport;
use model::{HostEntry, HostRecord, Millis, TenantId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::hosts::{Stored, facts, host_columns};
use super::read::damaged_host;
use super::{count, int};
use crate::history::{Kinds, Past, Quiet, Rest, Step};
use crate::merge::Sights;
use crate::read::{AccountEvent, EventFilter};
use crate::report::Body;
use crate::{StoreError, codec};

/// What was known before the next row.
pub(super) const BASELINE: i64 = 0;
/// A report that changed something.
pub(super) const CHANGE: i64 = 1;
/// The removal of the host.
pub(super) const REMOVAL: i64 = 2;

/// A row of `host_changes` without its large parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    pub(super) seq: i64,
    pub(super) what: i64,
    pub(super) at: Millis,
    pub(super) first_report: Millis,
    pub(super) collected_at: Millis,
    pub(super) digest: [u8; 16],
    pub(super) before_report: Millis,
    pub(super) before_collected: Millis,
    pub(super) events: i64,
    /// What it takes, in events.
    pub(super) weight: u64,
}

/// What a change with so many events, and so many bytes beside them, takes.
pub(super) fn weight(events: i64, bytes: u64) -> u64 {
    count(events).saturating_add(bytes / 512)
}

/// Writes a row.
pub(super) fn write(
    sql: &Connection,
    tenant: u32,
    quuid: &str,
    change: &Changed,
    sights: Option<&Sights>,
    body: &[u8],
) -> Result<(), StoreError> {
    let sights = sights.filter(|sights| !sights.is_empty()).map(codec::encode).transpose()?;
    let Changed {
        seq,
        what,
        at,
        first_report,
        collected_at,
        digest,
        before_report,
        before_collected,
        events,
        ..
    } = change;
    sql.prepare_cached(
        "INSERT INTO host_changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute((
        tenant,
        quuid,
        seq,
        what,
        at,
        first_report,
        collected_at,
        digest,
        before_report,
        before_collected,
        events,
        sights,
        body,
    ))?;
    Ok(())
}

/// The changes of a host, oldest first.
pub(super) fn changes(sql: &Connection, tenant: u32, quuid: &str) -> Result<Vec<Changed>, StoreError> {
    let mut find = sql.prepare_cached(
        "SELECT seq, what, at, first_report, collected_at, digest, before_report, before_collected, events,
         length(body) FROM host_changes WHERE tenant = ?1 AND quuid = ?2 ORDER BY seq",
    )?;
    let found = find.query_map((tenant, quuid), |row| {
        let events = row.get(8)?;
        Ok(Changed {
            seq: row.get(0)?,
            what: row.get(1)?,
            at: row.get(2)?,
            first_report: row.get(3)?,
            collected_at: row.get(4)?,
            digest: row.get(5)?,
            before_report: row.get(6)?,
            before_collected: row.get(7)?,
            events,
            weight: weight(events, count(row.get(9)?)),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// One host on the way through its history.
struct Walk<'a> {
    sql: &'a Connection,
    tenant: TenantId,
    quuid: &'a str,
}

impl Walk<'_> {
    fn damaged(&self, why: String) -> StoreError {
        damaged_host(self.tenant, self.quuid, format!("history: {why}"))
    }

    /// The large parts of a row.
    fn parts(&self, change: &Changed) -> Result<(Option<Vec<u8>>, Vec<u8>), StoreError> {
        let mut find = self.sql.prepare_cached(
            "SELECT sights, body FROM host_changes WHERE tenant = ?1 AND quuid = ?2 AND seq = ?3",
        )?;
        let key = (self.tenant.0, self.quuid, change.seq);
        Ok(find.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The state that a row with a whole report has.
    fn whole(&self, change: &Changed) -> Result<Past, StoreError> {
        let (sights, body) = self.parts(change)?;
        let sights: Option<Sights> =
            sights.map(|bytes| codec::decode(&bytes)).transpose().map_err(|why| self.damaged(why))?;
        let Body { report, .. } = codec::decode(&body).map_err(|why| self.damaged(why))?;
        let report = HostReport { collected_at: change.collected_at, ..report };
        let record = HostRecord {
            quuid: self.quuid.to_owned(),
            report,
            first_seen: sights.unwrap_or_default(),
            first_report: change.first_report,
            last_report: change.before_report,
        };
        Ok(Past::of(record, change.digest))
    }

    /// What a change changed.
    fn step(&self, change: &Changed) -> Result<Step, StoreError> {
        let (_, body) = self.parts(change)?;
        let Rest { heads, quiet } = codec::decode(&body).map_err(|why| self.damaged(why))?;
        let quiet = quiet
            .into_iter()
            .map(|Quiet { name, first_seen, before, after }| (name, first_seen, before, after));
        let mut step = Step { heads, accounts: quiet.collect() };
        let mut find = self.sql.prepare_cached(
            "SELECT name, first_seen, before, after FROM account_events
             WHERE tenant = ?1 AND seq > ?2 AND seq <= ?3",
        )?;
        let mut rows = find.query((self.tenant.0, change.seq, change.seq + change.events))?;
        while let Some(row) = rows.next()? {
            let (before, after) = (self.facts(row, 2)?, self.facts(row, 3)?);
            step.accounts.push((row.get(0)?, row.get(1)?, before, after));
        }
        Ok(step)
    }

    fn facts(&self, row: &Row<'_>, column: usize) -> Result<Option<model::facts::AccountFacts>, StoreError> {
        let bytes = row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        bytes.map(codec::decode).transpose().map_err(|why| self.damaged(why))
    }

    /// The host as it is, if it is.
    fn present(&self) -> Result<Option<Past>, StoreError> {
        const ONE: &str = concat!(
            "SELECT ",
            host_columns!(),
            " FROM hosts h LEFT JOIN host_rows r ON r.id = (h.tenant << 32) + h.number
             WHERE h.tenant = ?1 AND h.quuid = ?2"
        );
        let mut find = self.sql.prepare_cached(ONE)?;
        let Some(stored) = find.query_row((self.tenant.0, self.quuid), Stored::read).optional()? else {
            return Ok(None);
        };
        let record = facts(self.sql, self.tenant.0, self.quuid)?.and_then(|body| stored.record(body));
        let digest = stored.digest().map_err(|why| self.damaged(why))?;
        Ok(Some(Past::of(record.map_err(|why| self.damaged(why))?, digest)))
    }

    /// The host at an instant, from the present back, with the last contact before the next change.
    fn back(&self, at: Millis, changes: &[Changed]) -> Result<Option<Past>, StoreError> {
        let mut past = self.present()?.filter(|past| past.first_report <= at);
        for (index, change) in changes.iter().enumerate().rev().take_while(|(_, change)| change.at > at) {
            match change.what {
                REMOVAL => past = Some(self.whole(change)?),
                CHANGE => {
                    let Some(past) = past.as_mut() else { continue };
                    past.undo(self.step(change)?);
                    past.last_report = change.before_report;
                    past.collected_at = change.before_collected;
                    past.digest =
                        index.checked_sub(1).and_then(|i| changes.get(i)).map_or([0; 16], |c| c.digest);
                }
                // Nothing is known of what was before; a host that was not there then is left out below.
                _ => {}
            }
        }
        Ok(past.filter(|past| past.first_report <= at))
    }

    /// The same from its oldest known state on.
    fn forth(&self, at: Millis, changes: &[Changed]) -> Result<Option<Past>, StoreError> {
        let until = changes.partition_point(|change| change.at <= at);
        let (done, later) = changes.split_at(until);
        let next = later.first();
        let Some(mut past) = forward(self.sql, self.tenant, self.quuid, done)? else {
            // Nobody was there, or it is a life that did not change before it ended or to this day.
            let whole = match next {
                None => self.present()?,
                Some(removal) if removal.what == REMOVAL => Some(self.whole(removal)?),
                Some(_) => None,
            };
            return Ok(whole.filter(|past| past.first_report <= at));
        };
        if let Some(next) = next {
            (past.last_report, past.collected_at) = (next.before_report, next.before_collected);
        } else if let Some(present) = self.present()? {
            (past.last_report, past.collected_at) = (present.last_report, present.collected_at);
        }
        Ok(Some(past))
    }
}

/// The state after the last of some changes, from the newest whole report among them on, with the contact of that one;
/// `None` when the host was not there, or nothing is kept of what it was.
pub(super) fn forward(
    sql: &Connection,
    tenant: TenantId,
    quuid: &str,
    changes: &[Changed],
) -> Result<Option<Past>, StoreError> {
    let walk = Walk { sql, tenant, quuid };
    let Some(start) = changes.iter().rposition(|change| change.what != CHANGE) else { return Ok(None) };
    let Some((first, rest)) = changes.get(start..).and_then(<[_]>::split_first) else { return Ok(None) };
    if first.what == REMOVAL {
        return Ok(None);
    }
    let mut past = walk.whole(first)?;
    for change in rest {
        past.redo(walk.step(change)?);
        past.digest = change.digest;
    }
    Ok(Some(past))
}

/// A host at an instant; `from_the_start` makes the state from the oldest known one on instead of from the present back.
pub(super) fn host_at(
    sql: &Connection,
    tenant: TenantId,
    quuid: &str,
    at: Millis,
    from_the_start: bool,
) -> Result<Option<Past>, StoreError> {
    let walk = Walk { sql, tenant, quuid };
    let changes = changes(sql, tenant.0, quuid)?;
    let past = if from_the_start { walk.forth(at, &changes) } else { walk.back(at, &changes) }?;
    Ok(past.map(|mut past| {
        // Nothing that was learnt later.
        past.last_report = past.last_report.min(at);
        past
    }))
}

/// The oldest state of a host that can be made again.
pub(super) fn oldest(
    sql: &Connection,
    tenant: TenantId,
    quuid: &str,
) -> Result<Option<HostEntry>, StoreError> {
    let walk = Walk { sql, tenant, quuid };
    let past = match changes(sql, tenant.0, quuid)?.first() {
        Some(first) if first.what != CHANGE => Some(walk.whole(first)?),
        _ => walk.present()?,
    };
    Ok(past.map(Past::entry))
}

/// The hosts that changed after an instant.
pub(super) fn changed_since(
    sql: &Connection,
    tenant: TenantId,
    at: Millis,
) -> Result<Vec<String>, StoreError> {
    let mut find = sql.prepare_cached(
        "SELECT DISTINCT quuid FROM host_changes WHERE tenant = ?1 AND what <> 0 AND at > ?2",
    )?;
    Ok(find.query_map((tenant.0, at), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Hosts that were removed and are not back.
pub(super) fn removed(sql: &Connection, tenant: TenantId) -> Result<Vec<String>, StoreError> {
    let mut find = sql.prepare_cached(
        "SELECT DISTINCT quuid FROM host_changes c WHERE tenant = ?1 AND what = 2 AND NOT EXISTS
         (SELECT 1 FROM hosts h WHERE h.tenant = ?1 AND h.quuid = c.quuid)",
    )?;
    Ok(find.query_map([tenant.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// A page of events, newest first, and how many there are in all.
pub(super) fn events(
    sql: &Connection,
    tenant: TenantId,
    filter: &EventFilter,
    offset: u64,
    limit: u64,
) -> Result<(Vec<AccountEvent>, u64), StoreError> {
    let (condition, mut values) = condition(tenant, filter);
    let total = sql
        .prepare_cached(&format!("SELECT count(*) FROM account_events e WHERE {condition}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))
        .map(count)?;
    // The page is found first: what is skipped is not read, and no change is looked up for it.
    let page = format!(
        "SELECT e.seq, e.quuid, e.name, e.at, e.kinds, e.first_seen, e.before, e.after, c.digest
         FROM (SELECT e.seq AS found FROM account_events e WHERE {condition}
               ORDER BY e.seq DESC LIMIT ? OFFSET ?)
         CROSS JOIN account_events e ON e.tenant = ? AND e.seq = found
         LEFT JOIN host_changes c ON c.tenant = e.tenant AND c.quuid = e.quuid AND c.seq = e.change
         ORDER BY e.seq DESC"
    );
    values.extend([int(limit), int(offset), tenant.0.into()].map(Value::Integer));
    let mut find = sql.prepare_cached(&page)?;
    let mut rows = find.query(params_from_iter(&values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(event(tenant, row)?);
    }
    Ok((found, total))
}

/// What a filter means, and the values its marks stand for.
fn condition(tenant: TenantId, filter: &EventFilter) -> (String, Vec<Value>) {
    let EventFilter { quuid, names, parts, kinds, from, until } = filter;
    let mut text = "e.tenant = ?".to_owned();
    let mut values = vec![Value::Integer(tenant.0.into())];
    if let Some(quuid) = quuid {
        text.push_str(" AND e.quuid = ?");
        values.push(Value::Text(quuid.clone()));
    }
    let one = if *parts { "instr(e.name, ?) > 0" } else { "e.name = ?" };
    if !names.is_empty() {
        text.push_str(&format!(" AND ({})", vec![one; names.len()].join(" OR ")));
        values.extend(names.iter().cloned().map(Value::Text));
    }
    let kinds = (!kinds.is_empty()).then_some(i64::from(kinds.0));
    for (part, value) in
        [(" AND e.kinds & ? <> 0", kinds), (" AND e.at >= ?", *from), (" AND e.at <= ?", *until)]
    {
        if let Some(value) = value {
            text.push_str(part);
            values.push(Value::Integer(value));
        }
    }
    (text, values)
}

fn event(tenant: TenantId, row: &Row<'_>) -> Result<AccountEvent, StoreError> {
    let (quuid, name): (String, String) = (row.get(1)?, row.get(2)?);
    let facts = |column: usize| {
        let bytes = row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        bytes.map(codec::decode).transpose().map_err(|why| {
            StoreError::damaged(
                format!("an event of account {name:?} on host {quuid:?} of tenant {}", tenant.0),
                why,
            )
        })
    };
    let (before, after) = (facts(6)?, facts(7)?);
    Ok(AccountEvent {
        seq: count(row.get(0)?),
        at: row.get(3)?,
        kinds: Kinds(row.get(4)?),
        first_seen: row.get(5)?,
        before,
        after,
        digest: row.get::<_, Option<_>>(8)?.unwrap_or_default(),
        quuid,
        name,
    })
}
