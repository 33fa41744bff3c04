//! Ends of a part that change its submission's state: done and rejected. One fenced transaction records the outcome,
//! advances the submission and writes what follows.
use anyhow::{Context, bail};
use pipeline::media_info::MediaInfo;
use pipeline::part::Part;
use pipeline::rejection::Rejection;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Submission, Work};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::fingerprints;
use super::parts::{Claim, Commit};
use crate::store::files::{previews, renditions};
use crate::store::partners::deliveries;
use crate::store::submissions::history::By;
use crate::store::submissions::{Locked, apply_locked};
use crate::store::watching::watch;
use crate::store::{Policy, Store};
use crate::stored::Output;

impl Store {
    /// Records what a part produced and advances its submission. The error [`Overtaken`] means that screening must
    /// compare again.
    pub async fn finish(&self, claim: &Claim, output: &Output) -> anyhow::Result<Commit> {
        let event = &event_of(claim, output)?;
        let stored = &with_the_part(output).context("write the output")?;
        self.transaction("finish_part", |tx, _| {
            Box::pin(async move {
                let Some(locked) = end(tx, claim, stored.as_ref()).await? else { return Ok(Commit::Fenced) };
                seat(tx, claim, output).await?;
                keep(tx, self.policy(), claim, output).await?;
                apply_locked(tx, self.policy(), claim.submission, locked, event, &By::WORKER).await?;
                Ok(Commit::Committed)
            })
        })
        .await
    }

    /// Records that the content cannot be accepted.
    pub async fn reject(&self, claim: &Claim, reason: &Rejection) -> anyhow::Result<Commit> {
        let event = &rejected(claim, reason.clone());
        self.transaction("reject_part", |tx, _| {
            Box::pin(async move {
                let Some(locked) = end(tx, claim, None).await? else { return Ok(Commit::Fenced) };
                apply_locked(tx, self.policy(), claim.submission, locked, event, &By::WORKER).await?;
                Ok(Commit::Committed)
            })
        })
        .await
    }
}

/// What is stored of an output with its part. Data in the work's own rows is not stored twice: the probe's
/// measurements, the plan, finished files. Each run's verdict is stored, and what each run handed over.
fn with_the_part(output: &Output) -> anyhow::Result<Option<serde_json::Value>> {
    Ok(match output {
        Output::Probed { .. } | Output::Assembled { .. } => None,
        Output::Screened { verdict, .. } => Some(serde_json::json!({ "kind": "screened", "verdict": verdict })),
        Output::Encoded { .. } | Output::Published { .. } => Some(serde_json::to_value(output)?),
    })
}

/// The event that a finished part means for the submission. An output of another stage is a bug in a handler.
fn event_of(claim: &Claim, output: &Output) -> anyhow::Result<Event> {
    let done = Event::PartDone { run: claim.run, stage: claim.stage, part: claim.part.clone() };
    match (claim.stage, &claim.part, output) {
        (Stage::Screen, _, Output::Screened { verdict, plan, .. }) => match (verdict.rejection(), plan) {
            (Some(reason), _) => Ok(rejected(claim, reason)),
            (None, Some(plan)) => {
                let review = verdict.asks_for_review();
                Ok(Event::Screened { run: claim.run, work: Work::of(plan), review })
            }
            (None, None) => bail!("a verdict that passes came without a plan"),
        },
        (Stage::Probe, _, Output::Probed { .. })
        | (Stage::Transcode, _, Output::Encoded { .. })
        | (Stage::Assemble, Part::Rendition(_), Output::Assembled { .. })
        | (Stage::Publish, Part::Partner(_), Output::Published { .. }) => Ok(done),
        (stage, part, _) => bail!("the handler of {stage} returned another stage's output for {part}"),
    }
}

fn rejected(claim: &Claim, reason: Rejection) -> Event {
    Event::Rejected { run: claim.run, stage: claim.stage, part: Some(claim.part.clone()), reason }
}

