//! Work that blocks, outside the async threads.
use super::error::ObjectError;

/// How much is hashed or written at a time there, bytes.
pub(super) const BATCH_BYTES: usize = 1024 * 1024;

/// Runs `work` on a thread that may block.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ObjectError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?;
    Ok(done?)
}
