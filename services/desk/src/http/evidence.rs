//! GET /api/v1/submissions/{id}/exchanges: every request to a partner about a work, and its answer. Secrets were
//! removed before they were stored.
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use pipeline::id::{PartnerId, WrongName};
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::Subject;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Desk;
use crate::view::exchanges::{self, Exchange};

/// Whose exchanges.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct With {
    /// Only with this partner.
    partner: Option<String>,
}

fn named(wrong: WrongName) -> Problem {
    Code::QueryWrong.about(Detail::new("不是平台的名称", wrong.to_string()).of("partner"))
}

/// What was exchanged with partners about a work, oldest first; of very long lists, the newest thousand.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/exchanges", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), With),
    responses((status = 200, description = "Oldest first", body = Vec<Exchange>)))]
pub(crate) async fn exchanges(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    Params(with): Params<With>,
) -> Result<Json<Vec<Exchange>>, Problem> {
    let partner: Option<PartnerId> = with.partner.map(PartnerId::try_from).transpose().map_err(named)?;
    exchanges::exchanges(&desk, &entry, partner.as_ref()).await.map(Json)
}
