//! What tables that organisers hand in say of works besides the list: what was measured, and what screening and reviewers said. Read a page
//! of works at a time. No personal data of entrants.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::screening::Verdict;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;

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

/// What was said of a work.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Which work.
    pub submission: Uuid,
    /// What screening said last.
    pub verdict: Option<Json<Verdict>>,
    /// A reviewer's last decision: `review_accepted` or `review_refused`.
    pub decision: Option<String>,
    /// When it was made.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub reviewer: Option<String>,
    /// What the reviewer wrote to the entrant.
    pub words: Option<String>,
}

impl Store {
    /// What was measured of these works. In no order.
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

    /// What screening and reviewers said of these works. In no order.
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
        .context("load what was said of works")
    }
}
