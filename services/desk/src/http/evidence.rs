//! GET /api/v1/submissions/{id}/exchanges: every request to a partner about a work, and its answer; secrets were cut out before
//! they were written down.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, WrongName};
use runtime::store::exchanges::ExchangeRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::openapi::vocabulary::ExchangeEnd;
use runtime::serving::params::Params;
use runtime::serving::principal::Subject;

/// Whose exchanges.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct With {
    /// Only with this partner.
    partner: Option<String>,
}

/// A request to a partner and its answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Exchange {
    id: i64,
    partner: String,
    /// Stable name of the step.
    step: String,
    #[schema(value_type = Object)]
    request: Value,
    /// `open`, `answered`, `not_sent` (certainly nothing happened there) or `lost` (something may have).
    #[schema(value_type = ExchangeEnd)]
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    answer: Option<Value>,
    at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<DateTime<Utc>>,
}

impl From<ExchangeRow> for Exchange {
    fn from(row: ExchangeRow) -> Self {
        Self {
            id: row.id,
            partner: row.partner,
            step: row.step,
            request: row.request,
            outcome: row.outcome,
            answer: row.answer,
            at: row.at,
            answered_at: row.answered_at,
        }
    }
}

fn named(wrong: WrongName) -> Problem {
    Code::QueryWrong.about(format!("partner: {wrong}"))
}

/// What was exchanged with partners about a work, oldest first; of very long ones the newest thousand.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/exchanges", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), With),
    responses((status = 200, description = "Oldest first", body = Vec<Exchange>)))]
pub(crate) async fn exchanges(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Params(with): Params<With>,
) -> Result<Json<Vec<Exchange>>, Problem> {
    let partner: Option<PartnerId> = with.partner.map(PartnerId::try_from).transpose().map_err(named)?;
    let rows = desk.store.exchanges(entry.id, partner.as_ref()).await?;
    Ok(Json(rows.into_iter().map(Exchange::from).collect()))
}
