//! Calls of the platform: signed, with the account's access token; answers are `{code, message, request_id, data}`.
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use pipeline::delivery::IntentId;
use reqwest::Method;
use reqwest::header::HeaderName;
use runtime::store::accounts::{Account, Budget};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::codes::{Advice, RETRY, advice};
use super::signature::Signer;
use super::tokens;
use crate::exchange::{Answer, Body, CallError, PartnerHttp, Request};
use crate::task::Task;

/// Time limit of a call without a film.
pub(super) const SOON: Duration = Duration::from_secs(20);
/// Time limit of a part of 8 MiB: 0.6 Mbit/s.
const PART: Duration = Duration::from_secs(120);
/// Parts go to another server than API calls do; their rate is bounded by their size.
const PARTS_A_MINUTE: u32 = 6000;
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

/// One call of the API.
pub(super) struct Call {
    /// Stable name for the evidence.
    pub(super) step: &'static str,
    pub(super) method: Method,
    /// Path at the member host.
    pub(super) path: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) content: Content,
    /// Values that must not be in the evidence.
    pub(super) secrets: Vec<String>,
    pub(super) intent: Option<IntentId>,
}

/// The content of an API call.
pub(super) enum Content {
    Nothing,
    Json(Value),
    Multipart { boundary: String, bytes: Bytes },
}

impl Call {
    /// A GET.
    pub(super) fn get(step: &'static str, path: &'static str) -> Self {
        let content = Content::Nothing;
        Self { step, method: Method::GET, path, query: Vec::new(), content, secrets: Vec::new(), intent: None }
    }

    /// A POST.
    pub(super) fn post(step: &'static str, path: &'static str, content: Content) -> Self {
        Self { method: Method::POST, content, ..Self::get(step, path) }
    }

    /// Adds to the query.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// With the token of an upload, which is a secret.
    pub(super) fn upload(self, token: &str) -> Self {
        let mut call = self.with("upload_token", token);
        call.secrets.push(token.to_owned());
        call
    }
}

/// Makes a call as our account. A refused token is replaced once; a refusal means that nothing was done, so the call
/// may be repeated, with a new nonce. `Err` is a fault of ours, or a wait for the rate budget.
pub(super) async fn call(task: &Task<'_>, call: &Call) -> Result<Result<Value, Failed>> {
    let mut stale: Option<String> = None;
    loop {
        let token = match tokens::access(task, stale.as_deref()).await? {
            Ok(token) => token,
            Err(failed) => return Ok(Err(failed)),
        };
        let answered = once(task, call, &token).await?;
        match &answered {
            Err(Failed::Refused { code, .. }) if advice(*code) == Advice::Token && stale.is_none() => {
                stale = Some(token)
            }
            Err(Failed::Refused { code, words }) if advice(*code) == Advice::Token => {
                tokens::not_accepted(task, words).await?;
                return Ok(Err(Failed::NotDone { words: words.clone(), again: tokens::PERSON }));
            }
            _ => return Ok(answered),
        }
    }
}

async fn once(task: &Task<'_>, call: &Call, token: &str) -> Result<Result<Value, Failed>> {
    let mut url = address(task, "MEMBER_URL", "https://member.bilibili.com", call.path)?;
    if !call.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&call.query);
    }
    let (body, bytes) = match &call.content {
        Content::Nothing => (Body::Empty, Bytes::new()),
        // The same serialisation as in the request.
        Content::Json(value) => (Body::Json(value.clone()), serde_json::to_vec(value).context("write a body")?.into()),
        Content::Multipart { boundary, bytes } => {
            let content_type = format!("multipart/form-data; boundary={boundary}");
            (Body::Bytes { content_type, bytes: bytes.clone() }, bytes.clone())
        }
    };
    let (client_id, client_secret) = (task.secret("CLIENT_ID")?, task.secret("CLIENT_SECRET")?);
    let signer = Signer { client_id: &client_id, client_secret: &client_secret };
    let nonce = Uuid::new_v4().to_string();
    let signed = signer.headers(&bytes, &nonce, task.runtime.clock.now().timestamp());
    let mut headers: Vec<(HeaderName, String)> =
        signed.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect();
    headers.push((HeaderName::from_static("access-token"), token.to_owned()));
    headers.push((HeaderName::from_static("accept"), "application/json".to_owned()));
    let mut secrets = call.secrets.clone();
    secrets.push(token.to_owned());
    let request = Request {
        step: call.step,
        method: call.method.clone(),
        url,
        headers,
        body,
        deadline: SOON,
        secrets,
        hide_answer: call.step == "video.init",
        intent: call.intent,
    };
    read(task.http().call(request).await)
}

/// Sends one part of a file. Its upload's token is the only authentication.
pub(super) async fn part(
    task: &Task<'_>,
    (path, query): (&str, &[(&'static str, String)]),
    token: &str,
    body: Body,
) -> Result<Result<Value, Failed>> {
    let mut url = address(task, "UPLOAD_URL", "https://openupos.bilivideo.com", path)?;
    url.query_pairs_mut().append_pair("upload_token", token).extend_pairs(query);
    let request = Request {
        step: "video.part",
        method: Method::POST,
        url,
        headers: vec![(HeaderName::from_static("content-type"), "application/octet-stream".to_owned())],
        body,
        deadline: PART,
        secrets: vec![token.to_owned()],
        hide_answer: false,
        intent: None,
    };
    let account = Account { partner: task.partner.id.clone(), name: "upload".to_owned() };
    let budget = Budget { per_minute: PARTS_A_MINUTE, burst: PARTS_A_MINUTE };
    read(PartnerHttp { account, budget, ..task.http() }.call(request).await)
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
