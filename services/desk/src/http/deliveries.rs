//! Deliveries: where a work stands with each partner, and what operators report of what they did by hand.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Observed, Receipt};
use pipeline::id::PartnerId;
use pipeline::partner::DeliveryMethod;
use pipeline::preflight::Texts;
use pipeline::text::Limit;
use runtime::serving::openapi::vocabulary::DeliveryState;
use runtime::store::deliveries::{self, DeliveryRow};
use runtime::store::proofs::{self, NewProof, Shows};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Subject;
use runtime::serving::typed;

/// Where a work stands with one partner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    partner: String,
    /// The run whose files it is about.
    run: u32,
    /// `live` or `gone`.
    desired: &'static str,
    /// `planned`, `sending`, `unknown`, `awaiting_operator`, `in_review`, `live`, `recalling`, `recalled` or `refused`.
    #[schema(value_type = DeliveryState)]
    state: &'static str,
    /// The partner's own name for the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// Where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    /// The partner's words, where it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// What was handed over: files with sizes and digests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    handed_over: Option<Value>,
    /// Title, text and tags that were written for this partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    texts: Option<Texts>,
    /// Why it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall_reason: Option<String>,
    /// Until when it must be proven that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    recall_due: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let observed = &row.machine.observed;
        let (public_url, words) = match observed {
            Observed::Live { public_url, .. } | Observed::Recalling { public_url, .. } => (public_url.clone(), None),
            Observed::Refused { words, .. } => (None, Some(words.clone())),
            Observed::Planned
            | Observed::Sending { .. }
            | Observed::Unknown { .. }
            | Observed::AwaitingOperator { .. }
            | Observed::InReview { .. }
            | Observed::Recalled { .. } => (None, None),
        };
        Self {
            partner: row.partner.to_string(),
            run: row.machine.run,
            desired: row.machine.desired.name(),
            state: observed.name(),
            receipt: observed.receipt().map(|receipt| receipt.0.clone()),
            public_url,
            words,
            handed_over: row.receipt,
            texts: row.texts,
            recall_reason: row.recall_reason,
            recall_due: row.recall_due,
            updated_at: row.updated_at,
        }
    }
}

/// Where a work stands with every partner.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By partner", body = Vec<Delivery>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Delivery>>, Problem> {
    let rows = desk.store.deliveries(entry.id).await?;
    Ok(Json(rows.into_iter().map(Delivery::from).collect()))
}

/// What an operator brought to a partner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivered {
    /// Public address at the partner, http or https.
    url: String,
    /// The partner's own name for the work; the address if absent.
    receipt: Option<String>,
    /// For the audit trail.
    reason: Option<String>,
}

/// Which delivery of the entry.
#[derive(Deserialize)]
pub(crate) struct At {
    pub(super) partner: String,
}

/// Longest address or name, in characters.
const ADDRESS_CHARS: usize = 2000;

/// Reports that an operator brought a work to a partner, and where it can be seen.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/delivered", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Delivered,
    responses((status = 200, description = "Noted", body = Reported)))]
pub(crate) async fn delivered(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    act: Act,
) -> Result<Answered, Problem> {
    let report: Delivered = act.body()?;
    let url = web_address(&report.url)?;
    let receipt = typed::field("receipt", report.receipt.as_ref().unwrap_or(&url), Limit::RECEIPT)?;
    let by = &act.by(report.reason.as_deref())?;
    let words = by.reason.clone();
    let proof = &NewProof {
        id: Uuid::now_v7(),
        submission: entry.id,
        partner: PartnerId::new(at.partner),
        shows: Shows::Live,
        seen_at: desk.clock.now(),
        public_url: Some(url),
        words,
        file: None,
        insists: false,
    };
    let (act, receipt) = (&act, &Receipt(receipt));
    let noted = desk.store.transaction("desk_delivered", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let stands = deliveries::standing(tx, proof.submission, &proof.partner).await?;
            let stands = stands.ok_or(Problem::from(Code::DeliveryUnknown))?;
            let Observed::AwaitingOperator { .. } = stands.observed else {
                return Err(Code::StateWrong.about(stands.observed.name()).into());
            };
            proofs::add(tx, proof, Some(receipt), by).await?;
            let reported = Reported { partner: proof.partner.to_string(), state: "live" };
            act.end(tx, StatusCode::OK, &reported).await
        })
    });
    Ok(Answered(noted.await?))
}

/// A person's yes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Yes {
    /// For the audit trail.
    reason: Option<String>,
}

/// Says yes to a publishing that the partner's rules let no machine decide.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/confirm", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Yes,
    responses((status = 200, description = "It is published next", body = Reported)))]
pub(crate) async fn confirm(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    act: Act,
) -> Result<Answered, Problem> {
    let yes: Yes = act.body()?;
    let by = act.by(yes.reason.as_deref())?;
    let partner = PartnerId::new(at.partner);
    let waits = desk.catalogue.partner(&partner).is_some_and(|partner| match partner.method {
        DeliveryMethod::Douyin => true,
        // A bag that a person carries is reported with its address instead; the others ask nobody.
        DeliveryMethod::Operator
        | DeliveryMethod::Bilibili
        | DeliveryMethod::SftpDrop
        | DeliveryMethod::S3Drop
        | DeliveryMethod::Mrss => false,
    });
    if !waits {
        return Err(Code::NotConfirmed.into());
    }
    let (act, by, partner, entry) = (&act, &by, &partner, entry.id);
    let confirmed = desk.store.transaction("desk_confirm", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let stands = deliveries::standing(tx, entry, partner).await?.ok_or(Problem::from(Code::DeliveryUnknown))?;
            let wrong = || anyhow::Error::from(Code::StateWrong.about(stands.observed.name()));
            let Observed::AwaitingOperator { intent } = stands.observed else { return Err(wrong()) };
            let now = deliveries::note(tx, entry, partner, &DeliveryEvent::Confirmed { intent }, by).await?;
            if now == stands {
                return Err(wrong());
            }
            let reported = Reported { partner: partner.to_string(), state: now.observed.name() };
            act.end(tx, StatusCode::OK, &reported).await
        })
    });
    Ok(Answered(confirmed.await?))
}

/// Where a delivery stands after a report.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reported {
    pub(super) partner: String,
    /// As in the list of deliveries.
    #[schema(value_type = DeliveryState)]
    #[schema(value_type = DeliveryState)]
    pub(super) state: &'static str,
}

/// Only http and https: the address is shown as a link to others.
pub(super) fn web_address(text: &str) -> Result<String, Problem> {
    let wrong = || Code::FieldWrong.about("url: an address such as https://example.com/video/1");
    let uri: axum::http::Uri = text.trim().parse().map_err(|_| wrong())?;
    let fits = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    // No one's password in what is shown to others.
    let plain = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
    if fits && plain && text.len() <= ADDRESS_CHARS { Ok(uri.to_string()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        assert!(web_address("https://www.bilibili.com/video/BV1").is_ok());
        for wrong in
            ["javascript:alert(1)", "BV1", "file:///etc/passwd", "https://", "https://me:secret@example.com/", ""]
        {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }
}
