//! A role with its scope, as it is held and written.
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::role::{Role, UnknownRole};
use crate::id::{ContestId, UnitId, WrongName};

/// A role and its scope. Written `organiser` for all contests, `organiser@demo` for one, `recommender@demo/hunan` for a
/// unit of one. Only recommenders have a unit, and each has one; see [`Held::fits`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Held {
    /// The role.
    pub role: Role,
    /// The contest; `None`: all contests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<ContestId>,
    /// The recommending unit of that contest; `None` for every role but [`Role::Recommender`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
}

impl Held {
    /// A role in all contests.
    pub fn everywhere(role: Role) -> Self {
        Self { role, contest: None, unit: None }
    }

    /// A role in one contest.
    pub fn within(role: Role, contest: impl Into<ContestId>) -> Self {
        Self::of(role, Some(contest.into()))
    }

    /// A role in one contest, or in all.
    pub fn of(role: Role, contest: Option<ContestId>) -> Self {
        Self { role, contest, unit: None }
    }

    /// The recommender of a unit.
    pub fn recommender(contest: impl Into<ContestId>, unit: impl Into<UnitId>) -> Self {
        Self { role: Role::Recommender, contest: Some(contest.into()), unit: Some(unit.into()) }
    }

    /// Whether the role and its scope match: a recommender has a unit of a contest, every other role has no unit.
    pub fn fits(&self) -> bool {
        match self.role {
            Role::Recommender => self.contest.is_some() && self.unit.is_some(),
            Role::Screener | Role::Organiser | Role::Operator | Role::Auditor | Role::Admin => self.unit.is_none(),
        }
    }

    /// Whether it includes `other`: the same role, in all contests or in the same one. A role in one contest never
    /// includes the role in all contests, nor does the role of one unit include that of another.
    pub fn covers(&self, other: &Held) -> bool {
        self.role == other.role && self.unit == other.unit && (self.contest.is_none() || self.contest == other.contest)
    }

    /// Whether one of `roles` includes it.
    pub fn is_covered_by(&self, roles: &BTreeSet<Held>) -> bool {
        roles.iter().any(|held| held.covers(self))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.role.fmt(f)?;
        self.contest.as_ref().map_or(Ok(()), |contest| write!(f, "@{contest}"))?;
        self.unit.as_ref().map_or(Ok(()), |unit| write!(f, "/{unit}"))
    }
}

/// The text is not a role of all contests or of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongHeld {
    /// The text before the `@`.
    #[error(transparent)]
    Role(#[from] UnknownRole),
    /// The text after it.
    #[error(transparent)]
    Contest(#[from] WrongName),
    /// A recommender without a unit, or another role with one.
    #[error("a recommender is written recommender@CONTEST/UNIT, and no other role has a unit")]
    Unit,
}

impl FromStr for Held {
    type Err = WrongHeld;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (role, place) = text.split_once('@').map_or((text, None), |(role, place)| (role, Some(place)));
        let (contest, unit) =
            match place.map(|place| place.split_once('/').map_or((place, None), |it| (it.0, Some(it.1)))) {
                Some((contest, unit)) => (Some(contest.parse()?), unit.map(str::parse).transpose()?),
                None => (None, None),
            };
        let held = Self { role: role.parse()?, contest, unit };
        if held.fits() { Ok(held) } else { Err(WrongHeld::Unit) }
    }
}

/// The contest of these roles, if it is exactly one. What concerns these roles then concerns that contest only.
pub fn contest_of<'a>(roles: impl IntoIterator<Item = &'a Held>) -> Option<&'a ContestId> {
    let mut contests = roles.into_iter().map(|held| held.contest.as_ref());
    let first = contests.next()??;
    contests.all(|contest| contest == Some(first)).then_some(first)
}
