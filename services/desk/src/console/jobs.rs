//! Jobs: all of them, one with its works, and orders to it.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use pages::Say;
use pipeline::id::ContestId;
use runtime::problem::{Code, Problem};
use runtime::store::tokens::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::job_text::kind_text;
use super::selected::selected;
use super::{Asked, Here, READERS, Sent, Shell, Visit, again, filtered, page, post_to, see, shown};
use crate::Desk;
use crate::act::Caller;
use crate::act::job::{JobOrder, Order, order};
use crate::names::{actor_name, partner_names, state_name};
use crate::route::Route;
use crate::view::Paging;
use crate::view::jobs::{self, Job, JobWork, JobWorksFilter};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/jobs", READERS, get(list)),
        page("/jobs/{job}", READERS, get(one)),
        post_to("/jobs/{job}/order", &[Role::Organiser], post(ordered)),
    ]
}

/// A state of one work of a job.
fn work_state(say: Say, state: &str) -> &'static str {
    match state {
        "waiting" => say.t("等待", "waiting"),
        "started" => say.t("进行中", "under way"),
        "done" => say.t("已完成", "done"),
        "failed" => say.t("失败", "failed"),
        "skipped" => say.t("未办理", "refused"),
        _ => say.t("已取消", "cancelled"),
    }
}

