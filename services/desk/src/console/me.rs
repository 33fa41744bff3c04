//! A person's own sign-in: sessions, password, recovery codes.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::id::{ContestId, UnitId};
use pipeline::person::Held;
use runtime::problem::Problem;
use serde::Deserialize;
use uuid::Uuid;

use super::browser::{visitor, with_cookie, without_cookie};
use super::invitation::{RecoveryCodesPage, not_the_same};
use super::{Asked, Here, Nothing, Sent, Shell, Visit, again, page, post_to, see, shown};
use crate::Desk;
use crate::act::session::{self, ChangePassword};
use crate::names::role_name;
use crate::route::Route;
use crate::view::sessions::{self, Own};

/// Everyone who is signed in.
const ALL: &[runtime::store::people::tokens::Role] = &[];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/me", ALL, get(me)),
        post_to("/me/sessions/end", ALL, post(end_all)),
        post_to("/me/sessions/{session}/end", ALL, post(end_one)),
        post_to("/me/password", ALL, post(change_password)),
        post_to("/me/recovery-codes", ALL, post(new_recovery_codes)),
    ]
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    shell: Shell,
    login: String,
    roles: Vec<String>,
    own: Own,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Did {
    did: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current: String,
    new: String,
    again: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    code: String,
}

async fn me(State(desk): State<Arc<Desk>>, visit: Visit, Asked(Did { did }): Asked<Did>) -> Result<Response, Problem> {
    let (say, shell) = (visit.say, visit.shell(Here::Elsewhere));
    let shell = match did.as_deref() {
        Some("password") => shell
            .noting(say.t("密码已修改，其他登录已全部退出。", "The password was changed; all other sessions ended.")),
        Some("ended") => shell.noting(say.t("该登录已退出。", "The session was ended.")),
        _ => shell,
    };
    shown(&whole(&desk, &visit, shell).await?)
}

async fn end_one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(id): Path<Uuid>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    session::end(&desk, &sent.own(&visit), Some(id)).await?;
    if id == visit.session {
        return Ok(without_cookie(&desk, see("/sign-in")));
    }
    Ok(see("/me?did=ended"))
}

async fn end_all(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<Nothing>) -> Result<Response, Problem> {
    session::end(&desk, &sent.own(&visit), None).await?;
    Ok(without_cookie(&desk, see("/sign-in")))
}

async fn change_password(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    headers: HeaderMap,
    Sent { form, .. }: Sent<PasswordForm>,
) -> Result<Response, Problem> {
    let from = visitor(&desk, visit.address.as_ref(), &headers);
    let changed = if form.new == form.again {
        let wish = ChangePassword { current: form.current, new: form.new };
        session::change_password(&desk, &visit.own(), &from, wish).await
    } else {
        Err(not_the_same())
    };
    match changed {
        Ok(signed_in) => Ok(with_cookie(&desk, see("/me?did=password"), &signed_in)),
        Err(problem) => again_with(&desk, &visit, &problem).await,
    }
}

async fn new_recovery_codes(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    headers: HeaderMap,
    Sent { form, .. }: Sent<CodeForm>,
) -> Result<Response, Problem> {
    let from = visitor(&desk, visit.address.as_ref(), &headers);
    match session::new_recovery_codes(&desk, &visit.own(), &from, &form.code).await {
        Ok(codes) => {
            shown(&RecoveryCodesPage { shell: visit.shell(Here::Elsewhere), codes, next: "/me", is_step: false })
        }
        Err(problem) => again_with(&desk, &visit, &problem).await,
    }
}

async fn again_with(desk: &Desk, visit: &Visit, problem: &Problem) -> Result<Response, Problem> {
    again(problem, &whole(desk, visit, visit.shell(Here::Elsewhere).with(problem)).await?)
}

async fn whole(desk: &Desk, visit: &Visit, shell: Shell) -> Result<MePage, Problem> {
    let login = visit.person.login.as_ref().map(ToString::to_string).unwrap_or_default();
    let role = |held: &Held| {
        let contest = held.contest.as_ref().map(ContestId::as_str);
        let unit = held.unit.as_ref().map(UnitId::as_str);
        role_name(&desk.catalogue, visit.say, held.role.name(), contest, unit)
    };
    let roles = visit.person.roles.iter().map(role).collect();
    Ok(MePage { shell, login, roles, own: sessions::own(desk, &visit.own()).await? })
}
