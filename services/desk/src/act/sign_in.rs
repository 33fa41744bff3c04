//! Signing in, in two steps: the password gives a pending sign-in, which is sealed, lasts five minutes and opens nothing; a code of the
//! second factor, or a recovery code, makes it a session. A wrong password and an unknown login name are answered alike, after the same
//! work, and both are slowed down alike.
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::id::{CredentialId, PersonId};
use pipeline::person::{self, Actor, Login, Person};
use runtime::doors::{Door, Reason};
use runtime::password;
use runtime::problem::{Code, Detail, Problem};
use runtime::seal::Sealed;
use runtime::second_factor::{RecoveryCode, TotpSecret};
use runtime::store::audit::{self, Act};
use runtime::store::history::By;
use runtime::store::sessions::{self, Factor, NewSession, SessionSecret};
use runtime::store::{Transaction, sign_in};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::Desk;

mod agent;
mod pace;
pub(super) mod recovery;

pub use pace::Pace;

/// From the password to the code.
const PENDING: TimeDelta = TimeDelta::minutes(5);
/// Where a pending sign-in opens.
const PLACE: &[u8] = b"pending sign-in";
/// What login names are hashed for, to count failures.
const NAMES: &str = "login names of failed sign-ins";

/// Where a sign-in comes from, as far as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Pseudonym of the client's address.
    pub address: Option<String>,
    /// Browser and system in a few words.
    pub agent: Option<String>,
}

impl Visitor {
    /// From an address with this pseudonym, by a program that calls itself so.
    pub fn new(address: Option<String>, user_agent: Option<&str>) -> Self {
        Self { address, agent: user_agent.and_then(agent::short) }
    }
}

/// The first step. Does not print itself.
#[derive(Deserialize)]
pub struct Password {
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
}

/// The second step. Does not print itself.
#[derive(Deserialize)]
pub struct SecondFactor {
    /// What the first step returned.
    pub pending: String,
    /// The six digits of the app, or a recovery code.
    pub code: String,
}

/// A session that has begun. Does not print its cookie.
pub struct SignedIn {
    /// The value of the cookie, returned once.
    pub cookie: SessionSecret,
    /// The session's id.
    pub session: Uuid,
    /// Whose it is.
    pub person: PersonId,
    /// How many recovery codes are left, where one was used.
    pub recovery_codes_left: Option<i64>,
}

