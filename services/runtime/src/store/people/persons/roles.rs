//! The rows of roles, and what other persons hold.
use std::collections::BTreeSet;

use anyhow::Context;
use pipeline::id::{ContestId, PersonId, UnitId};
use pipeline::person::{Held, Login, Role};
use sqlx::PgConnection;

pub(super) async fn has_login(tx: &mut PgConnection, login: &Login) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* login_is_taken */
        select exists (select from persons where login = $1 and ended_at is null) as "taken!""#,
        login.as_str(),
    )
    .fetch_one(tx)
    .await
    .context("look for a login name")
}

/// Whether another person, not ended, is an admin of all contests.
pub(super) async fn has_other_admin(tx: &mut PgConnection, id: PersonId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* other_admin */
        select exists (select from person_roles r join persons p on p.id = r.person
            where r.role = $2 and r.contest is null and p.ended_at is null and p.id <> $1) as "there!""#,
        id.0,
        Role::Admin.name(),
    )
    .fetch_one(tx)
    .await
    .context("look for another admin")
}

pub(super) async fn give(tx: &mut PgConnection, id: PersonId, roles: &BTreeSet<Held>) -> anyhow::Result<()> {
    for held in roles {
        sqlx::query!(
            "/* give_role */ insert into person_roles (person, role, contest, unit) values ($1, $2, $3, $4)",
            id.0,
            held.role.name(),
            held.contest.as_ref().map(ContestId::as_str),
            held.unit.as_ref().map(UnitId::as_str),
        )
        .execute(&mut *tx)
        .await
        .context("give a role")?;
    }
    Ok(())
}

pub(super) async fn take(tx: &mut PgConnection, id: PersonId, roles: &BTreeSet<Held>) -> anyhow::Result<()> {
    for held in roles {
        sqlx::query!(
            "/* take_role */
            delete from person_roles
            where person = $1 and role = $2 and contest is not distinct from $3 and unit is not distinct from $4",
            id.0,
            held.role.name(),
            held.contest.as_ref().map(ContestId::as_str),
            held.unit.as_ref().map(UnitId::as_str),
        )
        .execute(&mut *tx)
        .await
        .context("take a role")?;
    }
    Ok(())
}
