//! Sessions of signed-in people: ends them, and changes a person's credentials. A person does so for themselves; an
//! admin ends the sessions of persons whom they manage.
use pipeline::person::Person;
use runtime::doors::Reason;
use runtime::password;
use runtime::problem::{Code, Problem};
use runtime::second_factor::RecoveryCode;
use runtime::store::Transaction;
use runtime::store::people::persons;
use runtime::store::people::sessions::{self, SessionSecret, Why};
use runtime::store::people::sign_in::{self, Factors};
use runtime::store::submissions::history::By;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::sign_in::{Attempt, Device, Shown, SignedIn, Visitor, begin, record, recovery, was_right};
use super::{Caller, Done, settle};
use crate::Desk;

/// Sessions that were ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// Their ids.
    pub sessions: Vec<Uuid>,
}

/// Which sessions of a person to end.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct EndSessions {
    /// This one; all if absent.
    #[serde(default)]
    pub session: Option<Uuid>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A password to set instead of the current one. It has no `Debug`: it holds secrets.
#[derive(Deserialize)]
pub struct ChangePassword {
    /// The current one.
    pub current: String,
    /// The new one.
    pub new: String,
}

/// Ends the caller's session. A session that has ended already stays so.
pub async fn sign_out(desk: &Desk, caller: &Caller) -> Result<Done<Ended>, Problem> {
    let session = caller.by.credential.map(|it| it.0).ok_or(Code::SessionUnknown)?;
    end_own(desk, caller, Some(session), Why::SignedOut).await
}

/// Ends one session of the caller, or all of them.
///
/// # Errors
/// `session_unknown`, for a session that is not the caller's.
pub async fn end(desk: &Desk, caller: &Caller, session: Option<Uuid>) -> Result<Done<Ended>, Problem> {
    end_own(desk, caller, session, Why::Ended).await
}

async fn end_own(desk: &Desk, caller: &Caller, session: Option<Uuid>, why: Why) -> Result<Done<Ended>, Problem> {
    let id = caller.person()?;
    let done = desk.store.transaction("end_sessions", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let person = persons::lock(tx, &id.to_string()).await?.ok_or_else(|| Problem::from(Code::PersonUnknown))?;
            let ended = ended(tx, &caller.by, &person, session, why).await?;
            caller.end(tx, false, ended).await
        })
    });
    settle(done.await)
}

/// Ends one session or all sessions of a person, named by id or login name, whom the caller manages.
///
/// # Errors
/// `person_unknown`, `role_beyond`, `session_unknown`.
pub async fn end_of(desk: &Desk, caller: &Caller, named: &str, wish: EndSessions) -> Result<Done<Ended>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let done = desk.store.transaction("end_sessions_of", |tx, _| {
        let by = &by;
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let person = caller.managed(tx, named).await?;
            let ended = ended(tx, by, &person, wish.session, Why::Ended).await?;
            caller.end(tx, false, ended).await
        })
    });
    settle(done.await)
}

async fn ended(
    tx: &mut Transaction,
    by: &By,
    person: &Person,
    session: Option<Uuid>,
    why: Why,
) -> anyhow::Result<Ended> {
    let sessions = match session {
        None => sessions::end_all(tx, person.id, why).await?,
        Some(session) if sessions::end(tx, person.id, session, why).await? => vec![session],
        Some(_) if why == Why::SignedOut => Vec::new(),
        Some(_) => return Err(Problem::from(Code::SessionUnknown).into()),
    };
    if !sessions.is_empty() {
        let after = json!({ "person": person.id, "name": person.name, "sessions": sessions, "why": why.name() });
        record(tx, by, "session_ended", after, person).await?;
    }
    Ok(Ended { sessions })
}

/// Sets another password. Every session of the person ends; the caller's continues under a new cookie, with its former
/// end.
///
/// # Errors
/// `password_wrong`, `password_unfit`, `sign_in_slow`.
pub async fn change_password(
    desk: &Desk,
    caller: &Caller,
    visitor: &Visitor,
    wish: ChangePassword,
) -> Result<SignedIn, Problem> {
    let (factors, attempt) = attempted(desk, caller, visitor).await?;
    let person = &factors.person;
    if !password::is(&wish.current, Some(&factors.password_hash)).await? {
        return Err(Code::PasswordWrong.refused(desk.site.door(), Reason::Wrong, Some(person.id)));
    }
    was_right(desk, visitor, &attempt).await?;
    password::fit(&wish.new, person).map_err(|wrong| Code::PasswordUnfit.about(wrong))?;
    let (hash, cookie) = (password::keep(&wish.new).await?, SessionSecret::new()?);
    let login = person.login.as_ref().ok_or(Code::LoginMissing)?;
    let device = Device::remembering(desk, visitor.device.as_ref(), login, factors.now)?;
    let current = caller.by.credential.map(|it| it.0).ok_or(Code::SessionUnknown)?;
    let changed = desk.store.transaction("change_password", |tx, _| {
        let hash = &hash;
        let cookie = &cookie;
        let set_at = factors.password_set_at;
        Box::pin(async move {
            if !sign_in::password_stands(tx, person.id, set_at).await? {
                return Err(Problem::from(Code::PasswordWrong).into());
            }
            sign_in::set_password(tx, person.id, hash).await?;
            let session = Uuid::now_v7();
            if !sessions::renew(tx, person.id, current, session, cookie).await? {
                return Err(Problem::from(Code::SessionUnknown).into());
            }
            let ended = sessions::end_others(tx, person.id, session, Why::PasswordChanged).await?;
            let after = json!({ "by": "current password", "session": session, "ended_sessions": ended });
            record(tx, &caller.by, "password_set", after, person).await?;
            Ok(session)
        })
    });
    let session = changed.await?;
    Ok(SignedIn { cookie, device, session, person: person.id, recovery_codes_left: None })
}

/// Makes ten recovery codes that replace the caller's former ones, for a code of their second factor or one of those.
/// They are shown only once.
///
/// # Errors
/// `code_wrong`, `sign_in_slow`.
pub async fn new_recovery_codes(
    desk: &Desk,
    caller: &Caller,
    visitor: &Visitor,
    code: &str,
) -> Result<Vec<String>, Problem> {
    let (factors, attempt) = attempted(desk, caller, visitor).await?;
    let person = &factors.person;
    let shown = Shown::read(desk, person.id, &factors.totp, code, factors.now)?;
    let codes = recovery::generate()?;
    let made = desk.store.transaction("make_recovery_codes", |tx, _| {
        let (shown, codes) = (&shown, &codes);
        Box::pin(async move {
            shown.use_up(desk, tx, person.id).await?;
            recovery::replace(tx, &caller.by, person, codes).await
        })
    });
    made.await?;
    was_right(desk, visitor, &attempt).await?;
    Ok(codes.iter().map(RecoveryCode::text).collect())
}

/// The sign-in factors of the caller, to check what they enter. Counts an attempt, so that a stolen session cannot be used to guess them.
async fn attempted(desk: &Desk, caller: &Caller, visitor: &Visitor) -> Result<(Factors, Attempt), Problem> {
    let id = caller.person()?;
    let factors = desk.store.factors(id).await?.ok_or(Code::PersonUnknown)?;
    let login = factors.person.login.as_ref().ok_or(Code::LoginMissing)?;
    let attempt = begin(desk, visitor, login.as_str(), Some(id)).await?;
    Ok((factors, attempt))
}
