//! When the engine itself fails. What a write may not do is a [`Refusal`](crate::Refusal) instead.

use std::path::PathBuf;

/// Failure of the engine or of what it holds; the text is for the operator, never for a caller outside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database answered with an error that is none of the others.
    #[error("the database failed: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another program holds the database longer than the busy timeout.
    #[error("the database is locked by another program; end that program (a backup, a shell) and try again")]
    Busy,
    /// No space left.
    #[error("no space left for the database; free some or move the data directory")]
    Full,
    /// The file is not what was written.
    #[error(
        "the database is damaged: {0}; stop the server, keep a copy of the file and restore the last backup"
    )]
    Damaged(String),
    /// The file is a database of another program.
    #[error("{path} is a database, but not one of this program; choose another data directory")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program has written the database.
    #[error(
        "the database has schema {found}, this program knows up to {known}; start the newer program again, \
         or restore a backup made before the upgrade"
    )]
    Newer {
        /// Schema version of the file.
        found: u32,
        /// Newest schema version this program knows.
        known: u32,
    },
    /// A migration that was applied is not the one this program carries.
    #[error(
        "migration {version} ({name}) of the database differs from the one in this program; \
         use the program that made the database, or restore a backup made by a released version"
    )]
    MigrationChanged {
        /// Version of the migration.
        version: u32,
        /// Name of the migration.
        name: String,
    },
    /// A file could not be made or opened.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Damage of one stored value.
    pub(crate) fn damaged(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("{what}: {why}"))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => Self::Busy,
            Some(DiskFull) => Self::Full,
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Engine(Box::new(error)),
        }
    }
}
