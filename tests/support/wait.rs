//! Waiting on a state with a deadline. The one place in the tests that lets time pass.
use std::time::{Duration, Instant};

/// Time between two looks. Short beside everything that is waited for, long beside what a look costs.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until there is something to see, and returns it; panics after `patience` with what it waited for.
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

/// As [`wait_until_true`], for a caller that says itself what is missing: whether the condition came true within `patience`.
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

/// Looks again and again for `time` and panics as soon as `look` says no: for what must not happen.
pub(crate) async fn holds_for(what: &str, time: Duration, mut look: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        assert!(look().await, "{what} held for {} ms only", begun.elapsed().as_millis());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A moment between two tries of people, who do not wait on a state but ask again.
pub(crate) async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
