//! Calls of the platform: signed, with the account's access token.
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use pipeline::delivery::IntentId;
use reqwest::Method;
use reqwest::header::HeaderName;
use runtime::store::partners::accounts::{Account, Budget};
use serde_json::Value;
use uuid::Uuid;

use super::codes::{Advice, advice};
use super::platform::{Failed, address, read};
use super::renewal::PERSON;
use super::signature::Signer;
use super::tokens;
use crate::exchange::{Body, PartnerHttp, Request};
use crate::task::Task;

/// Time limit of a call without a film.
const SOON: Duration = Duration::from_secs(20);
/// Time limit of a part of 8 MiB: 0.6 Mbit/s.
const PART: Duration = Duration::from_secs(120);
/// Parts go to another server than API calls do; their rate is bounded by their size.
const PARTS_A_MINUTE: u32 = 6000;

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
                return Ok(Err(Failed::NotDone { words: words.clone(), again: PERSON }));
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
    let signed = signer.headers(&bytes, &nonce, task.tools.clock.now().timestamp());
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
