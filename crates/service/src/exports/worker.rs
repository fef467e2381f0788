//! The threads that write export files. A worker takes a pending task by a lease, writes the file, and only then
//! marks the task; a task whose worker died is taken up again when its lease has run out or at the next start.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use export::lease::{self, HEARTBEAT, LEASE};
use export::{ExportDir, ExportError, ExportFile};
use model::{ExportTask, Millis, TaskState};
use store::{Change, Effect, Write, WriteError, Writer};

use super::Table;
use crate::clock::Clock;

/// Threads that write.
const WORKERS: usize = 2;
/// How far their priority is below that of the threads that answer (nice(2)): an export uses what time is left.
const NICE: i32 = 10;
/// How often an idle worker looks around although nobody woke it.
const ROUND: Duration = Duration::from_secs(1);
/// Rows between two looks at the clock and the stop flag.
const ROWS_BETWEEN_LOOKS: u64 = 4096;
/// A task that is still pending after so long has brought its workers down again and again.
const HOPELESS: Millis = 24 * 3_600_000;
/// A task that has waited so long for its job will not get it any more.
const ABANDONED: Millis = 10_000;

/// Writes the rows of one task into its file. Made when the task is accepted, so that it holds the snapshot of that
/// moment; made again from the stored request after a restart.
pub(crate) trait Job: Send {
    /// Writes header and rows; asks `goes_on` from time to time and stops when that is an error.
    fn write(
        &self,
        file: &mut ExportFile,
        goes_on: &mut dyn FnMut(&ExportFile) -> Result<(), Stop>,
    ) -> Result<(), Stop>;
}

/// Makes the job of a task from its stored request.
pub(crate) type Remake = Box<dyn Fn(&ExportTask) -> Result<Box<dyn Job>, String> + Send + Sync>;

/// Why a file is not written to its end.
pub(crate) enum Stop {
    /// The server stops; the next start takes the task up.
    Shutdown,
    /// Another worker has the task.
    Lost,
    /// It cannot be written.
    Failed(String),
}

impl From<ExportError> for Stop {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::TakenOver => Stop::Lost,
            other => Stop::Failed(other.to_string()),
        }
    }
}

/// What the workers share.
pub(crate) struct Exporter {
    pub tasks: Arc<Table>,
    pub writer: Arc<Writer>,
    pub dir: ExportDir,
    pub clock: Clock,
    pub remake: Remake,
    /// How long finished files are kept.
    pub keep: Millis,
    /// Jobs by task; `None` for one of the last run, which is made again.
    jobs: Mutex<HashMap<u64, Option<Box<dyn Job>>>>,
    wake: Condvar,
    stopping: AtomicBool,
    /// Held while a task is chosen and leased, so that two threads do not choose the same.
    choosing: Mutex<()>,
}

/// The running threads.
pub(crate) struct Workers(Vec<JoinHandle<()>>);

impl Exporter {
    /// What the workers share; no thread runs yet.
    pub fn new(
        tasks: Arc<Table>,
        writer: Arc<Writer>,
        dir: ExportDir,
        clock: Clock,
        keep: Millis,
        remake: Remake,
    ) -> Self {
        Exporter {
            tasks,
            writer,
            dir,
            clock,
            remake,
            keep,
            jobs: Mutex::default(),
            wake: Condvar::new(),
            stopping: AtomicBool::new(false),
            choosing: Mutex::default(),
        }
    }

    /// Hands over the job of an accepted task, and wakes a worker.
    pub fn submit(&self, id: u64, job: Box<dyn Job>) {
        locked(&self.jobs).insert(id, Some(job));
        self.wake.notify_one();
    }

    /// Writes a task that was leased when it was made, in the calling thread. How it ended is in the table.
    pub fn at_once(&self, task: ExportTask, job: Box<dyn Job>) {
        let lease = task.lease_until.unwrap_or_else(|| self.clock.now());
        locked(&self.jobs).insert(task.id, Some(job));
        self.work(task, lease);
    }

    /// Starts the workers.
    pub fn start(self: &Arc<Self>) -> std::io::Result<Workers> {
        let spawn = |number| {
            let exporter = Arc::clone(self);
            std::thread::Builder::new().name(format!("export-{number}")).spawn(move || exporter.run())
        };
        (0..WORKERS).map(spawn).collect::<Result<_, _>>().map(Workers)
    }

    /// Asks the workers to stop after the row they are at, and waits for them.
    pub fn stop(&self, workers: Workers) {
        self.stopping.store(true, Ordering::Relaxed);
        self.wake.notify_all();
        for thread in workers.0 {
            if thread.join().is_err() {
                tracing::error!("an export worker had panicked");
            }
        }
    }

