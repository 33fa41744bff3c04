//! What was exchanged with partners about a work: every request and its answer. Secrets were removed before they were
//! stored.
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use runtime::problem::Problem;
use runtime::serving::openapi::vocabulary::ExchangeEnd;
use runtime::store::partners::exchanges::ExchangeRow;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Desk;

/// A request to a partner and its answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Exchange {
    /// In order.
    pub id: i64,
    /// With whom.
    pub partner: String,
    /// Stable name of the step.
    pub step: String,
    /// What was sent.
    #[schema(value_type = Object)]
    pub request: Value,
    /// `open`, `answered`, `not_sent` (certainly nothing happened there) or `lost` (something may have).
    #[schema(value_type = ExchangeEnd)]
    pub outcome: String,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Value>,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// When the answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
}

/// The exchanges about a work, with one partner or with all, oldest first; of very long lists, the newest thousand.
pub async fn exchanges(
    desk: &Desk,
    work: &SubmissionRow,
    partner: Option<&PartnerId>,
) -> Result<Vec<Exchange>, Problem> {
    Ok(desk.store.exchanges(work.id, partner).await?.into_iter().map(Exchange::from).collect())
}

impl From<ExchangeRow> for Exchange {
    fn from(row: ExchangeRow) -> Self {
        Self {
            id: row.id,
            partner: row.partner,
            step: row.step,
            request: row.request,
            outcome: row.outcome,
            answer: row.answer,
            at: row.at,
            answered_at: row.answered_at,
        }
    }
}