/// What a pending sign-in says, under seal.
#[derive(Serialize, Deserialize)]
struct Pending {
    person: PersonId,
    /// A password that was changed since completes nothing.
    password_set_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

impl Pending {
    /// Whether it may still become a session: within five minutes, by the password that it began with.
    fn completes(&self, password_set_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        password_set_at == self.password_set_at && now - self.at <= PENDING
    }
}

/// Checks login name and password. Returns the pending sign-in for the second step.
///
/// # Errors
/// `sign_in_wrong`; `sign_in_slow`, with the time to wait, after too many failures under this name or from this address.
pub async fn password(desk: &Desk, visitor: &Visitor, wish: Password) -> Result<String, Problem> {
    let login = wish.login.trim().to_lowercase();
    let name = begin(desk, visitor, &login, None).await?;
    let factors = match login.parse::<Login>() {
        Ok(login) => desk.store.factors_of_login(login.as_str()).await?,
        Err(_) => None,
    };
    let right = password::is(&wish.password, factors.as_ref().map(|it| it.password_hash.as_str())).await?;
    let Some(factors) = factors else {
        return Err(Code::SignInWrong.refused(Door::Console, Reason::Unknown, None::<Uuid>));
    };
    if !right {
        return Err(Code::SignInWrong.refused(Door::Console, Reason::Wrong, Some(factors.person.id)));
    }
    was_right(desk, visitor, &name).await?;
    let pending = Pending { person: factors.person.id, password_set_at: factors.password_set_at, at: factors.now };
    sealed(desk, &pending)
}

/// Checks the code of the second factor, or a recovery code, and begins a session. Each code works once.
///
/// # Errors
/// `code_wrong`; `sign_in_expired`, when the first step has to be repeated; `sign_in_slow`.
pub async fn code(desk: &Desk, visitor: &Visitor, wish: SecondFactor) -> Result<SignedIn, Problem> {
    let expired = || Problem::from(Code::SignInExpired);
    let pending = opened(desk, &wish.pending).ok_or_else(expired)?;
    let factors = desk.store.factors(pending.person).await?.ok_or_else(expired)?;
    let login = factors.person.login.as_ref().ok_or_else(expired)?;
    if !pending.completes(factors.password_set_at, factors.now) {
        return Err(expired());
    }
    let name = begin(desk, visitor, login.as_str(), Some(pending.person)).await?;
    let shown = Shown::read(desk, pending.person, &factors.totp, &wish.code, factors.now)?;
    let (person, set_at) = (&factors.person, pending.password_set_at);
    let cookie = SessionSecret::new()?;
    let begun = desk.store.transaction("sign_in", |tx, _| {
        let (cookie, name, shown) = (&cookie, &name, &shown);
        Box::pin(async move {
            if !sign_in::password_stands(tx, person.id, set_at).await? {
                return Err(Problem::from(Code::SignInExpired).into());
            }
            let factor = shown.used(tx, person.id).await?;
            sign_in::succeeded(tx, name).await?;
            begun(tx, visitor, person, factor, cookie).await
        })
    });
    let session = begun.await?;
    desk.pace.was_right(visitor.address.as_deref());
    let by_recovery = matches!(shown, Shown::Recovery(_));
    let recovery_codes_left = if by_recovery { Some(desk.store.recovery_codes_left(person.id).await?) } else { None };
    Ok(SignedIn { cookie, session, person: person.id, recovery_codes_left })
}

/// A code as it was read: nothing is used yet.
pub(crate) enum Shown {
    /// The code of this step.
    Step(i64),
    /// A recovery code.
    Recovery(RecoveryCode),
    /// Neither.
    Nothing,
}

impl Shown {
    pub(crate) fn read(
        desk: &Desk,
        person: PersonId,
        totp: &Sealed,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        if let Some(code) = RecoveryCode::parse(code) {
            return Ok(Self::Recovery(code));
        }
        let secret = TotpSecret::open(desk.keys()?, person, totp)?;
        Ok(secret.step_of(&digits(code), now)?.map_or(Self::Nothing, Self::Step))
    }

    /// Uses it up.
    pub(crate) async fn used(&self, tx: &mut Transaction, person: PersonId) -> anyhow::Result<Factor> {
        let factor = match self {
            Self::Step(step) => sign_in::use_step(tx, person, *step).await?.then_some(Factor::Totp),
            Self::Recovery(code) => {
                sign_in::use_recovery_code(tx, person, &code.digest()).await?.then_some(Factor::RecoveryCode)
            }
            Self::Nothing => None,
        };
        factor.ok_or_else(|| Code::CodeWrong.refused(Door::Console, Reason::Wrong, Some(person)).into())
    }
}

/// The digits of a typed code, without blanks. One more than a code has, so that a longer one is wrong.
pub(crate) fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).take(7).collect()
}

/// The keyed hash under which failures of a login name are counted.
pub(crate) fn name_of(desk: &Desk, login: &str) -> Result<[u8; 32], Problem> {
    Ok(desk.keys()?.keyed_hash(NAMES, login))
}

/// Counts an attempt under a login name, or says how long to wait. Returns the name's hash.
pub(crate) async fn begin(
    desk: &Desk,
    visitor: &Visitor,
    login: &str,
    person: Option<PersonId>,
) -> Result<[u8; 32], Problem> {
    let name = name_of(desk, login)?;
    if let Some(wait) = desk.pace.begin(visitor.address.as_deref(), Instant::now()) {
        return Err(slow(wait, person));
    }
    match desk.store.begin_attempt(&name).await? {
        Some(wait) => Err(slow(wait, person)),
        None => Ok(name),
    }
}

