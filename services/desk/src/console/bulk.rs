//! Bulk: choose what is done to many works, look at what it would come to, start it. From works that are chosen in a list it is three
//! pages: this choice, the look, the job.
use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use pages::Say;
use pipeline::submission::State as WorkState;
use runtime::problem::{Code, Problem};
use runtime::store::bulk::Kind;
use runtime::store::tokens::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use look::LookPage;

use super::jobs::kind_text;
use super::{
    Asked, Choice, Here, Sent, Shell, Visit, again, choices, contests_seen, local, page, partner_name, post_to, see,
    shown, themes,
};
use crate::Desk;
use crate::act::Caller;
use crate::act::bulk::{self, NewJob};
use crate::act::reprocess::Beginning;
use crate::http::routes::Route;
use crate::view::contests;

mod look;

const ORGANISER: &[Role] = &[Role::Organiser];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/bulk/new", ORGANISER, get(new)),
        // A reload of the look, or the other language: back to the choice.
        page("/bulk/look", ORGANISER, get(async || see("/bulk/new"))),
        post_to("/bulk/look", ORGANISER, post(look)),
        post_to("/bulk", ORGANISER, post(start)),
    ]
}

/// What was chosen: which works, by hand or by conditions, and what is done to them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Chosen {
    works: Vec<Uuid>,
    #[serde(rename = "where")]
    selection: Option<String>,
    contest: Option<String>,
    theme: Option<String>,
    state: Option<String>,
    /// A partner that the works have a delivery to.
    holder: Option<String>,
    kind: Kind,
    from: Option<Beginning>,
    partners: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replace: bool,
    at: Option<String>,
    reason: Option<String>,
    digest: Option<String>,
}

impl Chosen {
    /// The conditions, where no works were chosen by hand.
    fn conditions(&self) -> Option<String> {
        if !self.works.is_empty() {
            return None;
        }
        let fields =
            [("contest", &self.contest), ("theme", &self.theme), ("state", &self.state), ("partner", &self.holder)];
        let picked = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_deref()?)));
        Some(self.selection.clone().into_iter().chain(picked).collect::<Vec<_>>().join(" "))
    }

    /// The wish of the act. Fields of the other kinds, which stand on the same page, are left out.
    fn wish(&self, dry_run: bool) -> Result<NewJob, Problem> {
        let at = self.at.as_deref().filter(|_| self.kind == Kind::Release);
        Ok(NewJob {
            kind: self.kind,
            selection: self.conditions(),
            works: (!self.works.is_empty()).then(|| self.works.iter().copied().collect()),
            from: self.from.filter(|_| self.kind == Kind::Reprocess),
            partners: (!self.partners.is_empty()).then(|| self.partners.iter().cloned().collect()),
            replace: self.replace && self.kind == Kind::Reprocess,
            at: at.map(|at| local::instant("at", at)).transpose()?,
            dry_run,
            digest: self.digest.clone().filter(|_| !dry_run),
            reason: self.reason.clone(),
        })
    }

    /// As the fields of a form.
    fn fields(&self) -> Result<Vec<(String, String)>, Problem> {
        let text = serde_html_form::to_string(Self { digest: None, ..self.clone() }).map_err(anyhow::Error::from)?;
        Ok(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }
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
        // The world is another one: show it, and ask again.
        Err(problem) if problem.code == Code::Changed => {
            foresee(&desk, &visit, &caller, sent.form, Some(&problem)).await
        }
        Err(problem) => choose(&desk, &visit, &caller, sent.form, Some(&problem)),
    }
}

/// The dry run as a page; where it is refused, the choice again.
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

/// The choice, with what was chosen.
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

fn stage_text(say: Say, from: Beginning) -> &'static str {
    match from {
        Beginning::Probe => say.t("检测：重新测量影片", "probe: measure the film again"),
        Beginning::Screen => say.t("初筛：重新判定", "screen: judge the measurements again"),
        Beginning::Transcode => say.t("转码：重新编码全部成片", "transcode: encode all files again"),
        Beginning::Publish => say.t("投放：现有成片再次投放", "publish: deliver the files in force again"),
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
            by_hand: (works > 0).then(|| say.many(works, "件作品", "work", "works")),
            contests: choices(contests_seen(catalogue, visit), chosen.contest.as_deref()),
            themes: choices(themes(&contests, say), chosen.theme.as_deref()),
            states: choices(WorkState::NAMES.map(|it| (it, say.state(it))), chosen.state.as_deref()),
            holders: choices(partners(), chosen.holder.as_deref()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_that_were_chosen_by_hand_count_and_else_all_conditions_together() {
        let chosen = Chosen {
            selection: Some("engine<0.3".into()),
            contest: Some("demo".into()),
            holder: Some("cctv".into()),
            ..Chosen::default()
        };
        assert_eq!(chosen.conditions().as_deref(), Some("engine<0.3 contest=demo partner=cctv"));
        let by_hand = Chosen { works: vec![Uuid::nil()], ..chosen };
        assert_eq!(by_hand.conditions(), None);
        assert!(by_hand.wish(true).unwrap().selection.is_none());
    }

    #[test]
    fn fields_of_another_kind_are_left_out_and_a_choice_reads_back_from_its_fields() {
        let chosen = Chosen {
            works: vec![Uuid::nil()],
            kind: Kind::Recall,
            from: Some(Beginning::Probe),
            replace: true,
            at: Some("2026-12-01T20:00".into()),
            partners: vec!["cctv".into(), "douyin".into()],
            reason: Some("版权争议 & 更正".into()),
            digest: Some("0".repeat(32)),
            ..Chosen::default()
        };
        let wish = chosen.wish(true).unwrap();
        assert!(wish.from.is_none() && !wish.replace && wish.at.is_none() && wish.digest.is_none());
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(chosen.fields().unwrap()).finish();
        let back: Chosen = serde_html_form::from_str(&text).unwrap();
        assert_eq!((back.kind, &back.partners, &back.reason), (Kind::Recall, &chosen.partners, &chosen.reason));
        assert_eq!((back.digest, back.works), (None, chosen.works));
    }
}
