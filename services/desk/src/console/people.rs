//! /people and /people/{person}: who works with entries, in which roles; admins add people, change their roles, and end them.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::catalogue::Catalogue;
use pipeline::id::{ContestId, PersonId};
use runtime::problem::{Code, Problem};
use runtime::store::invitations::Purpose;
use runtime::store::tokens::Role;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Asked, Choice, Here, Sent, Shell, Visit, address, again, choices, contests_seen, page, post_to, see, shown,
};
use crate::Desk;
use crate::act::invitation::{self, Invite, Invited};
use crate::act::person::{self, AddPerson, ChangeRoles, EndPerson};
use crate::act::session::{self, EndSessions};
use crate::names::role_name;
use crate::route::Route;
use crate::view::persons::{HeldRole, Person, Scope, persons, scopes};
use crate::view::sessions::{self, Session};
use crate::view::{Page, Paging, persons as view};

/// Roles that see people. Only admins change them.
const SEE: &[Role] = &[Role::Admin, Role::Auditor];
const ADMIN: &[Role] = &[Role::Admin];

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

/// The filter, and what was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Query {
    contest: Option<String>,
    cursor: Option<String>,
    done: Option<String>,
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

/// The chosen roles, and those held when the form was made: only the person's changes on the form are applied.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Chosen {
    roles: Vec<String>,
    was: Vec<String>,
    reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Ending {
    reason: String,
}

/// A link to make: first sign-up, or a reset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Link {
    again: bool,
    reason: Option<String>,
}

/// One session, or all of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sessions {
    session: Option<Uuid>,
}

/// A link, shown this once.
#[derive(Template)]
#[template(path = "invited.html")]
struct InvitedPage {
    shell: Shell,
    invited: Invited,
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

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    person: Person,
    scopes: Vec<Scope>,
    sessions: Vec<Session>,
    may_change: bool,
    audited: bool,
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
    match person::add(&desk, &caller, wish).await {
        Ok(done) => Ok(see(format!("/people/{}?done=added", done.value.person.id))),
        Err(problem) => {
            let page = people(&desk, &visit, &Query::default(), sent.form.clone()).await?;
            again(&problem, &PeoplePage { shell: page.shell.clone().with(&problem), ..page })
        }
    }
}

async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Response, Problem> {
    let page = of_person(&desk, &visit, &id, &query).await?;
    let say = page.shell.say;
    let notice = match query.done.as_deref() {
        Some("added") => say.t("已添加该人员。", "The person was added."),
        Some("roles") => say.t("角色已更新。", "The roles were changed."),
        Some("sessions") => say.t("会话已结束。", "The sessions were ended."),
        Some("ended") => say.t(
            "该人员已停用，其会话与凭证即时失效。",
            "The person was ended; their sessions and tokens are no longer valid.",
        ),
        _ => return shown(&page),
    };
    shown(&PersonPage { shell: page.shell.clone().noting(notice), ..page })
}

async fn of_person(desk: &Desk, visit: &Visit, id: &str, query: &Query) -> Result<PersonPage, Problem> {
    let caller = visit.caller(query.contest.as_deref().map(ContestId::new).as_ref())?;
    let id: PersonId = id.parse().map_err(|_| Code::PersonUnknown)?;
    let person = view::person(desk, &caller.sees, id).await?;
    let scopes = scopes(desk, &caller, &person.roles);
    let sessions = sessions::of(desk, id, Some(visit.session)).await?;
    let shell = visit.shell(Here::People);
    // An admin of one contest may see people of another, as its auditor.
    let admin = visit.person.sees(Role::Admin);
    let within = |held: &HeldRole| held.contest.as_deref().is_none_or(|it| admin.includes(&ContestId::new(it)));
    let may_change = shell.is(Role::Admin) && person.ended_at.is_none() && person.roles.iter().any(within);
    let (catalogue, audited) = (desk.catalogue.clone(), shell.is(Role::Auditor));
    Ok(PersonPage { audited, may_change, shell, catalogue, person, scopes, sessions })
}

async fn roles(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent<Chosen>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let Chosen { roles, was, reason } = &sent.form;
    let without = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|role| !those.contains(role)).cloned().collect()
    };
    let (add, remove) = (held(&without(roles, was)), held(&without(was, roles)));
    let wish = ChangeRoles { add, remove, dry_run: false, reason: reason.clone() };
    let done = person::change_roles(&desk, &caller, &id, wish).await;
    after(&desk, &visit, &id, done.map(|_| "roles")).await
}

async fn end(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent<Ending>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let wish = EndPerson { reason: sent.form.reason.clone(), dry_run: false };
    let done = person::end(&desk, &caller, &id, wish).await;
    after(&desk, &visit, &id, done.map(|_| "ended")).await
}

async fn invite(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent<Link>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let purpose = if sent.form.again { Purpose::Reset } else { Purpose::Invite };
    let wish = Invite { purpose, reason: sent.form.reason.clone(), dry_run: false };
    match invitation::invite(&desk, &caller, &id, wish).await {
        Ok(done) => shown(&InvitedPage { shell: visit.shell(Here::People), invited: done.value }),
        Err(problem) => after(&desk, &visit, &id, Err(problem)).await,
    }
}

async fn end_sessions(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Sent<Sessions>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let wish = EndSessions { session: sent.form.session, reason: None };
    let done = session::end_of(&desk, &caller, &id, wish).await;
    after(&desk, &visit, &id, done.map(|_| "sessions")).await
}

/// Back to the person's page, with what was done or with the problem on top.
async fn after(desk: &Desk, visit: &Visit, id: &str, done: Result<&str, Problem>) -> Result<Response, Problem> {
    match done {
        Ok(done) => Ok(see(format!("/people/{id}?done={done}"))),
        Err(problem) => {
            let page = of_person(desk, visit, id, &Query::default()).await?;
            again(&problem, &PersonPage { shell: page.shell.clone().with(&problem), ..page })
        }
    }
}

/// Roles as forms write them.
fn held(roles: &[String]) -> Vec<HeldRole> {
    // Whether such roles exist is checked by the act.
    roles.iter().filter_map(|role| role.parse().ok()).collect()
}

impl PeoplePage {
    fn role(&self, held: &HeldRole) -> String {
        role_name(&self.catalogue, self.shell.say, &held.role, held.contest.as_deref(), held.unit.as_deref())
    }
}

impl PersonPage {
    fn role(&self, held: &HeldRole) -> String {
        role_name(&self.catalogue, self.shell.say, &held.role, held.contest.as_deref(), held.unit.as_deref())
    }

    fn factor(&self, session: &Session) -> &'static str {
        match session.factor.as_str() {
            "recovery_code" => self.shell.say.t("恢复码", "recovery code"),
            _ => self.shell.say.t("验证器", "code of the second factor"),
        }
    }
}
