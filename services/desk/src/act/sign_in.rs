//! Signing in, in two steps: the password gives a pending sign-in, which is sealed, lasts five minutes and opens
//! nothing; a code of the second factor, or a recovery code, makes it a session. A wrong password and an unknown login
//! name get the same answer, after the same work, and the same delays.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::id::PersonId;
use pipeline::person::Login;
use runtime::doors::Reason;
use runtime::password;
use runtime::problem::{Code, Problem};
use runtime::store::people::sessions::SessionSecret;
use runtime::store::people::sign_in;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Desk;

mod agent;
mod attempt;
mod device;
mod new_session;
mod pace;
pub(super) mod recovery;
mod shown;
mod under_seal;
mod visitor;

pub(crate) use attempt::{Attempt, begin, name_of, was_right};
pub use device::Device;
pub(crate) use new_session::{begun, by, record};
pub use pace::Pace;
pub(crate) use shown::{Shown, digits};
pub use visitor::Visitor;

/// Time from the password to the code.
const PENDING: TimeDelta = TimeDelta::minutes(5);
/// The associated data that a pending sign-in is sealed with.
const PLACE: &[u8] = b"pending sign-in";

/// The first step. It has no `Debug`: it holds secrets.
#[derive(Deserialize)]
pub struct Password {
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
}

/// The second step. It has no `Debug`: it holds secrets.
#[derive(Deserialize)]
pub struct SecondFactor {
    /// The result of the first step.
    pub pending: String,
    /// The six digits of the app, or a recovery code.
    pub code: String,
}

/// A session that has begun. It has no `Debug`: it holds secrets.
pub struct SignedIn {
    /// The value of the session's cookie, returned once.
    pub cookie: SessionSecret,
    /// The value of the device cookie, which identifies the browser at the next sign-in.
    pub device: String,
    /// The session's id.
    pub session: Uuid,
    /// Its person.
    pub person: PersonId,
    /// How many recovery codes are left, if one was used.
    pub recovery_codes_left: Option<i64>,
}

/// The content of a pending sign-in, sealed.
#[derive(Serialize, Deserialize)]
struct Pending {
    person: PersonId,
    /// If the password was changed since, it cannot be completed.
    password_set_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

impl Pending {
    /// Whether it may still become a session: within five minutes, and with the password that it began with.
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
    let attempt = begin(desk, visitor, &login, None).await?;
    let factors = match login.parse::<Login>() {
        Ok(login) => desk.store.factors_of_login(login.as_str()).await?,
        Err(_) => None,
    };
    // A person of the other site is unknown here, whatever the password.
    let factors = factors.filter(|it| desk.site.admits(&it.person));
    let right = password::is(&wish.password, factors.as_ref().map(|it| it.password_hash.as_str())).await?;
    let Some(factors) = factors else {
        return Err(Code::SignInWrong.refused(desk.site.door(), Reason::Unknown, None::<Uuid>));
    };
    if !right {
        return Err(Code::SignInWrong.refused(desk.site.door(), Reason::Wrong, Some(factors.person.id)));
    }
    was_right(desk, visitor, &attempt).await?;
    let pending = Pending { person: factors.person.id, password_set_at: factors.password_set_at, at: factors.now };
    under_seal::sealed(desk, PLACE, &pending)
}

/// Checks the code of the second factor, or a recovery code, and begins a session. Each code works once.
///
/// # Errors
/// `code_wrong`; `sign_in_expired`, when the first step has to be repeated; `sign_in_slow`.
pub async fn code(desk: &Desk, visitor: &Visitor, wish: SecondFactor) -> Result<SignedIn, Problem> {
    let expired = || Problem::from(Code::SignInExpired);
    let pending: Pending = under_seal::opened(desk, PLACE, &wish.pending).ok_or_else(expired)?;
    let factors = desk.store.factors(pending.person).await?.ok_or_else(expired)?;
    let login = factors.person.login.as_ref().ok_or_else(expired)?;
    if !pending.completes(factors.password_set_at, factors.now) {
        return Err(expired());
    }
    let attempt = begin(desk, visitor, login.as_str(), Some(pending.person)).await?;
    let shown = Shown::read(desk, pending.person, &factors.totp, &wish.code, factors.now)?;
    let (person, set_at) = (&factors.person, pending.password_set_at);
    let (cookie, device) =
        (SessionSecret::new()?, Device::remembering(desk, visitor.device.as_ref(), login, factors.now)?);
    let begun = desk.store.transaction("sign_in", |tx, _| {
        let cookie = &cookie;
        let attempt = &attempt;
        let shown = &shown;
        Box::pin(async move {
            if !sign_in::password_stands(tx, person.id, set_at).await? {
                return Err(Problem::from(Code::SignInExpired).into());
            }
            let factor = shown.use_up(desk, tx, person.id).await?;
            sign_in::succeeded(tx, &attempt.counter).await?;
            begun(desk, tx, visitor, person, factor, cookie).await
        })
    });
    let session = begun.await?;
    attempt.leaves_the_address(desk, visitor);
    let by_recovery = matches!(shown, Shown::Recovery(_));
    let recovery_codes_left = if by_recovery { Some(desk.store.recovery_codes_left(person.id).await?) } else { None };
    Ok(SignedIn { cookie, device, session, person: person.id, recovery_codes_left })
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
}
