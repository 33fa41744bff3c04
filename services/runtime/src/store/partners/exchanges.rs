//! Every request to a partner and its answer, as evidence. Callers remove the secrets first.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::IntentId;
use pipeline::id::{PartnerId, SubmissionId};
use serde::Serialize;
use serde_json::Value;

use crate::store::Store;

/// A request that is about to be made.
#[derive(Clone, Debug)]
pub struct NewExchange<'a> {
    /// The work; `None` if it concerns only the account.
    pub submission: Option<SubmissionId>,
    /// The partner.
    pub partner: &'a PartnerId,
    /// The attempt.
    pub intent: Option<IntentId>,
    /// Stable name of the step.
    pub step: &'a str,
    /// What is sent.
    pub request: &'a Value,
    /// Whether it only reads, or sends a piece of a file, so that a later one of the same step contains all the
    /// information of the ones before. Such exchanges are deleted after `exchanges_days`.
    pub passing: bool,
}

/// How a request ended, for readers: `open` has no answer yet, the others are those of [`ExchangeOutcome`].
pub const OUTCOMES: [&str; 4] = ["open", "answered", "not_sent", "lost"];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// It was answered, well or not.
    Answered,
    /// It never reached the partner.
    NotSent,
    /// It may have reached the partner; there is no answer.
    Lost,
}

impl ExchangeOutcome {
    /// Its value in the database.
    pub fn name(self) -> &'static str {
        match self {
            ExchangeOutcome::Answered => "answered",
            ExchangeOutcome::NotSent => "not_sent",
            ExchangeOutcome::Lost => "lost",
        }
    }
}

/// One exchange for readers.
#[derive(Clone, Debug, Serialize)]
pub struct ExchangeRow {
    /// In order.
    pub id: i64,
    /// The partner.
    pub partner: String,
    /// The step.
    pub step: String,
    /// What was sent.
    pub request: Value,
    /// `open`, `answered`, `not_sent` or `lost`.
    pub outcome: String,
    /// What came back.
    pub answer: Option<Value>,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// When the answer came.
    pub answered_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Stores a request before it is made; returns its number.
    pub async fn open_exchange(&self, new: &NewExchange<'_>) -> anyhow::Result<i64> {
        sqlx::query_scalar!(
            "/* open_exchange */
            with repeated as (
                -- The one before it alone: those before that one were marked by it.
                update exchanges set repeated = true where $6 and id = (
                    select id from exchanges where submission = $1 and partner = $2 and step = $4 and intent is null
                    order by id desc limit 1)
            )
            insert into exchanges (submission, partner, intent, step, request) values ($1, $2, $3, $4, $5) returning id",
            new.submission.map(|id| id.0),
            new.partner.as_str(),
            new.intent.map(|intent| intent.0),
            new.step,
            new.request,
            new.passing,
        )
        .fetch_one(self.pool())
        .await
        .context("write a request to a partner down")
    }

    /// Stores how a request ended.
    pub async fn close_exchange(&self, id: i64, outcome: ExchangeOutcome, answer: &Value) -> anyhow::Result<()> {
        sqlx::query!(
            "/* close_exchange */
            update exchanges set outcome = $2, answer = $3, answered_at = clock_timestamp() where id = $1",
            id,
            outcome.name(),
            answer,
        )
        .execute(self.pool())
        .await
        .context("write a partner's answer down")?;
        Ok(())
    }

    /// The newest exchanges about a work, oldest first; with one partner or with all.
    pub async fn exchanges(
        &self,
        submission: SubmissionId,
        partner: Option<&PartnerId>,
    ) -> anyhow::Result<Vec<ExchangeRow>> {
        let mut rows = sqlx::query_as!(
            ExchangeRow,
            "/* exchanges */
            select id, partner, step, request, outcome, answer, at, answered_at from exchanges
            where submission = $1 and ($2::text is null or partner = $2) order by id desc limit 1000",
            submission.0,
            partner.map(PartnerId::as_str),
        )
        .fetch_all(self.pool())
        .await
        .context("load what was exchanged")?;
        rows.reverse();
        Ok(rows)
    }
}
