//! How an entry's time was spent, from its history and its parts: what `reelmill trace` shows. It needs no collector.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Store;

/// A submission entered a state.
#[derive(Clone, Debug)]
pub struct Move {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Stable name of the event, such as `review_accepted`.
    pub what: String,
    /// The kind of actor, such as `worker` or `screener`.
    pub actor: String,
    /// The person, if a person did it.
    pub by: Option<String>,
    /// The run that it is in afterwards.
    pub run: u32,
    /// The state's name afterwards.
    pub state: String,
}

/// One attempt at a part.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The run.
    pub run: u32,
    /// The stage's name.
    pub stage: String,
    /// The part's text form.
    pub part: String,
    /// When it was claimed.
    pub started_at: DateTime<Utc>,
    /// When the claim ended.
    pub ended_at: DateTime<Utc>,
    /// `failed`, `parked`, `later`, `handed_back` or `silent`.
    pub outcome: String,
    /// Host and process.
    pub holder: Option<String>,
}

/// A delivery entered a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryMove {
    /// The partner.
    pub partner: String,
    /// The state's name.
    #[schema(value_type = crate::serving::openapi::vocabulary::DeliveryState)]
    pub state: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Store {
    /// The database's time, which all times here use.
    pub async fn time(&self) -> anyhow::Result<DateTime<Utc>> {
        sqlx::query_scalar!(r#"/* time */ select clock_timestamp() as "now!""#)
            .fetch_one(self.pool())
            .await
            .context("ask the database for the time")
    }

    /// Every change of a submission's state, in order, without other changes of the submission.
    pub async fn moves(&self, submission: SubmissionId) -> anyhow::Result<Vec<Move>> {
        let rows = sqlx::query!(
            r#"/* moves */
            select at as "at!", what as "what!", actor as "actor!", by, run as "run!", state as "state!" from (
                select id, at, what, actor, detail->>'by' as by, coalesce((detail->>'run')::integer, 1) as run,
                    case when what = 'entered' then 'uploading' else detail->>'state' end as state,
                    lag(coalesce(detail->>'run', '1') || ' ' || coalesce(detail->>'state', 'uploading'))
                        over (order by id) as before
                from history
                where submission = $1 and (what = 'entered' or (detail->>'state' is not null and detail->>'partner' is null))
            ) as told
            where before is null or before <> run || ' ' || state
            order by id"#,
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load what moved {submission}"))?;
        let moves = rows.into_iter().map(|row| Move {
            at: row.at,
            what: row.what,
            actor: row.actor,
            by: row.by,
            run: row.run.max(0) as u32,
            state: row.state,
        });
        Ok(moves.collect())
    }

    /// Every change of a submission's deliveries, in order.
    pub async fn delivery_moves(&self, submission: SubmissionId) -> anyhow::Result<Vec<DeliveryMove>> {
        sqlx::query_as!(
            DeliveryMove,
            r#"/* delivery_moves */
            select detail->>'partner' as "partner!", detail->>'state' as "state!", at from history
            where submission = $1 and what = 'delivery_changed' and detail->>'partner' is not null
                and detail->>'state' is not null
            order by id"#,
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load how the deliveries of {submission} went"))
    }

    /// Every attempt at a submission's parts that did not end the part, in order.
    pub async fn attempts(&self, submission: SubmissionId) -> anyhow::Result<Vec<Attempt>> {
        let rows = sqlx::query!(
            "/* attempts */
            select run, stage, part, started_at, ended_at, outcome, holder from attempts where submission = $1
            order by started_at",
            submission.0,
        )
        .fetch_all(self.pool())
        .await
        .with_context(|| format!("load the attempts at parts of {submission}"))?;
        let attempts = rows.into_iter().map(|row| Attempt {
            run: row.run.max(0) as u32,
            stage: row.stage,
            part: row.part,
            started_at: row.started_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
            holder: row.holder,
        });
        Ok(attempts.collect())
    }
}
