//! Does jobs that may never end (files on a network mount that is dead) in a thread that is given up when one does not
//! end in time. Knows nothing of files.

use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Jobs that may fail to end before no more are tried: each keeps a thread until it does.
const GIVE_UP_AFTER: u32 = 8;
/// Jobs that are answered together: waking the thread that waits costs more than a short job.
const TOGETHER: usize = 64;
/// Bytes of answers that are not held back any longer.
const HEAVY: usize = 1 << 20;

/// Does the jobs in their order and hands each answer to `take`; `None` when the job did not end in time, or too many
/// before it did not. `work` also says how many bytes its answer has.
pub fn each<J, T>(
    jobs: Vec<J>,
    work: impl Fn(&J) -> (T, usize) + Clone + Send + 'static,
    take: impl FnMut(&J, Option<T>),
) where
    J: Send + Sync + 'static,
    T: Send + 'static,
{
    within(PATIENCE, &jobs.into(), work, take);
}

/// The result of one job, or `None` when it did not end in time.
pub fn wait<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = mpsc::sync_channel(1);
    // A job that ends too late finds nobody listening; that is what giving up means.
    drop(std::thread::Builder::new().name("patience".into()).spawn(move || drop(send.send(job()))));
    receive.recv_timeout(PATIENCE).ok()
}

fn within<J, T>(
    limit: Duration,
    jobs: &Arc<[J]>,
    work: impl Fn(&J) -> (T, usize) + Clone + Send + 'static,
    mut take: impl FnMut(&J, Option<T>),
) where
    J: Send + Sync + 'static,
    T: Send + 'static,
{
    let (mut next, mut together, mut silent) = (0, TOGETHER, 0);
    let mut worker = None;
    while let Some(job) = jobs.get(next) {
        if silent >= GIVE_UP_AFTER {
            take(job, None);
            next += 1;
            continue;
        }
        let answers = worker.get_or_insert_with(|| start(Arc::clone(jobs), next, together, work.clone()));
        match answers.recv_timeout(limit) {
            Ok(done) => {
                for (job, answer) in jobs.iter().skip(next).zip(done) {
                    take(job, Some(answer));
                    next += 1;
                }
            }
            Err(_) => {
                // Whatever comes too late finds nobody listening, and the thread ends.
                worker = None;
                // Which one of those that are answered together does not end is found out one by one.
                if together == 1 {
                    take(job, None);
                    next += 1;
                    silent += 1;
                }
                together = 1;
            }
        }
    }
}

/// Starts a thread with the jobs from `next` on. When none can be started, the sender is dropped, which is noticed.
fn start<J, T>(
    jobs: Arc<[J]>,
    next: usize,
    together: usize,
    work: impl Fn(&J) -> (T, usize) + Send + 'static,
) -> mpsc::Receiver<Vec<T>>
where
    J: Send + Sync + 'static,
    T: Send + 'static,
{
    let (send, receive) = mpsc::sync_channel(1);
    let run = move || {
        let (mut done, mut weight) = (Vec::new(), 0_usize);
        for job in jobs.iter().skip(next) {
            let (answer, bytes) = work(job);
            done.push(answer);
            weight = weight.saturating_add(bytes);
            if done.len() >= together || weight >= HEAVY {
                weight = 0;
                if send.send(std::mem::take(&mut done)).is_err() {
                    return;
                }
            }
        }
        // Nothing is left to be said to somebody who has given up.
        drop(send.send(done));
    };
    drop(std::thread::Builder::new().name("homes".into()).spawn(run));
    receive
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job that does not end before everything was answered; others take so many milliseconds.
    const SILENT: u64 = u64::MAX;

    fn answers(jobs: &[u64], limit: u64) -> Vec<Option<u64>> {
        let (_end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        let work = move |job: &u64| {
            match *job {
                SILENT => drop(ended.lock().map(|ended| ended.recv())),
                time => std::thread::sleep(Duration::from_millis(time)),
            }
            (*job, 600_000)
        };
        let mut all = Vec::new();
        within(Duration::from_millis(limit), &jobs.into(), work, |_, answer| all.push(answer));
        all
    }

    #[test]
    fn every_job_is_answered_in_its_order() {
        let jobs: Vec<u64> = (0..500).map(|n| n % 2).collect();
        assert_eq!(answers(&jobs, 60_000), jobs.into_iter().map(Some).collect::<Vec<_>>());
        assert_eq!(answers(&[], 1), []);
    }

    #[test]
    fn silent_jobs_are_given_up() {
        // Long enough for the others to be done on a busy machine.
        let limit = 400;
        assert_eq!(answers(&[0, SILENT, 0, 1], limit), [Some(0), None, Some(0), Some(1)]);
        let many = [&[0; 3][..], &[SILENT; GIVE_UP_AFTER as usize], &[0; 2]].concat();
        let mut expected = vec![Some(0); 3];
        expected.resize(many.len(), None);
        assert_eq!(answers(&many, limit), expected);
    }
}
