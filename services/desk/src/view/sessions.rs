//! Sessions of signed-in people, and their means of signing in. No secret is shown.
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use runtime::problem::Problem;
use runtime::store::people::sessions::SessionRow;
use serde::Serialize;
use uuid::Uuid;

use crate::Desk;
use crate::act::Caller;

/// A valid session.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// When it started; it ends 12 hours later.
    pub created_at: DateTime<Utc>,
    /// The time of its last request, exact to a minute; it ends 30 minutes later.
    pub seen_at: DateTime<Utc>,
    /// The second factor that was used: `totp` or `recovery_code`.
    pub factor: String,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// Pseudonym of the client's address.
    pub address: Option<String>,
    /// Whether it is the reader's own session, in which they see this.
    pub current: bool,
}

/// A person's means of signing in, and their sessions.
#[derive(Clone, Debug, Serialize)]
pub struct Own {
    /// Valid sessions, the most recent first.
    pub sessions: Vec<Session>,
    /// Recovery codes that were not used yet.
    pub recovery_codes: i64,
}

/// The caller's own.
pub async fn own(desk: &Desk, caller: &Caller) -> Result<Own, Problem> {
    let person = caller.person()?;
    let current = caller.by.credential.map(|it| it.0);
    let sessions = of(desk, person, current).await?;
    Ok(Own { sessions, recovery_codes: desk.store.recovery_codes_left(person).await? })
}

/// The valid sessions of a person, named by id or login name, whom the caller manages.
pub async fn of_named(desk: &Desk, caller: &Caller, named: &str) -> Result<Vec<Session>, Problem> {
    let managed =
        desk.store.transaction("find_person", |tx, _| Box::pin(async move { Ok(caller.managed(tx, named).await?.id) }));
    let person = managed.await?;
    of(desk, person, caller.by.credential.map(|it| it.0)).await
}

/// The valid sessions of a person, the most recent first.
pub async fn of(desk: &Desk, person: PersonId, current: Option<Uuid>) -> Result<Vec<Session>, Problem> {
    let rows = desk.store.sessions_of(person).await?;
    let shown = |row: SessionRow| Session {
        id: row.id,
        created_at: row.created_at,
        seen_at: row.seen_at,
        factor: row.factor,
        agent: row.agent,
        address: row.address,
        current: Some(row.id) == current,
    };
    Ok(rows.into_iter().map(shown).collect())
}
