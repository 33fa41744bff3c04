//! Waits for answers of the broker, each within a deadline.
use std::time::Duration;

use lapin::Connection;
use tracing::warn;

/// The longest wait for any answer of the broker. A broker that is slower than this is treated as unreachable.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for an answer of the broker, with the usual deadline.
pub(super) async fn within<T>(what: &str, answer: impl Future<Output = lapin::Result<T>>) -> anyhow::Result<T> {
    within_time(PATIENCE, what, answer).await
}

/// Like [`within`], with another deadline.
pub(super) async fn within_time<T>(
    time: Duration,
    what: &str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(time, answer).await {
        // As text: lapin's errors contain their cause, and a chain would print it twice.
        Ok(result) => result.map_err(|error| anyhow::anyhow!("{what}: {error}")),
        Err(_) => anyhow::bail!("{what}: no answer within {} s", time.as_secs()),
    }
}

/// Tries to close the connection properly, and ignores failures.
pub(super) async fn close(connection: Connection) {
    let closing = connection.close(200, "done".into());
    if tokio::time::timeout(Duration::from_secs(1), closing).await.is_err() {
        warn!("the broker did not confirm the end of a connection");
    }
}
