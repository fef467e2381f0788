//! A few connections that only read, lent one caller at a time: for what memory does not keep, and for the start.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use store::{Reader, Store, StoreError};

type Connection = Box<dyn Reader + Send>;

/// The connections.
pub(crate) struct Readers {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A connection on loan.
pub(crate) struct Lent<'a> {
    from: &'a Readers,
    /// Empty only while it is given back.
    connection: Option<Connection>,
}

impl Readers {
    /// Opens `count` connections, at least one.
    pub(crate) fn open(store: &dyn Store, count: usize) -> Result<Self, StoreError> {
        let idle = (0..count.max(1)).map(|_| store.reader()).collect::<Result<Vec<_>, _>>()?;
        Ok(Readers { idle: Mutex::new(idle), returned: Condvar::new() })
    }

    /// A connection, as soon as one is free. Blocks; not for an asynchronous thread.
    pub(crate) fn lend(&self) -> Lent<'_> {
        let idle = self.returned.wait_while(self.idle(), |idle| idle.is_empty());
        let connection = idle.unwrap_or_else(PoisonError::into_inner).pop();
        Lent { from: self, connection }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Lent<'_> {
    type Target = Connection;

    #[expect(clippy::unwrap_used, reason = "it is there until the loan is dropped")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }
}

impl DerefMut for Lent<'_> {
    #[expect(clippy::unwrap_used, reason = "it is there until the loan is dropped")]
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().unwrap()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.from.idle().extend(self.connection.take());
        self.from.returned.notify_one();
    }
}
