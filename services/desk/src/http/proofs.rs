//! GET /api/v1/submissions/{id}/proofs: what people saw of a work at partners.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use runtime::store::partners::proofs::ProofRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Desk;

/// What a person saw.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proof {
    id: Uuid,
    partner: String,
    /// `live` or `gone`.
    shows: String,
    seen_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Whether there is a picture.
    picture: bool,
    insists: bool,
    /// The answer of the public address to our own request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    probe: Option<Value>,
    by: String,
    at: DateTime<Utc>,
}

impl From<ProofRow> for Proof {
    fn from(row: ProofRow) -> Self {
        Self {
            id: row.id,
            partner: row.partner,
            shows: row.shows,
            seen_at: row.seen_at,
            public_url: row.public_url,
            words: row.words,
            picture: row.file_key.is_some(),
            insists: row.insists,
            probe: row.probe,
            by: row.by_whom,
            at: row.at,
        }
    }
}

/// Everything that people saw of a work at partners, oldest first.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/proofs", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Oldest first", body = Vec<Proof>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Proof>>, Problem> {
    let rows = desk.store.proofs(entry.id, None).await?;
    Ok(Json(rows.into_iter().map(Proof::from).collect()))
}
