//! The time of one part: its wait, its attempts, and the rests between them.
use chrono::{DateTime, Utc};
use runtime::serving::openapi::vocabulary::PartStatus;
use runtime::store::watching::trace::Attempt;
use runtime::store::work::parts::PartRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::span::{seconds, total};

/// One part's time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartTime {
    /// Such as `segment/3`.
    pub part: String,
    /// As in the list of parts.
    #[schema(value_type = PartStatus)]
    pub status: String,
    /// The wait before the first claim.
    pub waited_s: f64,
    /// In all attempts together.
    pub worked_s: f64,
    /// Between attempts: back-off, a lost worker, a partner that is polled later.
    pub rested_s: f64,
    /// Each attempt.
    pub attempts: Vec<AttemptTime>,
}

/// One attempt at a part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttemptTime {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended; null while it runs.
    pub to: Option<DateTime<Utc>>,
    /// How long it took, or has lasted.
    pub worked_s: f64,
    /// `running`, the part's status at its end, or how an attempt ended that did not end the part.
    #[serde(rename = "ended")]
    pub outcome: String,
    /// Host and process.
    pub holder: Option<String>,
}

impl PartTime {
    /// Of a part with these earlier attempts.
    pub(super) fn of(row: &PartRow, before: &[&Attempt], now: DateTime<Utc>) -> Self {
        let mut attempts: Vec<AttemptTime> = before
            .iter()
            .map(|it| AttemptTime {
                from: it.started_at,
                to: Some(it.ended_at),
                worked_s: seconds(it.started_at, it.ended_at),
                outcome: it.outcome.clone(),
                holder: it.holder.clone(),
            })
            .collect();
        // The last claim is in the row itself, unless it is among the claims that ended without ending the part.
        let last = row.started_at.filter(|at| before.iter().all(|it| it.started_at != *at));
        if let Some(from) = last {
            let to = row.finished_at;
            let outcome = if to.is_some() { row.status.clone() } else { "running".to_owned() };
            let worked_s = seconds(from, to.unwrap_or(now));
            attempts.push(AttemptTime { from, to, worked_s, outcome, holder: row.holder.clone() });
        }
        let ended = row.finished_at.unwrap_or(now);
        let waited_s = seconds(row.created_at, attempts.first().map_or(ended, |first| first.from));
        let worked_s = total(attempts.iter().map(|it| it.worked_s));
        let rested_s = (seconds(row.created_at, ended) - waited_s - worked_s).max(0.0);
        Self { part: row.part.clone(), status: row.status.clone(), waited_s, worked_s, rested_s, attempts }
    }
}
