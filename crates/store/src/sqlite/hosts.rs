//! Hosts: the instants of each in a small row, its facts in a large one, what the rules made of them in one between,
//! and the history of accounts.

use std::sync::Arc;

use model::facts::{HostFacts, Moment};
use model::{Account, Contact, HostEntry, HostRecord, HostState, Millis, VanishedAccount, rules};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use super::tenants::Size;
use super::{Context, Done, int};
use crate::merge::{Sights, merge, sights, vanish};
use crate::report::{Body, Facts, HostBody, HostUpdate};
use crate::{Effect, HostContact, Refusal, StoreError, codec, rows};

/// Vanished accounts remembered of one host, latest first: a host that makes up names cannot fill the disk.
const HISTORY: u32 = 1_000;

/// Columns in the order [`Stored::read`] uses; `hosts` is `h`, `host_rows` is `r`.
macro_rules! host_columns {
    () => {
        "h.quuid, h.first_report, h.last_report, h.collected_at, h.number, r.sights, r.rows"
    };
}
pub(super) use host_columns;

/// A host as it is stored, without its facts.
pub(super) struct Stored {
    pub(super) quuid: String,
    first_report: Millis,
    last_report: Millis,
    collected_at: Millis,
    pub(super) number: Option<i64>,
    sights: Option<Vec<u8>>,
    /// Empty when they have not been made yet.
    rows: Vec<u8>,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            quuid: row.get(0)?,
            first_report: row.get(1)?,
            last_report: row.get(2)?,
            collected_at: row.get(3)?,
            number: row.get(4)?,
            sights: row.get(5)?,
            rows: row.get::<_, Option<_>>(6)?.unwrap_or_default(),
        })
    }

    /// State and accounts from the rows, or what is wrong with them.
    pub(super) fn parts<'a, T: Deserialize<'a>>(&'a self) -> Result<(HostState, Vec<Account<T>>), String> {
        Ok(rows::decode(&self.rows)?.into_parts(self.first_report, self.contact()))
    }

    fn contact(&self) -> Contact {
        Contact::new(self.last_report, rules::updated(self.collected_at, self.last_report))
    }

    fn sights(&self) -> Result<Sights, String> {
        self.sights.as_deref().map_or(Ok(Sights::new()), codec::decode)
    }

    /// The whole record, with the facts.
    pub(super) fn record(&self, body: Body) -> Result<HostRecord, String> {
        let Body { mut report, mut first_seen, usage } = body;
        report.put_moment(Moment { collected_at: self.collected_at, usage });
        if self.number.is_some() {
            let seen = |name: &String| (name.clone(), self.first_report);
            first_seen = report.accounts.iter().map(|a| seen(&a.name)).collect();
            first_seen.extend(self.sights()?);
        }
        Ok(HostRecord {
            quuid: self.quuid.clone(),
            report,
            first_seen,
            first_report: self.first_report,
            last_report: self.last_report,
        })
    }

    /// The host made again from its record, as the present rules do it.
    pub(super) fn derive(&self, record: HostRecord) -> Result<(HostEntry, Sights), StoreError> {
        let accounts = rules::accounts(&record.report, &record.first_seen);
        let mut state =
            rules::host_state(&record.report, &record.quuid, record.first_report, record.last_report);
        let mut absent = record.first_seen;
        for account in &accounts {
            absent.remove(&account.name);
        }
        state.digest = Facts::new(record.report)?.digest();
        let sights = sights(&accounts, absent, self.first_report);
        Ok((HostEntry { state: Arc::new(state), accounts }, sights))
    }
}

/// The facts of a host; the inner error is what is wrong with them.
pub(super) fn facts(sql: &Connection, tenant: u32, quuid: &str) -> Result<Result<Body, String>, StoreError> {
    let mut find = sql.prepare_cached("SELECT body FROM host_bodies WHERE tenant = ?1 AND quuid = ?2")?;
    let bytes: Option<Vec<u8>> = find.query_row((tenant, quuid), |row| row.get(0)).optional()?;
    Ok(bytes.map_or_else(|| Err("it has no facts".to_owned()), |bytes| codec::decode(&bytes)))
}

/// The facts of a host itself, without its accounts; `None` when there is no such host.
pub(super) fn host_facts(
    sql: &Connection,
    tenant: u32,
    quuid: &str,
) -> Result<Option<Result<HostFacts, String>>, StoreError> {
    let mut find = sql.prepare_cached("SELECT body FROM host_bodies WHERE tenant = ?1 AND quuid = ?2")?;
    let bytes: Option<Vec<u8>> = find.query_row((tenant, quuid), |row| row.get(0)).optional()?;
    Ok(bytes.map(|bytes| codec::decode::<HostBody>(&bytes).map(HostBody::into_facts)))
}

