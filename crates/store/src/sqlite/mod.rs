//! The store on SQLite: one file in WAL mode, synced at every commit. Here are opening, the durable group and the
//! duties around it; each noun has its own file.

mod agents;
mod clearing;
mod derive;
mod enrolment;
mod history;
mod hosts;
mod import;
mod keys;
mod labels;
mod migrate;
mod past;
mod people;
mod read;
mod scans;
mod tasks;
mod tenants;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{Millis, TenantId};
use rusqlite::{Connection, TransactionBehavior};

use crate::{Change, Effect, Reader, Refusal, Store, StoreError, Write, Written};
use read::HasConnection;

/// How much one tenant may have; more is refused with [`Refusal::Quota`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// People.
    pub people: u64,
    /// Hosts.
    pub hosts: u64,
    /// Export tasks that have not ended.
    pub pending_tasks: u64,
    /// Events kept of each host, about: one that makes up accounts cannot fill the disk. Beyond it older history of the
    /// host is folded, so that for times before it the oldest state that is left is shown.
    pub host_events: u64,
    /// Tags.
    pub tags: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            people: 10_000_000,
            hosts: 1_000_000,
            pending_tasks: 1_000,
            host_events: 100_000,
            tags: 10_000,
        }
    }
}

/// The store in one SQLite file.
pub struct SqliteStore {
    sql: Connection,
    path: PathBuf,
    limits: Limits,
}

/// A connection that only reads.
struct SqliteReader {
    sql: Connection,
}

/// How long a connection waits for a lock that another program (a backup, a shell) holds.
const BUSY: Duration = Duration::from_secs(10);

impl SqliteStore {
    /// Opens the database file, makes it (mode 0600) when it is missing and brings its schema up to date.
    pub fn open(path: impl AsRef<Path>, limits: Limits) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        // SQLite gives its further files (-wal, -shm) the mode of the first one.
        crate::dir::private(OpenOptions::new().create(true).truncate(false).write(true).read(true))
            .open(&path)
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        let mut sql = connect(&path)?;
        migrate::recognise(&sql, &path)?;
        sql.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
            .map_err(StoreError::from)
            .and_then(|mode| match mode.as_str() {
                "wal" => Ok(()),
                other => Err(StoreError::damaged("journal mode", format!("{other} in place of wal"))),
            })?;
        tune_for_writing(&sql)?;
        migrate::up(&mut sql, migrate::MIGRATIONS)?;
        derive::all(&mut sql)?;
        Ok(Self { sql, path, limits })
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let sql = Connection::open(path)?;
    sql.busy_timeout(BUSY)?;
    sql.set_prepared_statement_cache_capacity(96);
    sql.pragma_update(None, "synchronous", "full")?;
    sql.pragma_update(None, "foreign_keys", true)?;
    sql.pragma_update(None, "trusted_schema", false)?;
    sql.pragma_update(None, "temp_store", "memory")?;
    Ok(sql)
}

/// An import changes nearly every page of the indexes in every group: random ids and phones are everywhere. So the
/// writer keeps the pages in memory, and a page that changes in many groups is copied back to the file once.
fn tune_for_writing(sql: &Connection) -> Result<(), StoreError> {
    // Negative: KiB. Only as much is used as the database has.
    sql.pragma_update(None, "cache_size", -131_072)?;
    // A page that changes twice in a group is logged once, at its end.
    sql.pragma_update(None, "cache_spill", false)?;
    // 128 MiB of log between checkpoints; reading that much back after a crash takes about a second.
    sql.pragma_update(None, "wal_autocheckpoint", 32_768)?;
    sql.pragma_update(None, "journal_size_limit", 128 << 20)?;
    Ok(())
}

impl HasConnection for SqliteStore {
    fn sql(&self) -> &Connection {
        &self.sql
    }
}

impl HasConnection for SqliteReader {
    fn sql(&self) -> &Connection {
        &self.sql
    }
}

