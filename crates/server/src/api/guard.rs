//! Work that may panic, run where it is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Runs a future to its end; a panic in it is an error with its message. What the future held is dropped with it, so
/// nothing half changed is seen again, except behind locks, which know that they are poisoned.
pub async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(message(&*panic))),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_are_errors_and_values_pass() {
        assert_eq!(
            caught(async {
                tokio::task::yield_now().await;
                7
            })
            .await,
            Ok(7)
        );
        let caught = caught(async {
            tokio::task::yield_now().await;
            panic!("number {}", 9)
        });
        let outcome: Result<(), _> = caught.await;
        assert_eq!(outcome, Err("it panicked: number 9".to_owned()));
    }
}
