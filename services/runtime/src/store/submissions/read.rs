//! Reads submissions: one, or a list.
use anyhow::Context;
use pipeline::id::{ContestId, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::rendition::Plan;
use pipeline::screening::Verdict;
use pipeline::submission::Submission;
use sqlx::types::Json;

use super::row::{Row, SubmissionRow};
use crate::store::Store;

/// Which submissions to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only this contest.
    pub contest: Option<ContestId>,
    /// Only this state, by its name.
    pub state: Option<String>,
    /// Only submissions entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many; capped at 500.
    pub limit: Option<u32>,
}

impl Store {
    /// One submission, or `None` if there is none with this id.
    pub async fn submission(&self, id: SubmissionId) -> anyhow::Result<Option<SubmissionRow>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* submission */
            select id, receipt, contest, machine as "machine: Json<Submission>", title, theme, synopsis, recommending_unit,
                declarations, token_sha256, mezzanine_upload, mezzanine_bytes, mezzanine_sha256, declared_sha256,
                media_info as "media_info: Json<MediaInfo>", verdict as "verdict: Json<Verdict>",
                plan as "plan: Json<Plan>", traceparent, cure_until, cure_reason, created_at, updated_at
            from submissions where id = $1"#,
            id.0,
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load submission {id}"))?;
        Ok(row.map(Into::into))
    }

    /// Submissions, newest first.
    pub async fn submissions(&self, filter: &ListFilter) -> anyhow::Result<Vec<SubmissionRow>> {
        let rows = sqlx::query_as!(
            Row,
            r#"/* submissions */
            select id, receipt, contest, machine as "machine: Json<Submission>", title, theme, synopsis, recommending_unit,
                declarations, token_sha256, mezzanine_upload, mezzanine_bytes, mezzanine_sha256, declared_sha256,
                media_info as "media_info: Json<MediaInfo>", verdict as "verdict: Json<Verdict>",
                plan as "plan: Json<Plan>", traceparent, cure_until, cure_reason, created_at, updated_at
            from submissions
            where ($1::text is null or contest = $1) and ($2::text is null or state = $2)
                and ($3::uuid is null or id < $3)
            order by id desc limit $4"#,
            filter.contest.as_ref().map(ContestId::as_str),
            filter.state,
            filter.before.map(|id| id.0),
            i64::from(filter.limit.unwrap_or(100).min(500)),
        )
        .fetch_all(self.pool())
        .await
        .context("list submissions")?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
