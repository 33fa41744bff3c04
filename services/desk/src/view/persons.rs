//! Persons: who works with entries, and in which roles.
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use pipeline::catalogue::{Contest, Unit};
use pipeline::id::{ContestId, PersonId};
use pipeline::partner::Name;
use pipeline::person::{self, Held, Role, Sees};
use runtime::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Page, Paging, cursor_of, limit_of};
use crate::Desk;
use crate::act::Caller;

/// A role, and where it holds. On the command line it is written `organiser`, `organiser@demo` or
/// `recommender@demo/hunan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRole {
    /// `screener`, `organiser`, `operator`, `auditor`, `admin` or `recommender`.
    pub role: String,
    /// Only in this contest; in all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// The recommending unit of that contest; for recommenders only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A person who works with entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The person's id.
    pub id: Uuid,
    /// Their name, as the audit trail shows it.
    pub name: String,
    /// Their login name. No two persons who are not ended share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The roles that they hold. A reader who is bound to a contest sees those for that contest.
    pub roles: Vec<HeldRole>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were ended; from then on they hold nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl FromStr for HeldRole {
    type Err = Infallible;

    /// The act decides whether this role and this contest exist.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (role, place) = text.split_once('@').map_or((text, None), |(role, place)| (role, Some(place)));
        let split = |place: &'_ str| place.split_once('/').map(|(contest, unit)| (contest.to_owned(), unit.to_owned()));
        let (contest, unit) = match (place, place.and_then(split)) {
            (_, Some((contest, unit))) => (Some(contest), Some(unit)),
            (place, None) => (place.map(str::to_owned), None),
        };
        Ok(Self { role: role.to_owned(), contest, unit })
    }
}

impl fmt::Display for HeldRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.role)?;
        self.contest.as_ref().map_or(Ok(()), |contest| write!(f, "@{contest}"))?;
        self.unit.as_ref().map_or(Ok(()), |unit| write!(f, "/{unit}"))
    }
}

impl From<person::Person> for Person {
    fn from(person: person::Person) -> Self {
        let held = |it: &person::Held| HeldRole {
            role: it.role.name().to_owned(),
            contest: it.contest.as_ref().map(ToString::to_string),
            unit: it.unit.as_ref().map(ToString::to_string),
        };
        Self {
            id: person.id.0,
            name: person.name,
            login: person.login.map(|login| login.to_string()),
            roles: person.roles.iter().map(held).collect(),
            created_at: person.created_at,
            ended_at: person.ended_at,
        }
    }
}

/// A page of persons, newest first, including those who were ended. A reader who sees only some contests sees the
/// persons who hold a role there.
pub async fn persons(desk: &Desk, sees: &Sees, paging: &Paging) -> Result<Page<Person>, Problem> {
    let limit = limit_of(paging.limit)?;
    let after = cursor_of::<PersonId>(paging.cursor.as_deref())?;
    let rows = desk.store.persons(sees, after, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(Person::from).collect(), limit, |it| it.id.to_string()))
}

/// One person, including one who was ended. A person without a role in the contests that a reader sees does not exist for them.
pub async fn person(desk: &Desk, sees: &Sees, id: PersonId) -> Result<Person, Problem> {
    let found = desk.store.person(id).await?;
    let seen = found.and_then(|person| person.within(sees));
    Ok(seen.ok_or(Code::PersonUnknown)?.into())
}

/// Every role in every contest, for a form: which are held, and which the caller may give and take.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The contest; all of them if absent.
    pub contest: Option<ContestId>,
    /// Its name in Chinese and English.
    pub name: Option<(String, String)>,
    /// One for each role of staff.
    pub cells: Vec<Cell>,
    /// The recommender of each unit of the contest, under the unit's name in Chinese and English.
    pub units: Vec<((String, String), Cell)>,
}

impl Scope {
    /// The cells of staff's roles and of units.
    pub fn all(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().chain(self.units.iter().map(|(_, cell)| cell))
    }

    /// Whether the person enters works for one of the contest's units.
    pub fn recommends(&self) -> bool {
        self.units.iter().any(|(_, cell)| cell.held)
    }
}

/// One role in one contest.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The role.
    pub role: Role,
    /// The role and where it holds, as commands and forms write it.
    pub value: String,
    /// Whether it is held.
    pub held: bool,
    /// Whether the caller may give and take it.
    pub open: bool,
}

/// The roles of a form, for a person who holds `held`: all contests first, then those of the catalogue that the caller
/// may see.
pub fn scopes(desk: &Desk, caller: &Caller, held: &[HeldRole]) -> Vec<Scope> {
    let seen = |contest: &&ContestId| caller.sees.includes(contest);
    let contests = desk.catalogue.contests.keys().filter(seen).cloned().map(Some);
    let may_give = |held: &Held| caller.roles.as_ref().is_none_or(|roles| person::may_give(roles, held));
    let cell = |of: Held| {
        let value = of.to_string();
        let is_held = held.iter().any(|it| it.to_string() == value);
        Cell { role: of.role, held: is_held, open: may_give(&of), value }
    };
    let in_both = |name: &Name| (name.zh.clone(), name.en.clone());
    let scope = |contest: Option<ContestId>| {
        let found = contest.as_ref().and_then(|id| desk.catalogue.contest(id));
        let units = found.map_or(&[][..], |contest| &contest.units);
        let recommender = |contest: &Contest, unit: &Unit| cell(Held::recommender(contest.id.clone(), unit.id.clone()));
        Scope {
            cells: Role::STAFF.map(|role| cell(Held::of(role, contest.clone()))).into(),
            units: units.iter().filter_map(|unit| Some((in_both(&unit.name), recommender(found?, unit)))).collect(),
            name: found.map(|contest| in_both(&contest.name)),
            contest,
        }
    };
    std::iter::once(None).chain(contests).map(scope).collect()
}
