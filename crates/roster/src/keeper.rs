//! Who holds the current snapshot: readers take it, one writer at a time replaces it, and when the delta has grown
//! a thread of its own merges it into a new main part. Nobody waits for the merge: what is written meanwhile is
//! noted and applied on top of its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::delta::{Change, Delta};
use crate::kind::Kind;
use crate::snapshot::Snapshot;

/// A delta of this many rows is merged, even into a small main part.
const MERGE_AT_LEAST: usize = 1024;
/// A delta of this part of the main part is merged: every query looks at all rows of the delta.
const MERGE_SHARE: usize = 256;
/// So many noted changes are applied while writers wait, at the end of a merge.
const LAST_ROUND: usize = 1024;

pub(crate) struct Keeper<K: Kind>(Arc<Inner<K>>);

struct Inner<K: Kind> {
    current: ArcSwap<Snapshot<K>>,
    /// Changes since the running merge began; `None` when none is running. The lock is what makes writers take turns.
    since_merge: Mutex<Option<Vec<Change<K::Item>>>>,
}

impl<K: Kind> Keeper<K> {
    /// Starts with a main part and no changes.
    pub(crate) fn new(main: K) -> Self {
        let snapshot = Snapshot { main: Arc::new(main), delta: Delta::default() };
        let current = ArcSwap::from_pointee(snapshot);
        Self(Arc::new(Inner { current, since_merge: Mutex::new(None) }))
    }

    /// The current snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot<K>> {
        self.0.current.load_full()
    }

    /// Applies changes in order and publishes one new snapshot; starts a merge when one is due.
    pub(crate) fn apply(&self, changes: impl Iterator<Item = Change<K::Item>>) {
        let mut writer = self.0.writer();
        let old = self.0.current.load_full();
        let mut delta = old.delta.clone();
        for change in changes {
            if let Some(noted) = writer.as_mut() {
                noted.push(change.clone());
            }
            delta.apply(&old.main, change);
        }
        let due = delta.size() >= MERGE_AT_LEAST.max(old.main.table().rows() as usize / MERGE_SHARE);
        self.0.current.store(Arc::new(Snapshot { main: Arc::clone(&old.main), delta }));
        if due && writer.is_none() {
            self.0.start_merge(writer);
        }
    }

    /// Merges now, in this thread, unless a merge is running.
    pub(crate) fn merge(&self) {
        let mut writer = self.0.writer();
        if writer.is_none() {
            *writer = Some(Vec::new());
            drop(writer);
            Merging::new(&self.0).run();
        }
    }
}

impl<K: Kind> Inner<K> {
    fn writer(&self) -> MutexGuard<'_, Option<Vec<Change<K::Item>>>> {
        // A writer that panicked has published nothing: what is current is whole.
        self.since_merge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_merge(self: &Arc<Self>, mut writer: MutexGuard<'_, Option<Vec<Change<K::Item>>>>) {
        *writer = Some(Vec::new());
        drop(writer);
        let merging = Merging::new(self);
        // Without a thread the guard is dropped with the closure, and the next change tries again.
        let _ = std::thread::Builder::new().name("roster-merge".into()).spawn(move || merging.run());
    }
}

/// A merge that runs. Dropping it before it has published lets the next one start.
struct Merging<K: Kind> {
    inner: Arc<Inner<K>>,
    published: bool,
}

impl<K: Kind> Drop for Merging<K> {
    fn drop(&mut self) {
        if !self.published {
            *self.inner.writer() = None;
        }
    }
}

impl<K: Kind> Merging<K> {
    fn new(inner: &Arc<Inner<K>>) -> Self {
        Self { inner: Arc::clone(inner), published: false }
    }

    /// Makes the new main part from the snapshot that is current, which is not older than the first note. What was
    /// noted before it was taken is applied twice, which changes nothing: the last change of a key wins.
    fn run(mut self) {
        let inner = Arc::clone(&self.inner);
        let base = inner.current.load_full();
        let main = Arc::new(base.main.merge(base.delta.dead(), &base.delta.changes()));
        let mut delta = Delta::<K>::default();
        loop {
            let mut writer = inner.writer();
            let noted = writer.as_mut().map(std::mem::take).unwrap_or_default();
            let last = noted.len() <= LAST_ROUND;
            let waiting = last.then_some(writer);
            noted.into_iter().for_each(|change| delta.apply(&main, change));
            if let Some(mut writer) = waiting {
                inner.current.store(Arc::new(Snapshot { main, delta }));
                *writer = None;
                self.published = true;
                return;
            }
        }
    }
}