/// A host made again from its facts; the inner error is what is wrong with them.
pub(super) fn made_again(
    sql: &Connection,
    tenant: u32,
    stored: &Stored,
) -> Result<Result<(HostEntry, Sights), String>, StoreError> {
    match facts(sql, tenant, &stored.quuid)?.and_then(|body| stored.record(body)) {
        Ok(record) => stored.derive(record).map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

/// A row of the history: `quuid, name, first_seen, vanished, facts`.
pub(super) fn vanished(row: &Row<'_>) -> Result<VanishedAccount, StoreError> {
    let (quuid, name): (String, String) = (row.get(0)?, row.get(1)?);
    let facts = codec::decode(row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?)
        .map_err(|why| StoreError::damaged(format!("facts of account {name:?} on host {quuid:?}"), why))?;
    Ok(VanishedAccount { quuid, name, first_seen: row.get(2)?, vanished: row.get(3)?, facts })
}

/// The key of a host's rows.
pub(super) fn row_id(tenant: u32, number: i64) -> i64 {
    (i64::from(tenant) << 32).saturating_add(number)
}

/// Writes rows and first sights of a host.
pub(super) fn write_rows(
    sql: &Connection,
    id: i64,
    quuid: &str,
    sights: &Sights,
    rows: &[u8],
) -> Result<(), StoreError> {
    let sights = if sights.is_empty() { None } else { Some(codec::encode(sights)?) };
    sql.prepare_cached("INSERT OR REPLACE INTO host_rows (id, quuid, sights, rows) VALUES (?1, ?2, ?3, ?4)")?
        .execute((id, quuid, sights, rows))?;
    Ok(())
}

impl Context<'_> {
    pub(super) fn put_host(&self, update: &HostUpdate, size: Size) -> Done<Effect> {
        match self.find_host(update.quuid())? {
            None => self.add_host(update, size),
            Some(stored) => self.replace_host(&stored, update),
        }
    }

    fn add_host(&self, update: &HostUpdate, size: Size) -> Done<Effect> {
        if size.hosts >= self.limits.hosts {
            return Err(Refusal::Quota { what: "hosts", limit: self.limits.hosts }.into());
        }
        let number: i64 = self
            .sql
            .prepare_cached(
                "UPDATE tenants SET hosts = hosts + 1, host_seq = host_seq + 1 WHERE tenant = ?1 RETURNING host_seq",
            )?
            .query_row([self.tenant.0], |row| row.get(0))?;
        let (received, quuid) = (update.received(), update.quuid());
        self.sql
            .prepare_cached(
                "INSERT INTO hosts (tenant, quuid, first_report, last_report, collected_at, number)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
            )?
            .execute((self.tenant.0, quuid, received, update.collected_at, number))?;
        self.write_body(update)?;
        write_rows(self.sql, row_id(self.tenant.0, number), quuid, &Sights::new(), &update.rows)?;
        let entry = Arc::clone(&update.entry);
        Ok(Effect::Host { new: entry.accounts.len(), entry, vanished: 0, changed: true })
    }

    fn replace_host(&self, stored: &Stored, update: &HostUpdate) -> Done<Effect> {
        let (quuid, received) = (update.quuid(), update.received());
        let (before, known) = self.known(stored)?;
        self.set_contact(quuid, received, update.collected_at)?;
        let contact = Contact::new(received, rules::updated(update.collected_at, received));
        if before.state.digest == update.entry.state.digest {
            let mut state = HostState { contact, ..HostState::clone(&before.state) };
            let later = update.entry.state.resources;
            let looked = later.usage.at != 0 && later.usage.at != state.resources.usage.at;
            if looked {
                state.resources = later;
            }
            let entry = HostEntry { state: Arc::new(state), ..before };
            if looked {
                self.write_body(update)?;
                self.sql
                    .prepare_cached("UPDATE host_rows SET rows = ?2 WHERE id = ?1")?
                    .execute((self.row_id(stored)?, rows::encode(&entry)?))?;
            }
            return Ok(Effect::Host { entry: Arc::new(entry), new: 0, vanished: 0, changed: false });
        }
        let mut accounts = update.entry.accounts.clone();
        let known = known.iter().map(|(name, seen)| (name.as_str(), *seen));
        let known = known.chain(before.accounts.iter().map(|a| (a.name.as_str(), a.first_seen)));
        let merged = merge(known, &mut accounts, update.lists_all);
        let vanished = merged.vanished.len();
        if vanished > 0 {
            let facts = facts(self.sql, self.tenant.0, quuid)?.map_err(Refusal::HostDamaged)?;
            self.remember(quuid, &vanish(quuid, merged.vanished, facts.report.accounts, received))?;
        }
        let sights = sights(&accounts, merged.absent, stored.first_report);
        let state =
            HostState { first_report: stored.first_report, contact, ..HostState::clone(&update.entry.state) };
        let entry = HostEntry { state: Arc::new(state), accounts };
        write_rows(self.sql, self.row_id(stored)?, quuid, &sights, &rows::encode(&entry)?)?;
        self.write_body(update)?;
        Ok(Effect::Host { entry: Arc::new(entry), new: merged.new, vanished, changed: true })
    }

    /// What is remembered of a host, from its rows or, when these cannot be read, from its facts.
    fn known(&self, stored: &Stored) -> Done<(HostEntry, Sights)> {
        let from_rows = stored.parts().and_then(|(state, accounts)| {
            Ok((HostEntry { state: Arc::new(state), accounts }, stored.sights()?))
        });
        match from_rows {
            Ok(known) => Ok(known),
            Err(why) => {
                tracing::warn!(quuid = stored.quuid, why, "the rows of a host are made again from its facts");
                Ok(made_again(self.sql, self.tenant.0, stored)?.map_err(Refusal::HostDamaged)?)
            }
        }
    }

    fn row_id(&self, stored: &Stored) -> Done<i64> {
        let number = stored.number.ok_or_else(|| Refusal::HostDamaged("it has no number".to_owned()))?;
        Ok(row_id(self.tenant.0, number))
    }

    pub(super) fn delete_host(&self, quuid: &str) -> Done<Effect> {
        let key = (self.tenant.0, quuid);
        let forgotten =
            self.sql.prepare_cached("DELETE FROM vanished WHERE tenant = ?1 AND quuid = ?2")?.execute(key)?;
        let number: Option<Option<i64>> = self
            .sql
            .prepare_cached("DELETE FROM hosts WHERE tenant = ?1 AND quuid = ?2 RETURNING number")?
            .query_row(key, |row| row.get(0))
            .optional()?;
        let number = number.ok_or(Refusal::HostNotFound)?;
        if let Some(number) = number {
            self.sql
                .prepare_cached("DELETE FROM host_rows WHERE id = ?1")?
                .execute([row_id(self.tenant.0, number)])?;
        }
        self.sql
            .prepare_cached("UPDATE tenants SET hosts = hosts - 1 WHERE tenant = ?1")?
            .execute([self.tenant.0])?;
        self.count_vanished(-rows(forgotten))?;
        Ok(Effect::HostDeleted { quuid: quuid.to_owned() })
    }

    /// Writes later contacts with hosts; a host that is gone or was heard of later is left alone.
    pub(super) fn renew_contacts(&self, contacts: &[HostContact]) -> Done<Effect> {
        let mut renew = self.sql.prepare_cached(
            "UPDATE hosts SET last_report = ?3, collected_at = ?4
             WHERE tenant = ?1 AND quuid = ?2 AND last_report < ?3",
        )?;
        let mut renewed = 0;
        for HostContact { quuid, last_report, updated } in contacts {
            renewed += renew.execute((self.tenant.0, quuid, last_report, updated))?;
        }
        Ok(Effect::Contacts { renewed })
    }

    fn find_host(&self, quuid: &str) -> Done<Option<Stored>> {
        const FIND: &str = concat!(
            "SELECT ",
            host_columns!(),
            " FROM hosts h LEFT JOIN host_rows r ON r.id = (h.tenant << 32) + h.number
             WHERE h.tenant = ?1 AND h.quuid = ?2"
        );
        Ok(self.sql.prepare_cached(FIND)?.query_row((self.tenant.0, quuid), Stored::read).optional()?)
    }

    fn set_contact(&self, quuid: &str, last_report: Millis, collected_at: Millis) -> Done<()> {
        self.sql
            .prepare_cached(
                "UPDATE hosts SET last_report = ?3, collected_at = ?4 WHERE tenant = ?1 AND quuid = ?2",
            )?
            .execute((self.tenant.0, quuid, last_report, collected_at))?;
        Ok(())
    }

    fn write_body(&self, update: &HostUpdate) -> Done<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO host_bodies (tenant, quuid, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (tenant, quuid) DO UPDATE SET body = ?3",
            )?
            .execute((self.tenant.0, update.quuid(), &update.body))?;
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
