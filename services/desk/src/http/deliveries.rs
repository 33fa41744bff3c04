//! GET /api/v1/submissions/{id}/deliveries: where a work stands with each partner; and what is written beside it there.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use pipeline::id::PartnerId;
use pipeline::text::Limit;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::{Person, Subject};
use runtime::serving::typed;
use runtime::store::deliveries::{self, Texts};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Desk;
use crate::view::deliveries::{self as view, Delivery};

/// Where a work stands with every partner.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "By partner", body = Vec<Delivery>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    person: Person,
) -> Result<Json<Vec<Delivery>>, Problem> {
    Ok(Json(view::deliveries(&desk, person.0.contest.as_ref(), work.id).await?))
}

/// Which delivery of the entry.
#[derive(Deserialize)]
pub(crate) struct At {
    pub(super) partner: String,
}

/// What is written beside a work at one partner; what is absent is as the entry has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wording {
    title: Option<String>,
    text: Option<String>,
    tags: Option<Vec<String>>,
    /// For the audit trail.
    reason: Option<String>,
}

/// Bounds that no partner reaches; each partner's own limits are judged before anything is sent.
const TITLE: Limit = Limit::one(1, 200);
const TEXT: Limit = Limit::many(1, 5000);
const TAGS: usize = 50;
const TAG: Limit = Limit::one(1, 50);

impl Wording {
    fn checked(self) -> Result<Texts, Problem> {
        let title = self.title.map(|title| typed::field("title", &title, TITLE)).transpose()?;
        let text = self.text.map(|text| typed::field("text", &text, TEXT)).transpose()?;
        if self.tags.as_ref().is_some_and(|tags| tags.len() > TAGS) {
            return Err(Code::FieldWrong.about(format!("tags: at most {TAGS}")));
        }
        let tags = self.tags.map(|tags| tags.iter().map(|tag| typed::field("tags", tag, TAG)).collect());
        Ok(Texts { title, text, tags: tags.transpose()? })
    }
}

/// Writes another title, text or tags for one partner; it counts for what is sent from now on.
#[utoipa::path(put, path = "/api/v1/submissions/{id}/deliveries/{partner}/texts", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Wording,
    responses((status = 200, description = "Stored", body = Object)))]
pub(crate) async fn texts(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    act: Act,
) -> Result<Answered, Problem> {
    let wording: Wording = act.body()?;
    let by = act.by(wording.reason.as_deref())?;
    let texts = wording.checked()?;
    let partner = PartnerId::new(at.partner);
    let (act, by, partner, texts, entry) = (&act, &by, &partner, &texts, entry.id);
    let stored = desk.store.transaction("desk_texts", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            deliveries::standing(tx, entry, partner).await?.ok_or(Problem::from(Code::DeliveryUnknown))?;
            deliveries::set_texts(tx, entry, partner, texts, by).await?;
            act.end(tx, StatusCode::OK, texts).await
        })
    });
    Ok(Answered(stored.await?))
}
