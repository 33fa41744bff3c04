//! The roles of people who work with entries.
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::by::Actor;

/// What a person may do. The table of routes defines which routes a role opens. Judges come with judging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and opens or closes the gate after screening.
    Screener,
    /// Releases, recalls, reprocesses; reads personal data.
    Organiser,
    /// Retries what failed, reports what was done by hand, reads evidence.
    Operator,
    /// Reads everything but personal data, and the audit trail; changes nothing.
    Auditor,
    /// Manages persons and their roles, and nothing else. Implies no other role.
    Admin,
    /// Enters the works of one recommending unit in one contest, at the public address. Sees nothing at the desk.
    Recommender,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] =
        [Role::Screener, Role::Organiser, Role::Operator, Role::Auditor, Role::Admin, Role::Recommender];
    /// The roles of staff: held in all contests or in one.
    pub const STAFF: [Role; 5] = [Role::Screener, Role::Organiser, Role::Operator, Role::Auditor, Role::Admin];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Screener => "screener",
            Role::Organiser => "organiser",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
            Role::Recommender => "recommender",
        }
    }

    /// The kind of actor for acts in this role.
    pub fn actor(self) -> Actor {
        match self {
            Role::Screener => Actor::Screener,
            Role::Organiser => Actor::Organiser,
            Role::Operator => Actor::Operator,
            Role::Auditor => Actor::Auditor,
            Role::Admin => Actor::Admin,
            Role::Recommender => Actor::Recommender,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role; roles are screener, organiser, operator, auditor, admin and recommender")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
