//! Sessions of persons who signed in, at the console or on the pages of recommending units. A session is valid for 30
//! minutes after its last request and for 12 hours in total, unless it or its person was ended before; the database's
//! clock decides. Only the digest of the cookie's secret is stored.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Store, persons};
use crate::doors::Door;

/// The secret in the cookie of a session.
pub use crate::secret::Secret as SessionSecret;

/// A session ends this long after its last request, seconds.
pub const IDLE_S: u32 = 30 * 60;
/// And this long after it began.
pub const LIFE_S: u32 = 12 * 3600;
/// A session's last request is stored at most this often, seconds, so that a page of many requests writes once.
const NOTED_EVERY_S: f64 = 60.0;

/// Where people sign in. A session is accepted only at the site where it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// The console of staff, at a separate address.
    #[default]
    Console,
    /// The pages of recommending units, at the public address.
    Units,
}

impl Site {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.door().name()
    }

    /// The door at which its refusals are counted.
    pub fn door(self) -> Door {
        match self {
            Site::Console => Door::Console,
            Site::Units => Door::Units,
        }
    }

    /// The prefix of the paths of its pages.
    pub fn base(self) -> &'static str {
        match self {
            Site::Console => "",
            Site::Units => "/units",
        }
    }

    /// Its first page.
    pub fn home(self) -> &'static str {
        match self {
            Site::Console => "/",
            Site::Units => "/units",
        }
    }

    /// Whether a person may sign in here. Passwords of staff are not checked at the public address, nor recommenders'
    /// at the desk.
    pub fn admits(self, person: &Person) -> bool {
        match self {
            Site::Console => !person.only_recommends(),
            Site::Units => person.only_recommends(),
        }
    }
}

/// A valid session with its person.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id, which the audit trail names as the credential.
    pub id: Uuid,
    /// Its person, with the roles that they hold now.
    pub person: Person,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last request came, exact to a minute.
    pub seen_at: DateTime<Utc>,
}

/// What a cookie refers to.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A valid session.
    Valid(Box<Session>),
    /// A session that is no longer valid: ended, too old, or its person was ended.
    Ended,
    /// Not a session of ours, or one that was deleted long ago.
    Unknown,
}

impl Shown {
    /// The valid session, if it is one.
    pub fn valid(self) -> Option<Session> {
        match self {
            Shown::Valid(session) => Some(*session),
            Shown::Ended | Shown::Unknown => None,
        }
    }
}

/// A session to start.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: Uuid,
    /// The person.
    pub person: PersonId,
    /// The site.
    pub site: Site,
    /// The second factor that was used.
    pub factor: Factor,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// Pseudonym of the client's address.
    pub address: Option<String>,
}

/// The second factor of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A code of the second factor.
    Totp,
    /// A recovery code.
    RecoveryCode,
}

impl Factor {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Factor::Totp => "totp",
            Factor::RecoveryCode => "recovery_code",
        }
    }
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its person signed out.
    SignedOut,
    /// Its person or an admin ended it from elsewhere.
    Ended,
    /// Its person changed the password.
    PasswordChanged,
    /// Its person set password and second factor by a link.
    Reset,
    /// Its person was ended.
    PersonEnded,
}

impl Why {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Why::SignedOut => "signed_out",
            Why::Ended => "ended",
            Why::PasswordChanged => "password_changed",
            Why::Reset => "reset",
            Why::PersonEnded => "person_ended",
        }
    }
}

/// A valid session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last request came, exact to a minute.
    pub seen_at: DateTime<Utc>,
    /// The second factor that was shown: `totp` or `recovery_code`.
    pub factor: String,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// Pseudonym of the client's address.
    pub address: Option<String>,
}

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
