//! Parts that failed too often.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use serde::Serialize;
use uuid::Uuid;

use super::wanted::MOST_ROWS;
use crate::store::Store;

/// A part that failed too often.
#[derive(Clone, Debug, Serialize)]
pub struct Parked {
    /// The submission.
    pub submission: Uuid,
    /// Its contest.
    pub contest: String,
    /// The run.
    pub run: i32,
    /// The stage's name.
    pub stage: String,
    /// The part's text form.
    pub part: String,
    /// How often it was tried.
    pub attempt: i32,
    /// The error of the last attempt.
    pub last_error: Option<String>,
    /// When it was parked.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Parts that failed too often, by submission, newest submission first. `before` is the last submission of the page
    /// before this one: pages end between submissions, so that no submission is divided.
    pub async fn parked(
        &self,
        contests: &Sees,
        before: Option<SubmissionId>,
        limit: u32,
    ) -> anyhow::Result<Vec<Parked>> {
        let contests = contests.names();
        sqlx::query_as!(
            Parked,
            "/* parked */
            select p.submission, s.contest, p.run, p.stage, p.part, p.attempt, p.last_error, p.finished_at
            from parts p join submissions s on s.id = p.submission
            where p.status = 'parked' and p.submission in (
                select distinct q.submission from parts q join submissions t on t.id = q.submission
                where q.status = 'parked' and ($1::text[] is null or t.contest = any($1)) and ($2::uuid is null or q.submission < $2)
                order by q.submission desc limit $3)
            order by p.submission desc, p.run, p.stage, p.part",
            contests.as_deref(),
            before.map(|id| id.0),
            i64::from(limit.min(MOST_ROWS)),
        )
        .fetch_all(self.pool())
        .await
        .context("list what is parked")
    }
}
