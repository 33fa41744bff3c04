//! The platform's hosts, and what its answers mean: `{code, message, request_id, data}`.
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

use super::codes::RETRY;
use crate::exchange::{Answer, CallError};
use crate::task::Task;

/// Wait if the address or the connection fails.
const DOOR: Duration = Duration::from_secs(10);

/// A call without the wanted result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Certainly nothing happened; to be repeated after a while.
    NotDone {
        /// In words.
        words: String,
        /// The wait.
        again: Duration,
    },
    /// It may have happened.
    Lost(String),
    /// The platform's code and message.
    Refused {
        /// The code.
        code: i64,
        /// Its message, and the request id by which they find the call.
        words: String,
    },
}

/// An address at one of the platform's hosts; `PARTNER_<ID>_<SETTING>` overrides the public one.
pub(super) fn address(task: &Task<'_>, setting: &str, public: &str, path: &str) -> Result<Url> {
    let base = task.optional_secret(setting)?.unwrap_or_else(|| public.to_owned());
    let url = Url::parse(&base).and_then(|base| base.join(path));
    url.with_context(|| format!("{base} is no address of a platform"))
}

/// The result of a call.
pub(super) fn read(called: Result<Answer, CallError>) -> Result<Result<Value, Failed>> {
    Ok(match called {
        Ok(answer) => said(&answer),
        Err(CallError::NotSent(words)) => Err(Failed::NotDone { words, again: DOOR }),
        Err(CallError::Lost(words)) => Err(Failed::Lost(words)),
        Err(error @ (CallError::Wait(_) | CallError::Ours(_))) => return Err(error.into()),
    })
}

fn said(answer: &Answer) -> Result<Value, Failed> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (answer.status, body["code"].as_i64()) {
        (_, Some(0)) => Ok(body["data"].clone()),
        (_, Some(code)) => {
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let words = format!("{} (code {code}, request {})", text("message"), text("request_id"));
            Err(Failed::Refused { code, words })
        }
        // A rate limiter refuses requests before they are handled.
        (429, None) => {
            let again = answer.retry_after().unwrap_or(RETRY);
            Err(Failed::NotDone { words: "429 too many requests".to_owned(), again })
        }
        // Without a code the answer is not from the API: a gateway in between does not know what happened after it.
        (status, None) => Err(Failed::Lost(format!("status {status} without a code"))),
    }
}

/// A text of an answer that must be present.
pub(super) fn text_of(data: &Value, name: &str) -> Option<String> {
    data[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn the_code_counts_whatever_the_status_says() {
        assert_eq!(said(&answer(500, r#"{"code":0,"data":{"a":1}}"#)), Ok(serde_json::json!({ "a": 1 })));
        let refused = said(&answer(200, r#"{"code":123015,"message":"标题重复","request_id":"r1"}"#)).unwrap_err();
        let words = "标题重复 (code 123015, request r1)".to_owned();
        assert_eq!(refused, Failed::Refused { code: 123_015, words });
    }

    #[test]
    fn an_answer_without_a_code_says_nothing_about_what_was_done() {
        assert!(matches!(said(&answer(502, "<html>")), Err(Failed::Lost(_))));
        assert!(matches!(said(&answer(200, "")), Err(Failed::Lost(_))));
        assert!(matches!(said(&answer(429, "")), Err(Failed::NotDone { .. })));
    }
}
