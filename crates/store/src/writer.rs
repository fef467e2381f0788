//! The one thread that writes: it takes what is queued and commits it as one group. A second thread tells the observer
//! and then answers each caller, in the order of the commits, while the first one writes the next group. The more there
//! is to write, the larger the groups; nothing ever waits for a timer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use model::Millis;
use tokio::sync::{mpsc, oneshot};

use crate::{Change, Refusal, Store, StoreError, Write, Written};

/// Why [`Writer::write`] has no [`Written`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// The write may not be; the rest of its group is not touched.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine failed; nothing of the group happened.
    #[error("{0}")]
    Failed(Arc<StoreError>),
    /// The writer has stopped; the write did not happen, or (after a panic of the observer) its answer is lost.
    #[error("the store is stopping")]
    Stopped,
}

/// How much the writer takes at once.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Writes that may wait; further callers wait for a place.
    pub queue: usize,
    /// Rows of one group at most (a write counts 1, an import its rows); a larger single write is a group of its own.
    pub group: usize,
    /// The same while only imports wait. More make a large import cheaper (it changes the same index pages in each
    /// group), and what comes in the middle waits longer.
    pub imports: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 1024, group: 20_000, imports: 100_000 }
    }
}

enum Job {
    Write(Box<Write>, oneshot::Sender<Result<Written, WriteError>>),
    Stop,
}

/// Handle to the writing thread. Dropping it stops the thread cleanly, see [`stop`](Self::stop).
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the threads.
    ///
    /// `clock` gives the instant of each group. `observer` is called after each commit with everything that happened,
    /// in order, before any caller is answered: what a caller was told, the observer has seen. A panic of the observer
    /// ends the thread: all later writes are answered [`WriteError::Stopped`].
    pub fn start(
        store: Box<dyn Store>,
        options: Options,
        clock: impl Fn() -> Millis + Send + 'static,
        observer: impl FnMut(&[Written]) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Engine(Box::new(source));
        let (jobs, queue) = mpsc::channel(options.queue.max(1));
        let (done, committed) = sync_channel(UNTOLD);
        let broken = Arc::new(AtomicBool::new(false));
        let teller_broken = Arc::clone(&broken);
        let teller = std::thread::Builder::new()
            .name("store-teller".to_owned())
            .spawn(move || tell_all(&committed, observer, &teller_broken))
            .map_err(failed)?;
        let worker = Worker { store, queue, options, clock, done, broken };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                worker.run();
                if teller.join().is_err() {
                    tracing::error!("the observer of writes had panicked");
                }
            })
            .map_err(failed)?;
        Ok(Self { jobs, thread: Mutex::new(Some(thread)) })
    }

    /// Writes and waits until it is durable and observed. Waits for a place when the queue is full. If the future is
    /// dropped after its first poll, the write may still happen.
    pub async fn write(&self, write: Write) -> Result<Written, WriteError> {
        let (answer, done) = oneshot::channel();
        self.jobs.send(Job::Write(Box::new(write), answer)).await.map_err(|_| WriteError::Stopped)?;
        done.await.unwrap_or(Err(WriteError::Stopped))
    }

    /// The same for threads without an asynchronous runtime.
    ///
    /// # Panics
    /// When called inside one.
    pub fn write_blocking(&self, write: Write) -> Result<Written, WriteError> {
        let (answer, done) = oneshot::channel();
        self.jobs.blocking_send(Job::Write(Box::new(write), answer)).map_err(|_| WriteError::Stopped)?;
        done.blocking_recv().unwrap_or(Err(WriteError::Stopped))
    }

    /// Stops cleanly: everything queued is written and answered, the engine is brought to rest, the thread ends.
    /// Later writes are answered [`WriteError::Stopped`]. Blocks; a second call returns at once.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        self.ask_to_stop();
        if thread.join().is_err() {
            tracing::error!("the writing thread had panicked");
        }
    }

    /// Puts the stop into the queue; with a full queue it is tried again until there is a place. `try_send` because
    /// this may run inside an asynchronous runtime, where tokio's blocking variant panics.
    fn ask_to_stop(&self) {
        while let Err(mpsc::error::TrySendError::Full(_)) = self.jobs.try_send(Job::Stop) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Groups that may be committed and not yet told.
const UNTOLD: usize = 2;

type Answer = oneshot::Sender<Result<Written, WriteError>>;

/// A group the engine is done with.
struct Committed {
    /// What was written; let go by the teller, for a large import is slow to let go.
    _writes: Vec<Write>,
    results: Result<Vec<Result<Written, Refusal>>, Arc<StoreError>>,
    answers: Vec<Answer>,
}

struct Worker<C> {
    store: Box<dyn Store>,
    queue: mpsc::Receiver<Job>,
    options: Options,
    clock: C,
    done: SyncSender<Committed>,
    /// Whether the observer has panicked: memory no longer follows the store, so nothing more is written.
    broken: Arc<AtomicBool>,
}

impl<C: Fn() -> Millis> Worker<C> {
    fn run(mut self) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.queue.blocking_recv()) {
            let (mut writes, mut answers) = (Vec::new(), Vec::new());
            let mut filled = Filled { rows: 0, only_imports: true };
            let mut job = Some(first);
            while let Some(taken) = job {
                match taken {
                    Job::Stop => self.queue.close(),
                    Job::Write(write, answer) => {
                        if !filled.takes(&write.change, self.options) {
                            next = Some(Job::Write(write, answer));
                            break;
                        }
                        writes.push(*write);
                        answers.push(answer);
                    }
                }
                job = self.queue.try_recv().ok();
            }
            if !writes.is_empty() && !self.commit(writes, answers) {
                break;
            }
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the database could not be brought to rest; the next start takes longer");
        }
    }

    /// Commits a group and hands it to the teller; false when that one is gone, whose callers then find their answers
    /// lost.
    fn commit(&mut self, writes: Vec<Write>, answers: Vec<Answer>) -> bool {
        if self.broken.load(Ordering::Acquire) {
            return false;
        }
        let results = self.store.commit(&writes, (self.clock)()).map_err(|error| {
            tracing::error!(%error, writes = writes.len(), "a group of writes failed");
            Arc::new(error)
        });
        self.done.send(Committed { _writes: writes, results, answers }).is_ok()
    }
}

