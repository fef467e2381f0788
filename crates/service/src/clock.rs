//! The one clock of the service, so that tests can set it.

use std::sync::Arc;

use model::{Day, Millis};

/// Milliseconds in a day.
pub const DAY_MILLIS: Millis = 86_400_000;

/// A source of the present instant.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock::from_fn(|| jiff::Timestamp::now().as_millisecond())
    }

    /// A clock that asks `now`.
    pub fn from_fn(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Clock(Arc::new(now))
    }

    /// The present instant.
    pub fn now(&self) -> Millis {
        (self.0)()
    }

    /// The present day, UTC: the day of shadow(5).
    pub fn today(&self) -> Day {
        Day::try_from(self.now().div_euclid(DAY_MILLIS)).unwrap_or(Day::MAX)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
