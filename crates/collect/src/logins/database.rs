//! lastlog2 and wtmpdb: SQLite databases, read from bytes in memory, so that no path, journal or lock of the host is
//! ever touched. A database may be hostile: its schema is not trusted and a query that runs too long is cut off.

use std::time::{Duration, Instant};

use rusqlite::{Connection, config::DbConfig, limits::Limit};

use super::{ByUser, Entry};

/// Longest a query may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most rows read.
const ROW_LIMIT: i64 = 1_000_000;
/// Virtual machine steps between looks at the clock.
const STEPS: i32 = 100_000;

/// Why a database gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It has no such table: what a failed first start leaves behind, among others an empty file.
    #[error("no table {0}")]
    NoTable(&'static str),
    /// Not a database, damaged, or not to be finished in time.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The last login of every user from a lastlog2 database (seconds).
///
/// # Errors
/// [`DatabaseError`] when there is no such table or the file is no sound database.
pub fn lastlog2(bytes: &[u8]) -> Result<ByUser, DatabaseError> {
    const QUERY: &str = "SELECT Name, Time, TTY, RemoteHost FROM Lastlog2 WHERE Time > 0 LIMIT ?1";
    query(bytes, "Lastlog2", QUERY, 1)
}

/// The last session of every user from a wtmpdb database (microseconds).
///
/// # Errors
/// As [`lastlog2`].
pub fn wtmpdb(bytes: &[u8]) -> Result<ByUser, DatabaseError> {
    // Type 3 is a user session. SQLite takes the bare columns from the row that has the maximum.
    const QUERY: &str = "SELECT User, MAX(Login), TTY, RemoteHost FROM wtmp WHERE Type = 3 AND Login > 0 \
        GROUP BY User LIMIT ?1";
    query(bytes, "wtmp", QUERY, 1_000_000)
}

fn query(bytes: &[u8], table: &'static str, sql: &str, per_second: i64) -> Result<ByUser, DatabaseError> {
    if bytes.is_empty() {
        return Err(DatabaseError::NoTable(table));
    }
    let connection = open(bytes)?;
    let exists = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    if connection.query_row(exists, [table], |row| row.get::<_, i64>(0))? == 0 {
        return Err(DatabaseError::NoTable(table));
    }
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([ROW_LIMIT])?;
    let mut found = ByUser::new();
    while let Some(row) = rows.next()? {
        let entry = Entry {
            time: row.get::<_, i64>(1)? / per_second,
            terminal: text(row, 2)?,
            host: text(row, 3)?,
            ip: None,
        };
        let user = row.get_ref(0)?.as_bytes_or_null().ok().flatten().unwrap_or_default().to_vec();
        if !user.is_empty() && entry.time > 0 {
            found.insert(user, entry);
        }
    }
    Ok(found)
}

fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    let bytes = row.get_ref(column)?.as_bytes_or_null().ok().flatten().unwrap_or_default();
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut image = bytes.to_vec();
    // A database in WAL mode cannot be opened from memory; as a rollback one it shows its last checkpoint.
    for version in image.get_mut(18..20).into_iter().flatten() {
        if *version == 2 {
            *version = 1;
        }
    }
    let mut connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 1 << 20)?;
    connection.deserialize_read_exact("main", image.as_slice(), image.len(), true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    let end = Instant::now() + PATIENCE;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTLOG2: &[u8] = include_bytes!("../../tests/fixtures/lastlog2.db");
    const WTMPDB: &[u8] = include_bytes!("../../tests/fixtures/wtmp.db");

    fn database(sql: &str) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        connection.serialize("main").unwrap().to_vec()
    }

    #[test]
    fn files_of_the_real_tools() {
        let last = lastlog2(LASTLOG2).unwrap();
        let sessions = wtmpdb(WTMPDB).unwrap();
        assert_eq!(last.len(), 1);
        let alice = &last[&b"alice"[..]];
        assert_eq!(
            (alice.time, alice.terminal.as_str(), alice.host.as_str()),
            (1_795_330_790, "lastlog", "localhost")
        );
        assert!(sessions.is_empty(), "only a boot was recorded: {sessions:?}");
    }

    #[test]
    fn newest_session_keeps_its_row_together() {
        let bytes = database(
            "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT, Login INTEGER, Logout INTEGER, \
             TTY TEXT, RemoteHost TEXT, Service TEXT); \
             INSERT INTO wtmp(Type, User, Login, TTY, RemoteHost) VALUES \
             (1,'reboot',9000000,'~',NULL), (3,'a',1000000,'tty1','old'), (3,'a',3999999,'pts/3','10.0.0.3'), \
             (3,'a',2000000,'tty2',NULL), (3,NULL,1,NULL,NULL), (3,'z',1,'t','h')",
        );
        let found = wtmpdb(&bytes).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let a = &found[&b"a"[..]];
        assert_eq!((a.time, a.terminal.as_str(), a.host.as_str()), (3, "pts/3", "10.0.0.3"));
    }

    #[test]
    fn broken_and_hostile_databases() {
        assert!(matches!(lastlog2(b""), Err(DatabaseError::NoTable("Lastlog2"))));
        assert!(matches!(lastlog2(&database("CREATE TABLE x(y)")), Err(DatabaseError::NoTable(_))));
        assert!(matches!(lastlog2(b"not a database at all"), Err(DatabaseError::Sqlite(_))));
        assert!(lastlog2(&LASTLOG2[..5000]).is_err());
        let view = database(
            "CREATE VIEW Lastlog2 AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) \
             SELECT 'a' AS Name, x AS Time, '' AS TTY, '' AS RemoteHost FROM c",
        );
        assert!(matches!(lastlog2(&view), Err(DatabaseError::NoTable(_))));
        let typed = database(
            "CREATE TABLE Lastlog2(Name, Time, TTY, RemoteHost); INSERT INTO Lastlog2 VALUES(1, 2, 3, x'ff')",
        );
        assert!(lastlog2(&typed).unwrap().is_empty());
    }

    #[test]
    fn write_ahead_databases_show_their_checkpoint() {
        let mut bytes = LASTLOG2.to_vec();
        bytes[18..20].fill(2);
        assert_eq!(lastlog2(&bytes).unwrap(), lastlog2(LASTLOG2).unwrap());
    }
}
