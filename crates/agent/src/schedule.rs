//! When to look at the host and when to talk to the server: pure arithmetic on a clock that only goes forward, so that
//! a wall clock set back or forward cannot stall anything. Nothing is done here.

use std::time::Duration;

/// A change is looked at when it has been quiet for this long …
const QUIET: Duration = Duration::from_millis(1000);
/// … or when so much has passed since the first one.
const PATIENCE: Duration = Duration::from_millis(3000);
/// Longest quiet time asked for when changes again and again turn out to be none.
const LONGEST_QUIET: Duration = Duration::from_secs(16);
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Longest pause between two reports of a queue.
const GAP: Duration = Duration::from_millis(500);
/// Seconds between polls, and between scans, until the server says otherwise.
const POLL_SECONDS: u64 = 60;
const REPORT_SECONDS: u64 = 3600;
/// Bounds of what a server may ask for.
const SECONDS: std::ops::RangeInclusive<u64> = 1..=86_400;

/// When things are due. All instants count from the start of the program.
#[derive(Debug, Clone)]
pub struct Schedule {
    poll: Duration,
    period: Duration,
    next_scan: Duration,
    next_poll: Duration,
    not_before: Duration,
    changed: Option<(Duration, Duration)>,
    /// Scans in a row after changes that were none.
    fruitless: u32,
    failures: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            poll: Duration::from_secs(POLL_SECONDS),
            period: Duration::from_secs(REPORT_SECONDS),
            next_scan: Duration::ZERO,
            next_poll: Duration::ZERO,
            not_before: Duration::ZERO,
            changed: None,
            fruitless: 0,
            failures: 0,
        }
    }
}

impl Schedule {
    /// Takes over what the server wants; zero leaves it.
    pub fn set(&mut self, poll_seconds: u64, report_seconds: u64) {
        let bounded = |seconds: u64| {
            (seconds > 0).then(|| Duration::from_secs(seconds.clamp(*SECONDS.start(), *SECONDS.end())))
        };
        self.poll = bounded(poll_seconds).unwrap_or(self.poll);
        self.period = bounded(report_seconds).unwrap_or(self.period);
    }

    /// Notes that a file has changed.
    pub fn changed(&mut self, now: Duration) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
    }

    /// Asks for a scan at once.
    pub fn scan_now(&mut self, now: Duration) {
        self.next_scan = self.next_scan.min(now);
    }

    /// Asks for another look when a change would have settled.
    pub fn scan_soon(&mut self, now: Duration) {
        self.scan_now(now.saturating_add(QUIET));
    }

    /// Whether to look at the host.
    pub fn scan_due(&self, now: Duration) -> bool {
        now >= self.scan_at()
    }

    /// Notes a scan. `random` is in 0..1, `news` whether it found anything new.
    pub fn scanned(&mut self, now: Duration, random: f64, news: bool) {
        self.fruitless = match (self.changed.take(), news) {
            (_, true) => 0,
            (Some(_), false) => self.fruitless.saturating_add(1),
            (None, false) => self.fruitless,
        };
        self.next_scan = now.saturating_add(jittered(self.period, random));
    }

    /// Whether to talk to the server; `waiting` is whether there is something to send.
    pub fn call_due(&self, now: Duration, waiting: bool) -> bool {
        now >= self.call_at(waiting)
    }

    /// Notes a call that worked. `random` is in 0..1.
    pub fn answered(&mut self, now: Duration, random: f64) {
        self.failures = 0;
        self.not_before = now.saturating_add(GAP.mul_f64(random));
        self.next_poll = now.saturating_add(jittered(self.poll, random));
    }

    /// Notes a call that failed and answers how long to wait. `random` is in 0..1; `hopeless` is whether only somebody
    /// on the other side can change anything.
    pub fn failed(&mut self, now: Duration, random: f64, hopeless: bool) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let ceiling = Duration::from_secs(1_u64.checked_shl(self.failures.min(16)).unwrap_or(u64::MAX));
        let pause = if hopeless {
            // At least half of it: such an answer does not change within seconds.
            LONGEST_PAUSE.mul_f64(0.5 + random / 2.0)
        } else {
            ceiling.min(LONGEST_PAUSE).mul_f64(random).max(GAP)
        };
        self.pause(now, pause)
    }

    /// Waits with the next call.
    pub fn pause(&mut self, now: Duration, pause: Duration) -> Duration {
        self.not_before = now.saturating_add(pause);
        pause
    }

    /// How long nothing is due.
    pub fn rest(&self, now: Duration, waiting: bool) -> Duration {
        self.scan_at().min(self.call_at(waiting)).saturating_sub(now)
    }

    fn scan_at(&self) -> Duration {
        let quiet =
            QUIET.saturating_mul(1_u32.checked_shl(self.fruitless).unwrap_or(u32::MAX)).min(LONGEST_QUIET);
        let settled = self
            .changed
            .map(|(first, last)| last.saturating_add(quiet).min(first.saturating_add(PATIENCE.max(quiet))));
        settled.map_or(self.next_scan, |at| at.min(self.next_scan))
    }

    fn call_at(&self, waiting: bool) -> Duration {
        let wanted = if waiting { Duration::ZERO } else { self.next_poll };
        wanted.max(self.not_before)
    }
}

