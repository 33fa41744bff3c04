//! Deliveries: where a work stands with each partner, and what operators report of what they did by hand.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::delivery::{DeliveryEvent, Observed, Receipt};
use pipeline::id::{PartnerId, SubmissionId};
use runtime::store::deliveries::{self, DeliveryRow};
use runtime::store::history::By;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::act::{Act, Answered};
use crate::access::Subject;
use crate::app::App;
use crate::problem::{Code, Problem};

/// Where a work stands with one partner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    partner: String,
    /// The run whose files it is about.
    run: u32,
    /// `live` or `gone`.
    desired: &'static str,
    /// `planned`, `sending`, `unknown`, `awaiting_operator`, `in_review`, `live`, `recalling`, `recalled` or `refused`.
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
            updated_at: row.updated_at,
        }
    }
}

/// Where a work stands with every partner.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By partner", body = Vec<Delivery>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Delivery>>, Problem> {
    let rows = app.store.deliveries(entry.id).await?;
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
    partner: String,
}

/// Longest address or name, in characters.
const ADDRESS_CHARS: usize = 2000;

/// Reports that an operator brought a work to a partner, and where it can be seen.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/delivered", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Delivered,
    responses((status = 200, description = "Noted", body = Reported)))]
pub(crate) async fn delivered(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    act: Act,
) -> Result<Answered, Problem> {
    let report: Delivered = act.body()?;
    let url = web_address(&report.url)?;
    let receipt = report.receipt.unwrap_or_else(|| url.clone());
    if receipt.trim().is_empty() || receipt.chars().count() > ADDRESS_CHARS {
        return Err(Code::FieldWrong.about("receipt: 1 to 2000 characters"));
    }
    let event = DeliveryEvent::WentLive { receipt: Receipt(receipt), public_url: Some(url) };
    let by = act.by(report.reason.as_deref())?;
    note(
        &app,
        &act,
        Noted { entry: entry.id, partner: &PartnerId::new(at.partner), event: &event, by: &by },
        |observed| matches!(observed, Observed::AwaitingOperator { .. }),
    )
    .await
}

/// Where a delivery stands after a report.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reported {
    partner: String,
    /// As in the list of deliveries.
    state: &'static str,
}

/// What somebody reports.
struct Noted<'a> {
    entry: SubmissionId,
    partner: &'a PartnerId,
    event: &'a DeliveryEvent,
    by: &'a By,
}

/// Notes what was reported, if the delivery stands where that makes sense.
async fn note(app: &App, act: &Act, report: Noted<'_>, fits: fn(&Observed) -> bool) -> Result<Answered, Problem> {
    let Noted { entry, partner, event, by } = report;
    let noted = app.store.transaction("desk_note", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let stands = deliveries::standing(tx, entry, partner).await?.ok_or(Problem::from(Code::DeliveryUnknown))?;
            if !fits(&stands.observed) {
                return Err(Code::StateWrong.about(stands.observed.name()).into());
            }
            let now = deliveries::note(tx, entry, partner, event, by).await?;
            let reported = Reported { partner: partner.to_string(), state: now.observed.name() };
            act.end(tx, StatusCode::OK, &reported).await
        })
    });
    Ok(Answered(noted.await?))
}

/// Only http and https: the address is shown as a link to others.
fn web_address(text: &str) -> Result<String, Problem> {
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
