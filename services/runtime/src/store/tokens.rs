//! Tokens of people who are not entrants: who they are, what they may, and until when.
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::ContestId;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use super::audit::{self, Act};
use super::history::{Actor, By};
use crate::bearer::Kept;

/// What somebody may. Which routes that opens is the table of routes' matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and opens or closes the gate behind screening.
    Screener,
    /// Releases, recalls, reprocesses; reads personal data; makes tokens.
    Organiser,
    /// Tries again what failed, reports what was done by hand, reads evidence.
    Operator,
    /// Reads everything but personal data, and the audit trail; changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Screener, Role::Organiser, Role::Operator, Role::Auditor];

    /// Its one name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Screener => "screener",
            Role::Organiser => "organiser",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
        }
    }

    /// The kind of hands that it is.
    pub fn actor(self) -> Actor {
        match self {
            Role::Screener => Actor::Screener,
            Role::Organiser => Actor::Organiser,
            Role::Operator => Actor::Operator,
            Role::Auditor => Actor::Auditor,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no role.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no role; roles are screener, organiser, operator and auditor")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: Uuid,
    /// What it may.
    pub role: Role,
    /// Whose it is.
    pub name: String,
    /// Only this contest; `None`: all.
    pub contest: Option<ContestId>,
    /// How long it lives, by the database's clock.
    pub expires_after: Duration,
}

/// A token for a reader; nothing secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// What it may.
    pub role: Role,
    /// Whose it is.
    pub name: String,
    /// Only this contest; absent: all.
    pub contest: Option<ContestId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl TokenRow {
    /// Its holder, as the audit trail names them.
    pub fn by(&self, reason: Option<String>) -> By {
        By::person(self.role.actor(), self.name.as_str()).because(reason)
    }
}

/// A token that is to be verified.
#[derive(Clone, Debug)]
pub struct Presented {
    /// What it says it is.
    pub token: TokenRow,
    /// What was kept of its secret.
    pub kept: Kept,
    /// Whether it is neither expired nor revoked.
    pub holds: bool,
}

struct Row {
    id: Uuid,
    role: String,
    name: String,
    contest: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for TokenRow {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            id: row.id,
            role: row.role.parse()?,
            name: row.name,
            contest: row.contest.map(ContestId::new),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl Store {
    /// Every token, newest first; with a contest only those that are bound to it.
    pub async fn tokens(&self, contest: Option<&ContestId>) -> anyhow::Result<Vec<TokenRow>> {
        let rows = sqlx::query_as!(
            Row,
            "/* tokens */
            select id, role, name, contest, created_at, expires_at, revoked_at from tokens
            where $1::text is null or contest = $1 order by id desc limit 1000",
            contest.map(ContestId::as_str),
        )
        .fetch_all(self.pool())
        .await
        .context("list the tokens")?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The token of an id, for verifying what was sent.
    pub async fn token(&self, id: Uuid) -> anyhow::Result<Option<Presented>> {
        let row = sqlx::query!(
            r#"/* token */
            select id, role, name, contest, created_at, expires_at, revoked_at, secret_hash, secret_check,
                (revoked_at is null and expires_at > clock_timestamp()) as "holds!"
            from tokens where id = $1"#,
            id,
        )
        .fetch_optional(self.pool())
        .await
        .context("load a token")?;
        let Some(row) = row else { return Ok(None) };
        let kept = Kept { secret_hash: row.secret_hash, secret_check: row.secret_check };
        let token = Row {
            id: row.id,
            role: row.role,
            name: row.name,
            contest: row.contest,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        };
        Ok(Some(Presented { token: token.try_into()?, kept, holds: row.holds }))
    }

    /// Makes a token in a transaction of its own. See [`create`].
    pub async fn create_token(&self, new: &NewToken, kept: &Kept, by: &By) -> anyhow::Result<TokenRow> {
        self.quiet_transaction("create_token", |tx, _| Box::pin(async move { create(tx, new, kept, by).await })).await
    }

    /// Revokes a token in a transaction of its own. See [`revoke`].
    pub async fn revoke_token(&self, id: Uuid, by: &By) -> anyhow::Result<Option<TokenRow>> {
        self.quiet_transaction("revoke_token", |tx, _| Box::pin(async move { revoke(tx, id, None, by).await })).await
    }
}

/// Stores a new token.
pub async fn create(tx: &mut PgConnection, new: &NewToken, kept: &Kept, by: &By) -> anyhow::Result<TokenRow> {
    let row = sqlx::query_as!(
        Row,
        "/* create_token */
        insert into tokens (id, role, name, contest, secret_hash, secret_check, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp() + make_interval(secs => $7))
        returning id, role, name, contest, created_at, expires_at, revoked_at",
        new.id,
        new.role.name(),
        new.name,
        new.contest.as_ref().map(ContestId::as_str),
        kept.secret_hash,
        kept.secret_check,
        new.expires_after.as_secs_f64(),
    )
    .fetch_one(&mut *tx)
    .await
    .context("store a token")?;
    let token = row.try_into()?;
    record(tx, by, "token_created", serde_json::json!({}), &token).await?;
    Ok(token)
}

/// Ends a token at once. With a contest only if it is bound to it. `None`: there is no such token. Once more changes nothing.
pub async fn revoke(
    tx: &mut PgConnection,
    id: Uuid,
    contest: Option<&ContestId>,
    by: &By,
) -> anyhow::Result<Option<TokenRow>> {
    let before = sqlx::query_as!(
        Row,
        "/* lock_token */
        select id, role, name, contest, created_at, expires_at, revoked_at from tokens
        where id = $1 and ($2::text is null or contest = $2) for update",
        id,
        contest.map(ContestId::as_str),
    )
    .fetch_optional(&mut *tx)
    .await
    .context("load a token")?;
    let Some(before) = before else { return Ok(None) };
    let before: TokenRow = before.try_into()?;
    if before.revoked_at.is_some() {
        return Ok(Some(before));
    }
    let at = sqlx::query_scalar!(
        r#"/* revoke_token */ update tokens set revoked_at = clock_timestamp() where id = $1 returning revoked_at as "at!""#,
        id,
    )
    .fetch_one(&mut *tx)
    .await
    .context("revoke a token")?;
    let after = TokenRow { revoked_at: Some(at), ..before.clone() };
    record(tx, by, "token_revoked", serde_json::to_value(&before)?, &after).await?;
    Ok(Some(after))
}

async fn record(
    tx: &mut PgConnection,
    by: &By,
    act: &str,
    before: serde_json::Value,
    after: &TokenRow,
) -> anyhow::Result<()> {
    let after = serde_json::to_value(after)?;
    audit::add(tx, by, &Act { act, submission: None, partner: None, before, after }).await
}