impl SqliteStore {
    /// Does a group in one transaction. Without savepoints that costs much less (SQLite copies every page a savepoint
    /// is the first to change), but a write that is refused half done cannot be undone alone: `None`, and nothing of
    /// the group has happened.
    fn attempt(
        &mut self,
        group: &[Write],
        now: Millis,
        savepoints: bool,
    ) -> Result<Option<Vec<Result<Written, Refusal>>>, StoreError> {
        let limits = self.limits;
        // Immediate: the lock is taken, or waited for, here and not in the middle.
        let transaction = self.sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut touched = BTreeSet::new();
        let mut answers = Vec::with_capacity(group.len());
        for write in group {
            let changes = transaction.total_changes();
            let context =
                Context { sql: &transaction, tenant: write.tenant, now, limits, savepoints, changes };
            // Dropping the transaction, here and in every error, rolls it back.
            let Some(answer) = context.one(write)? else { return Ok(None) };
            if let Ok(written) = &answer
                && written.effect.changes()
            {
                touched.insert(written.tenant);
            }
            answers.push(answer);
        }
        for tenant in touched {
            transaction
                .prepare_cached("UPDATE tenants SET change_seq = change_seq + 1 WHERE tenant = ?1")?
                .execute([tenant.0])?;
        }
        transaction.commit()?;
        Ok(Some(answers))
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, group: &[Write], now: Millis) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
        for savepoints in [false, true] {
            if let Some(answers) = self.attempt(group, now, savepoints)? {
                return Ok(answers);
            }
        }
        Err(StoreError::damaged("a group of writes", "it could not be undone in part"))
    }

    fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        let sql = connect(&self.path)?;
        sql.pragma_update(None, "query_only", true)?;
        Ok(Box::new(SqliteReader { sql }))
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        // Readers may keep the log from being emptied; that is no failure, so the counts are not looked at.
        self.sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.sql.execute_batch("PRAGMA optimize")?;
        Ok(())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        let mut statement = self.sql.prepare("PRAGMA quick_check(20)")?;
        let found = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        if found != ["ok"] {
            return Err(StoreError::Damaged(found.join("; ")));
        }
        let mut statement = self.sql.prepare("PRAGMA foreign_key_check")?;
        match statement.query_map([], |row| row.get::<_, String>(0))?.next() {
            Some(table) => Err(StoreError::damaged("table", format!("{} has rows of nobody", table?))),
            None => Ok(()),
        }
    }
}

/// What the nouns need to do one write.
struct Context<'a> {
    sql: &'a Connection,
    tenant: TenantId,
    now: Millis,
    limits: Limits,
    /// Whether the write can be undone alone.
    savepoints: bool,
    /// Rows the connection had changed before the write.
    changes: u64,
}

/// Why a write stops: its own fault, or the engine's (which then takes the whole group with it), or something has to
/// be undone for which a savepoint is needed.
enum Stop {
    Refused(Refusal),
    Failed(StoreError),
    NeedsSavepoint,
}

type Done<T> = Result<T, Stop>;

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl<E: Into<StoreError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Failed(error.into())
    }
}