/// The attempt that was counted was right after all.
pub(crate) async fn was_right(desk: &Desk, visitor: &Visitor, name: &[u8; 32]) -> Result<(), Problem> {
    desk.pace.was_right(visitor.address.as_deref());
    Ok(desk.store.password_was_right(name).await?)
}

/// Begins the session of a person who showed both factors, and records it in the trail.
pub(crate) async fn begun(
    tx: &mut Transaction,
    visitor: &Visitor,
    person: &Person,
    factor: Factor,
    cookie: &SessionSecret,
) -> anyhow::Result<Uuid> {
    let id = Uuid::now_v7();
    let (agent, address) = (visitor.agent.clone(), visitor.address.clone());
    let new = NewSession { id, person: person.id, factor, agent, address };
    sessions::begin(tx, &new, cookie).await?;
    let after = json!({ "session": id, "factor": factor, "agent": new.agent });
    let act = Act { act: "signed_in", submission: None, partner: None, before: json!({}), after };
    audit::add_about(tx, &by(person, visitor, Some(id)), &act, person::contest_of(&person.roles)).await?;
    Ok(id)
}

/// The actor of a change to a person's own sign-in. The trail names one of their roles, or auditor for a person without a role.
pub(crate) fn by(person: &Person, visitor: &Visitor, session: Option<Uuid>) -> By {
    let actor = person.roles.first().map_or(Actor::Auditor, |held| held.role.actor());
    let by = By::of(actor, person.id, person.name.as_str()).from_address(visitor.address.clone());
    match session {
        Some(session) => by.with_credential(CredentialId(session)),
        None => by,
    }
}

fn slow(wait: Duration, person: Option<PersonId>) -> Problem {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u32;
    let detail = if seconds <= 90 {
        Detail::new(format!("请等待 {seconds} 秒"), format!("wait {seconds} seconds"))
    } else {
        let minutes = seconds.div_ceil(60);
        Detail::new(format!("请等待 {minutes} 分钟"), format!("wait {minutes} minutes"))
    };
    let refused = Code::SignInSlow.refused(Door::Console, Reason::Slowed, person).refused;
    Problem { refused, retry_after_s: NonZeroU32::new(seconds), ..Code::SignInSlow.about(detail) }
}

fn sealed(desk: &Desk, pending: &Pending) -> Result<String, Problem> {
    let plain = serde_json::to_vec(pending).map_err(anyhow::Error::from)?;
    let Sealed { key_id, nonce, ciphertext } = desk.keys()?.seal_for(PLACE, &plain)?;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(format!("{}.{}.{}", encode(key_id.as_bytes()), encode(&nonce), encode(&ciphertext)))
}

fn opened(desk: &Desk, text: &str) -> Option<Pending> {
    let mut parts = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let (key_id, nonce, ciphertext) = (parts.next()??, parts.next()??, parts.next()??);
    let sealed = Sealed { key_id: String::from_utf8(key_id).ok()?, nonce, ciphertext };
    let plain = desk.keys().ok()?.open_for(PLACE, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_sign_in_lasts_five_minutes_and_not_beyond_its_password() {
        let (set, at) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::hours(1));
        let pending = Pending { person: PersonId(Uuid::nil()), password_set_at: set, at };
        assert!(pending.completes(set, at) && pending.completes(set, at + TimeDelta::minutes(5)));
        assert!(!pending.completes(set, at + TimeDelta::minutes(5) + TimeDelta::milliseconds(1)));
        assert!(!pending.completes(set + TimeDelta::seconds(1), at));
    }

    #[test]
    fn a_wait_is_given_in_seconds_and_then_in_minutes() {
        let said = |seconds| slow(Duration::from_secs(seconds), None);
        assert_eq!(said(30).text(pipeline::lang::Lang::Zh), "失败次数过多，请稍后再试。（请等待 30 秒）");
        assert_eq!(said(900).detail.unwrap().to_string(), "wait 15 minutes");
        assert_eq!((said(30).retry_after_s(), said(30).code.status()), (30, 429));
    }
}
