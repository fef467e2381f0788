//! Calls one key may make to one action in a second.

use governor::{Quota, RateLimiter, clock::DefaultClock, state::keyed::DashMapStateStore};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use wire::{ActionId, Code, Error};

type Limiter = RateLimiter<(String, ActionId), DashMapStateStore<(String, ActionId)>, DefaultClock>;

/// Calls between two rounds of forgetting who has been quiet.
const SWEEP: u32 = 65_536;

/// The limiter; does nothing when the limit is 0.
pub struct Rate {
    limiter: Option<(NonZeroU32, Limiter)>,
    calls: AtomicU32,
}

impl Rate {
    /// A limiter of `per_second` calls, which may come at once.
    pub fn new(per_second: u32) -> Self {
        let limiter =
            NonZeroU32::new(per_second).map(|limit| (limit, RateLimiter::keyed(Quota::per_second(limit))));
        Self { limiter, calls: AtomicU32::new(0) }
    }

    /// Counts one call. Only callers whose signature was right may be counted: their number bounds the memory.
    ///
    /// # Errors
    /// `RequestLimitExceeded`, naming the limit.
    pub fn check(&self, secret_id: &str, action: ActionId) -> Result<(), Error> {
        let Some((limit, limiter)) = &self.limiter else { return Ok(()) };
        if self.calls.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&(secret_id.to_owned(), action)).map_err(|_| {
            Error::new(Code::RequestLimitExceeded).detail(
                format!("more than {limit} calls to this action in a second"),
                format!("该接口每秒最多调用 {limit} 次"),
            )
        })
    }
}
