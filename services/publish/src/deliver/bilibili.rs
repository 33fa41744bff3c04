//! Bilibili's open platform: a film in parts, a cover, one call that submits them, a review that is polled, and a delete.
//!
//! None of its calls has an idempotency field, so a submission carries an identifier in the last line of its
//! description: the work's number and run (`作品编号 0f3a91c2d4e5-1`). By that line a submission whose answer was lost is
//! found again in the account's list, whichever process made it and whatever its title, and an answer about another
//! work is detected. If the platform or an editor has changed the description, the title together with the cover's
//! address identifies it: every upload has a cover of its own.
//!
//! | what | file |
//! |---|---|
//! | film and cover, resumed | `upload` |
//! | one archive | `archive` |
//! | the account's list, read for our line | `list`, `marks` |
//! | what to do about each code | `codes` |
//! | the account's tokens, stored, used and renewed | `stored_tokens`, `tokens`, `renewal` |
//! | a signed call, and its answer | `client`, `signature`, `platform` |
//! | the platform's webhooks | `webhook` |
use std::time::Duration;

use anyhow::{Context, Result};
use pipeline::delivery::{IntentId, Receipt};
use serde_json::{Value, json};

use super::{Prepared, ReadBack, Seen, Submitted, TakenBack, Way};
use crate::exchange::CallError;
use crate::package::PackageFile;
use crate::task::Task;

mod archive;
mod client;
mod codes;
mod list;
mod marks;
mod platform;
mod renewal;
mod signature;
pub(crate) mod stored_tokens;
mod tokens;
mod upload;
pub(crate) mod webhook;

use archive::{seen, view};
use client::{Call, Content};
use codes::{Advice, RETRY, advice, until_tomorrow};
use marks::{Marks, described, line_of};
use platform::{Failed, text_of};

/// 科工机械, the zone for works about industry [2]; `PARTNER_<ID>_TID` if the account's contract names another.
const ZONE: i64 = 232;
/// Wait after a refusal because of the title, which the platform lifts after a while.
const SAME_TITLE: Duration = Duration::from_secs(300);

/// The adapter.
pub(crate) struct Bilibili;

impl Way for Bilibili {
    async fn prepare(&self, task: &mut Task<'_>, files: &[PackageFile]) -> Result<Prepared> {
        Box::pin(upload::prepare(task, files)).await
    }

    async fn submit(&self, task: &mut Task<'_>, _files: &[PackageFile], intent: IntentId) -> Result<Submitted> {
        let session = task.session::<upload::Session>().await?.context("nothing was uploaded")?;
        let content = Content::Json(submission(task, &session.cover)?);
        let mut call = Call::post("archive.add", "/arcopen/fn/archive/add-by-utoken", content).upload(session.token());
        call.intent = Some(intent);
        match client::call(task, &call).await? {
            Ok(data) => verified(task, &data).await,
            Err(Failed::NotDone { words, again }) => Ok(Submitted::NotSent { words, again: Some(again) }),
            Err(Failed::Lost(words)) => Ok(Submitted::Lost(words)),
            Err(Failed::Refused { code, words }) => refused(task, code, words).await,
        }
    }

    async fn read_back(&self, task: &mut Task<'_>, _intent: IntentId) -> Result<ReadBack> {
        Ok(match list::find(task).await? {
            Ok(Some(receipt)) => ReadBack::Found(receipt),
            Ok(None) => ReadBack::Absent,
            Err(words) => {
                tracing::info!(partner = %task.partner.id, "the list cannot be read yet: {words}");
                ReadBack::NotYet
            }
        })
    }

    async fn look(&self, task: &mut Task<'_>, receipt: &Receipt) -> Result<Seen> {
        match view(task, receipt).await? {
            Ok(archive) => Ok(seen(&archive, receipt)),
            // One answer of the platform is no proof: its list must agree.
            Err(Failed::Refused { code, .. }) if advice(code) == Advice::Gone => {
                Ok(match list::has(task, receipt).await? {
                    Ok(false) => Seen::Gone,
                    Ok(true) => Seen::Unsure("not found by its name, and yet in the list".to_owned()),
                    Err(words) => Seen::Unsure(words),
                })
            }
            Err(Failed::Refused { words, .. } | Failed::NotDone { words, .. } | Failed::Lost(words)) => {
                Ok(Seen::Unsure(words))
            }
        }
    }

