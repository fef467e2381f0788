//! Hosts: the instants of each in a small row, its facts in a large one, what the rules made of them in one between,
//! and what a new report makes of them.

use std::sync::Arc;

use model::facts::{HostFacts, Moment};
use model::{Account, Contact, HostEntry, HostRecord, HostState, Millis, rules};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use super::history::Before;
use super::past::Changed;
use super::tenants::Size;
use super::{Context, Done, Stop};
use crate::merge::{Sights, merge, sights};
use crate::report::{Body, Facts, HostBody, HostUpdate};
use crate::{Effect, HostContact, Refusal, StoreError, codec, rows};

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
    pub(super) first_report: Millis,
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

    /// A change of it that is still to be told: with what is known before it.
    pub(super) fn changed(&self) -> Changed {
        Changed {
            seq: 0,
            what: 0,
            at: 0,
            first_report: self.first_report,
            collected_at: self.collected_at,
            digest: [0; 16],
            before_report: self.last_report,
            before_collected: self.collected_at,
            events: 0,
            weight: 0,
        }
    }

    /// The digest of its report.
    pub(super) fn digest(&self) -> Result<[u8; 16], String> {
        Ok(self.parts::<&str>()?.0.digest)
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
    Ok(body(sql, tenant, quuid)?.and_then(|bytes| codec::decode(&bytes)))
}

/// The facts of a host as they are kept; the inner error is that there are none.
fn body(sql: &Connection, tenant: u32, quuid: &str) -> Result<Result<Vec<u8>, String>, StoreError> {
    let mut find = sql.prepare_cached("SELECT body FROM host_bodies WHERE tenant = ?1 AND quuid = ?2")?;
    let bytes = find.query_row((tenant, quuid), |row| row.get(0)).optional()?;
    Ok(bytes.ok_or_else(|| "it has no facts".to_owned()))
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
        let seen = known.iter().map(|(name, seen)| (name.as_str(), *seen));
        let seen = seen.chain(before.accounts.iter().map(|a| (a.name.as_str(), a.first_seen)));
        let merged = merge(seen, &mut accounts, update.lists_all);
        let vanished = merged.vanished.len();
        let body = body(self.sql, self.tenant.0, quuid)?.map_err(Refusal::HostDamaged)?;
        let was = Before { stored, entry: &before, sights: &known, body: &body };
        self.note_change(&was, update, &merged.vanished)?;
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

    /// Removes a host, and takes its agent the key when that is asked for.
    pub(super) fn delete_host(&self, quuid: &str, with_agent: bool) -> Done<Effect> {
        let stored = self.find_host(quuid)?.ok_or(Refusal::HostNotFound)?;
        self.note_end(&stored)?;
        if with_agent {
            self.end_agent_of(quuid)?;
        }
        self.sql
            .prepare_cached("DELETE FROM hosts WHERE tenant = ?1 AND quuid = ?2")?
            .execute((self.tenant.0, quuid))?;
        if let Some(number) = stored.number {
            self.sql
                .prepare_cached("DELETE FROM host_rows WHERE id = ?1")?
                .execute([row_id(self.tenant.0, number)])?;
        }
        self.sql
            .prepare_cached("UPDATE tenants SET hosts = hosts - 1 WHERE tenant = ?1")?
            .execute([self.tenant.0])?;
        Ok(Effect::HostDeleted { quuid: quuid.to_owned(), with_agent })
    }

    /// Keeps what is known of a host that is removed. Where that is damaged, nothing older could be made again either.
    fn note_end(&self, stored: &Stored) -> Done<()> {
        let known = self.known(stored).and_then(|(entry, sights)| {
            let body = facts(self.sql, self.tenant.0, &stored.quuid)?.map_err(Refusal::HostDamaged)?;
            Ok((entry, sights, body))
        });
        match known {
            Ok((entry, sights, report)) => {
                let body = body(self.sql, self.tenant.0, &stored.quuid)?.map_err(Refusal::HostDamaged)?;
                let was = Before { stored, entry: &entry, sights: &sights, body: &body };
                self.note_removal(&was, &report.report.accounts)
            }
            Err(Stop::Refused(why)) => {
                tracing::warn!(quuid = stored.quuid, %why, "a damaged host is removed with its history");
                self.forget_history(&stored.quuid)
            }
            Err(other) => Err(other),
        }
    }

    /// Writes later contacts with hosts; a host that is gone or was heard of later is left alone, unless that is yet to
    /// come: then the clock was ahead.
    pub(super) fn renew_contacts(&self, contacts: &[HostContact]) -> Done<Effect> {
        let mut renew = self.sql.prepare_cached(
            "UPDATE hosts SET last_report = ?3, collected_at = ?4
             WHERE tenant = ?1 AND quuid = ?2 AND (last_report < ?3 OR last_report > ?5)",
        )?;
        let mut renewed = 0;
        for HostContact { quuid, last_report, updated } in contacts {
            renewed += renew.execute((self.tenant.0, quuid, last_report, updated, self.now))?;
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
}
