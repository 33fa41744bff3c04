//! The status of a submission, as entrants and staff both see it in JSON: what has arrived, why it was rejected, the
//! result of each rule.
use pipeline::lang::Lang;
use pipeline::rejection::Rejection;
use pipeline::screening::{Outcome, Rule, RuleVerdict, Twin};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Code;
use crate::serving::openapi::vocabulary::RuleOutcome;
use crate::store::Store;
use crate::store::submissions::SubmissionRow;

/// What has arrived of the film.
#[derive(Serialize, ToSchema)]
pub struct UploadStatus {
    /// Bytes that are durable.
    offset: u64,
    /// Total length, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    /// SHA-256 of the film as stored, hex; present once it was read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Why the last upload failed, until another one starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureText>,
}

/// Why an upload failed.
#[derive(Serialize, ToSchema)]
pub struct FailureText {
    /// Stable name, the same as in answers about the upload.
    code: &'static str,
    /// In the requested language.
    text: &'static str,
    zh: &'static str,
    en: &'static str,
}

/// Why an entry was refused.
#[derive(Serialize, ToSchema)]
pub struct RejectionText {
    /// Stable name.
    code: &'static str,
    /// In the requested language.
    text: String,
    zh: String,
    en: String,
}

/// The result of one rule.
#[derive(Serialize, ToSchema)]
pub struct RuleStatus {
    /// Stable name.
    #[schema(value_type = String, example = "duration")]
    rule: Rule,
    /// `pass`, `warn` or `fail`.
    #[schema(value_type = RuleOutcome, example = "pass")]
    outcome: Outcome,
    /// What was measured, in the requested language.
    measured: String,
    /// What is allowed, in the requested language.
    limit: String,
    /// Whether a new export of the same cut can cure it.
    curable: bool,
    /// In the requested language.
    text: String,
    zh: String,
    en: String,
    /// Other entries that it is about, with the times that match; for staff only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    others: Vec<Twin>,
}

impl UploadStatus {
    /// The upload status of a submission, from the database.
    pub async fn of(store: &Store, submission: &SubmissionRow, lang: Lang) -> anyhow::Result<Self> {
        if let Some(bytes) = submission.mezzanine_bytes {
            let sha256 = submission.mezzanine_sha256.as_deref().map(hex::encode);
            return Ok(Self { offset: bytes, length: Some(bytes), sha256, failure: None });
        }
        Self::of_unfinished(store, submission, lang).await
    }

    /// The upload status of an incomplete film: the first one of a submission, or one that is to replace another.
    pub async fn of_unfinished(store: &Store, submission: &SubmissionRow, lang: Lang) -> anyhow::Result<Self> {
        let (offset, length) = store.uploaded_bytes(submission.id).await?;
        let failure = store.last_failure(submission.id).await?.map(|failure| {
            let row = Code::from(failure).row();
            let text = if lang == Lang::Zh { row.zh } else { row.en };
            FailureText { code: row.code, text, zh: row.zh, en: row.en }
        });
        Ok(Self { offset, length, sha256: None, failure })
    }
}

impl RejectionText {
    /// A rejection in the requested language, and in both.
    pub fn of(reason: &Rejection, lang: Lang) -> Self {
        Self { code: reason.code(), text: reason.text(lang), zh: reason.text(Lang::Zh), en: reason.text(Lang::En) }
    }
}

impl RuleStatus {
    /// The same without the other entries, for an entrant.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { others: Vec::new(), ..self }
    }

    /// One rule's verdict, with the other entries that it is about.
    pub fn of(verdict: &RuleVerdict, lang: Lang) -> Self {
        Self {
            rule: verdict.rule,
            outcome: verdict.outcome,
            measured: verdict.measured_in(lang).into_owned(),
            limit: verdict.limit_in(lang).into_owned(),
            curable: verdict.curable,
            text: verdict.text(lang).to_owned(),
            zh: verdict.zh.clone(),
            en: verdict.en.clone(),
            others: verdict.others.clone(),
        }
    }
}
