//! Tokens: credentials of persons for programs. No secret is shown.
use chrono::{DateTime, Utc};
use pipeline::person::Sees;
use runtime::problem::Problem;
use runtime::store::people::tokens::TokenRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Page, Paging, cursor_of, limit_of};
use crate::Desk;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The token's id.
    pub id: Uuid,
    /// The owner.
    pub person: Uuid,
    /// The owner's name.
    pub person_name: String,
    /// The owner's role in which it acts.
    pub role: String,
    /// What it is for.
    pub name: String,
    /// Only this contest; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Until when it is valid.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            person: row.person.0,
            person_name: row.person_name,
            role: row.role.name().to_owned(),
            name: row.name,
            contest: row.contest.map(|contest| contest.to_string()),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A page of tokens, newest first, including those that have ended. A reader who is bound to a contest sees only tokens
/// that are bound to it too.
pub async fn tokens(desk: &Desk, sees: &Sees, paging: &Paging) -> Result<Page<Token>, Problem> {
    let limit = limit_of(paging.limit)?;
    let before = cursor_of(paging.cursor.as_deref())?;
    let rows = desk.store.tokens(sees, before, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(Token::from).collect(), limit, |it| it.id.to_string()))
}
