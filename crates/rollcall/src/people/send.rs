//! Sends batches to the server, many at a time, while the next one is being built.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
    mpsc::{Receiver, sync_channel},
};

use indicatif::ProgressBar;
use serde_json::Value;

use super::{
    batch::{Batch, Batches, Totals},
    check::Problems,
};
use crate::{
    client::{Client, OWN},
    error::CliError,
};

/// Requests in flight: the server commits together what arrives together, which makes large imports cheaper.
const WORKERS: usize = 20;

/// What came of all batches that were sent.
#[derive(Default)]
pub struct Outcome {
    /// Counts.
    pub totals: Totals,
    /// Entries the server refused.
    pub problems: Problems,
    /// The first failed call; batches after it were not sent.
    pub failed: Option<CliError>,
}

/// Sends everything. After a failed call, or a refused entry when not only checking, nothing more is sent.
pub fn send_all(client: &Client, mut batches: Batches, dry_run: bool, progress: &ProgressBar) -> Outcome {
    let outcome = Mutex::new(Outcome::default());
    let stop = AtomicBool::new(false);
    let (give, take) = sync_channel::<Batch>(1);
    let take = Mutex::new(take);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| work(client, &take, &outcome, &stop, dry_run, progress));
        }
        // Moved in so that the channel closes, and the workers end, when the last batch is out.
        let give = give;
        while !stop.load(Ordering::Relaxed) {
            match batches.next() {
                Ok(Some(batch)) => {
                    if give.send(batch).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    fail(&mut lock(&outcome), error);
                    break;
                }
            }
        }
    });
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn work(
    client: &Client,
    take: &Mutex<Receiver<Batch>>,
    outcome: &Mutex<Outcome>,
    stop: &AtomicBool,
    dry_run: bool,
    progress: &ProgressBar,
) {
    loop {
        let received = lock(take).recv();
        let Ok(batch) = received else { return };
        if stop.load(Ordering::Relaxed) {
            // Taken from the channel only so that the sender never waits for ever.
            continue;
        }
        let answer = client.call_bytes(OWN, "ImportUsers", &batch.body);
        let mut outcome = lock(outcome);
        match answer {
            Ok(answer) => {
                progress.set_position(progress.position().max(batch.position));
                outcome.totals.add(&answer);
                note_problems(&mut outcome.problems, &answer, &batch.lines);
                if outcome.problems.count > 0 && !dry_run {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => {
                fail(&mut outcome, error.into());
                stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Maps the server's `Index` back to lines of the file.
fn note_problems(problems: &mut Problems, answer: &Value, lines: &[u64]) {
    for problem in answer.get("Problems").and_then(Value::as_array).into_iter().flatten() {
        let index = problem.get("Index").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
        let line = index.and_then(|i| lines.get(i)).copied().unwrap_or(0);
        let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
        problems.add(line, text("Field"), format!("{} ({})", text("Message"), text("Code")));
    }
}

fn fail(outcome: &mut Outcome, error: CliError) {
    outcome.failed.get_or_insert(error);
}

/// A worker that panicked has reported itself; what it counted before is still true.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_index_becomes_a_line() {
        let answer = json!({"Problems": [
            {"Index": 1, "Field": "Phone", "Code": "C", "Message": "taken"},
            {"Index": 9, "Field": "", "Code": "C", "Message": "m"},
        ]});
        let mut problems = Problems::default();
        note_problems(&mut problems, &answer, &[2, 5]);
        let found: Vec<_> =
            problems.shown.iter().map(|p| (p.line, p.column.as_str(), p.message.as_str())).collect();
        assert_eq!(found, [(5, "Phone", "taken (C)"), (0, "", "m (C)")]);
    }
}
