//! One call over the wire: the body as it is sent, and a bounded answer.
use std::path::PathBuf;

use anyhow::{Context, Result};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::request::{Answer, Body, CallError, Request};

/// The longest answer that is read, bytes. Platforms answer a few KiB.
const ANSWER_BYTES: usize = 1 << 20;

/// Sends a request and reads its answer.
pub(super) async fn send(client: &reqwest::Client, request: Request) -> Result<Answer, CallError> {
    let mut call = client.request(request.method, request.url).timeout(request.deadline);
    for (name, value) in request.headers {
        call = call.header(name, value);
    }
    call = match request.body {
        Body::Empty => call,
        Body::Json(value) => call.json(&value),
        Body::Form(fields) => {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            call.header("content-type", "application/x-www-form-urlencoded").body(form)
        }
        Body::Bytes { content_type, bytes } => call.header("content-type", content_type).body(bytes),
        Body::File { path, offset, bytes } => {
            let stretch = file_stretch(&path, offset, bytes).await?;
            call.header("content-length", bytes).body(stretch)
        }
    };
    let mut answer = call.send().await.map_err(|error| failed(&error))?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + piece.len() > ANSWER_BYTES {
            return Err(CallError::Lost(format!("the answer is longer than {ANSWER_BYTES} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, headers, body: body.freeze() })
}

/// A range of a file as a body, read while it is sent.
async fn file_stretch(path: &PathBuf, offset: u64, bytes: u64) -> Result<reqwest::Body> {
    let mut file = tokio::fs::File::open(path).await.with_context(|| format!("open {}", path.display()))?;
    file.seek(std::io::SeekFrom::Start(offset)).await.with_context(|| format!("seek in {}", path.display()))?;
    Ok(reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::with_capacity(file.take(bytes), 64 << 10)))
}

/// Only an error before the first byte was sent certainly had no effect.
fn failed(error: &reqwest::Error) -> CallError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words += &format!(": {inner}");
        cause = inner.source();
    }
    if error.is_connect() || error.is_builder() { CallError::NotSent(words) } else { CallError::Lost(words) }
}
