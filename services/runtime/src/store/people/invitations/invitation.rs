//! An invitation that can still be used.
use std::str::FromStr;

use chrono::{DateTime, Utc};
use pipeline::person::Person;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::Secret as ChooserSecret;
use crate::store::people::sign_in::Chosen;

/// What an invitation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To set password and second factor for the first time.
    Invite,
    /// To set them again, such as after a phone was lost.
    Reset,
}

impl Purpose {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Invite => "invite",
            Purpose::Reset => "reset",
        }
    }
}

impl FromStr for Purpose {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "invite" => Ok(Purpose::Invite),
            "reset" => Ok(Purpose::Reset),
            _ => anyhow::bail!("{text:?} is no purpose of an invitation"),
        }
    }
}

/// An invitation that can still be used.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// The person who is to sign in.
    pub person: Person,
    /// What it is for.
    pub purpose: Purpose,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// What was chosen and is not confirmed yet, with the digest of the browser's secret.
    pub(super) chosen: Option<(Chosen, Vec<u8>)>,
}

impl Invitation {
    /// What was chosen in the browser with this secret, unless a later choice replaced it.
    pub fn chosen_by(&self, chooser: Option<&ChooserSecret>) -> Option<&Chosen> {
        let (chosen, digest) = self.chosen.as_ref()?;
        (chooser?.digest().as_slice() == digest).then_some(chosen)
    }
}
