//! The notice of a delivery: a signed call to the partner's address (Standard Webhooks 1.0) when a folder is complete,
//! and when it was removed. Only a 2xx answer counts; until then the delivery waits, and the notice is sent again under
//! the same id.
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::SecondsFormat;
use reqwest::Method;
use reqwest::header::HeaderMap;
use runtime::webhook;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::exchange::CallError;
use crate::guarded::{Call, NoAnswer};
use crate::task::Task;
use crate::webhooks::{schedule, sign};

/// Time limit of one call, as the specification recommends.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of an answer that are kept as evidence.
const ANSWER_BYTES: usize = 4096;

/// The address of a partner's notices, and the signing secrets.
pub(super) struct Notice {
    url: String,
    /// The newest first.
    secrets: Vec<Vec<u8>>,
}

/// The content of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The folder is complete.
    Delivered,
    /// The folder is gone, and the work must not be shown any more.
    Recalled,
}

impl Subject {
    fn kind(self) -> &'static str {
        match self {
            Subject::Delivered => "drop.delivered",
            Subject::Recalled => "drop.recalled",
        }
    }

    /// Name of the step in the evidence.
    fn step(self) -> &'static str {
        match self {
            Subject::Delivered => "notice.delivered",
            Subject::Recalled => "notice.recalled",
        }
    }
}

impl Notice {
    /// From the partner's settings; `None` if it wants none. During a rotation `NOTICE_SECRET` holds both secrets, the
    /// new one first, separated by a space.
    pub(super) fn of(task: &Task<'_>) -> Result<Option<Self>> {
        let Some(url) = task.optional_secret("NOTICE_URL")? else { return Ok(None) };
        for token in webhook::tokens_of(&url) {
            task.secrets.add(&token);
        }
        let written = task.secret("NOTICE_SECRET")?;
        let mut secrets = Vec::new();
        for secret in written.split_whitespace() {
            task.secrets.add(secret);
            task.secrets.add(secret.trim_start_matches("whsec_"));
            secrets.push(webhook::secret_bytes(secret).context("read NOTICE_SECRET")?);
        }
        anyhow::ensure!(!secrets.is_empty(), "NOTICE_SECRET holds no secret");
        Ok(Some(Self { url, secrets }))
    }

    /// Sends the notice once. `Ok(Err(words))`: the partner did not confirm, and the notice is sent again later.
    ///
    /// # Errors
    /// [`CallError::Wait`] if it asked for time.
    pub(super) async fn send(&self, task: &Task<'_>, subject: Subject, folder: &str) -> Result<Result<(), String>> {
        let (id, body) = message(task, subject, folder).await?;
        let at = task.tools.clock.now();
        let call = Call {
            method: Method::POST,
            url: &self.url,
            headers: sign::headers(&id, at, &body.to_string(), &self.secrets)?,
            body: body.to_string().into_bytes(),
            deadline: DEADLINE,
            answer_bytes: ANSWER_BYTES,
            plain_http: false,
        };
        let answered = Box::pin(task.tools.guarded.call(call)).await;
        let request = json!({ "webhook-id": id, "webhook-timestamp": at.timestamp(), "body": body });
        task.record(subject.step(), request, evidence(&answered)).await?;
        match answered {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(Ok(())),
            Ok(answer) => match asked_for_time(task, &answer.headers) {
                Some(wait) => Err(CallError::Wait(wait).into()),
                None => Ok(Err(format!("its notice was answered with {}", answer.status))),
            },
            Err(error @ (NoAnswer::Forbidden(_) | NoAnswer::NotSent(_) | NoAnswer::Lost(_))) => {
                Ok(Err(format!("its notice was not answered: {error}")))
            }
        }
    }
}

/// A request for a longer wait than our own.
fn asked_for_time(task: &Task<'_>, headers: &HeaderMap) -> Option<Duration> {
    let asked = schedule::retry_after(headers, task.tools.clock.now())?;
    (asked > task.tools.poll_base).then_some(asked)
}

/// Id and payload, equal on every call while the delivery's state is unchanged: ids, states and files only.
async fn message(task: &Task<'_>, subject: Subject, folder: &str) -> Result<(String, Value)> {
    let (submission, partner) = (task.job.submission.id, &task.partner.id);
    let delivery = task.tools.store.delivery(submission, partner).await?.context("the delivery is gone")?;
    let since = delivery.updated_at;
    let run = task.machine().run;
    let name = format!("{submission}/{run}/{partner}/{}/{}", subject.kind(), since.timestamp_micros());
    let id = format!("msg_{}", &hex::encode(Sha256::digest(name))[..32]);
    let files = match subject {
        Subject::Delivered => delivery.receipt.as_ref().map(|receipt| receipt["files"].clone()).unwrap_or_default(),
        Subject::Recalled => Value::Null,
    };
    let mut data = json!({ "submission": submission, "run": run, "partner": partner, "folder": folder });
    if !files.is_null() {
        data["files"] = files;
    }
    let timestamp = since.to_rfc3339_opts(SecondsFormat::Micros, true);
    Ok((id, json!({ "type": subject.kind(), "timestamp": timestamp, "data": data })))
}

fn evidence(answered: &Result<crate::guarded::Answer, NoAnswer>) -> Value {
    match answered {
        Ok(answer) => json!({
            "status": answer.status, "elapsed_ms": u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
            "body": String::from_utf8_lossy(&answer.body), "clipped": answer.clipped,
        }),
        Err(error) => json!({ "no_answer": error.to_string() }),
    }
}
