//! Persons with the roles that they hold now.
use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::{Held, Person, Sees};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::Store;

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
pub(in crate::store) fn held(roles: &[String]) -> anyhow::Result<BTreeSet<Held>> {
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
}

/// The person with this login name, unless they were ended.
pub(super) async fn by_login(connection: &mut PgConnection, login: &str) -> anyhow::Result<Option<Person>> {
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
pub(in crate::store) async fn take_turn(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* change_persons_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_persons'))")
        .execute(tx)
        .await
        .context("wait for another change of persons")?;
    Ok(())
}

/// The person with this id, within a transaction.
pub(in crate::store) async fn load(tx: &mut PgConnection, id: PersonId) -> anyhow::Result<Option<Person>> {
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