/// Notes a panic that passes through.
struct BreaksOnPanic<'a>(&'a AtomicBool);

impl Drop for BreaksOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

/// Tells the observer of each group, then answers its callers. A caller who no longer waits does not need the answer.
fn tell_all(committed: &Receiver<Committed>, mut observer: impl FnMut(&[Written]), broken: &AtomicBool) {
    for group in committed {
        // Dropped before the group when the observer panics, so that no caller learns of it before the writer does.
        let _broken = BreaksOnPanic(broken);
        match group.results {
            Ok(results) => {
                let written: Vec<Written> = results.iter().filter_map(|r| r.as_ref().ok().cloned()).collect();
                if !written.is_empty() {
                    observer(&written);
                }
                for (result, answer) in results.into_iter().zip(group.answers) {
                    let _gone = answer.send(result.map_err(WriteError::Refused));
                }
            }
            Err(error) => {
                for answer in group.answers {
                    let _gone = answer.send(Err(WriteError::Failed(Arc::clone(&error))));
                }
            }
        }
    }
}

/// What is in a group.
struct Filled {
    rows: usize,
    only_imports: bool,
}

impl Filled {
    /// Takes a change in if there is room: into an empty group there always is.
    fn takes(&mut self, change: &Change, options: Options) -> bool {
        let only_imports = self.only_imports && matches!(change, Change::ImportPeople { .. });
        let weight = weight(change);
        // Small writes join a large group of imports: they would wait for it anyway.
        let most = if only_imports || weight == 1 { options.imports } else { options.group };
        let rows = self.rows.saturating_add(weight);
        let takes = self.rows == 0 || rows <= most;
        if takes {
            *self = Filled { rows, only_imports };
        }
        takes
    }
}

/// Rows a change may touch.
fn weight(change: &Change) -> usize {
    match change {
        Change::ImportPeople { rows, .. } => rows.len().max(1),
        Change::DeletePeople { keys } => keys.len().max(1),
        Change::PutHost(update) => update.accounts().max(1),
        Change::AgentsSeen(seen) => seen.len().max(1),
        Change::Contacts(contacts) => contacts.len().max(1),
        _ => 1,
    }
}
