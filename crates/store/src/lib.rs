//! What must survive: people, hosts, keys, tasks and the audit trail, behind one trait ([`Store`]) with SQLite behind
//! it ([`SqliteStore`]) and room for PostgreSQL. Here are durable groups of writes, what each of them means for
//! uniqueness and history, and the one thread that writes ([`Writer`]).
//!
//! Answering questions is not done here: the roster does that from what [`Written`] tells it. Wire names and HTTP
//! do not belong here, nor do clocks: every instant comes in as an argument.

mod agents;
mod codec;
pub mod dir;
mod error;
mod history;
mod merge;
mod read;
mod report;
mod rows;
pub mod seal;
mod sqlite;
mod write;
mod writer;

pub use agents::{AgentChange, AgentSeen, Approval, Enrolment, NewScan};
pub use dir::{DataDir, DirError};
pub use error::StoreError;
pub use history::{Kind, Kinds};
pub use read::{AccountEvent, AuditRecord, Counts, EventFilter, Reader, Share};
pub use report::{Facts, HostUpdate};
pub use seal::{MasterKey, SealError};
pub use sqlite::{Limits, SqliteStore};
pub use write::{
    Audit, Change, Effect, FirstKey, HostContact, ImportProblem, Imported, NewTask, PeopleDeleted,
    PersonImport, PersonKey, Refusal, Write, Written,
};
pub use writer::{Options, WriteError, Writer};

use model::Millis;

/// Durable memory of one installation.
///
/// One value has one writer; further [`Reader`]s come from [`reader`](Self::reader). Rules every implementation keeps,
/// and which the suite in `tests/suite` checks: rows of one tenant are never seen or touched through another, all ids
/// come from the caller or a counter of the store, and the answer to a write is given after it is durable.
pub trait Store: Reader + Send {
    /// Does `group` in one durable transaction, at instant `now`.
    ///
    /// Each write is atomic in itself: it happens whole, or it is refused and leaves nothing behind; a refusal does
    /// not touch the others. Later writes of a group see what earlier ones did. The answers are in the order of the
    /// group, one for each write. With `Err` nothing of the whole group is visible, now or after a restart.
    fn commit(&mut self, group: &[Write], now: Millis) -> Result<Vec<Result<Written, Refusal>>, StoreError>;

    /// A second way in that reads beside the writer and sees every group committed before the call of its method.
    fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError>;

    /// Brings the engine to rest before a clean stop, so that the next start is quick. Durability does not need it.
    fn checkpoint(&mut self) -> Result<(), StoreError>;

    /// Reads everything and looks for damage; seconds for a large installation.
    fn check(&mut self) -> Result<(), StoreError>;
}