impl Context<'_> {
    /// Does one write; `None` when a part of it would have to be undone and there is no savepoint.
    fn one(&self, write: &Write) -> Result<Option<Result<Written, Refusal>>, StoreError> {
        if self.savepoints {
            self.sql.prepare_cached("SAVEPOINT one")?.execute([])?;
        }
        let answer = match self.change_and_record(write) {
            Ok(written) => Ok(written),
            Err(Stop::Refused(refusal)) => match self.undo() {
                Ok(()) => Err(refusal),
                Err(Stop::Failed(error)) => return Err(error),
                Err(_) => return Ok(None),
            },
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::NeedsSavepoint) => return Ok(None),
        };
        if self.savepoints {
            self.sql.prepare_cached("RELEASE one")?.execute([])?;
        }
        Ok(Some(answer))
    }

    /// Takes back what the present write has done so far; it may go on from there.
    fn undo(&self) -> Done<()> {
        if self.savepoints {
            self.sql.prepare_cached("ROLLBACK TO one")?.execute([])?;
        } else if self.sql.total_changes() != self.changes {
            return Err(Stop::NeedsSavepoint);
        }
        Ok(())
    }

    fn change_and_record(&self, write: &Write) -> Done<Written> {
        let effect = self.change(&write.change)?;
        let dry = matches!(write.change, Change::ImportPeople { dry_run: true, .. });
        if let Some(audit) = write.audit.as_ref().filter(|_| !dry) {
            self.record(audit)?;
        }
        let tenant = match &effect {
            Effect::Tenant { tenant, .. } => tenant.id,
            _ => self.tenant,
        };
        Ok(Written { tenant, effect })
    }

    fn change(&self, change: &Change) -> Done<Effect> {
        if let Change::CreateTenant { name, first_key, root_org_node } = change {
            return self.create_tenant(name, first_key, root_org_node);
        }
        let size = self.size()?;
        match change {
            Change::CreatePerson(person) => self.create_person(person, size),
            Change::ModifyPerson { key, patch } => self.modify_person(key, patch),
            Change::DeletePerson { key } => self.delete_person(key),
            Change::DeletePeople { keys } => self.delete_people(keys),
            Change::ImportPeople { rows, dry_run } => self.import_people(rows, *dry_run, size),
            Change::PutHost(update) => self.put_host(update, size),
            Change::Contacts(contacts) => self.renew_contacts(contacts),
            Change::DeleteHost { quuid } => self.delete_host(quuid, true),
            Change::ClearHost(host) => self.clear_host(host),
            Change::SetClearRule { days } => self.set_clear_rule(*days),
            Change::ForgetCleared { ids } => self.forget_cleared(ids),
            Change::PutHostDay(counted) => self.put_host_day(*counted),
            Change::EditTag { id, name, quuids } => self.edit_tag(*id, name, quuids),
            Change::AddTags { quuid, names } => self.add_tags(quuid, names),
            Change::SetHostTags { quuid, tags } => self.set_host_tags(quuid, tags),
            Change::DeleteTags { ids } => self.delete_tags(ids),
            Change::DeleteHostTag { id } => self.delete_host_tag(*id),
            Change::SetRemark { quuid, remark } => self.set_remark(quuid, remark),
            Change::PruneHistory { before, most } => self.prune_history(*before, *most),
            Change::PutCredential(credential) => self.put_credential(credential),
            Change::SetKeyState { secret_id, state } => self.set_key_state(secret_id, *state),
            Change::DeleteCredential { secret_id } => self.delete_credential(secret_id),
            Change::CreateTask(task) => self.create_task(task),
            Change::UpdateTask(task) => self.update_task(task),
            Change::LeaseTask { id, seen, until } => self.lease_task(*id, *seen, *until),
            Change::ExpireTask { id, reason } => self.expire_task(*id, reason),
            Change::DeleteTask { id } => self.delete_task(*id),
            Change::CreateToken { token, key } => self.create_token(token, key),
            Change::RevokeToken { secret_id } => self.revoke_token(secret_id),
            Change::Enrol(enrolment) => self.enrol(enrolment),
            Change::ApproveAgent(approval) => self.approve(approval),
            Change::RevokeAgent { id } => self.revoke_agent(*id),
            Change::AgentsSeen(seen) => self.agents_seen(seen),
            Change::StartScan(scan) => self.start_scan(scan),
            Change::EndScan { id, state, answered } => self.end_scan(*id, *state, *answered),
            Change::Record | Change::CreateTenant { .. } => Ok(Effect::Recorded),
        }
    }
}

/// A count or size as the engine keeps it (64 bits with sign).
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The inverse of [`int`]; the program never stores a negative count.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
