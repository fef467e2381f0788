//! Writing the history of hosts and accounts: what a report changed, what was there when a host is removed, and folding
//! what is older than it has to be kept.

use std::collections::BTreeMap;

use model::facts::{AccountFacts, HostReport};
use model::{HostEntry, Millis};
use rusqlite::OptionalExtension;

use super::hosts::Stored;
use super::past::{self, BASELINE, CHANGE, Changed, REMOVAL};
use super::{Context, Done, int};
use crate::history::{Between, Kind, Kinds, Rest, Turn, turns};
use crate::merge::Sights;
use crate::report::{Body, BodyRef, HostUpdate};
use crate::{Effect, Refusal, codec};

/// A host as it was before a change.
pub(super) struct Before<'a> {
    pub(super) stored: &'a Stored,
    pub(super) entry: &'a HostEntry,
    /// First sights of absent accounts, and of those not first seen with the host.
    pub(super) sights: &'a Sights,
    /// The report as it is stored.
    pub(super) body: &'a [u8],
}

/// A change with this part of what is kept of a host is reason enough to count; of smaller ones every so many.
const COUNT_AT: u64 = 100;
const COUNT_EVERY: i64 = 64;

impl Before<'_> {
    /// First sights of everybody known.
    fn known(&self) -> BTreeMap<&str, Millis> {
        let present = self.entry.accounts.iter().map(|a| (a.name.as_str(), a.first_seen));
        present.chain(self.sights.iter().map(|(name, seen)| (name.as_str(), *seen))).collect()
    }
}

