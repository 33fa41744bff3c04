//! Persons: who works with entries, in which roles.
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, PersonId};
use pipeline::person;
use runtime::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Page, Paging, cursor_of, limit_of};
use crate::Desk;

/// A role, and where it holds. On the command line it is written `organiser` or `organiser@demo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRole {
    /// `screener`, `organiser`, `operator`, `auditor` or `admin`.
    pub role: String,
    /// Only in this contest; in all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
}

/// Somebody who works with entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The person's id.
    pub id: Uuid,
    /// Their name, as the audit trail shows it.
    pub name: String,
    /// Their login name. No two persons who are not ended share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The roles that they hold. A reader who is bound to a contest sees those that hold there.
    pub roles: Vec<HeldRole>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were ended; from then on they hold nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl FromStr for HeldRole {
    type Err = Infallible;

    /// Whether there are such a role and contest is for the act to decide.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (role, contest) = text.split_once('@').map_or((text, None), |(role, contest)| (role, Some(contest)));
        Ok(Self { role: role.to_owned(), contest: contest.map(str::to_owned) })
    }
}

impl fmt::Display for HeldRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.role)?;
        self.contest.as_ref().map_or(Ok(()), |contest| write!(f, "@{contest}"))
    }
}

impl From<person::Person> for Person {
    fn from(person: person::Person) -> Self {
        let held = |it: &person::Held| HeldRole {
            role: it.role.name().to_owned(),
            contest: it.contest.as_ref().map(ToString::to_string),
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

/// A page of persons, newest first, including those who were ended. A reader who is bound to a contest sees those who hold a role there.
pub async fn persons(desk: &Desk, contest: Option<&ContestId>, paging: &Paging) -> Result<Page<Person>, Problem> {
    let limit = limit_of(paging.limit)?;
    let after = cursor_of::<PersonId>(paging.cursor.as_deref())?;
    let rows = desk.store.persons(contest, after, limit + 1).await?;
    Ok(Page::of(rows.into_iter().map(Person::from).collect(), limit, |it| it.id.to_string()))
}