/// The duration, a tenth more or less.
fn jittered(duration: Duration, random: f64) -> Duration {
    duration.mul_f64(0.9 + 0.2 * random)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn idle() -> Schedule {
        let mut schedule = Schedule::default();
        schedule.scanned(ms(0), 0.5, true);
        schedule.answered(ms(0), 0.5);
        schedule
    }

    #[test]
    fn everything_is_due_at_the_start() {
        let schedule = Schedule::default();
        assert!(schedule.scan_due(ms(0)) && schedule.call_due(ms(0), false));
    }

    #[test]
    fn changes_are_gathered_for_a_second_and_never_longer_than_three() {
        let mut schedule = idle();
        schedule.changed(ms(10_000));
        assert!(!schedule.scan_due(ms(10_999)) && schedule.scan_due(ms(11_000)));
        for at in (10_500..=12_900).step_by(200) {
            schedule.changed(ms(at));
            assert!(!schedule.scan_due(ms(at)));
        }
        assert!(schedule.scan_due(ms(13_000)));
        schedule.scanned(ms(13_000), 0.5, true);
        assert!(!schedule.scan_due(ms(14_000)));
    }

    #[test]
    fn noise_is_looked_at_ever_more_seldom_until_it_is_news() {
        let mut schedule = idle();
        let mut waits = Vec::new();
        let mut now = ms(0);
        for _ in 0..9 {
            schedule.changed(now);
            waits.push(schedule.rest(now, false).as_secs());
            now += schedule.rest(now, false).min(ms(64_000));
            schedule.scanned(now, 0.5, false);
            schedule.answered(now, 0.99);
        }
        assert_eq!(waits[..7], [1, 2, 4, 8, 16, 16, 16]);
        schedule.scanned(now, 0.5, true);
        schedule.changed(now);
        assert!(schedule.scan_due(now + ms(1000)));
    }

    #[test]
    fn an_outage_ends_spread_over_minutes() {
        let mut schedule = idle();
        let pauses: Vec<_> = (0..12).map(|_| schedule.failed(ms(0), 0.999_999, false).as_secs()).collect();
        assert_eq!(pauses[..9], [1, 3, 7, 15, 31, 63, 127, 255, 299]);
        assert_eq!(schedule.failed(ms(0), 0.0, false), GAP, "full jitter");
        assert!(schedule.failed(ms(0), 0.0, true) >= Duration::from_secs(150));
        schedule.answered(ms(0), 0.0);
        assert_eq!(schedule.failed(ms(0), 0.5, false).as_secs(), 1, "a success forgets them");
    }

    #[test]
    fn the_server_cannot_ask_for_nonsense() {
        let mut schedule = Schedule::default();
        schedule.set(u64::MAX, 0);
        schedule.scanned(ms(0), 0.5, true);
        schedule.answered(ms(0), 0.5);
        assert_eq!(schedule.rest(ms(0), false).as_secs(), 3600);
        schedule.set(0, u64::MAX);
        schedule.scanned(ms(0), 0.5, true);
        assert_eq!(schedule.rest(ms(0), false).as_secs(), 86_400);
    }

    proptest! {
        /// Whatever happens, something is due within a day: nothing can stall the loop.
        #[test]
        fn never_stalls(steps in proptest::collection::vec((0_u8..6, 0.0_f64..1.0, 0_u64..1 << 40), 0..60)) {
            let (mut schedule, mut now) = (Schedule::default(), Duration::ZERO);
            for (what, random, number) in steps {
                now += Duration::from_millis(number % 100_000);
                match what {
                    0 => schedule.set(number, number >> 3),
                    1 => schedule.changed(now),
                    2 => schedule.scanned(now, random, number % 2 == 0),
                    3 => schedule.answered(now, random),
                    4 => drop(schedule.failed(now, random, number % 2 == 0)),
                    _ => schedule.scan_now(now),
                }
                prop_assert!(schedule.rest(now, number % 2 == 0) <= Duration::from_secs(95_040));
            }
        }
    }
}
