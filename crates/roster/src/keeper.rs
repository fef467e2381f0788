//! Who holds the current snapshot: readers take it, one writer at a time replaces it, and when the delta has grown
//! a thread of its own merges it into a new main part. Nobody waits for the merge: what is written meanwhile is
//! noted and applied on top of its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::delta::{Change, Delta};
use crate::kind::Kind;
use crate::snapshot::Snapshot;

/// A delta of this many rows is merged, even into a small main part.
const MERGE_AT_LEAST: usize = 1024;
/// A delta of this part of the main part is merged: every query looks at all rows of the delta.
const MERGE_SHARE: usize = 512;
/// After a merge its thread rests this many times as long as the merge took. A flood of changes then costs as much
/// again for merging, not the square of its length, and the delta grows for a while instead.
const REST: u32 = 5;
/// Longest rest.
const REST_AT_MOST: Duration = Duration::from_secs(60);
/// Time between two looks whether a replaced main part is still read.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// So many noted changes are applied while writers wait, at the end of a merge.
const LAST_ROUND: usize = 1024;

pub(crate) struct Keeper<K: Kind>(Arc<Inner<K>>);

struct Inner<K: Kind> {
    current: ArcSwap<Snapshot<K>>,
    /// The lock is what makes writers take turns.
    turn: Mutex<Turn<K::Item>>,
}

/// What a writer has to know of merging.
struct Turn<T> {
    /// Changes since the running merge began; `None` when none is running.
    noted: Option<Vec<Change<T>>>,
    /// Whether the merging thread lives: it merges, or rests and looks again.
    thread: bool,
}

impl<K: Kind> Keeper<K> {
    /// Starts with a main part and no changes.
    pub(crate) fn new(main: K) -> Self {
        let snapshot = Snapshot { main: Arc::new(main), delta: Delta::default() };
        let current = ArcSwap::from_pointee(snapshot);
        let turn = Mutex::new(Turn { noted: None, thread: false });
        Self(Arc::new(Inner { current, turn }))
    }

    /// The current snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot<K>> {
        self.0.current.load_full()
    }

    /// Applies changes in order and publishes one new snapshot; starts a merge when one is due.
    pub(crate) fn apply(&self, changes: impl Iterator<Item = Change<K::Item>>) {
        let mut turn = self.0.turn();
        let old = self.0.current.load_full();
        let mut delta = old.delta.clone();
        for change in changes {
            if let Some(noted) = turn.noted.as_mut() {
                noted.push(change.clone());
            }
            delta.apply(&old.main, change);
        }
        let snapshot = Snapshot { main: Arc::clone(&old.main), delta };
        let due = merge_due(&snapshot);
        self.0.current.store(Arc::new(snapshot));
        if due && !turn.thread {
            turn.thread = true;
            drop(turn);
            self.0.start_thread();
        }
    }

    /// Merges now, in this thread, unless a merge is running.
    pub(crate) fn merge(&self) {
        if let Some(merging) = Merging::begin(&self.0) {
            merging.run();
        }
    }
}

/// Whether the delta has grown so far that queries would feel it.
fn merge_due<K: Kind>(snapshot: &Snapshot<K>) -> bool {
    snapshot.delta.size() >= MERGE_AT_LEAST.max(snapshot.main.table().rows() as usize / MERGE_SHARE)
}

impl<K: Kind> Inner<K> {
    fn turn(&self) -> MutexGuard<'_, Turn<K::Item>> {
        // A writer that panicked has published nothing: what is current is whole.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread that merges until nothing is due. It does not keep the roster alive while it rests.
    fn start_thread(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let work = move || {
            while let Some((rest, replaced)) = weak.upgrade().and_then(|inner| inner.merge_if_due()) {
                let spent = replaced.map_or(Duration::ZERO, |replaced| give_back(replaced, rest));
                thread::sleep(rest.saturating_sub(spent));
            }
        };
        if thread::Builder::new().name("roster-merge".into()).spawn(work).is_err() {
            // The next change tries again.
            self.turn().thread = false;
        }
    }

    /// Merges if that is due, and says how long to rest and what was replaced; `None` ends the thread.
    fn merge_if_due(self: &Arc<Self>) -> Option<(Duration, Option<Arc<Snapshot<K>>>)> {
        let mut turn = self.turn();
        if !merge_due(&self.current.load()) {
            turn.thread = false;
            return None;
        }
        drop(turn);
        let started = Instant::now();
        let replaced = Merging::begin(self).map(Merging::run);
        Some(((started.elapsed() * REST).min(REST_AT_MOST), replaced))
    }
}

/// Gives the memory of a replaced main part back, which takes long, and so not in the middle of somebody's read: waits
/// for those who still read in it, for some time. Says how long that took.
fn give_back<K: Kind>(replaced: Arc<Snapshot<K>>, at_most: Duration) -> Duration {
    let started = Instant::now();
    let in_use = || Arc::strong_count(&replaced) > 1 || Arc::strong_count(&replaced.main) > 1;
    while in_use() && started.elapsed() < at_most {
        thread::sleep(LOOK_AGAIN);
    }
    drop(replaced);
    started.elapsed()
}

/// A merge that runs. Dropping it before it has published lets the next one start.
struct Merging<K: Kind> {
    inner: Arc<Inner<K>>,
    published: bool,
}

impl<K: Kind> Drop for Merging<K> {
    fn drop(&mut self) {
        if !self.published {
            let mut turn = self.inner.turn();
            // A merge that panicked took its thread with it.
            *turn = Turn { noted: None, thread: false };
        }
    }
}

impl<K: Kind> Merging<K> {
    /// Begins to note changes; `None` while another merge runs.
    fn begin(inner: &Arc<Inner<K>>) -> Option<Self> {
        let mut turn = inner.turn();
        if turn.noted.is_some() {
            return None;
        }
        turn.noted = Some(Vec::new());
        Some(Self { inner: Arc::clone(inner), published: false })
    }

    /// Makes the new main part from the snapshot that is current, which is not older than the first note. What was
    /// noted before it was taken is applied twice, which changes nothing: the last change of a key wins. Gives what
    /// was replaced.
    fn run(mut self) -> Arc<Snapshot<K>> {
        let inner = Arc::clone(&self.inner);
        let base = inner.current.load_full();
        let main = Arc::new(base.main.merge(base.delta.dead(), &base.delta.changes()));
        let mut delta = Delta::<K>::default();
        loop {
            let mut turn = inner.turn();
            let noted = turn.noted.as_mut().map(std::mem::take).unwrap_or_default();
            let last = noted.len() <= LAST_ROUND;
            let waiting = last.then_some(turn);
            noted.into_iter().for_each(|change| delta.apply(&main, change));
            if let Some(mut turn) = waiting {
                let replaced = inner.current.swap(Arc::new(Snapshot { main, delta }));
                turn.noted = None;
                self.published = true;
                return replaced;
            }
        }
    }
}
