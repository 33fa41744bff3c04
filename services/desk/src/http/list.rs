//! GET /api/v1/submissions, /parked, /trouble, /contests: lists over all works.
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

use super::{logged, reader};
use crate::Desk;
use crate::view::Page;
use crate::view::contests::{self, Contest};
use crate::view::parked::{self, ParkedFilter, ParkedPart};
use crate::view::trouble::{self, Item, TroubleFilter};
use crate::view::works::{self, Filter, Line};

/// Lists submissions, newest first.
#[utoipa::path(get, path = "/api/v1/submissions", tag = "desk", security(("token" = [])), params(Filter),
    responses((status = 200, description = "A page", body = Page<Line>)))]
pub(crate) async fn submissions(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<Line>>, Problem> {
    works::works(&desk, &reader(&token), &filter).await.map(Json).map_err(logged(&token))
}

/// Lists what failed too often, by submission, newest first.
#[utoipa::path(get, path = "/api/v1/parked", tag = "desk", security(("token" = [])), params(ParkedFilter),
    responses((status = 200, description = "A page; all parked parts of a submission are on one", body = Page<ParkedPart>)))]
pub(crate) async fn parked(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<ParkedFilter>,
) -> Result<Json<Page<ParkedPart>>, Problem> {
    parked::parked(&desk, &reader(&token), &filter).await.map(Json).map_err(logged(&token))
}

/// Lists everything that waits for a person, the most pressing first, each with the command that resolves it.
#[utoipa::path(get, path = "/api/v1/trouble", tag = "desk", security(("token" = [])), params(TroubleFilter),
    responses((status = 200, description = "The most pressing first", body = Vec<Item>)))]
pub(crate) async fn trouble(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(filter): Params<TroubleFilter>,
) -> Result<Json<Vec<Item>>, Problem> {
    trouble::trouble(&desk, &reader(&token), &filter).await.map(Json).map_err(logged(&token))
}

/// Lists the contests: themes, opening and deadline, partners, and the ladder that they choose from.
#[utoipa::path(get, path = "/api/v1/contests", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "By id", body = Vec<Contest>)))]
pub(crate) async fn contests(State(desk): State<Arc<Desk>>, Person(token): Person) -> Json<Vec<Contest>> {
    Json(contests::contests(&desk, &reader(&token)))
}
