//! Douyin: the system uploads the video, and publishes it only after a person has confirmed, because its rules forbid
//! unattended publishing for others. It has no call that deletes: a recall is a person's task.
//!
//! | what | file |
//! |---|---|
//! | calls over the wire, and their answers | `api`, `platform` |
//! | what to do about its codes | `codes` |
//! | our account's tokens, stored and renewed | `account`, `tokens` |
//! | the video, in parts | `upload` |
//! | the work's text, and the number by which it is found again | `text` |
//! | the account's works | `works` |
//! | its webhooks | `webhook` |
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::delivery::{IntentId, Receipt};
use serde_json::json;

use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::exchange::waits;
use crate::package::PackageFile;
use crate::task::Task;
use api::{Call, Content};
use codes::{Advice, advice, until_tomorrow};
use platform::{Failed, Refusal, text_of};
use upload::{Session, Uploaded};
use works::Work;

mod account;
mod api;
mod codes;
mod platform;
mod text;
mod tokens;
mod upload;
pub(crate) mod webhook;
mod works;

/// Visible to everyone.
const PUBLIC: u8 = 0;
/// How long a work that was just accepted may be missing from what the platform shows [A].
const SHOWN_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// How far back works are searched before one is created: longer than a create that was given up as lost could still
/// take effect.
const LATE: TimeDelta = TimeDelta::days(2);
/// Creates of one delivery that may fail because of their video, each of which costs an upload.
const SPOILED_AT_MOST: u32 = 3;

/// The adapter.
pub(crate) struct Douyin;

impl Way for Douyin {
    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        match Box::pin(upload::upload(task, film(files)?)).await? {
            Uploaded::Later(again) => Ok(Prepared::Later(again)),
            Uploaded::There if task.machine().confirmed => Ok(Prepared::Ready),
            Uploaded::There => Ok(Prepared::AskPerson),
        }
    }

    async fn submit(&self, task: &mut Task<'_>, files: &[PackageFile], intent: IntentId) -> Result<Submitted> {
        // A create that was given up may have taken effect since. Reading sends nothing, so its failure is harmless.
        match works::by_number(task, &number(task), task.tools.clock.now() - LATE).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(work))) => return Ok(Submitted::Accepted(Receipt(work.item_id))),
            Ok(Err(Failed::NotSent { words, again })) => return Ok(Submitted::NotSent { words, again: Some(again) }),
            Ok(Err(failed)) => return Ok(Submitted::NotSent { words: failed.to_string(), again: None }),
            Err(error) => return Ok(not_sent(&error)),
        }
        let mut session = upload::session(task, film(files)?).await?;
        let Some(video_id) = session.video_id.take() else {
            return Ok(Submitted::NotSent { words: "there is no video to create from".into(), again: None });
        };
        // A video can be used by one create, successful or not; so it is forgotten before the call, not after.
        task.save_session(&session).await?;
        let written = task.texts();
        let text = text::compose(&written.title, &written.text, &written.tags, &number(task));
        let body = json!({ "video_id": video_id, "text": text, "private_status": PUBLIC });
        let call = Call { intent: Some(intent), ..Call::new("video.create", "create_video/", Content::Json(body)) };
        let unsent = match api::call(task, &call).await {
            Ok(Ok(data)) => return Ok(Submitted::Accepted(Receipt(text_of(&data, "/item_id")?))),
            Ok(Err(Failed::Lost(words))) => return Ok(Submitted::Lost(words)),
            Ok(Err(Failed::Refused(refusal))) => return not_created(task, session, &refusal).await,
            Ok(Err(Failed::NotSent { words, again })) => Submitted::NotSent { words, again: Some(again) },
            Err(error) if waits(&error).is_some() => not_sent(&error),
            Err(error) => return Err(error),
        };
        // The call was not sent, so the video can still be used by one create.
        session.video_id = Some(video_id);
        task.save_session(&session).await?;
        Ok(unsent)
    }

    async fn read_back(&self, task: &mut Task<'_>, intent: IntentId) -> Result<ReadBack> {
        let made = intent.0.get_timestamp().and_then(|stamp| {
            let (seconds, nanos) = stamp.to_unix();
            DateTime::<Utc>::from_timestamp(i64::try_from(seconds).ok()?, nanos)
        });
        let made = made.context("the intent does not say when it was made")?;
        match works::by_number(task, &number(task), made).await? {
            Ok(Some(work)) => Ok(ReadBack::Found(Receipt(work.item_id))),
            Ok(None) => Ok(ReadBack::Absent),
            // Without the list nothing is known, and nothing may be sent.
            Err(failed) => {
                tracing::warn!(partner = %task.partner.id, "douyin's list cannot be read: {failed}");
                Ok(ReadBack::NotYet)
            }
        }
    }

    async fn look(&self, task: &mut Task<'_>, receipt: &Receipt) -> Result<Seen> {
        match works::by_name(task, &receipt.0).await? {
            Ok(Some(work)) => Ok(seen(work)),
            Ok(None) if task.tools.clock.now() < task.delivery.updated_at + SHOWN_WITHIN => {
                Ok(Seen::Unsure("douyin does not show it yet".into()))
            }
            Ok(None) => Ok(Seen::Gone),
            Err(failed) => Ok(Seen::Unsure(failed.to_string())),
        }
    }

    async fn take_back(&self, task: &mut Task<'_>, receipt: Option<&Receipt>) -> Result<TakenBack> {
        let item_id = match receipt {
            Some(receipt) => receipt.0.clone(),
            // It waited for a confirmation that never came: no create was made, which the list must confirm.
            None => match works::by_number(task, &number(task), task.tools.clock.now() - LATE).await? {
                Ok(None) => return Ok(TakenBack::Gone),
                Ok(Some(work)) => work.item_id,
                Err(failed) => anyhow::bail!("douyin's list cannot be read: {failed}"),
            },
        };
        Ok(TakenBack::Person(format!(
            "douyin has no call that deletes; delete {item_id} in the account's creator pages and report it with evidence"
        )))
    }
}

