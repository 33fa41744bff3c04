//! Changes of persons, one at a time: added, given other roles, ended.
use std::collections::BTreeSet;

use anyhow::Context;
use pipeline::id::PersonId;
use pipeline::person::{self, Held, Login, Person, Refused, RoleChange};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::read::{by_login, load, take_turn};
use super::roles::{give, has_login, has_other_admin, take};
use crate::store::Store;
use crate::store::people::audit::{self, Act};
use crate::store::people::{invitations, sessions, sign_in, tokens};
use crate::store::submissions::history::By;

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their id.
    pub id: PersonId,
    /// Their name, as the audit trail shows it.
    pub name: String,
    /// Their login name.
    pub login: Option<Login>,
    /// The roles that they hold.
    pub roles: BTreeSet<Held>,
}

impl Store {
    /// Adds a person in a separate transaction. See [`add`].
    pub async fn add_person(&self, new: &NewPerson, by: &By) -> anyhow::Result<Person> {
        self.quiet_transaction("add_person", |tx, _| Box::pin(async move { add(tx, new, by).await })).await
    }

    /// Changes roles in a separate transaction. See [`change_roles`].
    pub async fn change_roles(&self, id: PersonId, change: &RoleChange, by: &By) -> anyhow::Result<Person> {
        self.quiet_transaction("change_roles", |tx, _| Box::pin(async move { change_roles(tx, id, change, by).await }))
            .await
    }

    /// Ends a person in a separate transaction. See [`end`].
    pub async fn end_person(&self, id: PersonId, by: &By) -> anyhow::Result<Person> {
        self.quiet_transaction("end_person", |tx, _| Box::pin(async move { end(tx, id, by).await })).await
    }
}

/// Adds a person with their roles.
///
/// # Errors
/// [`Refused::LoginTaken`].
pub async fn add(tx: &mut PgConnection, new: &NewPerson, by: &By) -> anyhow::Result<Person> {
    take_turn(tx).await?;
    if let Some(login) = &new.login
        && has_login(tx, login).await?
    {
        return Err(Refused::LoginTaken(login.clone()).into());
    }
    sqlx::query!(
        "/* add_person */ insert into persons (id, name, login) values ($1, $2, $3)",
        new.id.0,
        new.name,
        new.login.as_ref().map(Login::as_str),
    )
    .execute(&mut *tx)
    .await
    .context("store a person")?;
    give(tx, new.id, &new.roles).await?;
    let person = load(tx, new.id).await?.context("the person was just added")?;
    let act = Act { act: "person_added", submission: None, partner: None, before: json!({}), after: audited(&person)? };
    audit::add_about(tx, by, &act, person::contest_of(&person.roles)).await?;
    Ok(person)
}

/// Gives roles to a person and removes others. Tokens that the remaining roles do not cover are revoked. A change that
/// changes nothing leaves no audit row. The row belongs to a contest if all roles that were given or removed are for
/// that contest.
///
/// # Errors
/// [`Refused`], except for login names or tokens.
pub async fn change_roles(tx: &mut PgConnection, id: PersonId, change: &RoleChange, by: &By) -> anyhow::Result<Person> {
    take_turn(tx).await?;
    let before = load(tx, id).await?.ok_or(Refused::Unknown(id))?;
    let roles = before.changed(change, has_other_admin(tx, id).await?)?;
    if roles == before.roles {
        return Ok(before);
    }
    let (taken, given) = (&before.roles - &roles, &roles - &before.roles);
    take(tx, id, &taken).await?;
    give(tx, id, &given).await?;
    let revoked = tokens::revoke_uncovered(tx, id, &roles).await?;
    let after = Person { roles, ..before.clone() };
    let (before, stored) = (audited(&before)?, with_revoked(audited(&after)?, &revoked));
    let act = Act { act: "person_roles_changed", submission: None, partner: None, before, after: stored };
    audit::add_about(tx, by, &act, person::contest_of(taken.union(&given))).await?;
    Ok(after)
}

/// Ends a person: their login name becomes free, their tokens are revoked, their sessions end, and their credentials
/// are deleted. Ending a person twice changes nothing.
///
/// # Errors
/// [`Refused::Unknown`], [`Refused::LastAdmin`].
pub async fn end(tx: &mut PgConnection, id: PersonId, by: &By) -> anyhow::Result<Person> {
    take_turn(tx).await?;
    let before = load(tx, id).await?.ok_or(Refused::Unknown(id))?;
    if before.ended_at.is_some() {
        return Ok(before);
    }
    before.may_end(has_other_admin(tx, id).await?)?;
    let at = sqlx::query_scalar!(
        r#"/* end_person */ update persons set ended_at = clock_timestamp() where id = $1 returning ended_at as "at!""#,
        id.0,
    )
    .fetch_one(&mut *tx)
    .await
    .context("end a person")?;
    let revoked = tokens::revoke_uncovered(tx, id, &BTreeSet::new()).await?;
    sign_in::forget(tx, id).await?;
    invitations::expire(tx, id).await?;
    let ended = sessions::end_all(tx, id, sessions::Why::PersonEnded).await?;
    let after = Person { ended_at: Some(at), ..before.clone() };
    let mut stored = with_revoked(audited(&after)?, &revoked);
    stored["ended_sessions"] = json!(ended);
    let act = Act { act: "person_ended", submission: None, partner: None, before: audited(&before)?, after: stored };
    audit::add_about(tx, by, &act, person::contest_of(&before.roles)).await?;
    Ok(after)
}

/// The person with this id or login name, within a transaction. No person changes until it ends. `None` if there is
/// none, or if the login name belonged to a person who was ended.
pub async fn lock(tx: &mut PgConnection, named: &str) -> anyhow::Result<Option<Person>> {
    take_turn(tx).await?;
    if let Ok(id) = named.parse() {
        return load(tx, id).await;
    }
    // Other texts cannot be login names either, such as one that Postgres cannot store.
    let Ok(login) = named.parse::<Login>() else { return Ok(None) };
    by_login(tx, login.as_str()).await
}

/// A person in the form that the audit trail stores.
fn audited(person: &Person) -> anyhow::Result<Value> {
    let Person { id, name, login, roles, ended_at, .. } = person;
    let roles = serde_json::to_value(roles)?;
    Ok(json!({ "person": id, "name": name, "login": login, "roles": roles, "ended_at": ended_at }))
}

fn with_revoked(mut person: Value, revoked: &[Uuid]) -> Value {
    person["revoked_tokens"] = json!(revoked);
    person
}
