//! Tokens of people: made for oneself, listed and revoked by organisers. Whoever is bound to a contest deals with its tokens only.
//!
//! The secret of a new token is in the answer, so a token makes tokens of its own owner only, in its own role: a stolen one cannot be
//! exchanged for one of another person or role.
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use pipeline::person::Refused;
use pipeline::text::Limit;
use runtime::bearer::Bearer;
use runtime::doors::{Door, Reason};
use runtime::store::tokens::{self, NewToken, Role, TokenRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::scope;
use crate::Desk;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::principal::Person;
use runtime::serving::typed;

/// Longest life, in days. Whoever needs one longer makes a new one.
const MOST_DAYS: u32 = 366;
const DAY_S: u64 = 24 * 3600;

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// The role of the token that makes it.
    role: String,
    /// What it is for, as the list shows it. It belongs to the owner of the token that makes it.
    name: String,
    /// Only this contest; all if absent.
    contest: Option<String>,
    /// How long it lives, 1 to 366 days.
    expires_days: u32,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// A token; nothing secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    id: Uuid,
    /// Whose it is.
    person: Uuid,
    /// The owner's name.
    person_name: String,
    role: &'static str,
    /// What it is for.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contest: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<DateTime<Utc>>,
}

/// A new token with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Told {
    /// For `Authorization: Bearer`. Told this once.
    bearer: String,
    token: Token,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            person: row.person.0,
            person_name: row.person_name,
            role: row.role.name(),
            name: row.name,
            contest: row.contest.map(|contest| contest.to_string()),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl Wish {
    fn checked(&self, desk: &Desk, maker: &TokenRow) -> Result<NewToken, Problem> {
        let wrong = |what: &str| Err(Code::FieldWrong.about(what.to_owned()));
        let Ok(role) = self.role.parse::<Role>() else {
            return wrong("role: screener, organiser, operator, auditor or admin");
        };
        if role != maker.role {
            return Err(Code::RoleMissing.refused(Door::Organisers, Reason::Forbidden, Some(maker.id)));
        }
        let name = typed::field("name", &self.name, Limit::TOKEN_NAME)?;
        if !(1..=MOST_DAYS).contains(&self.expires_days) {
            return wrong("expires_days: 1 to 366");
        }
        let contest = scope(maker, self.contest.clone())?;
        if contest.as_ref().is_some_and(|contest| desk.catalogue.contest(contest).is_none()) {
            return Err(Code::ContestUnknown.into());
        }
        let expires_after = Duration::from_secs(u64::from(self.expires_days) * DAY_S);
        Ok(NewToken { id: Uuid::now_v7(), person: maker.person, role, name, contest, expires_after })
    }
}

/// Lists tokens, newest first, those that are over too.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "At most a thousand", body = Vec<Token>)))]
pub(crate) async fn list(State(desk): State<Arc<Desk>>, Person(token): Person) -> Result<Json<Vec<Token>>, Problem> {
    let rows = desk.store.tokens(token.contest.as_ref()).await?;
    Ok(Json(rows.into_iter().map(Token::from).collect()))
}

/// Makes another token of the same owner and role. One made by somebody who is bound to a contest is bound to it too.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "desk", security(("token" = [])), request_body = Wish,
    responses((status = 201, description = "With its secret, this once", body = Told)))]
pub(crate) async fn create(State(desk): State<Arc<Desk>>, act: Act) -> Result<Answered, Problem> {
    let wish: Wish = act.body()?;
    let new = wish.checked(&desk, act.token()?)?;
    let by = act.by(wish.reason.as_deref())?;
    let bearer = Bearer::new(new.id)?;
    let kept = bearer.keep().await?;
    let (act, new, kept, by, bearer) = (&act, &new, &kept, &by, &bearer);
    let created = desk.store.transaction("desk_create_token", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let token = tokens::create(tx, new, kept, by).await.map_err(lost)?;
            let told = Told { bearer: bearer.tell(), token: token.into() };
            act.end(tx, StatusCode::CREATED, &told).await
        })
    });
    Ok(Answered(created.await?))
}

/// Between the look at the token that makes it and now, its owner was ended or lost the role.
fn lost(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Refused>() { Problem::from(Code::TokenWrong).into() } else { error }
}

/// Revokes a token: of no use from the next request on. Once more changes nothing.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "desk", security(("token" = [])),
    params(("token" = Uuid, Path, description = "Token's id")),
    responses((status = 200, description = "Revoked", body = Token)))]
pub(crate) async fn revoke(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    act: Act,
) -> Result<Answered, Problem> {
    let id: Uuid = id.parse().map_err(|_| Code::TokenUnknown)?;
    let contest = act.token()?.contest.clone();
    let by = act.by(None)?;
    let (act, by, contest) = (&act, &by, contest.as_ref());
    let revoked = desk.store.transaction("desk_revoke_token", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let revoked = tokens::revoke(tx, id, contest, by).await?;
            let token = revoked.ok_or(Problem::from(Code::TokenUnknown))?;
            act.end(tx, StatusCode::OK, &Token::from(token)).await
        })
    });
    Ok(Answered(revoked.await?))
}
