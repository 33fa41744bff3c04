//! The code that a person shows as the second factor: six digits of the app, or a recovery code.
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use runtime::doors::Reason;
use runtime::problem::{Code, Problem};
use runtime::seal::Sealed;
use runtime::second_factor::{RecoveryCode, TotpSecret};
use runtime::store::Transaction;
use runtime::store::people::sessions::Factor;
use runtime::store::people::sign_in;

use crate::Desk;

/// A code as parsed: nothing is used up yet.
pub(crate) enum Shown {
    /// The code of this time step.
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
    pub(crate) async fn use_up(&self, desk: &Desk, tx: &mut Transaction, person: PersonId) -> anyhow::Result<Factor> {
        let factor = match self {
            Self::Step(step) => sign_in::use_step(tx, person, *step).await?.then_some(Factor::Totp),
            Self::Recovery(code) => {
                sign_in::use_recovery_code(tx, person, &code.digest()).await?.then_some(Factor::RecoveryCode)
            }
            Self::Nothing => None,
        };
        factor.ok_or_else(|| Code::CodeWrong.refused(desk.site.door(), Reason::Wrong, Some(person)).into())
    }
}

/// The digits of a typed code, without blanks. One more than a code has, so that a longer one is wrong.
pub(crate) fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).take(7).collect()
}
