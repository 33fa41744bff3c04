//! People who are not entrants: who they are, which roles they hold, and what follows from that. Entrants have no row
//! here; they are identified by the token of their entry.
//!
//! Roles are held for one contest or for all of them, and none implies another. In particular `admin` only manages
//! persons: an admin who also releases works holds `organiser` as well, and the audit trail shows when and by whom it
//! was given. So a stolen credential of one role cannot act in another.
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::id::{ContestId, UnitId, WrongName};
use crate::lang::Lang;

mod by;
mod sees;

pub use crate::id::{CredentialId, PersonId};
pub use by::{Actor, By};
pub use sees::Sees;

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

/// Whether a person with these roles may give and take the role `held`: an admin of its contest, or of all contests.
/// The roles are all of a person's, or the one of their token.
pub fn may_give(roles: &BTreeSet<Held>, held: &Held) -> bool {
    Held::of(Role::Admin, held.contest.clone()).is_covered_by(roles)
}

/// Whether a person with these roles may change or end this person: only an admin who may give each role that the
/// person holds. A person without roles belongs to no contest and is changed by an admin of all contests.
pub fn may_manage(roles: &BTreeSet<Held>, other: &Person) -> bool {
    let admin = Held::everywhere(Role::Admin);
    admin.is_covered_by(roles) || (!other.roles.is_empty() && other.roles.iter().all(|held| may_give(roles, held)))
}

/// The form of a login name, as a regular expression.
pub const LOGIN_PATTERN: &str = "^[a-z0-9][a-z0-9._@-]{0,63}$";
/// Longest login name.
const LOGIN_CHARS: usize = 64;

/// A login name, used on the machine where commands are typed and at the sign-in. 1 to 64 characters of a-z, 0-9, `.`,
/// `_`, `-` and `@`, beginning with a letter or digit, so that no two look alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Login(String);

/// The text is not a login name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a login name has 1 to 64 characters of a-z, 0-9, ., _, - and @ and begins with a letter or digit")]
pub struct WrongLogin;

impl Login {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Login {
    type Err = WrongLogin;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let plain = |c: char| alphanumeric(c) || matches!(c, '.' | '_' | '-' | '@');
        let right =
            (1..=LOGIN_CHARS).contains(&text.len()) && text.starts_with(alphanumeric) && text.chars().all(plain);
        if right { Ok(Self(text.to_owned())) } else { Err(WrongLogin) }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person who works with entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their name, as the audit trail shows it.
    pub name: String,
    /// Their login name. No two persons who are not ended have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// The roles that they hold.
    pub roles: BTreeSet<Held>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were ended. From then on they hold no role, and none of their credentials is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// Roles to give to a person and to take from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleChange {
    /// To give. A role already held changes nothing.
    pub add: BTreeSet<Held>,
    /// To take. Each must be held in exactly this form: `organiser@demo` cannot be taken from `organiser`.
    pub remove: BTreeSet<Held>,
}

impl Person {
    /// The units that they recommend for: contest and unit.
    pub fn recommends_for(&self) -> impl Iterator<Item = (&ContestId, &UnitId)> {
        let there = self.ended_at.is_none();
        let units = self.roles.iter().filter(move |held| there && held.role == Role::Recommender);
        units.filter_map(|held| Some((held.contest.as_ref()?, held.unit.as_ref()?)))
    }

    /// Whether all their roles are recommender: they work at the public address only.
    pub fn only_recommends(&self) -> bool {
        !self.roles.is_empty() && self.roles.iter().all(|held| held.role == Role::Recommender)
    }

    /// Whether they hold this role.
    pub fn holds(&self, wanted: &Held) -> bool {
        self.ended_at.is_none() && wanted.is_covered_by(&self.roles)
    }

    /// The role of a new token of theirs: a role that they hold, in the requested contest. If none was requested and
    /// they hold the role in one contest only, the token is bound to that contest.
    ///
    /// # Errors
    /// [`Refused::Ended`]; [`Refused::Outranks`]; [`Refused::ContestMissing`], if they hold the role in several
    /// contests.
    pub fn token(&self, role: Role, contest: Option<ContestId>) -> Result<Held, Refused> {
        self.is_there()?;
        let asked = Held::of(role, contest);
        if self.holds(&asked) {
            return Ok(asked);
        }
        // A token is for programs of staff, and has no unit.
        let mut held = self.roles.iter().filter(|held| held.role == role && held.unit.is_none());
        match (&asked.contest, held.next(), held.next()) {
            (None, Some(only), None) => Ok(only.clone()),
            (None, Some(_), Some(_)) => Err(Refused::ContestMissing(role)),
            (Some(_), _, _) | (None, None, _) => Err(Refused::Outranks(asked)),
        }
    }

