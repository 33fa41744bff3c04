//! A submission as its table has it, and as handlers and readers see it.
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId, UploadId};
use pipeline::media_info::MediaInfo;
use pipeline::receipt::Receipt;
use pipeline::rendition::Plan;
use pipeline::replacing::Cure;
use pipeline::screening::Verdict;
use pipeline::submission::Submission;
use sqlx::types::Json;
use uuid::Uuid;

/// A submission as handlers and readers see it. It contains no personal data.
#[derive(Clone, Debug)]
pub struct SubmissionRow {
    /// Its id.
    pub id: SubmissionId,
    /// The number of its receipt; `None` for one of an earlier release, until it is first needed.
    pub receipt: Option<Receipt>,
    /// The contest.
    pub contest: ContestId,
    /// State, run, gates and work.
    pub machine: Submission,
    /// Title as entered.
    pub title: String,
    /// One of the contest's themes.
    pub theme: String,
    /// Synopsis as entered.
    pub synopsis: String,
    /// The organisation that recommends it.
    pub recommending_unit: String,
    /// Originality, rights and AI use as declared.
    pub declarations: serde_json::Value,
    /// SHA-256 of the entrant's token.
    pub token_sha256: Vec<u8>,
    /// The upload that became the mezzanine.
    pub mezzanine_upload: Option<UploadId>,
    /// Its size in bytes.
    pub mezzanine_bytes: Option<u64>,
    /// Its SHA-256 as verified.
    pub mezzanine_sha256: Option<Vec<u8>>,
    /// Its SHA-256 as the client declared it.
    pub declared_sha256: Option<Vec<u8>>,
    /// What the probe measured last.
    pub media_info: Option<MediaInfo>,
    /// The last verdict of screening.
    pub verdict: Option<Verdict>,
    /// What is to be made, by the last plan.
    pub plan: Option<Plan>,
    /// Trace context of the span that changed it last.
    pub traceparent: Option<String>,
    /// The last cure window that the organisers opened for it.
    pub cure: Option<Cure>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Its columns.
pub(in crate::store) struct Row {
    pub(in crate::store) id: Uuid,
    pub(in crate::store) receipt: Option<String>,
    pub(in crate::store) contest: String,
    pub(in crate::store) machine: Json<Submission>,
    pub(in crate::store) title: String,
    pub(in crate::store) theme: String,
    pub(in crate::store) synopsis: String,
    pub(in crate::store) recommending_unit: String,
    pub(in crate::store) declarations: serde_json::Value,
    pub(in crate::store) token_sha256: Vec<u8>,
    pub(in crate::store) mezzanine_upload: Option<Uuid>,
    pub(in crate::store) mezzanine_bytes: Option<i64>,
    pub(in crate::store) mezzanine_sha256: Option<Vec<u8>>,
    pub(in crate::store) declared_sha256: Option<Vec<u8>>,
    pub(in crate::store) media_info: Option<Json<MediaInfo>>,
    pub(in crate::store) verdict: Option<Json<Verdict>>,
    pub(in crate::store) plan: Option<Json<Plan>>,
    pub(in crate::store) traceparent: Option<String>,
    pub(in crate::store) cure_until: Option<DateTime<Utc>>,
    pub(in crate::store) cure_reason: Option<String>,
    pub(in crate::store) created_at: DateTime<Utc>,
    pub(in crate::store) updated_at: DateTime<Utc>,
}

impl From<Row> for SubmissionRow {
    fn from(row: Row) -> Self {
        Self {
            id: SubmissionId(row.id),
            // Values in the database were checked when they were made; the column has a check, too.
            receipt: row.receipt.and_then(|receipt| receipt.parse().ok()),
            contest: ContestId::new(row.contest),
            machine: row.machine.0,
            title: row.title,
            theme: row.theme,
            synopsis: row.synopsis,
            recommending_unit: row.recommending_unit,
            declarations: row.declarations,
            token_sha256: row.token_sha256,
            mezzanine_upload: row.mezzanine_upload.map(UploadId),
            mezzanine_bytes: row.mezzanine_bytes.map(|bytes| bytes.max(0) as u64),
            mezzanine_sha256: row.mezzanine_sha256,
            declared_sha256: row.declared_sha256,
            media_info: row.media_info.map(|info| info.0),
            verdict: row.verdict.map(|verdict| verdict.0),
            plan: row.plan.map(|plan| plan.0),
            traceparent: row.traceparent,
            cure: cure(row.cure_until, row.cure_reason),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A cure window from its two columns.
pub(in crate::store) fn cure(until: Option<DateTime<Utc>>, reason: Option<String>) -> Option<Cure> {
    Some(Cure { until: until?, reason: reason.unwrap_or_default() })
}
