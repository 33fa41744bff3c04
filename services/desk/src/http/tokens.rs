//! GET and POST /api/v1/tokens, DELETE /api/v1/tokens/{token}.
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use runtime::problem::{Code, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::token::{self, CreateToken, RevokeToken, TokenCreated};
use crate::view::tokens::{self, Token};
use crate::view::{Page, Paging};

/// Lists tokens, newest first, including those that have ended.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "desk", security(("token" = [])), params(Paging),
    operation_id = "list_tokens", responses((status = 200, description = "A page", body = Page<Token>)))]
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Person(reader): Person,
    Params(paging): Params<Paging>,
) -> Result<Json<Page<Token>>, Problem> {
    tokens::tokens(&desk, &reader.sees(), &paging).await.map(Json)
}

/// Creates another token with the same owner and role. A token that is bound to a contest creates tokens that are bound
/// to it too.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "desk", security(("token" = [])), request_body = CreateToken,
    operation_id = "create_token", responses((status = 201, description = "With its secret, this once", body = TokenCreated)))]
pub(crate) async fn create(
    State(desk): State<Arc<Desk>>,
    Wish(caller, wish): Wish<CreateToken>,
) -> Result<Response, Problem> {
    token::create(&desk, &caller, None, wish).await.map(|done| done.answer(StatusCode::CREATED))
}

/// Revokes a token: it is refused from the next request on. Revoking it again changes nothing.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "desk", security(("token" = [])),
    params(("token" = Uuid, Path, description = "Token's id")),
    operation_id = "revoke_token", responses((status = 200, description = "Revoked", body = Token)))]
pub(crate) async fn revoke(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Wish(caller, wish): Wish<RevokeToken>,
) -> Result<Done<Token>, Problem> {
    let id = id.parse().map_err(|_| Code::TokenUnknown)?;
    token::revoke(&desk, &caller, id, wish).await
}
