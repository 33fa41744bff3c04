//! GET /audit: who did what, and why, newest first, each row as a sentence.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use serde_json::Value;

use super::record::Reader;
use super::{Asked, Choice, Here, Shell, Visit, address, choices, contests_seen, page, shown};
use crate::Desk;
use crate::names::{actor_name, contest_name, partner_name};
use crate::route::Route;
use crate::view::audit::{ACTS, Row, TrailFilter, said, trail};
use crate::view::persons::{Person, persons};
use crate::view::{Page, Paging};

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/audit", &[Role::Auditor], get(show))]
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    filter: TrailFilter,
    page: Page<Row>,
    contests: Vec<Choice>,
    people: Vec<Person>,
}

/// Persons to choose from; the address may name another.
const PEOPLE: u32 = 200;

async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Asked(filter): Asked<TrailFilter>,
) -> Result<Response, Problem> {
    let caller = visit.caller(filter.contest.as_deref().map(ContestId::new).as_ref())?;
    let page = trail(&desk, &caller, &filter).await?;
    let paging = Paging { cursor: None, limit: Some(PEOPLE) };
    let people = persons(&desk, &caller.sees, &paging).await?.items;
    let contests = choices(contests_seen(&desk.catalogue, &visit), filter.contest.as_deref());
    let (shell, catalogue) = (visit.shell(Here::Audit), desk.catalogue.clone());
    shown(&AuditPage { shell, catalogue, filter, page, contests, people })
}

impl AuditPage {
    fn acts(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        ACTS.iter().map(|(name, zh, en)| (*name, self.shell.say.t(zh, en)))
    }

    fn said<'a>(&self, row: &'a Row) -> &'a str {
        let (zh, en) = said(&row.act);
        self.shell.say.t(zh, en)
    }

    fn who(&self, row: &Row) -> String {
        actor_name(self.shell.say, &row.name)
    }

    /// The role of the act.
    fn actor<'a>(&self, row: &'a Row) -> &'a str {
        let say = self.shell.say;
        match (row.actor.as_str(), row.actor.parse()) {
            (_, Ok(role)) => say.role(role),
            ("entrant", _) => say.t("报送人", "entrant"),
            ("system", _) => say.t("系统", "system"),
            (other, _) => other,
        }
    }

    fn is(&self, wanted: &Option<String>, value: &str) -> bool {
        wanted.as_deref() == Some(value)
    }

    /// The person in a row about a person: their id, and their name at that time.
    #[expect(clippy::unused_self, reason = "a template calls it")]
    fn about<'a>(&self, row: &'a Row) -> Option<(&'a str, &'a str)> {
        let person = row.after.as_ref().or(row.before.as_ref())?;
        person["person"].as_str().zip(person["name"].as_str())
    }

    /// The job of a row.
    #[expect(clippy::unused_self, reason = "a template calls it")]
    fn job<'a>(&self, row: &'a Row) -> Option<&'a str> {
        row.after.as_ref()?["job"].as_str()
    }

    fn partner(&self, id: &str) -> String {
        partner_name(&self.catalogue, self.shell.say, id)
    }

    fn contest(&self, id: &str) -> String {
        contest_name(&self.catalogue, self.shell.say, id)
    }

    fn is_filtered(&self) -> bool {
        let TrailFilter { submission, contest, act, person, .. } = &self.filter;
        submission.is_some() || contest.is_some() || act.is_some() || person.is_some()
    }

    fn is_person(&self, person: &Person) -> bool {
        self.filter.person == Some(person.id)
    }

    /// Whether the filter names a person who is not among the choices.
    fn named_person(&self) -> Option<String> {
        let id = self.filter.person?;
        self.people.iter().all(|person| person.id != id).then(|| id.to_string())
    }

    /// Before and after, with their headings.
    fn sides<'a>(&self, row: &'a Row) -> [(&'static str, &'a Option<Value>); 2] {
        let say = self.shell.say;
        [(say.t("之前", "Before"), &row.before), (say.t("之后", "After"), &row.after)]
    }

    /// The record as lines with names instead of ids.
    fn lines(&self, value: &Option<Value>) -> Vec<(String, String)> {
        Reader { catalogue: &self.catalogue, say: self.shell.say }.lines(value.as_ref())
    }

    /// The same as stored and hashed.
    fn json(&self, value: &Option<Value>) -> String {
        value.as_ref().map_or_else(|| "—".to_owned(), Value::to_string)
    }

    /// The same filter, on the next page.
    fn further(&self, cursor: &str) -> String {
        let filter = &self.filter;
        let (submission, person) = (filter.submission.map(|it| it.to_string()), filter.person.map(|it| it.to_string()));
        let given =
            [("submission", &submission), ("contest", &filter.contest), ("act", &filter.act), ("person", &person)];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        address("/audit", given.chain([("cursor", cursor)]))
    }
}
