//! The platform's address, and what its answers mean: `{data: {error_code, …}, extra: {logid}}`, whose code counts,
//! whatever the HTTP status says.
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

use crate::exchange::{Answer, CallError, PartnerHttp, Request};
use crate::task::Task;

/// The platform's public address.
const PLATFORM: &str = "https://open.douyin.com";
/// Wait after a call that was certainly not made.
const AGAIN: Duration = Duration::from_secs(30);

/// A call without the wanted result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Certainly nothing happened there.
    #[error("not done: {words}")]
    NotSent {
        /// In words.
        words: String,
        /// How long to wait.
        again: Duration,
    },
    /// Something may have happened there.
    #[error("not answered: {0}")]
    Lost(String),
    /// Refused with a code.
    #[error("refused: {0}")]
    Refused(Refusal),
}

/// A refusal as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code.
    pub(super) code: i64,
    /// Its message, and the log id by which they find the call.
    pub(super) words: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.words, self.code)
    }
}

/// Sends a request and reads the code in its answer.
pub(super) async fn send(http: &PartnerHttp<'_>, request: Request) -> Result<Result<Value, Failed>> {
    match http.call(request).await {
        Ok(answer) => Ok(read(&answer)),
        Err(CallError::NotSent(words)) => Ok(Err(Failed::NotSent { words, again: AGAIN })),
        Err(CallError::Lost(words)) => Ok(Err(Failed::Lost(words))),
        // Passed on unchanged: the driver handles it, and waits.
        Err(error @ (CallError::Wait(_) | CallError::Ours(_))) => Err(error.into()),
    }
}

/// The data of an answer, or its error.
fn read(answer: &Answer) -> Result<Value, Failed> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let data = &body["data"];
    match (answer.status, data["error_code"].as_i64()) {
        (_, Some(0)) => Ok(data.clone()),
        (_, Some(code)) => {
            let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
            let words = [text("/data/description"), text("/extra/sub_description"), text("/extra/logid")];
            let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
            Err(Failed::Refused(Refusal { code, words: words.join(", ") }))
        }
        (429, None) => {
            let again = answer.retry_after().unwrap_or(AGAIN).max(Duration::from_secs(1));
            Err(Failed::NotSent { words: "429 too many requests".into(), again })
        }
        // Without a code the answer is not from the API: a gateway in between does not know what happened after it.
        (status, None) => Err(Failed::Lost(format!("status {status} without a code"))),
    }
}

/// An address at the platform; `PARTNER_<ID>_URL` overrides the public one.
pub(super) fn address(task: &Task<'_>, path: &str) -> Result<Url> {
    let base = task.optional_secret("URL")?.unwrap_or_else(|| PLATFORM.to_owned());
    let url = Url::parse(&base).and_then(|base| base.join(path));
    url.with_context(|| format!("{base} is no address of a platform"))
}

/// A text of an answer that must be present.
pub(super) fn text_of(data: &Value, at: &str) -> Result<String> {
    let text = data.pointer(at).and_then(Value::as_str).filter(|it| !it.is_empty());
    text.map(str::to_owned).with_context(|| format!("douyin's answer lacks {at}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<Value, Failed> {
        read(&Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    #[test]
    fn the_code_counts_and_not_the_status() {
        let data = json!({ "data": { "error_code": 0, "item_id": "x" }, "extra": { "logid": "1" } }).to_string();
        assert_eq!(answer(500, &data).unwrap()["item_id"], "x");
        let refused = json!({ "data": { "error_code": 2114007, "description": "75" }, "extra": { "logid": "L" } });
        let Err(Failed::Refused(refusal)) = answer(200, &refused.to_string()) else { panic!("refused") };
        assert_eq!(refusal, Refusal { code: 2114007, words: "75, L".into() });
    }

    #[test]
    fn an_answer_of_somebody_in_between_says_nothing_about_what_happened() {
        for (status, body) in [(502, "<html>"), (200, ""), (200, "{}"), (504, "null")] {
            assert!(matches!(answer(status, body), Err(Failed::Lost(_))), "{status} {body}");
        }
        assert!(matches!(answer(429, ""), Err(Failed::NotSent { .. })));
    }
}
