//! The one thread that writes: it takes what is queued, commits it as one group, tells the observer and then answers
//! each caller. The more there is to write, the larger the groups; nothing ever waits for a timer.

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
    /// More make a large import cheaper (it changes the same index pages in each group) and others wait longer.
    pub group: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 1024, group: 20_000 }
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
    /// Starts the thread.
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
        let (jobs, queue) = mpsc::channel(options.queue.max(1));
        let worker = Worker { store, queue, group: options.group, clock, observer };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || worker.run())
            .map_err(|source| StoreError::Engine(Box::new(source)))?;
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

struct Worker<C, O> {
    store: Box<dyn Store>,
    queue: mpsc::Receiver<Job>,
    group: usize,
    clock: C,
    observer: O,
}

type Answer = oneshot::Sender<Result<Written, WriteError>>;

impl<C: Fn() -> Millis, O: FnMut(&[Written])> Worker<C, O> {
    fn run(mut self) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.queue.blocking_recv()) {
            let (mut writes, mut answers) = (Vec::new(), Vec::new());
            let mut room = self.group;
            let mut job = Some(first);
            while let Some(taken) = job {
                match taken {
                    Job::Stop => self.queue.close(),
                    Job::Write(write, answer) => {
                        let weight = weight(&write.change);
                        if weight > room && !writes.is_empty() {
                            next = Some(Job::Write(write, answer));
                            break;
                        }
                        room = room.saturating_sub(weight);
                        writes.push(*write);
                        answers.push(answer);
                    }
                }
                job = self.queue.try_recv().ok();
            }
            if !writes.is_empty() {
                self.commit(&writes, answers);
            }
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the database could not be brought to rest; the next start takes longer");
        }
    }

    fn commit(&mut self, writes: &[Write], answers: Vec<Answer>) {
        match self.store.commit(writes, (self.clock)()) {
            Ok(results) => self.tell(results, answers),
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "a group of writes failed");
                let error = Arc::new(error);
                for answer in answers {
                    // A caller who no longer waits does not need the answer.
                    let _gone = answer.send(Err(WriteError::Failed(Arc::clone(&error))));
                }
            }
        }
    }

    fn tell(&mut self, results: Vec<Result<Written, Refusal>>, answers: Vec<Answer>) {
        let written: Vec<Written> = results.iter().filter_map(|r| r.as_ref().ok().cloned()).collect();
        if !written.is_empty() {
            (self.observer)(&written);
        }
        for (result, answer) in results.into_iter().zip(answers) {
            let _gone = answer.send(result.map_err(WriteError::Refused));
        }
    }
}

/// Rows a change may touch.
fn weight(change: &Change) -> usize {
    match change {
        Change::ImportPeople { rows, .. } => rows.len().max(1),
        Change::DeletePeople { keys } => keys.len().max(1),
        Change::PutHost { report, .. } => report.accounts.len().max(1),
        _ => 1,
    }
}
