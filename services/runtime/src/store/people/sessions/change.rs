//! Starts and ends sessions.
use anyhow::Context;
use pipeline::id::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::session::{IDLE_S, LIFE_S, NewSession, Why};
use crate::secret::Secret as SessionSecret;

/// Starts a session with this cookie.
pub async fn begin(tx: &mut PgConnection, new: &NewSession, cookie: &SessionSecret) -> anyhow::Result<()> {
    let digest = cookie.digest();
    sqlx::query!(
        "/* begin_session */
        insert into sessions (id, secret_sha256, person, factors, agent, address, door) values ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        digest.as_slice(),
        new.person.0,
        new.factor.name(),
        new.agent,
        new.address,
        new.site.name(),
    )
    .execute(tx)
    .await
    .context("begin a session")?;
    Ok(())
}

/// Starts a session in place of a person's session `old`, with another cookie and the same start, so that it lasts no
/// longer. The caller has checked that `old` is valid, and ends it. `false` if it was ended meanwhile.
pub async fn renew(
    tx: &mut PgConnection,
    person: PersonId,
    old: Uuid,
    new: Uuid,
    cookie: &SessionSecret,
) -> anyhow::Result<bool> {
    let digest = cookie.digest();
    let begun = sqlx::query!(
        "/* renew_session */
        insert into sessions (id, secret_sha256, person, created_at, factors, agent, address, door)
        select $3, $4, person, created_at, factors, agent, address, door from sessions
        where id = $2 and person = $1 and ended_at is null",
        person.0,
        old,
        new,
        digest.as_slice(),
    )
    .execute(tx)
    .await
    .context("renew a session")?;
    Ok(begun.rows_affected() == 1)
}

/// Ends one session of a person. `false` if they have no such session, or it was ended before.
pub async fn end(tx: &mut PgConnection, person: PersonId, id: Uuid, why: Why) -> anyhow::Result<bool> {
    let done = sqlx::query!(
        "/* end_session */
        update sessions set ended_at = clock_timestamp(), ended_why = $3
        where id = $1 and person = $2 and ended_at is null",
        id,
        person.0,
        why.name(),
    )
    .execute(tx)
    .await
    .context("end a session")?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a person; returns the ids of those that had not expired.
pub async fn end_all(tx: &mut PgConnection, person: PersonId, why: Why) -> anyhow::Result<Vec<Uuid>> {
    end_but(tx, person, None, why).await
}

/// Ends every session of a person except `but`; returns the ids of those that had not expired.
pub async fn end_others(tx: &mut PgConnection, person: PersonId, but: Uuid, why: Why) -> anyhow::Result<Vec<Uuid>> {
    end_but(tx, person, Some(but), why).await
}

async fn end_but(tx: &mut PgConnection, person: PersonId, but: Option<Uuid>, why: Why) -> anyhow::Result<Vec<Uuid>> {
    let ended = sqlx::query!(
        r#"/* end_sessions */
        update sessions set ended_at = clock_timestamp(), ended_why = $2 where person = $1 and ended_at is null
            and id is distinct from $5
        returning id, (seen_at > clock_timestamp() - make_interval(secs => $3)
            and created_at > clock_timestamp() - make_interval(secs => $4)) as "valid!""#,
        person.0,
        why.name(),
        f64::from(IDLE_S),
        f64::from(LIFE_S),
        but,
    )
    .fetch_all(tx)
    .await
    .context("end the sessions of a person")?;
    Ok(ended.into_iter().filter(|it| it.valid).map(|it| it.id).collect())
}
