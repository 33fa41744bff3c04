//! GET and POST /api/v1/persons, POST /api/v1/persons/{person}/roles and /end.
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use runtime::problem::Problem;
use runtime::serving::params::Params;
use runtime::serving::principal;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::person::{self, AddPerson, ChangeRoles, EndPerson, Managed};
use crate::view::persons::{self, Person};
use crate::view::{Page, Paging};

/// Lists persons and their roles, newest first, including those who were ended.
#[utoipa::path(get, path = "/api/v1/persons", tag = "desk", security(("token" = [])), params(Paging),
    operation_id = "list_persons", responses((status = 200, description = "A page", body = Page<Person>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    principal::Person(reader): principal::Person,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<Person>>, Problem> {
    persons::persons(&desk, &reader.sees(), &paging).await.map(Json)
}

/// Adds a person with their roles. An admin of one contest gives roles of that contest only.
#[utoipa::path(post, path = "/api/v1/persons", tag = "desk", security(("token" = [])), request_body = AddPerson,
    operation_id = "add_person", responses((status = 201, description = "Added, or as they would be", body = Managed)))]
pub(crate) async fn add(
    State(desk): State<Arc<Desk>>,
    Wish(caller, wish): Wish<AddPerson>,
) -> Result<Response, Problem> {
    person::add(&desk, &caller, wish).await.map(|done| done.answer(StatusCode::CREATED))
}

/// Gives roles to a person or removes them; tokens of a removed role are revoked.
#[utoipa::path(post, path = "/api/v1/persons/{person}/roles", tag = "desk", security(("token" = [])),
    params(("person" = String, Path, description = "Person's id or login name")), request_body = ChangeRoles,
    operation_id = "change_roles", responses((status = 200, description = "Changed, or as they would be", body = Managed)))]
pub(crate) async fn change_roles(
    State(desk): State<Arc<Desk>>,
    Path(named): Path<String>,
    Wish(caller, wish): Wish<ChangeRoles>,
) -> Result<Done<Managed>, Problem> {
    person::change_roles(&desk, &caller, &named, wish).await
}

/// Ends a person: none of their tokens is valid from then on, and their login name becomes free.
#[utoipa::path(post, path = "/api/v1/persons/{person}/end", tag = "desk", security(("token" = [])),
    params(("person" = String, Path, description = "Person's id or login name")), request_body = EndPerson,
    operation_id = "end_person", responses((status = 200, description = "Ended, or as they would be", body = Managed)))]
pub(crate) async fn end(
    State(desk): State<Arc<Desk>>,
    Path(named): Path<String>,
    Wish(caller, wish): Wish<EndPerson>,
) -> Result<Done<Managed>, Problem> {
    person::end(&desk, &caller, &named, wish).await
}
