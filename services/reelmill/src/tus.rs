//! A small tus 1.0.0 client: asks for the offset, sends the rest, and repeats that after every interruption.
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::TryStreamExt;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::io::AsyncSeekExt;
use tokio_util::io::ReaderStream;

const VERSION: &str = "1.0.0";

/// Tries without any progress after which it gives up. With the back-off below this is about two minutes.
const FRUITLESS_TRIES: u32 = 8;

/// Longest wait between two tries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Bytes of one PATCH. The server answers each with its durable offset, so this limits the cost of an interruption.
const PATCH_BYTES: u64 = 64 << 20;

/// One upload on a server.
pub(crate) struct Upload<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) address: &'a str,
    pub(crate) token: &'a str,
}

/// Why an upload did not complete.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The server does not know it (any more), so a new upload is needed.
    Gone,
    /// The server refused permanently, with this message.
    Refused(String),
    /// No progress for a while.
    Failed(anyhow::Error),
}

/// The result of one request.
enum Answer {
    Offset(u64),
    Stopped(Stopped),
    /// Worth another try, after this time if the server gave one.
    Again(anyhow::Error, Option<Duration>),
}

impl Upload<'_> {
    /// Sends what the server does not have of `file`, which has `length` bytes. `on_progress` is called with the number of
    /// bytes sent.
    pub(crate) async fn send(
        &self,
        file: &Path,
        length: u64,
        on_progress: impl Fn(u64) + Clone + Send + Sync + 'static,
    ) -> Result<(), Stopped> {
        let mut fruitless = 0;
        let mut durable = 0;
        loop {
            let answer = match self.offset().await {
                Answer::Offset(offset) if offset >= length => {
                    on_progress(length);
                    return Ok(());
                }
                Answer::Offset(offset) => {
                    on_progress(offset);
                    self.patch(file, offset, length, on_progress.clone()).await
                }
                other => other,
            };
            match answer {
                Answer::Offset(offset) => {
                    if offset > durable {
                        fruitless = 0;
                    }
                    durable = offset;
                }
                Answer::Stopped(stopped) => return Err(stopped),
                Answer::Again(error, wait) => {
                    fruitless += 1;
                    if fruitless >= FRUITLESS_TRIES {
                        return Err(Stopped::Failed(error));
                    }
                    let backoff = Duration::from_millis(500 * (1 << fruitless.min(6)));
                    tokio::time::sleep(wait.unwrap_or(backoff).min(LONGEST_BACKOFF)).await;
                }
            }
        }
    }

    /// The offset up to which everything is durable at the server.
    async fn offset(&self) -> Answer {
        let request = self.http.head(self.address).header("Tus-Resumable", VERSION).bearer_auth(self.token);
        match request.timeout(Duration::from_secs(60)).send().await {
            Ok(response) => answer_of(response).await,
            Err(error) => Answer::Again(error.into(), None),
        }
    }

    async fn patch(
        &self,
        file: &Path,
        offset: u64,
        length: u64,
        on_progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Answer {
        let count = PATCH_BYTES.min(length - offset);
        let body = match body_of(file, offset, count, on_progress).await {
            Ok(body) => body,
            Err(error) => return Answer::Stopped(Stopped::Failed(error)),
        };
        let request = self
            .http
            .patch(self.address)
            .header("Tus-Resumable", VERSION)
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Content-Length", count)
            .bearer_auth(self.token)
            .body(body);
        match request.send().await {
            Ok(response) => answer_of(response).await,
            Err(error) => Answer::Again(error.into(), None),
        }
    }
}

/// Creates an upload of `length` bytes at the server's tus `endpoint` and returns its address.
pub(crate) async fn create(
    http: &reqwest::Client,
    endpoint: &str,
    token: &str,
    length: u64,
    metadata: &str,
) -> anyhow::Result<String> {
    let request = http
        .post(endpoint)
        .header("Tus-Resumable", VERSION)
        .header("Upload-Length", length)
        .header("Upload-Metadata", metadata)
        .header("Content-Length", 0)
        .bearer_auth(token)
        .timeout(Duration::from_secs(60));
    let response = request.send().await.with_context(|| format!("ask {endpoint} for an upload"))?;
    if response.status() != StatusCode::CREATED {
        bail!("{endpoint} gives no upload: {}", crate::api::problem(response).await.shown());
    }
    let location = response.headers().get("Location").and_then(|value| value.to_str().ok());
    let location = location.with_context(|| format!("{endpoint} answered without a Location"))?;
    Ok(reqwest::Url::parse(endpoint)?.join(location)?.into())
}

/// `key base64(value)` pairs for the header Upload-Metadata.
pub(crate) fn metadata(pairs: &[(&str, &str)]) -> String {
    use base64::Engine;
    let encode = |value: &str| base64::engine::general_purpose::STANDARD.encode(value);
    pairs.iter().map(|(key, value)| format!("{key} {}", encode(value))).collect::<Vec<_>>().join(",")
}

async fn answer_of(response: reqwest::Response) -> Answer {
    let status = response.status();
    let wait = seconds(response.headers(), "Retry-After");
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => match number(response.headers(), "Upload-Offset") {
            Some(offset) => Answer::Offset(offset),
            None => Answer::Stopped(Stopped::Failed(anyhow::anyhow!("the server answered without an Upload-Offset"))),
        },
        StatusCode::NOT_FOUND | StatusCode::GONE => Answer::Stopped(Stopped::Gone),
        // Another PATCH holds it, or the offset moved meanwhile: get the offset and continue.
        StatusCode::CONFLICT | StatusCode::LOCKED | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Answer::Again(anyhow::anyhow!("the server answers {status}"), wait)
        }
        // 460 is tus's own: a checksum did not match, the bytes were damaged in transit.
        status if status.is_server_error() || status.as_u16() == 460 => {
            Answer::Again(anyhow::anyhow!("the server answers {status}"), wait)
        }
        _ => Answer::Stopped(Stopped::Refused(crate::api::problem(response).await.shown())),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    number(headers, name).map(Duration::from_secs)
}

/// Streams `count` bytes of `file` from `offset`, reporting progress.
async fn body_of(
    file: &Path,
    offset: u64,
    count: u64,
    on_progress: impl Fn(u64) + Send + Sync + 'static,
) -> anyhow::Result<reqwest::Body> {
    use tokio::io::AsyncReadExt;
    let mut source = tokio::fs::File::open(file).await.with_context(|| format!("open {}", file.display()))?;
    source.seek(std::io::SeekFrom::Start(offset)).await.with_context(|| format!("seek in {}", file.display()))?;
    let mut sent = offset;
    let pieces = ReaderStream::with_capacity(source.take(count), 256 << 10).inspect_ok(move |piece| {
        sent += piece.len() as u64;
        on_progress(sent);
    });
    Ok(reqwest::Body::wrap_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_carries_any_text_as_base64() {
        assert_eq!(metadata(&[("filename", "片.mp4"), ("sha256", "ab")]), "filename 54mHLm1wNA==,sha256 YWI=");
    }
}
