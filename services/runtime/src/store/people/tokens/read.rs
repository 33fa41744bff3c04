//! Lists tokens, and reads the one that was sent.
use anyhow::Context;
use pipeline::person::Sees;
use uuid::Uuid;

use super::row::{Row, TokenRow};
use crate::bearer::Kept;
use crate::store::Store;
use crate::store::people::persons;

/// A token to be verified.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The token that it claims to be.
    pub token: TokenRow,
    /// What is stored of its secret.
    pub kept: Kept,
    /// Whether it is neither expired nor revoked, and its owner is not ended and holds its role.
    pub holds: bool,
}

impl Store {
    /// A page of tokens, newest first: at most `limit` of them, created before the token `before`. With contests, only
    /// tokens that are bound to one of them.
    pub async fn tokens(&self, contests: &Sees, before: Option<Uuid>, limit: u32) -> anyhow::Result<Vec<TokenRow>> {
        let contests = contests.names();
        let rows = sqlx::query_as!(
            Row,
            "/* tokens */
            select t.id, t.person, p.name as person_name, t.role, t.name, t.contest, t.created_at, t.expires_at, t.revoked_at
            from tokens t join persons p on p.id = t.person
            where ($1::text[] is null or t.contest = any($1)) and ($2::uuid is null or t.id < $2) order by t.id desc limit $3",
            contests.as_deref(),
            before,
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("list the tokens")?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The token with this id, for verifying what was sent.
    pub async fn token(&self, id: Uuid) -> anyhow::Result<Option<Presented>> {
        let row = sqlx::query!(
            r#"/* token */
            select t.id, t.person, p.name as person_name, t.role, t.name, t.contest, t.created_at, t.expires_at, t.revoked_at,
                t.secret_hash, t.secret_check,
                (t.revoked_at is null and t.expires_at > clock_timestamp() and p.ended_at is null) as "current!",
                array(select role || coalesce('@' || contest, '') || coalesce('/' || unit, '') from person_roles where person = p.id) as "roles!"
            from tokens t join persons p on p.id = t.person where t.id = $1"#,
            id,
        )
        .fetch_optional(self.pool())
        .await
        .context("load a token")?;
        let Some(row) = row else { return Ok(None) };
        let kept = Kept { secret_hash: row.secret_hash, secret_check: row.secret_check };
        let token: TokenRow = Row {
            id: row.id,
            person: row.person,
            person_name: row.person_name,
            role: row.role,
            name: row.name,
            contest: row.contest,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
        .try_into()?;
        let holds = row.current && token.held().is_covered_by(&persons::held(&row.roles)?);
        Ok(Some(Presented { token, kept, holds }))
    }
}
