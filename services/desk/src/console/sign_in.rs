//! Sign-in and sign-out. The password's page is answered with the code's page, whose form carries the pending sign-in:
//! the browser stores nothing until both were correct.
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRef, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use runtime::problem::{Code, Problem};
use runtime::store::people::sessions::Site;
use serde::Deserialize;

use super::browser::{visitor, with_cookie, without_cookie};
use super::{Asked, Guest, Nothing, Sent, Shell, Visit, again, cookie, inside, open, post_to, see, shown};
use crate::Desk;
use crate::act::session;
use crate::act::sign_in::{self, Password, SecondFactor};
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes: Vec<Route> =
        doorway(CONSOLE).into_iter().map(|(method, path, it)| open(method, path, it)).collect();
    routes.push(post_to("/sign-out", &[], post(sign_out)));
    routes
}

/// The paths of a site's pages before the sign-in: the password, the code, an invitation, its second factor.
pub type Paths = [&'static str; 4];

const CONSOLE: Paths = ["/sign-in", "/sign-in/code", "/invitation/{secret}", "/invitation/{secret}/code"];

/// The pages before the sign-in, of any site.
pub fn doorway<S>([sign_in, code_at, invitation, enrolment]: Paths) -> Vec<(Method, &'static str, MethodRouter<S>)>
where
    S: Clone + Send + Sync + 'static,
    Arc<Desk>: FromRef<S>,
{
    let mut pages = vec![
        (Method::GET, sign_in, get(form)),
        (Method::POST, sign_in, post(password)),
        (Method::GET, code_at, get(to_form)),
        (Method::POST, code_at, post(code)),
    ];
    pages.extend(super::invitation::doorway(invitation, enrolment));
    pages
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    login: String,
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    shell: Shell,
    pending: String,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Next {
    next: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    login: String,
    password: String,
    next: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    pending: String,
    code: String,
    next: Option<String>,
}

async fn to_form(State(desk): State<Arc<Desk>>) -> Response {
    see(format!("{}/sign-in", desk.site.base()))
}

/// Where a person goes after the sign-in: a path of the site.
fn onwards(desk: &Desk, next: Option<&str>) -> String {
    let next = inside(next);
    let here = desk.site == Site::Console || next.starts_with(desk.site.base());
    if here { next.to_owned() } else { desk.site.home().to_owned() }
}

async fn form(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    headers: HeaderMap,
    Asked(Next { next }): Asked<Next>,
) -> Result<Response, Problem> {
    let page = SignInPage { shell: guest.shell(), login: String::new(), next: onwards(&desk, next.as_deref()) };
    match cookie::check_line(&desk, &headers) {
        Ok(()) => shown(&page),
        Err(problem) => again(&problem, &SignInPage { shell: page.shell.clone().with(&problem), ..page }),
    }
}

async fn password(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    headers: HeaderMap,
    Sent { form, .. }: Sent<PasswordForm>,
) -> Result<Response, Problem> {
    let (login, next) = (form.login.clone(), onwards(&desk, form.next.as_deref()));
    let wish = Password { login: form.login, password: form.password };
    match sign_in::password(&desk, &visitor(&desk, guest.address.as_ref(), &headers), wish).await {
        Ok(pending) => shown(&CodePage { shell: guest.shell(), pending, next }),
        Err(problem) => again(&problem, &SignInPage { shell: guest.shell().with(&problem), login, next }),
    }
}

async fn code(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    headers: HeaderMap,
    Sent { form, .. }: Sent<CodeForm>,
) -> Result<Response, Problem> {
    let (pending, next) = (form.pending.clone(), onwards(&desk, form.next.as_deref()));
    let wish = SecondFactor { pending: form.pending, code: form.code };
    match sign_in::code(&desk, &visitor(&desk, guest.address.as_ref(), &headers), wish).await {
        // If a recovery code was used, the person's own page shows how many are left.
        Ok(signed_in) => {
            let counted = signed_in.recovery_codes_left.is_some() && desk.site == Site::Console;
            let to = if counted { "/me" } else { next.as_str() };
            Ok(with_cookie(&desk, see(to), &signed_in))
        }
        Err(problem) if problem.code == Code::SignInExpired => {
            again(&problem, &SignInPage { shell: guest.shell().with(&problem), login: String::new(), next })
        }
        Err(problem) => again(&problem, &CodePage { shell: guest.shell().with(&problem), pending, next }),
    }
}

/// Ends the session.
///
/// # Errors
/// As the act says.
pub async fn sign_out(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<Nothing>) -> Result<Response, Problem> {
    session::sign_out(&desk, &sent.own(&visit)).await?;
    Ok(without_cookie(&desk, see(format!("{}/sign-in", desk.site.base()))))
}
