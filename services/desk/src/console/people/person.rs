//! `/people/{person}`: one person with their roles and sessions.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pipeline::catalogue::Catalogue;
use pipeline::id::{ContestId, PersonId};
use runtime::problem::{Code, Problem};
use runtime::store::people::tokens::Role;

use super::form::Query;
use crate::Desk;
use crate::console::{Asked, Here, Shell, Visit, shown};
use crate::names::role_name;
use crate::view::persons::{self as view, HeldRole, Person, Scope, scopes};
use crate::view::sessions::{self, Session};

#[derive(Template)]
#[template(path = "person.html")]
pub(super) struct PersonPage {
    pub(super) shell: Shell,
    catalogue: Arc<Catalogue>,
    person: Person,
    scopes: Vec<Scope>,
    sessions: Vec<Session>,
    may_change: bool,
    audited: bool,
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Response, Problem> {
    let mut page = of_person(&desk, &visit, &id, &query).await?;
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
    page.shell = page.shell.noting(notice);
    shown(&page)
}

/// The page of a person.
pub(super) async fn of_person(desk: &Desk, visit: &Visit, id: &str, query: &Query) -> Result<PersonPage, Problem> {
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
