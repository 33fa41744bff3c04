//! Attempts to sign in, counted as failures until they succeed. A browser that is recognised for a login name has a
//! count of its own; all others share the count of the name, and that of their address. So wrong passwords from
//! elsewhere never delay a person in the browsers that they use, and guesses from many addresses together are as slow
//! as from one.
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use pipeline::id::PersonId;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Detail, Problem};

use super::visitor::Visitor;
use crate::Desk;

/// The purpose of the hashes of login names: counting failures.
const NAMES: &str = "login names of failed sign-ins";
/// The purpose of the hashes of devices, with the login name.
const DEVICES: &str = "devices of failed sign-ins";

/// An attempt that was counted.
pub(crate) struct Attempt {
    /// The hash of the counter.
    pub(crate) counter: [u8; 32],
    /// Whether the address counted it too.
    of_address: bool,
}

impl Attempt {
    /// Removes the attempt from the count of the address, if it was counted.
    pub(super) fn leaves_the_address(&self, desk: &Desk, visitor: &Visitor) {
        if self.of_address {
            desk.pace.was_right(visitor.address.as_deref());
        }
    }
}

/// The keyed hash under which failures of a login name are counted.
pub(crate) fn name_of(desk: &Desk, login: &str) -> Result<[u8; 32], Problem> {
    Ok(desk.keys()?.keyed_hash(NAMES, login))
}

/// Counts an attempt under a login name, or returns the time to wait. `person`: for the log, if the person is known.
pub(crate) async fn begin(
    desk: &Desk,
    visitor: &Visitor,
    login: &str,
    person: Option<PersonId>,
) -> Result<Attempt, Problem> {
    let device = visitor.device.as_ref().filter(|device| device.knows(login));
    let attempt = match device {
        Some(device) => {
            let counter = desk.keys()?.keyed_hash(DEVICES, &format!("{} {login}", device.id));
            Attempt { counter, of_address: false }
        }
        None => Attempt { counter: name_of(desk, login)?, of_address: true },
    };
    let pace = || desk.pace.begin(visitor.address.as_deref(), Instant::now());
    if let Some(wait) = attempt.of_address.then(pace).flatten() {
        return Err(slow(desk.site.door(), wait, person));
    }
    match desk.store.begin_attempt(&attempt.counter).await? {
        Some(wait) => Err(slow(desk.site.door(), wait, person)),
        None => Ok(attempt),
    }
}

/// The counted attempt was correct.
pub(crate) async fn was_right(desk: &Desk, visitor: &Visitor, attempt: &Attempt) -> Result<(), Problem> {
    attempt.leaves_the_address(desk, visitor);
    Ok(desk.store.password_was_right(&attempt.counter).await?)
}

fn slow(door: Door, wait: Duration, person: Option<PersonId>) -> Problem {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u32;
    let detail = if seconds <= 90 {
        Detail::new(format!("请等待 {seconds} 秒"), format!("wait {seconds} seconds"))
    } else {
        let minutes = seconds.div_ceil(60);
        Detail::new(format!("请等待 {minutes} 分钟"), format!("wait {minutes} minutes"))
    };
    let refused = Code::SignInSlow.refused(door, Reason::Slowed, person).refused;
    Problem { refused, retry_after_s: NonZeroU32::new(seconds), ..Code::SignInSlow.about(detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_seconds_and_then_in_minutes() {
        let said = |seconds| slow(Door::Console, Duration::from_secs(seconds), None);
        assert_eq!(said(30).text(pipeline::lang::Lang::Zh), "失败次数过多，请稍后再试。（请等待 30 秒）");
        assert_eq!(said(900).detail.unwrap().to_string(), "wait 15 minutes");
        assert_eq!((said(30).retry_after_s(), said(30).code.status()), (30, 429));
    }
}