    async fn take_back(&self, task: &mut Task<'_>, receipt: Option<&Receipt>) -> Result<TakenBack> {
        let receipt = match receipt {
            Some(receipt) => receipt.clone(),
            None => match list::find(task).await? {
                Ok(Some(receipt)) => receipt,
                Ok(None) => return Ok(TakenBack::Gone),
                Err(words) => return not_yet(task, words, RETRY),
            },
        };
        let content = Content::Json(json!({ "resource_id": receipt.0 }));
        match client::call(task, &Call::post("archive.delete", "/arcopen/fn/archive/delete", content)).await? {
            Ok(_) => Ok(TakenBack::Asked),
            // Repeating it is harmless, and without it the work might stay.
            Err(Failed::Lost(words)) => not_yet(task, words, RETRY),
            Err(Failed::NotDone { words, again }) => not_yet(task, words, again),
            Err(Failed::Refused { code, words }) => match advice(code) {
                // The removal must be observed in any case.
                Advice::Gone => Ok(TakenBack::Asked),
                Advice::Person | Advice::Refused => Ok(TakenBack::Person(words)),
                Advice::Wait(wait) => not_yet(task, words, wait),
                Advice::Retry | Advice::SameTitle | Advice::Tomorrow | Advice::Token | Advice::Unknown => {
                    not_yet(task, words, RETRY)
                }
            },
        }
    }
}

/// A work that could not be removed yet: tried again after a while, and a person's task once the recall is overdue.
fn not_yet(task: &Task<'_>, words: String, wait: Duration) -> Result<TakenBack> {
    if task.is_overdue() {
        return Ok(TakenBack::Person(words));
    }
    tracing::info!(partner = %task.partner.id, "a recall waits: {words}");
    Err(CallError::Wait(wait).into())
}

/// The submission. `copyright` 1: the entrants declared to the contest that the works are their own, and `no_reprint`
/// protects them. There is no field for a publishing time or for the use of AI [2].
fn submission(task: &Task<'_>, cover: &str) -> Result<Value> {
    let written = task.texts();
    let tid = match task.optional_secret("TID")? {
        Some(text) => text.parse().with_context(|| format!("{text:?} is no zone's number"))?,
        None => ZONE,
    };
    Ok(json!({
        "title": written.title, "desc": described(&written.text, &line_of(task)), "tag": written.tags.join(","),
        "cover": cover, "tid": tid, "copyright": 1, "no_reprint": 1,
    }))
}

/// The answer names a work; whether it is this one is read from the work itself.
async fn verified(task: &Task<'_>, data: &Value) -> Result<Submitted> {
    let Some(name) = text_of(data, "resource_id") else {
        return Ok(Submitted::Lost("the answer names no work".to_owned()));
    };
    let receipt = Receipt(name);
    // If this request fails, the submission was still made, so it must not look as if it had not been.
    let seen = match view(task, &receipt).await {
        Ok(seen) => seen,
        Err(error) => {
            return Ok(Submitted::Lost(format!("the work that the answer names was not looked at: {error:#}")));
        }
    };
    Ok(match seen {
        Ok(archive) if Marks::of(task).await?.are_on(&archive) => {
            tokens::accepted(task).await?;
            Submitted::Accepted(receipt)
        }
        Ok(_) => Submitted::Lost(format!("the answer is about another work, {}", receipt.0)),
        Err(failed) => Submitted::Lost(format!("the work that the answer names cannot be seen: {failed:?}")),
    })
}

async fn refused(task: &Task<'_>, code: i64, words: String) -> Result<Submitted> {
    let later = |again| Submitted::NotSent { words: words.clone(), again: Some(again) };
    Ok(match advice(code) {
        Advice::Wait(wait) => later(wait),
        Advice::Retry | Advice::Token => later(RETRY),
        Advice::Tomorrow => later(until_tomorrow(task.tools.clock.now())),
        // The work with this title may be ours, from an earlier attempt that arrived late.
        Advice::SameTitle => match list::find(task).await? {
            Ok(Some(receipt)) => Submitted::Accepted(receipt),
            Ok(None) => later(SAME_TITLE),
            Err(_) => Submitted::Lost(words),
        },
        Advice::Person => Submitted::Person(words),
        Advice::Refused => Submitted::Refused(words),
        // A wrong parameter is wrong at the next try too, until a person has changed it.
        Advice::Gone | Advice::Unknown if code == -400 => Submitted::Person(words),
        Advice::Gone | Advice::Unknown => Submitted::Lost(words),
    })
}
