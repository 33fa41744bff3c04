//! Creates and revokes tokens.
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use pipeline::id::{ContestId, PersonId};
use pipeline::person::{Held, Refused, Role, Sees};
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Row, TokenRow};
use crate::bearer::Kept;
use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::people::persons;
use crate::store::submissions::history::By;

/// A token to create.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id.
    pub id: Uuid,
    /// The owner.
    pub person: PersonId,
    /// A role of the owner.
    pub role: Role,
    /// What it is for.
    pub name: String,
    /// Only this contest. `None` means all contests, or, if its owner holds the role in one contest only, that contest.
    pub contest: Option<ContestId>,
    /// Its lifetime, by the database's clock.
    pub expires_after: Duration,
}

impl Store {
    /// Creates a token in a separate transaction. See [`create`].
    pub async fn create_token(&self, new: &NewToken, kept: &Kept, by: &By) -> anyhow::Result<TokenRow> {
        self.quiet_transaction("create_token", |tx, _| Box::pin(async move { create(tx, new, kept, by).await })).await
    }

    /// Revokes a token in a separate transaction. See [`revoke`].
    pub async fn revoke_token(&self, id: Uuid, by: &By) -> anyhow::Result<Option<TokenRow>> {
        self.quiet_transaction("revoke_token", |tx, _| Box::pin(async move { revoke(tx, id, &Sees::All, by).await }))
            .await
    }
}

/// Stores a new token.
///
/// # Errors
/// [`Refused`] if its owner does not exist, was ended, or does not hold the role that it is to have.
pub async fn create(tx: &mut PgConnection, new: &NewToken, kept: &Kept, by: &By) -> anyhow::Result<TokenRow> {
    persons::take_turn(tx).await?;
    let owner = persons::load(tx, new.person).await?.ok_or(Refused::Unknown(new.person))?;
    let Held { role, contest, .. } = owner.token(new.role, new.contest.clone())?;
    let row = sqlx::query!(
        "/* create_token */
        insert into tokens (id, person, role, name, contest, secret_hash, secret_check, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp() + make_interval(secs => $8))
        returning created_at, expires_at",
        new.id,
        owner.id.0,
        role.name(),
        new.name,
        contest.as_ref().map(ContestId::as_str),
        kept.secret_hash,
        kept.secret_check,
        new.expires_after.as_secs_f64(),
    )
    .fetch_one(&mut *tx)
    .await
    .context("store a token")?;
    let token = TokenRow {
        id: new.id,
        person: owner.id,
        person_name: owner.name,
        role,
        name: new.name.clone(),
        contest,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: None,
    };
    record(tx, by, "token_created", serde_json::json!({}), &token).await?;
    Ok(token)
}

/// Ends a token immediately; with a contest, only if the token is bound to it. `None` if there is no such token. A
/// repetition changes nothing.
pub async fn revoke(tx: &mut PgConnection, id: Uuid, contests: &Sees, by: &By) -> anyhow::Result<Option<TokenRow>> {
    let contests = contests.names();
    let before = sqlx::query_as!(
        Row,
        "/* lock_token */
        select t.id, t.person, p.name as person_name, t.role, t.name, t.contest, t.created_at, t.expires_at, t.revoked_at
        from tokens t join persons p on p.id = t.person
        where t.id = $1 and ($2::text[] is null or t.contest = any($2)) for update of t",
        id,
        contests.as_deref(),
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
    let contest = after.contest.as_ref();
    let after = serde_json::to_value(after)?;
    audit::add_about(tx, by, &Act { act, submission: None, partner: None, before, after }, contest).await
}

/// Revokes the tokens of a person that `roles` do not cover; returns their ids. The caller records it with the change
/// of the person.
pub(in crate::store) async fn revoke_uncovered(
    tx: &mut PgConnection,
    person: PersonId,
    roles: &BTreeSet<Held>,
) -> anyhow::Result<Vec<Uuid>> {
    let tokens = sqlx::query!(
        "/* lock_tokens_of */
        select id, role, contest from tokens
        where person = $1 and revoked_at is null and expires_at > clock_timestamp() order by id for update",
        person.0,
    )
    .fetch_all(&mut *tx)
    .await
    .context("load the tokens of a person")?;
    let mut uncovered = Vec::new();
    for token in tokens {
        let held = Held::of(token.role.parse()?, token.contest.map(ContestId::new));
        if !held.is_covered_by(roles) {
            uncovered.push(token.id);
        }
    }
    sqlx::query!("/* revoke_tokens */ update tokens set revoked_at = clock_timestamp() where id = any($1)", &uncovered)
        .execute(tx)
        .await
        .context("revoke the tokens of a person")?;
    Ok(uncovered)
}
