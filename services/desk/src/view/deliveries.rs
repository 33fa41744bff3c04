//! The state of a work at each partner, and the next act of a person there.
use chrono::{DateTime, Utc};
use pipeline::delivery::{Desired, Observed, RecallBy, RecallStep};
use pipeline::id::SubmissionId;
use pipeline::person::Sees;
use pipeline::preflight::Texts;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::{DeliveryState, RecallProgress, RecalledBy};
use runtime::store::partners::deliveries::DeliveryRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Desk;
use crate::next::{Next, next};

/// Where a work stands with one partner.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// Its id in the catalogue.
    pub partner: String,
    /// The run whose files it is about.
    pub run: u32,
    /// `live` or `gone`.
    pub desired: &'static str,
    /// `planned`, `sending`, `unknown`, `awaiting_operator`, `in_review`, `live`, `recalling`, `recalled` or `refused`.
    #[schema(value_type = DeliveryState)]
    pub state: &'static str,
    /// What a person does next, and the command for it; absent where it waits for no person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// The partner's own name for the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The partner's words, where it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What was handed over: files with sizes and digests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub handed_over: Option<Value>,
    /// Title, text and tags that were written for this partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub texts: Option<Texts>,
    /// How its recall stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<RecallStatus>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How a recall stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecallStatus {
    /// Who takes it back; absent before it began and after its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RecalledBy>)]
    pub by: Option<RecallBy>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RecallProgress>)]
    pub step: Option<RecallStep>,
    /// Until when it must be proven that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// Why it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The state of a work at every partner, by partner. `sees`: the contests that the caller may see.
pub async fn deliveries(desk: &Desk, sees: &Sees, id: SubmissionId) -> Result<Vec<Delivery>, Problem> {
    let work = desk.store.submission(id).await?.ok_or(Code::SubmissionUnknown)?;
    if !sees.includes(&work.contest) {
        return Err(Code::SubmissionUnknown.into());
    }
    let rows = desk.store.deliveries(id).await?;
    Ok(rows.into_iter().map(|row| delivery(desk, row)).collect())
}

/// One delivery, as every view shows it.
pub(super) fn delivery(desk: &Desk, row: DeliveryRow) -> Delivery {
    let method = desk.catalogue.partner(&row.partner).map(|it| it.method);
    let observed = &row.machine.observed;
    let words = match observed {
        Observed::Refused { words, .. } => Some(words.clone()),
        _ => None,
    };
    let (by, step) = match observed {
        Observed::Recalling { by, step, .. } => (Some(*by), Some(*step)),
        _ => (None, None),
    };
    let recall = RecallStatus { by, step, due: row.recall_due, reason: row.recall_reason };
    let recall = (row.machine.desired == Desired::Gone).then_some(recall);
    Delivery {
        next: next(row.submission, &row.partner, method, &row.machine),
        partner: row.partner.to_string(),
        run: row.machine.run,
        desired: row.machine.desired.name(),
        state: observed.name(),
        receipt: observed.receipt().map(|receipt| receipt.0.clone()),
        public_url: observed.public_url().map(ToOwned::to_owned),
        words,
        handed_over: row.receipt,
        texts: row.texts,
        recall,
        updated_at: row.updated_at,
    }
}
