//! Waits for a state with a deadline. The only place in the tests that lets time pass.
use std::time::{Duration, Instant};

/// Time between two polls. Short compared with everything that is waited for, long compared with the cost of a poll.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Polls until `look` returns something; panics after `patience` with a description of what it waited for.
pub(crate) async fn wait_until<T>(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut seen = None;
    let came = comes_true(patience, async || {
        seen = look().await;
        seen.is_some()
    });
    assert!(came.await, "waited {} s in vain until {what}", patience.as_secs());
    seen.expect("it came true")
}

/// As [`wait_until`], for a condition.
pub(crate) async fn wait_until_true(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> bool) {
    wait_until(what, patience, async || look().await.then_some(())).await;
}

/// As [`wait_until_true`], for a caller with a message of its own: whether the condition became true within `patience`.
pub(crate) async fn comes_true(patience: Duration, mut look: impl AsyncFnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !look().await {
        if begun.elapsed() >= patience {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    true
}

/// Polls for `time` and panics as soon as `look` returns false: for what must not happen.
pub(crate) async fn holds_for(what: &str, time: Duration, mut look: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        assert!(look().await, "{what} held for {} ms only", begun.elapsed().as_millis());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The pause between two tries of people, who do not wait for a state but ask again.
pub(crate) async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
