//! The browsers in which persons signed in before, recognised by a device cookie as OWASP describes it ("Slow Down
//! Online Guessing Attacks with Device Cookies"). The cookie opens nothing: it only gives the browser a count of
//! failures of its own, for the login names used in it. It is sealed, so it cannot be forged or extended, and it stays
//! valid over a change of password.
use chrono::{DateTime, TimeDelta, Utc};
use pipeline::person::Login;
use runtime::problem::Problem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::under_seal;
use crate::Desk;

/// The associated data that a device cookie is sealed with.
const PLACE: &[u8] = b"device of a sign-in";
/// Login names that one browser is recognised for: a computer shared by colleagues. The one used longest ago is dropped
/// first.
const MOST_NAMES: usize = 6;

/// A browser in which a person has signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Random, and the same as long as the browser keeps the cookie.
    pub(super) id: Uuid,
    /// The login names used in it, the latest last.
    names: Vec<String>,
    /// When a person last signed in.
    at: DateTime<Utc>,
}

impl Device {
    /// A browser is recognised for this long after the last sign-in in it.
    pub(crate) const KEPT: TimeDelta = TimeDelta::days(180);

    /// The device of a cookie; `None` if the cookie is not ours or too old.
    pub fn read(desk: &Desk, cookie: &str) -> Option<Self> {
        let device: Self = under_seal::opened(desk, PLACE, cookie)?;
        device.holds(desk.clock.now()).then_some(device)
    }

    fn holds(&self, now: DateTime<Utc>) -> bool {
        now - self.at <= Self::KEPT
    }

    /// Whether a person signed in here under this login name.
    pub(super) fn knows(&self, login: &str) -> bool {
        self.names.iter().any(|name| name == login)
    }

    /// The value of the device cookie of a browser in which a person has just signed in. `before`: the browser, if a
    /// person has signed in with it before.
    pub(crate) fn remembering(
        desk: &Desk,
        before: Option<&Self>,
        login: &Login,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        let device = before.cloned().unwrap_or_else(|| Self { id: Uuid::new_v4(), names: Vec::new(), at: now });
        under_seal::sealed(desk, PLACE, &device.with(login, now))
    }

    fn with(mut self, login: &Login, now: DateTime<Utc>) -> Self {
        self.names.retain(|name| name != login.as_str());
        self.names.push(login.as_str().to_owned());
        let beyond = self.names.len().saturating_sub(MOST_NAMES);
        self.names.drain(..beyond);
        Self { at: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_recognised_for_the_last_names_used_in_it_and_for_half_a_year() {
        let start = DateTime::UNIX_EPOCH;
        let mut device = Device { id: Uuid::nil(), names: Vec::new(), at: start };
        for n in 0..=MOST_NAMES {
            device = device.with(&format!("person-{n}").parse().unwrap(), start + TimeDelta::days(1));
        }
        assert!(!device.knows("person-0") && device.knows("person-1") && device.knows("person-6"));
        device = device.with(&"person-1".parse().unwrap(), start + TimeDelta::days(2));
        assert_eq!((device.names.len(), device.names.last().map(String::as_str)), (MOST_NAMES, Some("person-1")));
        assert!(device.holds(start + TimeDelta::days(182)));
        assert!(!device.holds(start + TimeDelta::days(182) + TimeDelta::seconds(1)));
    }
}
