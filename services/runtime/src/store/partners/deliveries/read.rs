//! Reads deliveries of a submission.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::delivery::Delivery;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::preflight::Texts;
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::store::Store;

/// A delivery for readers.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The submission.
    pub submission: SubmissionId,
    /// The partner.
    pub partner: PartnerId,
    /// Its state.
    pub machine: Delivery,
    /// What was handed over last and where it is; the publish service defines its format.
    pub receipt: Option<serde_json::Value>,
    /// Title, text and tags that an organiser wrote for this partner.
    pub texts: Option<Texts>,
    /// Until when the removal must be proven.
    pub recall_due: Option<DateTime<Utc>>,
    /// Why it is recalled.
    pub recall_reason: Option<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

struct Row {
    partner: String,
    machine: Json<Delivery>,
    receipt: Option<serde_json::Value>,
    texts: Option<Json<Texts>>,
    recall_due: Option<DateTime<Utc>>,
    recall_reason: Option<String>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn of(self, submission: SubmissionId) -> DeliveryRow {
        DeliveryRow {
            submission,
            partner: PartnerId::new(self.partner),
            machine: self.machine.0,
            receipt: self.receipt,
            texts: self.texts.map(|texts| texts.0),
            recall_due: self.recall_due,
            recall_reason: self.recall_reason,
            updated_at: self.updated_at,
        }
    }
}

/// All deliveries of a submission, by partner.
pub(in crate::store) async fn of(
    executor: impl PgExecutor<'_>,
    submission: SubmissionId,
) -> anyhow::Result<Vec<DeliveryRow>> {
    let rows = sqlx::query_as!(
        Row,
        r#"/* deliveries */
            select partner, machine as "machine: Json<Delivery>", receipt, t.texts as "texts?: Json<Texts>", recall_due, recall_reason,
                d.updated_at
            from deliveries d left join partner_texts t using (submission, partner)
            where submission = $1 order by partner"#,
        submission.0,
    )
    .fetch_all(executor)
    .await
    .with_context(|| format!("load the deliveries of {submission}"))?;
    Ok(rows.into_iter().map(|row| row.of(submission)).collect())
}

impl Store {
    /// All deliveries of a submission, by partner.
    pub async fn deliveries(&self, submission: SubmissionId) -> anyhow::Result<Vec<DeliveryRow>> {
        of(self.pool(), submission).await
    }

    /// One delivery.
    pub async fn delivery(&self, submission: SubmissionId, partner: &PartnerId) -> anyhow::Result<Option<DeliveryRow>> {
        let row = sqlx::query_as!(
            Row,
            r#"/* delivery */
            select partner, machine as "machine: Json<Delivery>", receipt, t.texts as "texts?: Json<Texts>", recall_due, recall_reason,
                d.updated_at
            from deliveries d left join partner_texts t using (submission, partner)
            where submission = $1 and partner = $2"#,
            submission.0,
            partner.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .with_context(|| format!("load the delivery of {submission} to {partner}"))?;
        Ok(row.map(|row| row.of(submission)))
    }
}