    /// At the start, before the workers: nobody can be working on any task, since the data directory is locked by
    /// this program. Leases of dead workers are ended, files without a task removed.
    pub fn recover(&self) -> Result<(), WriteError> {
        let now = self.clock.now();
        for task in self.tasks.pending() {
            tracing::info!(task = task.id, "an export of the last run is taken up again");
            locked(&self.jobs).insert(task.id, None);
            if task.lease_until.is_some() {
                self.lease(&task, now)?;
            }
        }
        let finished = |id| self.tasks.all().iter().any(|t| t.id == id && t.state == TaskState::Finished);
        match self.dir.sweep(finished) {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "unfinished export files removed"),
            Err(error) => tracing::warn!(%error, "the export directory cannot be swept"),
        }
        Ok(())
    }

    /// Removes finished files that have outlived their time, with their tasks.
    pub fn sweep(&self) {
        let now = self.clock.now();
        for task in self.tasks.all().iter().filter(|task| outlived(task, now, self.keep)) {
            // The task first: a link to a file that is still there is harmless, the other way round is not.
            match self.writer.write_blocking(Write::new(task.tenant, Change::DeleteTask { id: task.id })) {
                Ok(_) => tracing::info!(task = task.id, "export expired"),
                Err(error) => tracing::warn!(task = task.id, %error, "an expired export cannot be forgotten"),
            }
            if let Err(error) = self.dir.discard(task.id) {
                tracing::warn!(task = task.id, %error, "an expired export file cannot be removed");
            }
        }
    }

    fn run(&self) {
        // On Linux this is about the calling thread alone.
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::warn!(%error, "exports are written with the priority of everything else");
        }
        while !self.stopping.load(Ordering::Relaxed) {
            match self.take() {
                Some((task, lease)) => self.work(task, lease),
                None => drop(
                    self.wake.wait_timeout(locked(&self.jobs), ROUND).unwrap_or_else(PoisonError::into_inner),
                ),
            }
        }
    }

    /// Takes the next task by a durable lease.
    fn take(&self) -> Option<(ExportTask, Millis)> {
        let _one_at_a_time = locked(&self.choosing);
        let now = self.clock.now();
        let pending = self.workable(now);
        let task = lease::choose(&pending, now, LEASE)?;
        match self.lease(task, now.saturating_add(LEASE)) {
            Ok(until) => Some((task.clone(), until)),
            Err(WriteError::Stopped) => None,
            Err(error) => {
                tracing::warn!(task = task.id, %error, "an export cannot be taken");
                None
            }
        }
    }

    /// Pending tasks whose job is here. A task without one is about to get it; should that never happen, because
    /// the request died in between, it is taken all the same after a while.
    fn workable(&self, now: Millis) -> Vec<ExportTask> {
        let jobs = locked(&self.jobs);
        let here = |t: &ExportTask| jobs.contains_key(&t.id) || now.saturating_sub(t.created) > ABANDONED;
        self.tasks.pending().into_iter().filter(here).collect()
    }

    fn lease(&self, task: &ExportTask, until: Millis) -> Result<Millis, WriteError> {
        let change = Change::LeaseTask { id: task.id, seen: task.lease_until, until };
        self.writer.write_blocking(Write::new(task.tenant, change)).map(|_| until)
    }

    fn work(&self, task: ExportTask, mut lease: Millis) {
        let started = std::time::Instant::now();
        let outcome = self.write_file(&task, &mut lease);
        let ended = match outcome {
            Ok((rows, bytes)) => {
                ExportTask { state: TaskState::Finished, rows, bytes, error: None, ..task.clone() }
            }
            Err(Stop::Failed(reason)) => {
                tracing::error!(task = task.id, reason, "export failed");
                ExportTask { state: TaskState::Error, error: Some(reason), ..task.clone() }
            }
            Err(Stop::Shutdown | Stop::Lost) => return,
        };
        locked(&self.jobs).remove(&task.id);
        let (rows, bytes) = (ended.rows, ended.bytes);
        let ended = ExportTask { ended: Some(self.clock.now()), lease_until: Some(lease), ..ended };
        let change = Change::UpdateTask(ended);
        match self.writer.write_blocking(Write::new(task.tenant, change)) {
            Ok(_) => {
                let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(task = task.id, rows, bytes, millis, "export ended");
            }
            Err(error) => tracing::error!(task = task.id, %error, "the end of an export cannot be stored"),
        }
    }

    fn write_file(&self, task: &ExportTask, held: &mut Millis) -> Result<(u64, u64), Stop> {
        if lease::hopeless(task, self.clock.now(), HOPELESS) {
            return Err(Stop::Failed("pending for more than a day".to_owned()));
        }
        // Taken out, so that its snapshot is let go with the job; the entry stays until the task has ended.
        let job = locked(&self.jobs).get_mut(&task.id).and_then(Option::take);
        let job = match job {
            Some(job) => job,
            None => (self.remake)(task).map_err(Stop::Failed)?,
        };
        let mut file = self.dir.create(task.id, task.format)?;
        let mut next = self.clock.now().saturating_add(HEARTBEAT);
        let mut goes_on = |file: &ExportFile| {
            if !file.rows().is_multiple_of(ROWS_BETWEEN_LOOKS) {
                return Ok(());
            }
            if self.stopping.load(Ordering::Relaxed) {
                return Err(Stop::Shutdown);
            }
            let now = self.clock.now();
            if now >= next {
                *held = self.renew(task, *held, now)?;
                next = now.saturating_add(HEARTBEAT);
            }
            Ok(())
        };
        job.write(&mut file, &mut goes_on)?;
        let done = file.finish()?;
        Ok((done.rows, done.bytes))
    }

    fn renew(&self, task: &ExportTask, held: Millis, now: Millis) -> Result<Millis, Stop> {
        let until = now.saturating_add(LEASE);
        let change = Change::LeaseTask { id: task.id, seen: Some(held), until };
        match self.writer.write_blocking(Write::new(task.tenant, change)) {
            Ok(written) => match written.effect {
                Effect::Task(task) => Ok(task.lease_until.unwrap_or(until)),
                _ => Ok(until),
            },
            Err(WriteError::Refused(_)) => Err(Stop::Lost),
            Err(WriteError::Stopped) => Err(Stop::Shutdown),
            Err(WriteError::Failed(error)) => Err(Stop::Failed(error.to_string())),
        }
    }
}

/// Whether a task of any end state has outlived its time.
fn outlived(task: &ExportTask, now: Millis, keep: Millis) -> bool {
    task.state != TaskState::Pending && task.ended.is_some_and(|ended| now.saturating_sub(ended) > keep)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