    /// Which contests they may see in this role.
    pub fn sees(&self, role: Role) -> Sees {
        if self.holds(&Held::everywhere(role)) {
            return Sees::All;
        }
        let held = self.roles.iter().filter(|held| held.role == role && self.ended_at.is_none());
        Sees::Only(held.filter_map(|held| held.contest.clone()).collect())
    }

    /// Which contests they may see in any of these roles.
    pub fn sees_in(&self, roles: &[Role]) -> Sees {
        let mut contests = BTreeSet::new();
        for role in roles {
            match self.sees(*role) {
                Sees::All => return Sees::All,
                Sees::Only(these) => contests.extend(these),
            }
        }
        Sees::Only(contests)
    }

    /// The person as visible to someone who sees these contests: with the roles that hold there. `None` if none does:
    /// for them the person does not exist.
    pub fn within(mut self, contests: &Sees) -> Option<Self> {
        let Sees::Only(_) = contests else { return Some(self) };
        self.roles.retain(|held| held.contest.as_ref().is_none_or(|it| contests.includes(it)));
        (!self.roles.is_empty()).then_some(self)
    }

    /// The roles after a change. `other_admins`: whether another person is an admin of all contests.
    ///
    /// # Errors
    /// [`Refused::Ended`], [`Refused::NotHeld`], [`Refused::LastAdmin`].
    pub fn changed(&self, change: &RoleChange, other_admins: bool) -> Result<BTreeSet<Held>, Refused> {
        self.is_there()?;
        if let Some(missing) = change.remove.difference(&self.roles).next() {
            return Err(Refused::NotHeld(missing.clone()));
        }
        let mut after = &self.roles - &change.remove;
        after.extend(change.add.iter().cloned());
        self.leaves_an_admin(&after, other_admins)?;
        Ok(after)
    }

    /// Whether they may be ended now. `other_admins` as for [`Person::changed`].
    ///
    /// # Errors
    /// [`Refused::LastAdmin`].
    pub fn may_end(&self, other_admins: bool) -> Result<(), Refused> {
        self.leaves_an_admin(&BTreeSet::new(), other_admins)
    }

    fn is_there(&self) -> Result<(), Refused> {
        if self.ended_at.is_some() { Err(Refused::Ended(self.id)) } else { Ok(()) }
    }

    /// An installation with an admin of all contests keeps one: without any, only the database's owner could make
    /// another.
    fn leaves_an_admin(&self, after: &BTreeSet<Held>, other_admins: bool) -> Result<(), Refused> {
        let admin = Held::everywhere(Role::Admin);
        let last = self.holds(&admin) && !admin.is_covered_by(after) && !other_admins;
        if last { Err(Refused::LastAdmin) } else { Ok(()) }
    }
}

/// Why something about a person or their token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No person has this id.
    #[error("there is no person {0}")]
    Unknown(PersonId),
    /// The person was ended.
    #[error("person {0} was ended")]
    Ended(PersonId),
    /// A token for a role that its owner does not hold there.
    #[error("the person does not hold the role {0}")]
    Outranks(Held),
    /// The role is held in several contests, and no contest was named.
    #[error("the person holds the role {0} in several contests: name one")]
    ContestMissing(Role),
    /// A role to take is not held.
    #[error("the person does not hold the role {0}, so it cannot be removed")]
    NotHeld(Held),
    /// There would be no admin left to manage persons.
    #[error("this is the last admin of all contests: make another person admin first")]
    LastAdmin,
    /// Another person has this login name.
    #[error("another person has the login name {0}")]
    LoginTaken(Login),
}

impl Refused {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::Unknown(_) => "person_unknown",
            Refused::Ended(_) => "person_ended",
            Refused::Outranks(_) => "role_not_held",
            Refused::ContestMissing(_) => "contest_missing",
            Refused::NotHeld(_) => "role_not_held",
            Refused::LastAdmin => "last_admin",
            Refused::LoginTaken(_) => "login_taken",
        }
    }

    /// One sentence for people.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Refused::Unknown(id), Lang::Zh) => format!("没有编号为 {id} 的人员"),
            (Refused::Ended(id), Lang::Zh) => format!("人员 {id} 已停用"),
            (Refused::Outranks(held), Lang::Zh) => format!("该人员不具有角色 {held}"),
            (Refused::ContestMissing(role), Lang::Zh) => format!("该人员在多项赛事中具有角色 {role}，请指明赛事"),
            (Refused::NotHeld(held), Lang::Zh) => format!("该人员不具有角色 {held}，无法移除"),
            (Refused::LastAdmin, Lang::Zh) => "该人员是最后一名全局管理员，请先指定另一名管理员".to_owned(),
            (Refused::LoginTaken(login), Lang::Zh) => format!("登录名 {login} 已被他人使用"),
        }
    }
}

#[cfg(test)]
mod tests;
