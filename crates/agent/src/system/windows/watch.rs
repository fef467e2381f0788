//! Hearing of changes: nothing tells of changed accounts, so the host is looked at every minute and what is seen
//! compared with the last report. A host whose look takes long is looked at less often.

use std::io;
use std::time::{Duration, Instant};

use super::{Seen, Source};
use crate::{host::Wake, log::Log};

/// Between two looks …
const EVERY: Duration = Duration::from_secs(60);
/// … and at least so many times as long as one takes: two per cent of a processor at most.
const SHARE: u32 = 50;

/// Looks at a host now and then.
pub struct Watch {
    source: Source,
    /// What the last scan saw; nothing before the first.
    seen: Option<Seen>,
    next: Instant,
}

impl Watch {
    /// Nothing was seen yet.
    ///
    /// # Errors
    /// None here; other systems have some.
    pub fn new(source: &Source) -> io::Result<Watch> {
        Ok(Watch { source: source.clone(), seen: None, next: Instant::now() })
    }

    /// Takes what was seen as what is known. Answers that nothing went unseen meanwhile.
    pub fn arm(&mut self, seen: Seen, _: &Log) -> bool {
        self.seen = Some(seen);
        self.next = Instant::now() + EVERY;
        false
    }

    /// Waits until something has changed, or the time is over.
    pub fn wait(&mut self, time: Duration) -> Wake {
        let start = Instant::now();
        loop {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Wake::Time;
            }
            let until_look = self.next.saturating_duration_since(Instant::now());
            std::thread::sleep(until_look.min(left));
            if Instant::now() >= self.next && self.look() {
                return Wake::Files;
            }
        }
    }

    /// Whether the host is another one than the last scan saw.
    fn look(&mut self) -> bool {
        let started = Instant::now();
        // What cannot be looked at now is told by the scan of the period.
        let changed = self
            .seen
            .as_ref()
            .is_some_and(|seen| self.source.look(seen.quuid.as_deref()).is_ok_and(|(_, now)| now != *seen));
        self.next = Instant::now() + EVERY.max(started.elapsed().saturating_mul(SHARE));
        changed
    }
}
