//! Waiting for facts.
use std::future::Future;
use std::time::{Duration, Instant};

/// The longest wait for anything that should happen immediately or at the next tick.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Waits until `fact` is true.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut fact: impl FnMut() -> F) {
    found(what, || {
        let fact = fact();
        async move { fact.await.then_some(()) }
    })
    .await;
}

/// Polls until there is a result, and returns it. The only place in these tests that lets time pass.
pub(crate) async fn found<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(seen) = Box::pin(look()).await {
            return seen;
        }
        assert!(Instant::now() < deadline, "did not happen in {} s: {what}", SOON.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
