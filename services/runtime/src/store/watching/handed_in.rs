//! Further columns of the tables that organisers export: measurements, the screening's verdict, and reviewers'
//! decisions, read for one page of works at a time. It contains no personal data of entrants.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::screening::Verdict;
use sqlx::types::Json;
use uuid::Uuid;

use crate::store::Store;

/// What was measured of a work.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which work.
    pub submission: Uuid,
    /// Length of the film, ms.
    pub duration_ms: Option<i64>,
    /// Width as people see it, pixels.
    pub width: Option<i32>,
    /// Height as people see it, pixels.
    pub height: Option<i32>,
}

/// The verdict and the decision on a work.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Which work.
    pub submission: Uuid,
    /// The last verdict of the screening.
    pub verdict: Option<Json<Verdict>>,
    /// A reviewer's last decision: `review_accepted` or `review_refused`.
    pub decision: Option<String>,
    /// When it was made.
    pub decided_at: Option<DateTime<Utc>>,
    /// Name of the reviewer.
    pub reviewer: Option<String>,
    /// What the reviewer wrote to the entrant.
    pub words: Option<String>,
}

impl Store {
    /// What was measured of these works, in no particular order.
    pub async fn measured(&self, works: &[Uuid]) -> anyhow::Result<Vec<Measured>> {
        sqlx::query_as!(
            Measured,
            "/* measured */
            select id as submission, (media_info ->> 'duration_ms')::bigint as duration_ms,
                (media_info #>> '{video,display_width}')::integer as width,
                (media_info #>> '{video,display_height}')::integer as height
            from submissions where id = any($1)",
            works,
        )
        .fetch_all(self.pool())
        .await
        .context("load what was measured of works")
    }

    /// Verdicts and decisions on these works, in no particular order.
    pub async fn opinions(&self, works: &[Uuid]) -> anyhow::Result<Vec<Opinion>> {
        sqlx::query_as!(
            Opinion,
            r#"/* opinions */
            select s.id as submission, s.verdict as "verdict: Json<Verdict>", r.what as "decision?", r.at as "decided_at?",
                r.detail ->> 'by' as reviewer, r.detail ->> 'words' as words
            from submissions s
            left join lateral (
                select h.at, h.what, h.detail from history h
                where h.submission = s.id and h.what in ('review_accepted', 'review_refused')
                order by h.id desc limit 1) r on true
            where s.id = any($1)"#,
            works,
        )
        .fetch_all(self.pool())
        .await
        .context("load verdicts and decisions")
    }
}
