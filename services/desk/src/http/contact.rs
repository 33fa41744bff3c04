//! GET /api/v1/submissions/{id}/contact: who submitted an entry. This is the only route that opens personal data. Each
//! time, a row is written to the audit trail before the answer is sent.
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use runtime::doors::Pseudonym;
use runtime::problem::Problem;
use runtime::serving::params::Params;
use runtime::serving::principal::{Person, Subject};
use runtime::store::entry::entrants::Entrant;
use serde::Deserialize;
use utoipa::IntoParams;

use super::reader;
use crate::Desk;
use crate::act::{self, Caller};

/// The purpose of the request.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Purpose {
    /// Why, for the audit trail: 1 to 500 characters.
    reason: String,
}

/// Returns who entered a work and how to reach them.
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
    let caller = reader(&token);
    let by = caller.by.clone().from_address(address.map(|Extension(address)| address.to_string()));
    let caller = Caller { by, ..caller };
    let entrant = act::contact::contact(&desk, &caller, entry.id, &purpose.reason).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(entrant)))
}