/// Ends the part if the fence is right; `None` if it is not. It locks the submission first, like every transaction that
/// locks both: the part is joined to the locked row, and read again if the former holder of that lock has changed it.
async fn end(
    tx: &mut PgConnection,
    claim: &Claim,
    output: Option<&serde_json::Value>,
) -> anyhow::Result<Option<Locked>> {
    let row = sqlx::query!(
        r#"/* end_part */
        with locked as (
            select id, contest, machine, mezzanine_upload, traceparent from submissions where id = $1 for update
        ), ended as (
            update parts set status = 'done', output = $6, progress = 1, lease_until = null, last_error = null,
                finished_at = clock_timestamp()
            from locked
            where submission = locked.id and run = $2 and stage = $3 and part = $4 and fence = $5 and status = 'claimed'
            returning finished_at
        )
        select contest, machine as "machine: Json<Submission>", mezzanine_upload, locked.traceparent, finished_at as "at!"
        from locked, ended"#,
        claim.submission.0,
        claim.run as i32,
        claim.stage.name(),
        claim.part.to_string(),
        claim.fence.0,
        output,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Locked {
        contest: row.contest,
        machine: row.machine,
        mezzanine_upload: row.mezzanine_upload,
        traceparent: row.traceparent,
        at: row.at,
    }))
}

/// While this entry was screened, another one was accepted of which it may be a copy. Nothing was changed; screening it
/// again finds that one.
#[derive(Debug, thiserror::Error)]
#[error("an entry that may be the same was let in meanwhile")]
pub struct Overtaken;

/// A work that screening accepts takes its seat, unless a work that it should have been compared with took one since.
async fn seat(tx: &mut PgConnection, claim: &Claim, output: &Output) -> anyhow::Result<()> {
    let Output::Screened { verdict, compared, .. } = output else { return Ok(()) };
    if verdict.rejection().is_some() {
        return Ok(());
    }
    if fingerprints::take_seat(tx, claim.submission, *compared).await? { Ok(()) } else { Err(Overtaken.into()) }
}

/// Stores what later stages and readers need.
async fn keep(tx: &mut PgConnection, policy: &Policy, claim: &Claim, output: &Output) -> anyhow::Result<()> {
    match (output, &claim.part) {
        (Output::Probed { media_info, fingerprint, sha256, bytes, preview }, _) => {
            let sha256 = hex::decode(sha256).context("the probe's digest is no hex")?;
            sqlx::query!(
                "/* keep_media_info */
                update submissions set media_info = $2, mezzanine_sha256 = $3, mezzanine_bytes = $4 where id = $1",
                claim.submission.0,
                Json(media_info) as _,
                sha256,
                i64::try_from(*bytes).context("a size beyond any object's")?,
            )
            .execute(&mut *tx)
            .await?;
            if let Some(preview) = preview {
                previews::keep(tx, policy, claim.submission, claim.run, preview).await?;
            }
            fingerprints::keep(tx, claim.submission, fingerprint).await?;
        }
        (Output::Screened { verdict, plan, .. }, _) => {
            let media_info = sqlx::query_scalar!(
                r#"/* keep_verdict */
                update submissions set verdict = $2, plan = $3 where id = $1 returning media_info as "media_info: Json<MediaInfo>""#,
                claim.submission.0,
                Json(verdict) as _,
                plan.as_ref().map(Json) as _,
            )
            .fetch_one(&mut *tx)
            .await?;
            if let Some((plan, info)) = plan.as_ref().zip(media_info) {
                watch::estimate(tx, claim.submission, claim.run, plan, &info.0).await?;
            }
        }
        (Output::Assembled { rendition }, Part::Rendition(name)) => {
            renditions::insert(tx, claim.submission, claim.run, name, rendition).await?;
        }
        (Output::Published { receipt }, Part::Partner(partner)) => {
            let delivery = deliveries::keep_receipt(tx, claim.submission, partner, receipt).await?;
            // A release or a person's confirmation may have come since the worker checked. With its part ended, it
            // would be missed.
            if delivery.needs_part() {
                let (observed, desired) = (delivery.observed.name(), delivery.desired.name());
                bail!("the delivery to {partner} is {observed} and to be {desired}, so its part does not end here");
            }
        }
        // Encoded files stay with their part: only the assemble stage of the same run reads them.
        (Output::Encoded { .. } | Output::Assembled { .. } | Output::Published { .. }, _) => {}
    }
    Ok(())
}
