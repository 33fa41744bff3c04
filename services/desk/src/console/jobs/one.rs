//! `/jobs/{job}`: one job with its works, and orders to it.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use runtime::problem::{Code, Problem};
use runtime::store::people::tokens::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::job_row::JobRow;
use super::work_line::{WorkLine, work_state};
use crate::Desk;
use crate::act::Caller;
use crate::act::job::{JobOrder, Order, order};
use crate::console::{Asked, Here, Sent, Shell, Visit, again, filtered, see, shown};
use crate::view::jobs::{self, JobWorksFilter};

/// Which works of the job are listed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OneQuery {
    state: Option<String>,
    cursor: Option<String>,
}

/// An order to the job.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderForm {
    order: Order,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "job.html")]
struct OnePage {
    shell: Shell,
    job: JobRow,
    works: Vec<WorkLine>,
    /// Only works in this state are listed.
    only: Option<&'static str>,
    next: Option<String>,
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(job): Path<String>,
    Asked(query): Asked<OneQuery>,
) -> Result<Response, Problem> {
    let job = named(&job)?;
    let caller = visit.caller(None)?;
    shown(&whole(&desk, visit.shell(Here::Jobs), &caller, job, query).await?)
}

pub(super) async fn ordered(
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
    Ok(OnePage { job: JobRow::of(desk, say, job), shell, works, only, next: next.transpose()? })
}

fn named(job: &str) -> Result<Uuid, Problem> {
    Ok(job.parse().map_err(|_| Code::JobUnknown)?)
}
