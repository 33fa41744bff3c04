//! `/works/{id}/{release|recall|reprocess|hold|cure|retry|withdraw}`: an act on one work as a form. "Look" shows what
//! would follow, which is the act's own dry run. The confirmation carries the digest of what the dry run saw and is
//! refused as `changed` if the work has changed since.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use pages::Say;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;

use crate::Desk;
use crate::act::offered::{WorkAct, refusal};
use crate::console::{Here, Sent, Shell, Visit, again, page, post_to, see, shown};
use crate::route::Route;
use crate::service::Service;

mod consequences;
mod fields;
mod options;
mod run;
mod work_act;

use consequences::Consequences;
use fields::{Fields, Step};
use options::Options;

#[rustfmt::skip]
pub(super) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for (act, path) in [
        (WorkAct::Release, "/works/{id}/release"),
        (WorkAct::Recall, "/works/{id}/recall"),
        (WorkAct::Reprocess, "/works/{id}/reprocess"),
        (WorkAct::Hold, "/works/{id}/hold"),
        (WorkAct::Cure, "/works/{id}/cure"),
        (WorkAct::Retry, "/works/{id}/retry"),
        (WorkAct::Withdraw, "/works/{id}/withdraw"),
    ] {
        routes.push(page(path, act.roles(), asking(act)));
        routes.push(post_to(path, act.roles(), doing(act)));
    }
    routes
}

/// An act that a person may choose for a work.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: &'static str,
}

#[derive(Template)]
#[template(path = "work_act.html")]
struct ActPage {
    shell: Shell,
    work: Arc<SubmissionRow>,
    act: WorkAct,
    fields: Fields,
    options: Options,
    /// What the dry run says.
    consequences: Option<Consequences>,
    /// Whether the work has changed since the dry run.
    changed: bool,
    /// Whether the act would be refused now, in which case there is nothing to fill in.
    refused: bool,
}

impl ActPage {
    fn name(&self) -> &'static str {
        self.act.name(self.shell.say)
    }

    fn about(&self) -> &'static str {
        self.act.about(self.shell.say)
    }

    /// Where its forms are sent.
    fn address(&self) -> String {
        self.act.path(self.work.id)
    }

    /// Whether a partner's box is ticked.
    fn ticked(&self, partner: &str) -> bool {
        self.fields.partners.iter().any(|it| it == partner)
    }

    /// The text of a field, empty where it is absent.
    fn value<'a>(&self, field: &'a Option<String>) -> &'a str {
        field.as_deref().unwrap_or_default()
    }
}

/// The acts that the person's roles allow and that would be accepted now.
pub(super) async fn links(desk: &Desk, visit: &Visit, work: &SubmissionRow) -> Result<Vec<Link>, Problem> {
    let mut links = Vec::new();
    for act in WorkAct::ALL {
        let held = act.roles().iter().any(|role| visit.holds(*role, &work.contest));
        if held && refusal(desk, work, act).await?.is_none() {
            links.push(Link { href: act.path(work.id), text: act.name(visit.say) });
        }
    }
    Ok(links)
}

/// The confirmation on the work's page after an act.
pub(super) fn done(name: &str, say: Say) -> Option<String> {
    let act = WorkAct::ALL.into_iter().find(|act| act.stable() == name)?;
    Some(format!("{}{}", say.t("已办理：", "Done: "), act.name(say)))
}

fn asking(act: WorkAct) -> MethodRouter<Service> {
    get(async move |State(desk): State<Arc<Desk>>, visit: Visit, Extension(Subject(work)): Extension<Subject>| {
        let fields = Fields::default();
        let options = Options::of(&desk, &work, act, visit.say).await?;
        let refusal = refusal(&desk, &work, act).await?;
        let (shell, refused) = (visit.shell(Here::Works), refusal.is_some());
        let shell = refusal.iter().fold(shell, Shell::with);
        shown(&ActPage { shell, work, act, fields, options, consequences: None, changed: false, refused })
    })
}

fn doing(act: WorkAct) -> MethodRouter<Service> {
    post(
        async move |State(desk): State<Arc<Desk>>,
                    visit: Visit,
                    Extension(Subject(work)): Extension<Subject>,
                    sent: Sent<Fields>| { submitted(&desk, act, visit, work, sent).await },
    )
}

/// Shows what would follow, or does it.
async fn submitted(
    desk: &Desk,
    act: WorkAct,
    visit: Visit,
    work: Arc<SubmissionRow>,
    sent: Sent<Fields>,
) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, Some(&work.contest))?;
    let fields = sent.form;
    let looks = fields.step == Step::Look;
    let problem = match act.run(desk, &caller, &work, &fields, looks, visit.say).await {
        Ok(_) if !looks => return Ok(see(format!("/works/{}?done={}", work.id, act.stable()))),
        Ok(consequences) => {
            let options = Options::of(desk, &work, act, visit.say).await?;
            let (shell, consequences) = (visit.shell(Here::Works), Some(consequences));
            let (changed, refused) = (false, false);
            return shown(&ActPage { shell, work, act, fields, options, consequences, changed, refused });
        }
        Err(problem) if problem.code.status() >= 500 => return Err(problem),
        Err(problem) => problem,
    };
    let shell = visit.shell(Here::Works).with(&problem);
    let options = Options::of(desk, &work, act, visit.say).await?;
    let (changed, refused) = (problem.code == Code::Changed, refusal(desk, &work, act).await?.is_some());
    again(&problem, &ActPage { shell, work, act, fields, options, consequences: None, changed, refused })
}
