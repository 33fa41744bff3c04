//! GET /api/v1/submissions/{id}/contact: who is behind an entry. The one route that opens personal data; each time it does so is
//! in the audit trail, before the answer goes out.
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use pipeline::text::Limit;
use runtime::doors::Pseudonym;
use runtime::store::audit::Act;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;
use runtime::serving::principal::Subject;
use runtime::serving::typed;
use runtime::store::entrants::Entrant;

/// Why somebody wants to know.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Purpose {
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// Tells who entered a work and how to reach them.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/contact", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), Purpose),
    responses((status = 200, description = "Personal data; do not keep", body = Entrant)))]
pub(crate) async fn contact(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    address: Option<Extension<Pseudonym>>,
    Extension(Subject(entry)): Extension<Subject>,
    Params(purpose): Params<Purpose>,
) -> Result<impl IntoResponse, Problem> {
    let by = token.by(typed::optional("reason", purpose.reason.as_deref(), Limit::REASON)?);
    let by = by.from_address(address.map(|Extension(address)| address.to_string()));
    let sealed = desk.store.entrant(entry.id).await?.ok_or(Code::ContactForgotten)?;
    let plain = desk.keys()?.open(entry.id, &sealed).map_err(anyhow::Error::from)?;
    let entrant: Entrant = serde_json::from_slice(&plain).map_err(anyhow::Error::from)?;
    let (before, after) = (json!({}), json!({}));
    let act = Act { act: "contact_read", submission: Some(entry.id), partner: None, before, after };
    desk.store.audit_act(&by, &act).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(entrant)))
}
