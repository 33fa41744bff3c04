//! Douyin's calls over the wire: header `access-token`, query `open_id`.
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use pipeline::delivery::IntentId;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::Value;

use super::account::Account;
use super::codes::{Advice, advice};
use super::platform::{Failed, address, send};
use super::tokens;
use crate::exchange::{Body, Request};
use crate::task::Task;

/// Time limit of a call without a file.
const SOON: Duration = Duration::from_secs(20);
/// Time limit of one part of a file: 20 MB at 1.4 Mbit/s.
const PART: Duration = Duration::from_secs(120);

/// One call of `/api/douyin/v1/video/`.
pub(super) struct Call {
    /// Stable name for the evidence.
    pub(super) step: &'static str,
    /// The last part of the path, with its slash.
    pub(super) what: &'static str,
    /// Parameters beside `open_id`.
    pub(super) query: Vec<(&'static str, String)>,
    /// The content.
    pub(super) content: Content,
    /// The intent, for the call that publishes.
    pub(super) intent: Option<IntentId>,
}

/// The content of a call.
pub(super) enum Content {
    /// Nothing, by GET.
    Nothing,
    /// JSON, by POST.
    Json(Value),
    /// A piece of the video as the only file of a form, by POST.
    Video(Bytes),
}

impl Content {
    fn method(&self) -> Method {
        match self {
            Content::Nothing => Method::GET,
            Content::Json(_) | Content::Video(_) => Method::POST,
        }
    }

    fn body(&self) -> Body {
        match self {
            Content::Nothing => Body::Empty,
            Content::Json(value) => Body::Json(value.clone()),
            Content::Video(piece) => form_with(piece),
        }
    }

    fn deadline(&self) -> Duration {
        match self {
            Content::Nothing | Content::Json(_) => SOON,
            Content::Video(_) => PART,
        }
    }
}

impl Call {
    /// A call.
    pub(super) fn new(step: &'static str, what: &'static str, content: Content) -> Self {
        Self { step, what, query: Vec::new(), content, intent: None }
    }

    /// Adds to the query.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// Makes a call as our account; an expired access token is replaced once, since it was refused before anything was
/// done. An error is a fault of ours, or a wait for the rate budget.
pub(super) async fn call(task: &Task<'_>, call: &Call) -> Result<Result<Value, Failed>> {
    let account = tokens::current(task).await?;
    let answered = once(task, call, &account).await?;
    match &answered {
        Err(Failed::Refused(refusal)) if advice(refusal.code) == Advice::Token => {}
        Ok(_) | Err(_) => return Ok(answered),
    }
    let account = tokens::renewed(task, Some(&account.access_token)).await?;
    once(task, call, &account).await
}

async fn once(task: &Task<'_>, call: &Call, account: &Account) -> Result<Result<Value, Failed>> {
    let mut url = address(task, &format!("/api/douyin/v1/video/{}", call.what))?;
    url.query_pairs_mut().append_pair("open_id", &account.open_id);
    for (name, value) in &call.query {
        url.query_pairs_mut().append_pair(name, value);
    }
    let request = Request {
        step: call.step,
        method: call.content.method(),
        url,
        headers: vec![(HeaderName::from_static("access-token"), account.access_token.clone())],
        body: call.content.body(),
        deadline: call.content.deadline(),
        secrets: vec![account.access_token.clone()],
        hide_answer: false,
        intent: call.intent,
    };
    send(&task.http(), request).await
}

/// The body of a multipart form with the one file `video`.
fn form_with(piece: &Bytes) -> Body {
    let boundary = uuid::Uuid::new_v4().simple();
    let head = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"video\"; filename=\"video.mp4\"\r\n\
         content-type: video/mp4\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let bytes = [head.as_bytes(), piece, tail.as_bytes()].concat().into();
    Body::Bytes { content_type: format!("multipart/form-data; boundary={boundary}"), bytes }
}
