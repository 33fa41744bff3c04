//! `/people`: who works with entries, in which roles; admins add people. One person is in `person`, what admins do to
//! them in `acts`.
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::catalogue::Catalogue;
use pipeline::id::ContestId;
use runtime::problem::Problem;
use runtime::store::people::tokens::Role;
use serde::Deserialize;

use super::{
    Asked, Choice, Here, Sent, Shell, Visit, address, again, choices, contests_seen, page, post_to, see, shown,
};
use crate::Desk;
use crate::act::person::{AddPerson, add as add_person};
use crate::names::role_name;
use crate::roles::ADMIN;
use crate::route::Route;
use crate::view::persons::{HeldRole, Person, Scope, persons, scopes};
use crate::view::{Page, Paging};
use acts::{end, end_sessions, invite, roles};
use form::{Query, held};
use person::one;

mod acts;
mod form;
mod person;

/// Roles that see people. Only admins change them.
const SEE: &[Role] = &[Role::Admin, Role::Auditor];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/people", SEE, get(list)),
        post_to("/people", ADMIN, post(add)),
        page("/people/{person}", SEE, get(one)),
        post_to("/people/{person}/roles", ADMIN, post(roles)),
        post_to("/people/{person}/end", ADMIN, post(end)),
        post_to("/people/{person}/invite", ADMIN, post(invite)),
        post_to("/people/{person}/sessions/end", ADMIN, post(end_sessions)),
    ]
}

/// A person to add.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Draft {
    name: String,
    login: String,
    roles: Vec<String>,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    page: Page<Person>,
    contests: Vec<Choice>,
    /// The next page, with the same filter.
    next: Option<String>,
    scopes: Vec<Scope>,
    draft: Draft,
    may_add: bool,
}

async fn list(State(desk): State<Arc<Desk>>, visit: Visit, Asked(query): Asked<Query>) -> Result<Response, Problem> {
    shown(&people(&desk, &visit, &query, Draft::default()).await?)
}

async fn people(desk: &Desk, visit: &Visit, query: &Query, draft: Draft) -> Result<PeoplePage, Problem> {
    let caller = visit.filtered(query.contest.as_deref().map(ContestId::new).as_ref())?;
    let paging = Paging { cursor: query.cursor.clone(), limit: None };
    let page = persons(desk, &caller.sees, &paging).await?;
    // A person with roles in several contests gives them in each, whichever is shown.
    let scopes = scopes(desk, &visit.caller(None)?, &held(&draft.roles));
    let shell = visit.shell(Here::People);
    let contests = choices(contests_seen(&desk.catalogue, visit), query.contest.as_deref());
    let given = query.contest.as_deref().map(|contest| ("contest", contest));
    let next = page.next.as_deref().map(|cursor| address("/people", given.into_iter().chain([("cursor", cursor)])));
    let catalogue = desk.catalogue.clone();
    Ok(PeoplePage { may_add: shell.is(Role::Admin), shell, catalogue, page, contests, next, scopes, draft })
}

async fn add(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<Draft>) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let draft = &sent.form;
    let wish = AddPerson {
        name: draft.name.clone(),
        login: draft.login.clone(),
        roles: held(&draft.roles),
        dry_run: false,
        reason: draft.reason.clone(),
    };
    match add_person(&desk, &caller, wish).await {
        Ok(done) => Ok(see(format!("/people/{}?done=added", done.value.person.id))),
        Err(problem) => {
            let page = people(&desk, &visit, &Query::default(), sent.form.clone()).await?;
            again(&problem, &PeoplePage { shell: page.shell.clone().with(&problem), ..page })
        }
    }
}

impl PeoplePage {
    fn role(&self, held: &HeldRole) -> String {
        role_name(&self.catalogue, self.shell.say, &held.role, held.contest.as_deref(), held.unit.as_deref())
    }
}
