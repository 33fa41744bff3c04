//! Persons who are not entrants, and the roles that they hold. The rules are in `pipeline::person`; here they are
//! applied under a lock, together with the tokens that end with a role or a person.
use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, PersonId, UnitId};
use pipeline::person::{self, Held, Login, Person, Refused, Role, RoleChange, Sees};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::audit::{self, Act};
use super::history::By;
use super::{Store, sessions, sign_in, tokens};

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

struct Row {
    id: Uuid,
    name: String,
    login: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    roles: Vec<String>,
}

impl TryFrom<Row> for Person {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            id: PersonId(row.id),
            name: row.name,
            login: row.login.map(|login| login.parse()).transpose()?,
            roles: held(&row.roles)?,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

/// Roles as queries return them, in the text form of [`Held`].
pub(super) fn held(roles: &[String]) -> anyhow::Result<BTreeSet<Held>> {
    roles.iter().map(|text| text.parse().with_context(|| format!("read the role {text:?}"))).collect()
}

impl Store {
    /// A page of persons, newest first, including those who were ended: at most `limit` of them, after the person
    /// `after`. Only persons who hold a role in one of the contests, and only those of their roles; see
    /// [`Person::within`].
    pub async fn persons(&self, contests: &Sees, after: Option<PersonId>, limit: u32) -> anyhow::Result<Vec<Person>> {
        let contests = contests.names();
        let rows = sqlx::query_as!(
            Row,
            r#"/* persons */
            select id, name, login, created_at, ended_at,
                array(select role || coalesce('@' || contest, '') || coalesce('/' || unit, '') from person_roles
                    where person = p.id and ($1::text[] is null or contest is null or contest = any($1))) as "roles!"
            from persons p
            where ($1::text[] is null
                    or exists (select from person_roles where person = p.id and (contest is null or contest = any($1))))
                and ($2::uuid is null or (created_at, id) < (select created_at, id from persons where id = $2))
            order by created_at desc, id desc limit $3"#,
            contests.as_deref(),
            after.map(|it| it.0),
            i64::from(limit),
        )
        .fetch_all(self.pool())
        .await
        .context("list the persons")?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The person with this id.
    pub async fn person(&self, id: PersonId) -> anyhow::Result<Option<Person>> {
        load(&mut *self.pool().acquire().await.context("connect")?, id).await
    }

    /// The person with this login name, unless they were ended.
    pub async fn person_by_login(&self, login: &str) -> anyhow::Result<Option<Person>> {
        by_login(&mut *self.pool().acquire().await.context("connect")?, login).await
    }

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
    let act = Act { act: "person_added", submission: None, partner: None, before: json!({}), after: told(&person)? };
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
    let (stood, stands) = (told(&before)?, with_revoked(told(&after)?, &revoked));
    let act = Act { act: "person_roles_changed", submission: None, partner: None, before: stood, after: stands };
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
    let ended = sessions::end_all(tx, id, sessions::Why::PersonEnded).await?;
    let after = Person { ended_at: Some(at), ..before.clone() };
    let (stood, mut stands) = (told(&before)?, with_revoked(told(&after)?, &revoked));
    stands["ended_sessions"] = json!(ended);
    let act = Act { act: "person_ended", submission: None, partner: None, before: stood, after: stands };
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

async fn by_login(connection: &mut PgConnection, login: &str) -> anyhow::Result<Option<Person>> {
    let row = sqlx::query_as!(
        Row,
        r#"/* person_by_login */
        select id, name, login, created_at, ended_at,
            array(select role || coalesce('@' || contest, '') || coalesce('/' || unit, '') from person_roles where person = p.id) as "roles!"
        from persons p where login = $1 and ended_at is null"#,
        login,
    )
    .fetch_optional(connection)
    .await
    .context("find a person by login name")?;
    row.map(TryInto::try_into).transpose()
}

/// Persons, their roles and new tokens change one at a time: each change is decided on the result of the one before,
/// for example the last admin, a login name, or the roles that a token needs.
pub(super) async fn take_turn(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* change_persons_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_persons'))")
        .execute(tx)
        .await
        .context("wait for another change of persons")?;
    Ok(())
}

/// The person with this id, within a transaction.
pub(super) async fn load(tx: &mut PgConnection, id: PersonId) -> anyhow::Result<Option<Person>> {
    let row = sqlx::query_as!(
        Row,
        r#"/* person */
        select id, name, login, created_at, ended_at,
            array(select role || coalesce('@' || contest, '') || coalesce('/' || unit, '') from person_roles where person = p.id) as "roles!"
        from persons p where id = $1"#,
        id.0,
    )
    .fetch_optional(tx)
    .await
    .context("load a person")?;
    row.map(TryInto::try_into).transpose()
}

async fn has_login(tx: &mut PgConnection, login: &Login) -> anyhow::Result<bool> {
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
async fn has_other_admin(tx: &mut PgConnection, id: PersonId) -> anyhow::Result<bool> {
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

async fn give(tx: &mut PgConnection, id: PersonId, roles: &BTreeSet<Held>) -> anyhow::Result<()> {
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

async fn take(tx: &mut PgConnection, id: PersonId, roles: &BTreeSet<Held>) -> anyhow::Result<()> {
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

/// A person in the form that the audit trail stores.
fn told(person: &Person) -> anyhow::Result<Value> {
    let Person { id, name, login, roles, ended_at, .. } = person;
    let roles = serde_json::to_value(roles)?;
    Ok(json!({ "person": id, "name": name, "login": login, "roles": roles, "ended_at": ended_at }))
}

fn with_revoked(mut told: Value, revoked: &[Uuid]) -> Value {
    told["revoked_tokens"] = json!(revoked);
    told
}
