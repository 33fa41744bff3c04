//! The acts of admins on one person: change roles, invite, end sessions, end the person.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use runtime::problem::Problem;
use runtime::store::people::invitations::Purpose;
use serde::Deserialize;
use uuid::Uuid;

use super::form::{Query, held};
use super::person::of_person;
use crate::Desk;
use crate::act::invitation::{self, Invite, Invited};
use crate::act::person::{self, ChangeRoles, EndPerson};
use crate::act::session::{self, EndSessions};
use crate::console::{Here, Sent, Shell, Visit, again, see, shown};

/// The chosen roles, and those held when the form was made: only the person's changes on the form are applied.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chosen {
    roles: Vec<String>,
    was: Vec<String>,
    reason: Option<String>,
}

/// Why a person is ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Ending {
    reason: String,
}

/// A link to make: first sign-up, or a reset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Link {
    again: bool,
    reason: Option<String>,
}

/// One session, or all of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sessions {
    session: Option<Uuid>,
}

/// A link, shown this once.
#[derive(Template)]
#[template(path = "invited.html")]
struct InvitedPage {
    shell: Shell,
    invited: Invited,
}

pub(super) async fn roles(
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

pub(super) async fn end(
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

pub(super) async fn invite(
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

pub(super) async fn end_sessions(
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
            let mut page = of_person(desk, visit, id, &Query::default()).await?;
            page.shell = page.shell.with(&problem);
            again(&problem, &page)
        }
    }
}
