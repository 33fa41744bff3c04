//! Claiming: one statement finds the best part, takes it, and reads the work that it is of.
use anyhow::Context;
use pipeline::id::{Fence, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::screening::Verdict;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::types::Json;

use super::Claim;
use crate::store::Store;
use crate::store::submissions::{Row, SubmissionRow};

impl Store {
    /// Claims the best pending part of `stage` and reads its submission, or `None` if there is none. `holder` is for people.
    ///
    /// The submission is as it was when the statement began, at which time the part was pending already: not older than what made it so.
    pub async fn claim_work(&self, stage: Stage, holder: &str) -> anyhow::Result<Option<(Claim, SubmissionRow)>> {
        let row = sqlx::query!(
            r#"/* claim */
            with best as (
                select submission, run, stage, part from parts
                where stage = $1 and status = 'pending'
                order by rank, created_at, effort_ms desc limit 1 for update skip locked
            )
            update parts p set status = 'claimed', fence = nextval('part_fences'), holder = $2, progress = 0,
                lease_until = clock_timestamp() + make_interval(secs => $3), started_at = clock_timestamp()
            from best join submissions s on s.id = best.submission
            where p.submission = best.submission and p.run = best.run and p.stage = best.stage and p.part = best.part
            returning p.run, p.part, p.attempt, p.fence as "fence!", p.traceparent as part_traceparent,
                extract(epoch from clock_timestamp() - p.not_before)::float8 as "waited_s!",
                s.id, s.receipt, s.contest, s.machine as "machine: Json<Submission>", s.title, s.theme, s.synopsis, s.recommending_unit,
                s.declarations, s.token_sha256, s.mezzanine_upload, s.mezzanine_bytes, s.mezzanine_sha256, s.declared_sha256,
                s.media_info as "media_info: Json<MediaInfo>", s.verdict as "verdict: Json<Verdict>",
                s.plan as "plan: Json<Plan>", s.traceparent, s.cure_until, s.cure_reason, s.created_at,
                s.updated_at"#,
            stage.name(),
            holder,
            self.policy().lease.as_secs_f64(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("claim a part of {stage}"))?;
        let Some(row) = row else { return Ok(None) };
        let claim = Claim {
            submission: SubmissionId(row.id),
            run: row.run as u32,
            stage,
            part: row.part.parse()?,
            attempt: row.attempt as u32 + 1,
            fence: Fence(row.fence),
            traceparent: row.part_traceparent,
            waited_s: row.waited_s.max(0.0),
        };
        let submission = Row {
            id: row.id,
            receipt: row.receipt,
            contest: row.contest,
            machine: row.machine,
            title: row.title,
            theme: row.theme,
            synopsis: row.synopsis,
            recommending_unit: row.recommending_unit,
            declarations: row.declarations,
            token_sha256: row.token_sha256,
            mezzanine_upload: row.mezzanine_upload,
            mezzanine_bytes: row.mezzanine_bytes,
            mezzanine_sha256: row.mezzanine_sha256,
            declared_sha256: row.declared_sha256,
            media_info: row.media_info,
            verdict: row.verdict,
            plan: row.plan,
            traceparent: row.traceparent,
            cure_until: row.cure_until,
            cure_reason: row.cure_reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Some((claim, submission.into())))
    }
}