impl Context<'_> {
    /// Writes what a report changes, before it replaces the last one.
    pub(super) fn note_change(
        &self,
        before: &Before<'_>,
        update: &HostUpdate,
        vanished: &Sights,
    ) -> Done<()> {
        let Body { report, .. } = codec::decode(before.body).map_err(Refusal::HostDamaged)?;
        let between = Between { known: before.known(), vanished, received: update.received() };
        let turns = turns(&report.accounts, &update.report.accounts, &between);
        let rest = codec::encode(&Rest::of(&report, &update.report, &turns))?;
        let at = self.open_history(before, update.received())?;
        let change = Changed {
            what: CHANGE,
            at,
            collected_at: update.collected_at,
            digest: update.entry.state.digest,
            ..before.stored.changed()
        };
        let (seq, events) = self.write_change(before.stored, change, &turns, None, &rest)?;
        let weight = past::weight(events, rest.len() as u64);
        if weight >= self.limits.host_events / COUNT_AT || seq % COUNT_EVERY == 0 {
            self.bound_history(&before.stored.quuid)?;
        }
        Ok(())
    }

    /// Folds the older half of the history of a host that has too much of it.
    fn bound_history(&self, quuid: &str) -> Done<()> {
        let most = self.limits.host_events;
        let changes = past::changes(self.sql, self.tenant.0, quuid)?;
        if changes.iter().map(|change| change.weight).sum::<u64>() <= most {
            return Ok(());
        }
        let mut kept = 0;
        let enough = |change: &Changed| {
            kept += change.weight;
            kept > most / 2
        };
        // The latest change stays, however large.
        let older = changes.get(..changes.len().saturating_sub(1)).unwrap_or_default();
        let old = older.iter().rposition(enough).map_or(0, |place| place + 1);
        tracing::warn!(quuid, "a host changes so much that its older history is folded");
        self.fold(quuid, &changes, old)
    }

    /// Writes that a host is removed, and all that was known of it.
    pub(super) fn note_removal(&self, before: &Before<'_>, accounts: &[AccountFacts]) -> Done<()> {
        let known = before.known();
        let gone = accounts.iter().map(|facts| Turn {
            name: &facts.name,
            kinds: Kinds::of([Kind::Vanished]),
            first_seen: known.get(facts.name.as_str()).copied().unwrap_or(before.stored.first_report),
            before: Some(facts),
            after: None,
        });
        let change = Changed {
            what: REMOVAL,
            at: self.latest_change(before.stored)?.1.max(self.now),
            digest: before.entry.state.digest,
            ..before.stored.changed()
        };
        let gone: Vec<_> = gone.collect();
        self.write_change(before.stored, change, &gone, Some(before.sights), before.body)?;
        Ok(())
    }

    /// Keeps what was known of a host when it changes for the first time; the instant of a change that arrived at
    /// `received`.
    fn open_history(&self, before: &Before<'_>, received: Millis) -> Done<Millis> {
        let (what, at) = self.latest_change(before.stored)?;
        if what.is_none_or(|what| what == REMOVAL) {
            let (first, digest) = (before.stored.first_report, before.entry.state.digest);
            let baseline = Changed { what: BASELINE, at: first, digest, ..before.stored.changed() };
            self.write_change(before.stored, baseline, &[], Some(before.sights), before.body)?;
        }
        Ok(at.max(received))
    }

    /// What the latest change of a host was, if there is one, and since when the host is as it is.
    fn latest_change(&self, stored: &Stored) -> Done<(Option<i64>, Millis)> {
        let latest = self
            .sql
            .prepare_cached(
                "SELECT what, at FROM host_changes WHERE tenant = ?1 AND quuid = ?2 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row((self.tenant.0, &stored.quuid), |row| Ok((Some(row.get(0)?), row.get(1)?)))
            .optional()?;
        Ok(latest.map_or((None, stored.first_report), |(what, at)| (what, stored.first_report.max(at))))
    }

    fn write_change(
        &self,
        stored: &Stored,
        change: Changed,
        turns: &[Turn<'_>],
        sights: Option<&Sights>,
        body: &[u8],
    ) -> Done<(i64, i64)> {
        let events: Vec<_> = turns.iter().filter(|turn| !turn.kinds.is_empty()).collect();
        let number = int(events.len() as u64);
        let last: i64 = self
            .sql
            .prepare_cached(
                "UPDATE tenants SET history_seq = history_seq + ?2 WHERE tenant = ?1 RETURNING history_seq",
            )?
            .query_row((self.tenant.0, number + 1), |row| row.get(0))?;
        let seq = last - number;
        let change = Changed { seq, events: number, ..change };
        past::write(self.sql, self.tenant.0, &stored.quuid, &change, sights, body)?;
        let mut insert = self
            .sql
            .prepare_cached("INSERT INTO account_events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
        for (place, turn) in (seq + 1..).zip(events) {
            let facts = |facts: Option<&AccountFacts>| facts.map(codec::encode).transpose();
            let (before, after) = (facts(turn.before)?, facts(turn.after)?);
            let (tenant, quuid, at) = (self.tenant.0, &stored.quuid, change.at);
            let (kinds, seen) = (turn.kinds.0, turn.first_seen);
            insert.execute((tenant, place, quuid, turn.name, seq, at, kinds, seen, before, after))?;
        }
        Ok((seq, number))
    }

    /// Lets go of what happened before an instant, for some hosts.
    pub(super) fn prune_history(&self, before: Millis, hosts: u32) -> Done<Effect> {
        self.sql
            .prepare_cached("UPDATE tenants SET history_from = max(history_from, ?2) WHERE tenant = ?1")?
            .execute((self.tenant.0, before))?;
        // Two of the conditions are those of the indexes.
        let loose = self
            .sql
            .prepare_cached(
                "DELETE FROM account_events WHERE rowid IN (SELECT rowid FROM account_events
                 WHERE tenant = ?1 AND change = 0 AND at < ?2 LIMIT 10000)",
            )?
            .execute((self.tenant.0, before))?;
        let old: Vec<String> = self
            .sql
            .prepare_cached(
                "SELECT DISTINCT quuid FROM (SELECT quuid FROM host_changes
                 WHERE tenant = ?1 AND what <> 0 AND at < ?2 ORDER BY at LIMIT ?3)",
            )?
            .query_map((self.tenant.0, before, hosts), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for quuid in &old {
            let changes = past::changes(self.sql, self.tenant.0, quuid)?;
            let old = changes.partition_point(|change| change.at < before);
            self.fold(quuid, &changes, old)?;
        }
        Ok(Effect::HistoryPruned { more: loose > 0 || !old.is_empty() })
    }

    /// Makes the state after the first `old` changes of a host its oldest one.
    fn fold(&self, quuid: &str, changes: &[Changed], old: usize) -> Done<()> {
        let done = changes.get(..old).unwrap_or_default();
        let Some(last) = done.last() else { return Ok(()) };
        // A host that did not change since is known whole without its history; one that was removed is no more.
        let kept = if last.what == REMOVAL || old == changes.len() {
            None
        } else {
            past::forward(self.sql, self.tenant, quuid, done)?
        };
        let key = (self.tenant.0, quuid, last.seq);
        self.sql
            .prepare_cached("DELETE FROM host_changes WHERE tenant = ?1 AND quuid = ?2 AND seq <= ?3")?
            .execute(key)?;
        self.sql
            .prepare_cached(
                "DELETE FROM account_events WHERE tenant = ?1 AND quuid = ?2 AND change > 0 AND seq <= ?3",
            )?
            .execute((key.0, key.1, last.seq + last.events))?;
        if let Some(past) = kept {
            let (report, sights): (HostReport, Sights) = past.report();
            let body = codec::encode(&BodyRef { report: &report })?;
            let baseline = Changed { what: BASELINE, events: 0, ..*last };
            past::write(self.sql, self.tenant.0, quuid, &baseline, Some(&sights), &body)?;
        }
        Ok(())
    }

    /// Forgets the history of a host.
    pub(super) fn forget_history(&self, quuid: &str) -> Done<()> {
        for table in [
            "DELETE FROM host_changes WHERE tenant = ?1 AND quuid = ?2",
            "DELETE FROM account_events WHERE tenant = ?1 AND quuid = ?2",
        ] {
            self.sql.prepare_cached(table)?.execute((self.tenant.0, quuid))?;
        }
        Ok(())
    }
}