/// The one film that Douyin gets: the best rendition.
fn film(files: &[PackageFile]) -> Result<&PackageFile> {
    let film = files.iter().find(|file| file.name.to_string().ends_with(".mp4"));
    film.context("the package holds no film")
}

/// The number by which this delivery's work is found at Douyin.
fn number(task: &Task<'_>) -> String {
    text::number(task.job.submission.id.0, task.machine().run)
}

fn not_sent(error: &anyhow::Error) -> Submitted {
    let again = waits(error);
    Submitted::NotSent { words: format!("{error:#}"), again }
}

/// A refused create. The video is used up in any case, so the next attempt begins with an upload.
async fn not_created(task: &Task<'_>, mut session: Session, refusal: &Refusal) -> Result<Submitted> {
    let words = refusal.to_string();
    Ok(match advice(refusal.code) {
        // Their failure does not show what they had done by then.
        Advice::Again => Submitted::Lost(words),
        Advice::SlowDown(again) => Submitted::NotSent { words, again: Some(again) },
        Advice::Tomorrow => Submitted::NotSent { words, again: Some(until_tomorrow(task.tools.clock.now())) },
        Advice::Token => Submitted::NotSent { words, again: None },
        Advice::Parameter => {
            session.spoiled += 1;
            task.save_session(&session).await?;
            if session.spoiled >= SPOILED_AT_MOST {
                return Ok(Submitted::Person(words));
            }
            Submitted::NotSent { words, again: Some(Duration::from_secs(1)) }
        }
        Advice::Refused => Submitted::Refused(words),
        Advice::Person => Submitted::Person(words),
    })
}

/// The meaning of `video_status` [R].
fn seen(work: Work) -> Seen {
    match work.status {
        2 => Seen::Refused("审核未通过，内容不适宜公开 (video_status 2)".into()),
        4 => Seen::InReview("审核中 (video_status 4)".into()),
        5 => Seen::Live(work.share_url),
        6 | 7 => Seen::Unsure(format!("its owner shows it to few only (video_status {})", work.status)),
        other => Seen::Unsure(format!("video_status {other} is not known")),
    }
}
