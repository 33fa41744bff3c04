//! The steps of an invited person: a password, the second factor in an app, a code that confirms it, and recovery
//! codes, shown once. Opening the link changes nothing.
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRef, Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use pages::qr;
use runtime::problem::{Code, Detail, Problem};
use runtime::store::people::invitations::{Invitation, Purpose};
use serde::Deserialize;

use super::browser::{visitor, with_cookie};
use super::{Guest, Sent, Shell, again, cookie, see, shown};
use crate::Desk;
use crate::act::invitation::{self, Enrolment};

/// The pages of an invitation, of any site.
pub(super) fn doorway<S>(link: &'static str, code: &'static str) -> Vec<(Method, &'static str, MethodRouter<S>)>
where
    S: Clone + Send + Sync + 'static,
    Arc<Desk>: FromRef<S>,
{
    vec![
        (Method::GET, link, get(form)),
        (Method::POST, link, post(choose)),
        (Method::GET, code, get(enrolment)),
        (Method::POST, code, post(confirm)),
    ]
}

/// The path of an invitation.
fn path(desk: &Desk, secret: &str) -> String {
    format!("{}/invitation/{secret}", desk.site.base())
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct PasswordPage {
    shell: Shell,
    secret: String,
    invitation: Invitation,
}

#[derive(Template)]
#[template(path = "invitation_code.html")]
struct EnrolmentPage {
    shell: Shell,
    secret: String,
    enrolment: Enrolment,
    qr: String,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
pub(super) struct RecoveryCodesPage {
    pub(super) shell: Shell,
    pub(super) codes: Vec<String>,
    /// The next page.
    pub(super) next: &'static str,
    /// Whether it is the last step of setting up a sign-in.
    pub(super) is_step: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChooseForm {
    password: String,
    again: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfirmForm {
    code: String,
}

impl PasswordPage {
    fn login(&self) -> &str {
        self.invitation.person.login.as_ref().map_or("", |login| login.as_str())
    }

    fn is_reset(&self) -> bool {
        self.invitation.purpose == Purpose::Reset
    }
}

async fn form(State(desk): State<Arc<Desk>>, guest: Guest, Path(secret): Path<String>) -> Result<Response, Problem> {
    let invitation = invitation::look(&desk, &secret).await?;
    shown(&PasswordPage { shell: guest.shell(), secret, invitation })
}

async fn choose(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    Path(secret): Path<String>,
    Sent { form, .. }: Sent<ChooseForm>,
) -> Result<Response, Problem> {
    let chosen = if form.password == form.again {
        invitation::choose(&desk, &secret, &form.password).await
    } else {
        Err(not_the_same())
    };
    match chosen {
        Ok(chooser) => {
            let mut response = see(format!("{}/code", path(&desk, &secret)));
            response.headers_mut().append(SET_COOKIE, cookie::set_chooser(&desk, &chooser));
            Ok(response)
        }
        Err(problem) if problem.code == Code::PasswordUnfit => {
            let invitation = invitation::look(&desk, &secret).await?;
            again(&problem, &PasswordPage { shell: guest.shell().with(&problem), secret, invitation })
        }
        Err(problem) => Err(problem),
    }
}

async fn enrolment(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    match invitation::enrolment(&desk, &secret, cookie::chooser(&desk, &headers).as_ref()).await {
        Ok(enrolment) => shown(&enrolment_page(guest.shell(), secret, enrolment)?),
        // No password was chosen in this browser yet.
        Err(problem) if problem.code == Code::SignInExpired => Ok(see(path(&desk, &secret))),
        Err(problem) => Err(problem),
    }
}

async fn confirm(
    State(desk): State<Arc<Desk>>,
    guest: Guest,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Sent { form, .. }: Sent<ConfirmForm>,
) -> Result<Response, Problem> {
    let (chooser, from) = (cookie::chooser(&desk, &headers), visitor(&desk, guest.address.as_ref(), &headers));
    match invitation::confirm(&desk, &from, &secret, chooser.as_ref(), &form.code).await {
        Ok(accepted) => {
            let page = RecoveryCodesPage {
                shell: guest.shell(),
                codes: accepted.recovery_codes,
                next: desk.site.home(),
                is_step: true,
            };
            let mut response = with_cookie(&desk, shown(&page)?, &accepted.signed_in);
            response.headers_mut().append(SET_COOKIE, cookie::end_chooser(&desk));
            Ok(response)
        }
        Err(problem) if problem.code == Code::CodeWrong => {
            let enrolment = invitation::enrolment(&desk, &secret, chooser.as_ref()).await?;
            again(&problem, &enrolment_page(guest.shell().with(&problem), secret, enrolment)?)
        }
        // The password was chosen again elsewhere, which invalidated this choice.
        Err(problem) if problem.code == Code::SignInExpired => {
            let invitation = invitation::look(&desk, &secret).await?;
            again(&problem, &PasswordPage { shell: guest.shell().with(&problem), secret, invitation })
        }
        Err(problem) => Err(problem),
    }
}

fn enrolment_page(shell: Shell, secret: String, enrolment: Enrolment) -> Result<EnrolmentPage, Problem> {
    let qr = qr::drawn(&enrolment.url).map_err(anyhow::Error::from)?;
    Ok(EnrolmentPage { shell, secret, enrolment, qr })
}

/// The problem of a new password whose repetition differs.
pub(super) fn not_the_same() -> Problem {
    Code::PasswordUnfit.about(Detail::new("两次输入的密码不一致", "the two passwords are not the same"))
}
