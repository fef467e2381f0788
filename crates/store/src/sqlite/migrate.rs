//! Bringing the schema up to date: numbered scripts, applied once each, forward only, remembered with a checksum.
//! A script that was released is never changed; a new one is added at the end of [`MIGRATIONS`].

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::StoreError;

/// One script.
pub(super) struct Migration {
    name: &'static str,
    script: &'static str,
}

/// All scripts; the version of each is its place, from 1.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { name: "first", script: include_str!("../../migrations/0001_first.sql") },
    Migration { name: "host rows", script: include_str!("../../migrations/0002_host_rows.sql") },
    Migration { name: "labels", script: include_str!("../../migrations/0003_labels.sql") },
    Migration { name: "history", script: include_str!("../../migrations/0004_history.sql") },
    Migration { name: "agents", script: include_str!("../../migrations/0005_agents.sql") },
    Migration { name: "event list", script: include_str!("../../migrations/0006_event_list.sql") },
];

/// "Roll", in the header of the file, so that no other program's database is taken for ours.
const APPLICATION_ID: i32 = 0x526f_6c6c;

/// Refuses the database of another program, before anything is written to it.
pub(super) fn recognise(sql: &Connection, path: &Path) -> Result<(), StoreError> {
    let id: i32 = sql.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = sql.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && tables == 0) {
        return Ok(());
    }
    Err(StoreError::Foreign { path: path.to_path_buf() })
}

/// Applies what is missing of `migrations`, all in one transaction.
pub(super) fn up(sql: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let transaction = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             version  INTEGER NOT NULL PRIMARY KEY,
             name     TEXT    NOT NULL,
             checksum TEXT    NOT NULL
         ) STRICT",
    )?;
    let found: Option<u32> =
        transaction.query_row("SELECT max(version) FROM migrations", [], |row| row.get(0))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if let Some(found) = found.filter(|found| *found > known) {
        return Err(StoreError::Newer { found, known });
    }
    for (version, migration) in (1..).zip(migrations) {
        apply(&transaction, version, migration)?;
    }
    Ok(transaction.commit()?)
}

fn apply(sql: &Connection, version: u32, migration: &Migration) -> Result<(), StoreError> {
    let checksum = hex::encode(Sha256::digest(migration.script));
    let applied: Option<String> = sql
        .query_row("SELECT checksum FROM migrations WHERE version = ?1", [version], |row| row.get(0))
        .optional()?;
    match applied {
        Some(applied) if applied == checksum => Ok(()),
        Some(_) => Err(StoreError::MigrationChanged { version, name: migration.name.to_owned() }),
        None => {
            sql.execute_batch(migration.script)?;
            sql.execute("INSERT INTO migrations VALUES (?1, ?2, ?3)", (version, migration.name, checksum))?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration { name: "one", script: "CREATE TABLE a (x INTEGER)" };
    const OTHER: Migration = Migration { name: "one", script: "CREATE TABLE a (y INTEGER)" };
    const TWO: Migration = Migration { name: "two", script: "INSERT INTO a VALUES (7)" };
    const BROKEN: Migration = Migration { name: "broken", script: "INSERT INTO a VALUES (8); nonsense" };

    fn rows(sql: &Connection) -> i64 {
        sql.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_script_once() {
        let mut sql = Connection::open_in_memory().unwrap();
        up(&mut sql, &[ONE]).unwrap();
        up(&mut sql, &[ONE, TWO]).unwrap();
        up(&mut sql, &[ONE, TWO]).unwrap();
        assert_eq!(rows(&sql), 1);
    }

    #[test]
    fn a_changed_script_is_refused() {
        let mut sql = Connection::open_in_memory().unwrap();
        up(&mut sql, &[ONE]).unwrap();
        let error = up(&mut sql, &[OTHER, TWO]).unwrap_err();
        assert!(
            matches!(&error, StoreError::MigrationChanged { version: 1, name } if name == "one"),
            "{error}"
        );
        assert_eq!(rows(&sql), 0, "nothing after it was applied");
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut sql = Connection::open_in_memory().unwrap();
        up(&mut sql, &[ONE, TWO]).unwrap();
        let error = up(&mut sql, &[ONE]).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 2, known: 1 }), "{error}");
    }

    #[test]
    fn a_script_that_fails_leaves_nothing() {
        let mut sql = Connection::open_in_memory().unwrap();
        up(&mut sql, &[ONE]).unwrap();
        up(&mut sql, &[ONE, BROKEN]).unwrap_err();
        assert_eq!(rows(&sql), 0);
        up(&mut sql, &[ONE, TWO]).unwrap();
    }

    #[test]
    fn another_programs_database_is_refused() {
        let sql = Connection::open_in_memory().unwrap();
        recognise(&sql, Path::new("x")).unwrap();
        sql.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(recognise(&sql, Path::new("x")), Err(StoreError::Foreign { .. })));
    }
}
