//! Bulk: choose an act for many works, preview it, start it. From works chosen in a list these are three pages: this
//! choice, the preview, the job.
use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use pipeline::delivery::Observed;
use pipeline::submission::State as WorkState;
use runtime::problem::{Code, Problem};
use runtime::store::bulk::Kind;

use chosen::Chosen;
use look::LookPage;

use super::job_text::{kind_text, stage_text};
use super::selected::by_hand;
use super::{
    Asked, Choice, Here, Sent, Shell, Visit, again, choices, contests_seen, page, post_to, see, shown, themes,
};
use crate::Desk;
use crate::act::Caller;
use crate::act::bulk;
use crate::act::reprocess::Beginning;
use crate::names::partner_name;
use crate::roles::ORGANISER;
use crate::route::Route;
use crate::view::contests;

mod chosen;
mod look;
mod rows;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/bulk/new", ORGANISER, get(new)),
        // A reload of the preview, or the other language: back to the choice.
        page("/bulk/look", ORGANISER, get(async || see("/bulk/new"))),
        post_to("/bulk/look", ORGANISER, post(look)),
        post_to("/bulk", ORGANISER, post(start)),
    ]
}

#[derive(Template)]
#[template(path = "bulk_new.html")]
struct NewPage {
    shell: Shell,
    chosen: Chosen,
    /// How many works were chosen by hand.
    by_hand: Option<String>,
    contests: Vec<Choice>,
    themes: Vec<Choice>,
    states: Vec<Choice>,
    holders: Vec<Choice>,
    deliveries: Vec<Choice>,
    kinds: Vec<Choice>,
    stages: Vec<Choice>,
    partners: Vec<Choice>,
}

async fn new(State(desk): State<Arc<Desk>>, visit: Visit, Asked(chosen): Asked<Chosen>) -> Result<Response, Problem> {
    let caller = visit.caller(None)?;
    choose(&desk, &visit, &caller, chosen, None)
}

async fn look(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<Chosen>) -> Result<Response, Problem> {
    let caller = visit.caller(None)?;
    foresee(&desk, &visit, &caller, sent.form, None).await
}

async fn start(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<Chosen>) -> Result<Response, Problem> {
    let caller = sent.caller(&visit, None)?;
    let made = match sent.form.wish(false) {
        Ok(wish) => bulk::many(&desk, &caller, wish).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(done) => Ok(see(done.value.job.map_or_else(|| "/jobs".to_owned(), |job| format!("/jobs/{job}")))),
        // Something has changed: show it, and ask again.
        Err(problem) if problem.code == Code::Changed => {
            foresee(&desk, &visit, &caller, sent.form, Some(&problem)).await
        }
        Err(problem) => choose(&desk, &visit, &caller, sent.form, Some(&problem)),
    }
}

/// The dry run as a page; if it is refused, the choice again.
async fn foresee(
    desk: &Desk,
    visit: &Visit,
    caller: &Caller,
    chosen: Chosen,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let made = match chosen.wish(true) {
        Ok(wish) => bulk::many(desk, caller, wish).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(done) => answer(problem, &LookPage::of(desk, shell(visit, problem), &chosen, &done.value)?),
        Err(problem) => choose(desk, visit, caller, chosen, Some(&problem)),
    }
}

/// The choice, filled in.
fn choose(
    desk: &Desk,
    visit: &Visit,
    caller: &Caller,
    chosen: Chosen,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    answer(problem, &NewPage::of(desk, shell(visit, problem), visit, caller, chosen))
}

fn shell(visit: &Visit, problem: Option<&Problem>) -> Shell {
    let shell = visit.shell(Here::Jobs);
    match problem {
        Some(problem) => shell.with(problem),
        None => shell,
    }
}

fn answer(problem: Option<&Problem>, page: &impl Template) -> Result<Response, Problem> {
    match problem {
        Some(problem) => again(problem, page),
        None => shown(page),
    }
}

impl NewPage {
    fn of(desk: &Desk, shell: Shell, visit: &Visit, caller: &Caller, chosen: Chosen) -> Self {
        let (say, catalogue) = (shell.say, &desk.catalogue);
        let mut contests = contests::contests(desk, caller);
        contests.retain(|it| chosen.contest.as_ref().is_none_or(|id| *id == it.id));
        let partners: BTreeSet<&String> = contests.iter().flat_map(|it| &it.partners).collect();
        let partners = || partners.iter().map(|id| (id.as_str(), partner_name(catalogue, say, id)));
        let kinds = [Kind::Release, Kind::Recall, Kind::Reprocess].map(|it| (it.name(), kind_text(say, it.name())));
        let from = chosen.from.unwrap_or(Beginning::Transcode);
        let stages = [Beginning::Transcode, Beginning::Screen, Beginning::Probe, Beginning::Publish];
        let stages = stages.map(|it| (it.to_string(), stage_text(say, it)));
        let works = chosen.works.len() as u64;
        Self {
            by_hand: (works > 0).then(|| by_hand(say, works)),
            contests: choices(contests_seen(catalogue, visit), chosen.contest.as_deref()),
            themes: choices(themes(&contests, say), chosen.theme.as_deref()),
            states: choices(WorkState::NAMES.map(|it| (it, say.state(it))), chosen.state.as_deref()),
            holders: choices(partners(), chosen.holder.as_deref()),
            deliveries: choices(Observed::NAMES.map(|it| (it, say.delivery(it))), chosen.delivery.as_deref()),
            kinds: choices(kinds, Some(chosen.kind.name())),
            stages: choices(stages, Some(&from.to_string())),
            partners: partners()
                .map(|(id, name)| Choice::new(id, name, chosen.partners.iter().any(|it| it == id)))
                .collect(),
            shell,
            chosen,
        }
    }
}