/// Why a work of a job was not simply done: the sentence of its code.
fn why_text(say: Say, work: &JobWork) -> Option<String> {
    let why = work.why.as_deref()?;
    let detail = work.detail.as_deref().unwrap_or_default();
    let (zh, en) = match why {
        "state_wrong" | "cannot_begin" => ("当时状态不能办理：", "not possible in its state: "),
        "changed" => {
            ("任务建立后作品有变动，未办理；当时状态：", "the work changed after the job was made; its state: ")
        }
        "run_under_way" => ("当时正在制作：", "it was being made: "),
        "in_another_job" => ("在其他任务中", "in another job"),
        "job_cancelled" => ("任务已取消", "the job was cancelled"),
        "overtaken" => ("已由更新的一轮取代：", "overtaken by a newer run: "),
        "rejected" => ("未通过：", "rejected: "),
        "taken_back" => ("作品已撤回或撤下：", "the work was taken back: "),
        "awaiting_review" => ("完成，待初筛", "done; awaits review"),
        "awaiting_release" => ("完成，待发布", "done; awaits release"),
        other => return Some(format!("{other} {detail}").trim().to_owned()),
    };
    let detail = match why {
        "in_another_job" => String::new(),
        _ => state_name(say, detail),
    };
    Some(format!("{}{detail}", say.t(zh, en)))
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    contest: Option<String>,
    cursor: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct OneQuery {
    state: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderForm {
    order: Order,
    #[serde(default)]
    reason: Option<String>,
}

/// A job as shown on both pages.
struct Shown {
    id: Uuid,
    kind: &'static str,
    state: String,
    tone: &'static str,
    /// Works that have ended, of all.
    ended: i64,
    all: i64,
    /// State, its words, number of works.
    counts: Vec<(String, &'static str, i64)>,
    selection: String,
    partners: String,
    from: Option<String>,
    at: Option<String>,
    by: String,
    reason: Option<String>,
    created: String,
    changed: String,
    is_live: bool,
    is_paused: bool,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct ListPage {
    shell: Shell,
    jobs: Vec<Shown>,
    next: Option<String>,
}

struct WorkLine {
    id: Uuid,
    title: String,
    state: &'static str,
    tone: &'static str,
    why: Option<String>,
    /// The other job that contains it.
    other: Option<String>,
    changed: String,
}

#[derive(Template)]
#[template(path = "job.html")]
struct OnePage {
    shell: Shell,
    job: Shown,
    works: Vec<WorkLine>,
    /// Only works in this state are listed.
    only: Option<&'static str>,
    next: Option<String>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Asked(query): Asked<ListQuery>,
) -> Result<Response, Problem> {
    let contest = query.contest.as_deref().map(ContestId::new);
    let caller = visit.caller(contest.as_ref())?;
    let paging = Paging { cursor: query.cursor.clone(), limit: None };
    let page = jobs::jobs(&desk, &caller.sees, &paging).await?;
    let next = page.next.map(|cursor| filtered("/jobs", &ListQuery { cursor: Some(cursor), ..query })).transpose()?;
    let shell = visit.shell(Here::Jobs);
    let jobs = page.items.into_iter().map(|job| Shown::of(&desk, shell.say, job)).collect();
    shown(&ListPage { shell, jobs, next })
}

async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(job): Path<String>,
    Asked(query): Asked<OneQuery>,
) -> Result<Response, Problem> {
    let job = named(&job)?;
    let caller = visit.caller(None)?;
    shown(&whole(&desk, visit.shell(Here::Jobs), &caller, job, query).await?)
}

async fn ordered(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(job): Path<String>,
    sent: Sent<OrderForm>,
) -> Result<Response, Problem> {
    let job = named(&job)?;
    let caller = sent.caller(&visit, None)?;
    let wish = JobOrder { order: sent.form.order, dry_run: false, reason: sent.form.reason };
    match order(&desk, &caller, job, wish).await {
        Ok(_) => Ok(see(format!("/jobs/{job}"))),
        Err(problem) if problem.code == Code::JobUnknown => Err(problem),
        Err(problem) => {
            let shell = visit.shell(Here::Jobs).with(&problem);
            again(&problem, &whole(&desk, shell, &caller, job, OneQuery::default()).await?)
        }
    }
}

async fn whole(desk: &Desk, shell: Shell, caller: &Caller, id: Uuid, query: OneQuery) -> Result<OnePage, Problem> {
    let say = shell.say;
    let job = jobs::job(desk, &caller.sees, id).await?;
    let filter = JobWorksFilter { state: query.state.clone(), cursor: query.cursor.clone(), limit: None };
    let page = jobs::works(desk, &caller.sees, id, &filter).await?;
    let only = query.state.as_deref().map(|state| work_state(say, state));
    let next = page.next.map(|cursor| filtered(&format!("/jobs/{id}"), &OneQuery { cursor: Some(cursor), ..query }));
    let works = page.items.into_iter().map(|work| WorkLine::of(say, work)).collect();
    Ok(OnePage { job: Shown::of(desk, say, job), shell, works, only, next: next.transpose()? })
}

fn named(job: &str) -> Result<Uuid, Problem> {
    Ok(job.parse().map_err(|_| Code::JobUnknown)?)
}

impl Shown {
    fn of(desk: &Desk, say: Say, job: Job) -> Self {
        let all = if job.kind == "recall" {
            say.t("全部（整体撤下）", "all; revoked as a whole")
        } else {
            say.t("全部", "all")
        };
        let partners = match &job.partners {
            Some(partners) => partner_names(&desk.catalogue, say, partners.iter().map(String::as_str)),
            None => all.to_owned(),
        };
        let open = |state: &str| matches!(state, "waiting" | "started");
        Self {
            id: job.id,
            kind: kind_text(say, &job.kind),
            tone: say.tone(&job.state),
            ended: job.works.iter().filter(|(state, _)| !open(state)).map(|(_, works)| works).sum(),
            all: job.works.values().sum(),
            counts: job.works.iter().map(|(state, works)| (state.clone(), work_state(say, state), *works)).collect(),
            selection: selected(&desk.catalogue, say, &job.selection),
            partners,
            from: job.from.as_deref().map(|from| say.stage(from)),
            at: job.at.as_ref().map(|at| say.time(at)),
            by: actor_name(say, &job.name),
            reason: job.reason,
            created: say.time(&job.created_at),
            changed: say.time(&job.changed_at),
            is_live: matches!(job.state.as_str(), "running" | "paused"),
            is_paused: job.state == "paused",
            state: say.part(&job.state),
        }
    }
}

impl WorkLine {
    fn of(say: Say, work: JobWork) -> Self {
        let tone = match work.state.as_str() {
            "done" => "ok",
            "failed" => "bad",
            "skipped" => "warn",
            _ => "",
        };
        Self {
            id: work.submission,
            state: work_state(say, &work.state),
            tone,
            why: why_text(say, &work),
            other: work.detail.clone().filter(|_| work.why.as_deref() == Some("in_another_job")),
            changed: say.time(&work.changed_at),
            title: work.title,
        }
    }
}
