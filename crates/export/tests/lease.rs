//! The queue's rules: by example, and against every order of events.

use export::lease::{self, LeaseError, Outcome};
use model::{ExportFormat, ExportTask, TaskState, TenantId};
use proptest::prelude::*;

const LENGTH: i64 = lease::LEASE;

fn task(id: u64, owner: &str) -> ExportTask {
    ExportTask {
        id,
        tenant: TenantId::DEFAULT,
        owner: owner.into(),
        kind: "ExportAssetUserList".into(),
        request: "{}".into(),
        format: ExportFormat::Csv,
        state: TaskState::Pending,
        file_name: String::new(),
        rows: 0,
        bytes: 0,
        error: None,
        lease_until: None,
        created: 0,
        ended: None,
    }
}

fn held(id: u64, owner: &str, until: i64) -> ExportTask {
    ExportTask { lease_until: Some(until), ..task(id, owner) }
}

#[test]
fn a_lease_keeps_others_off_until_its_end() {
    let free = task(1, "a");
    let until = lease::take(&free, 1000, LENGTH).unwrap();
    assert_eq!(until, 1000 + LENGTH);
    let taken = held(1, "a", until);
    assert_eq!(lease::take(&taken, until - 1, LENGTH), Err(LeaseError::Held));
    assert_eq!(lease::take(&taken, until, LENGTH), Ok(until + LENGTH));
}

#[test]
fn a_lease_from_the_future_does_not_hang_the_task() {
    let taken = held(1, "a", 10_000_000);
    assert_eq!(lease::take(&taken, 1000, LENGTH), Ok(1000 + LENGTH));
    // A small step back is no reason to steal from a living worker.
    assert_eq!(lease::take(&held(1, "a", 1000 + LENGTH + 5000), 1000, LENGTH), Err(LeaseError::Held));
}

#[test]
fn only_the_holder_renews_and_ends() {
    let taken = held(1, "a", 5000);
    assert_eq!(lease::renew(&taken, 5000, 3000, LENGTH), Ok(3000 + LENGTH));
    assert_eq!(lease::renew(&taken, 5000, 9000, LENGTH), Ok(9000 + LENGTH), "late, but nobody took it");
    assert_eq!(lease::renew(&taken, 4000, 3000, LENGTH), Err(LeaseError::Lost));
    assert_eq!(lease::end(&taken, 4000, Outcome::Written), Err(LeaseError::Lost));
    assert_eq!(lease::end(&taken, 5000, Outcome::Written), Ok(TaskState::Finished));
    assert_eq!(lease::end(&taken, 5000, Outcome::Failed), Ok(TaskState::Error));
}

#[test]
fn an_ended_task_stays_ended() {
    for state in [TaskState::Finished, TaskState::Error] {
        let ended = ExportTask { state, ..held(1, "a", 5000) };
        assert_eq!(lease::take(&ended, 9000, LENGTH), Err(LeaseError::Ended));
        assert_eq!(lease::renew(&ended, 5000, 1000, LENGTH), Err(LeaseError::Ended));
        assert_eq!(lease::end(&ended, 5000, Outcome::Failed), Err(LeaseError::Ended));
        assert!(!lease::may_become(state, TaskState::Pending));
        assert!(lease::choose(&[ended], 9000, LENGTH).is_none());
    }
    assert!(!lease::may_become(TaskState::Error, TaskState::Finished));
    assert!(lease::may_become(TaskState::Finished, TaskState::Error), "its file has gone");
}

#[test]
fn the_queue_is_fair_between_owners() {
    let tasks = [held(1, "a", 60_000), task(2, "a"), task(3, "b"), task(4, "b")];
    assert_eq!(lease::choose(&tasks, 0, LENGTH).map(|t| t.id), Some(3));
    let tasks = [held(1, "a", 60_000), task(2, "a"), held(3, "b", 60_000), task(4, "b")];
    assert_eq!(lease::choose(&tasks, 0, LENGTH).map(|t| t.id), Some(2));
    assert_eq!(lease::choose(&tasks[..1], 0, LENGTH), None);
}

#[test]
fn time_limits() {
    assert!(!lease::hopeless(&task(1, "a"), 100, 100));
    assert!(lease::hopeless(&task(1, "a"), 101, 100));
    let done = ExportTask { state: TaskState::Finished, ended: Some(50), ..task(1, "a") };
    assert!(!lease::hopeless(&done, 101, 100));
    assert!(!lease::file_outlived(&done, 150, 100));
    assert!(lease::file_outlived(&done, 151, 100));
}

/// What a worker may try.
#[derive(Debug, Clone, Copy)]
enum Event {
    Take(usize),
    Renew(usize),
    End(usize, bool),
}

fn event() -> impl Strategy<Value = Event> {
    let worker = 0usize..3;
    prop_oneof![
        worker.clone().prop_map(Event::Take),
        worker.clone().prop_map(Event::Renew),
        (worker, any::<bool>()).prop_map(|(w, good)| Event::End(w, good)),
    ]
}

proptest! {
    /// Three workers, one task, any order, time always forward: at most one ends the task, it was the last to take
    /// it, and nobody takes it while a lease runs.
    #[test]
    fn one_end_by_the_last_taker(events in prop::collection::vec((event(), 1i64..LENGTH * 2), 1..40)) {
        let mut task = task(1, "a");
        let mut mine: [Option<i64>; 3] = [None; 3];
        let (mut now, mut last, mut ends) = (0, None, 0);
        for (event, pause) in events {
            now += pause;
            match event {
                Event::Take(w) => if let Ok(until) = lease::take(&task, now, LENGTH) {
                    prop_assert!(task.lease_until.is_none_or(|old| old <= now));
                    (task.lease_until, mine[w], last) = (Some(until), Some(until), Some(w));
                },
                Event::Renew(w) => if let Some(until) = mine[w].and_then(|m| lease::renew(&task, m, now, LENGTH).ok()) {
                    prop_assert_eq!(last, Some(w));
                    (task.lease_until, mine[w]) = (Some(until), Some(until));
                },
                Event::End(w, good) => {
                    let outcome = if good { Outcome::Written } else { Outcome::Failed };
                    if let Some(state) = mine[w].and_then(|m| lease::end(&task, m, outcome).ok()) {
                        prop_assert_eq!(last, Some(w));
                        prop_assert!(lease::may_become(task.state, state));
                        (task.state, ends) = (state, ends + 1);
                    }
                }
            }
        }
        prop_assert!(ends <= 1);
    }
}
