//! The session of a cookie, and those of a person.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use sqlx::PgConnection;
use uuid::Uuid;

use super::session::{IDLE_S, LIFE_S, Session, SessionRow, Shown};
use super::site::Site;
use crate::secret::Secret as SessionSecret;
use crate::store::Store;
use crate::store::people::persons;

/// A session's last request is stored at most this often, seconds, so that a page of many requests writes once.
const NOTED_EVERY_S: f64 = 60.0;

impl Store {
    /// The session of a cookie of this site. Records the request, at most once a minute.
    pub async fn session(&self, cookie: &SessionSecret, site: Site) -> anyhow::Result<Shown> {
        self.session_of(cookie, site, true).await
    }

    /// Like [`Store::session`], for a request that no person made, such as an automatic update of a page. It does not
    /// extend the session.
    pub async fn session_unnoted(&self, cookie: &SessionSecret, site: Site) -> anyhow::Result<Shown> {
        self.session_of(cookie, site, false).await
    }

    /// The person of a session that is still valid, with the roles that they hold now.
    pub async fn session_holds(&self, id: Uuid) -> anyhow::Result<Option<Person>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let person = sqlx::query_scalar!(
            "/* session_holds */
            select person from sessions
            where id = $1 and ended_at is null
                and seen_at > clock_timestamp() - make_interval(secs => $2)
                and created_at > clock_timestamp() - make_interval(secs => $3)",
            id,
            f64::from(IDLE_S),
            f64::from(LIFE_S),
        )
        .fetch_optional(&mut *connection)
        .await
        .context("check a session")?;
        let Some(person) = person else { return Ok(None) };
        let person = persons::load(&mut connection, PersonId(person)).await?;
        Ok(person.filter(|person| person.ended_at.is_none()))
    }

    async fn session_of(&self, cookie: &SessionSecret, site: Site, noted: bool) -> anyhow::Result<Shown> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let digest = cookie.digest();
        let row = sqlx::query!(
            r#"/* session */
            select s.id, s.person, s.created_at, s.seen_at,
                s.seen_at < clock_timestamp() - make_interval(secs => $4) as "unnoted!",
                (s.ended_at is null
                    and s.seen_at > clock_timestamp() - make_interval(secs => $2)
                    and s.created_at > clock_timestamp() - make_interval(secs => $3)) as "holds!"
            from sessions s
            where s.secret_sha256 = $1 and s.door = $5"#,
            digest.as_slice(),
            f64::from(IDLE_S),
            f64::from(LIFE_S),
            NOTED_EVERY_S,
            site.name(),
        )
        .fetch_optional(&mut *connection)
        .await
        .context("find a session")?;
        let Some(row) = row else { return Ok(Shown::Unknown) };
        if !row.holds {
            return Ok(Shown::Ended);
        }
        let person = persons::load(&mut connection, PersonId(row.person)).await?;
        // A person whose roles have changed may have to sign in at another site.
        let admitted = |person: &Person| person.ended_at.is_none() && site.admits(person);
        let Some(person) = person.filter(admitted) else { return Ok(Shown::Ended) };
        let seen_at = if noted && row.unnoted { note(&mut connection, row.id).await? } else { None };
        let seen_at = seen_at.unwrap_or(row.seen_at);
        Ok(Shown::Valid(Box::new(Session { id: row.id, person, created_at: row.created_at, seen_at })))
    }

    /// The valid sessions of a person, the most recent first.
    pub async fn sessions_of(&self, person: PersonId) -> anyhow::Result<Vec<SessionRow>> {
        sqlx::query_as!(
            SessionRow,
            "/* sessions_of */
            select id, created_at, seen_at, factors as factor, agent, address from sessions
            where person = $1 and ended_at is null
                and seen_at > clock_timestamp() - make_interval(secs => $2)
                and created_at > clock_timestamp() - make_interval(secs => $3)
            order by created_at desc, id desc limit 100",
            person.0,
            f64::from(IDLE_S),
            f64::from(LIFE_S),
        )
        .fetch_all(self.pool())
        .await
        .context("list the sessions of a person")
    }
}

async fn note(connection: &mut PgConnection, id: Uuid) -> anyhow::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "/* note_session */ update sessions set seen_at = clock_timestamp() where id = $1 and ended_at is null returning seen_at",
        id,
    )
    .fetch_optional(connection)
    .await
    .context("note a request of a session")
}
