//! A call to a partner, its answer, and why there is none.
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use pipeline::delivery::IntentId;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;
use url::Url;

/// One call.
pub(crate) struct Request {
    /// Stable name of the step in the evidence, such as `archive.add`.
    pub(crate) step: &'static str,
    /// HTTP method.
    pub(crate) method: Method,
    /// The address; tokens in its query are removed from the evidence by value.
    pub(crate) url: Url,
    /// Headers besides those of the body.
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// The content.
    pub(crate) body: Body,
    /// Time limit of the whole call.
    pub(crate) deadline: Duration,
    /// Values that must not be in the evidence, besides those that were read as secrets.
    pub(crate) secrets: Vec<String>,
    /// Whether the answer itself is a secret, such as new tokens: then only its size and digest are kept.
    pub(crate) hide_answer: bool,
    /// The intent that it belongs to.
    pub(crate) intent: Option<IntentId>,
}

/// The content of a call.
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A form.
    Form(Vec<(String, String)>),
    /// Bytes of this type, such as a multipart body.
    Bytes {
        /// Content type.
        content_type: String,
        /// The bytes.
        bytes: Bytes,
    },
    /// A range of a file, read while it is sent.
    File {
        /// The file.
        path: PathBuf,
        /// First byte.
        offset: u64,
        /// Number of bytes.
        bytes: u64,
    },
}

/// The answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Body, at most 1 MiB.
    pub(crate) body: Bytes,
}

impl Answer {
    /// `Retry-After`, if it is in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let said = self.headers.get("retry-after")?.to_str().ok()?;
        Some(Duration::from_secs(said.trim().parse::<u64>().ok()?.min(86_400)))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Rate budget or circuit breaker: nothing was sent.
    #[error("no call to the partner is allowed for {:.1} s more", .0.as_secs_f64())]
    Wait(Duration),
    /// Certainly nothing happened there.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Something may have happened there.
    #[error("no answer: {0}")]
    Lost(String),
    /// A fault of ours: the database or a file.
    #[error(transparent)]
    Ours(#[from] anyhow::Error),
}

/// How long an error asks to wait: rate budget or circuit breaker. `None` for any other error.
pub(crate) fn waits(error: &anyhow::Error) -> Option<Duration> {
    error.chain().find_map(|cause| match cause.downcast_ref::<CallError>() {
        Some(CallError::Wait(wait)) => Some(*wait),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_to_call_later_is_distinguished_from_a_failure() {
        let wait = anyhow::Error::new(CallError::Wait(Duration::from_secs(3))).context("list archives");
        assert_eq!(waits(&wait), Some(Duration::from_secs(3)));
        assert_eq!(waits(&anyhow::Error::new(CallError::Lost("x".into()))), None);
    }
}
