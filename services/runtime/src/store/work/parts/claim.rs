//! Claiming: one statement (`claim.sql`) finds the best part, takes it, and reads its work. New entries are claimed
//! contest by contest, in turn; see `turns`.
use anyhow::Context;
use pipeline::id::{Fence, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::stage::Stage;
use pipeline::submission::Submission;
use sqlx::types::Json;

use super::claimed::Claim;
use crate::store::Store;
use crate::store::submissions::{Row, SubmissionRow};

impl Store {
    /// Claims the best pending part of `stage`, or `None` if there is none. `holder` is for people.
    pub async fn claim(&self, stage: Stage, holder: &str) -> anyhow::Result<Option<Claim>> {
        Ok(self.claim_work(stage, holder).await?.map(|(claim, _)| claim))
    }

    /// Claims the best pending part of `stage` and reads its submission, or `None` if there is none. `holder` is for
    /// people.
    ///
    /// The submission is as of the start of the statement, when the part was already pending: it is not older than the
    /// change that made it pending. Its verdict is left out.
    pub async fn claim_work(&self, stage: Stage, holder: &str) -> anyhow::Result<Option<(Claim, SubmissionRow)>> {
        let after = self.turns.after(stage);
        let row = sqlx::query_file!(
            "src/store/work/parts/claim.sql",
            stage.name(),
            holder,
            self.policy().lease.as_secs_f64(),
            after,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("claim a part of {stage}"))?;
        let Some(row) = row else { return Ok(None) };
        self.turns.took(stage, after.as_deref(), row.part_contest);
        let claim = Claim {
            submission: SubmissionId(row.id),
            run: row.run as u32,
            stage,
            part: row.part.parse()?,
            attempt: row.attempt as u32 + 1,
            fence: Fence(row.fence),
            traceparent: row.part_traceparent,
            waited_s: row.waited_s.max(0.0),
            reserved: row.reserved,
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
            // No stage reads it: kilobytes that each part of a work would decode.
            verdict: None,
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
