//! New runs: of one work, or as a job of many that a selection finds, with a dry run; and jobs paused, resumed and cancelled.
//! Jobs know no contest, so they are for tokens that are bound to none.
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::partner::Replacement;
use pipeline::selection::{Selection, SelectionError};
use pipeline::stage::Stage;
use pipeline::submission::Redo;
use runtime::store::bulk::{self, Ask, Control, Created, Which};
use runtime::store::tokens::TokenRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::cursor_of;
use crate::Desk;
use crate::act::release::known;
use runtime::problem::{Code, Problem};
use runtime::serving::act::{Act, Answered};
use runtime::serving::params::Params;
use runtime::serving::principal::Person;
use runtime::serving::principal::Subject;

/// New runs, of one work or of many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// Which works, where the address names none: conditions with blanks between them, such as
    /// `theme=green partner=bilibili engine<0.3`.
    #[serde(rename = "where")]
    selection: Option<String>,
    /// Where it begins: `probe`, `screen`, `transcode` or `publish`; never later than the old one had come to.
    from: String,
    /// Publish to these partners only.
    partners: Option<BTreeSet<String>>,
    /// Take back what these partners hold and send the new files, where the partner allows it; else they keep what they hold.
    #[serde(default)]
    replace: bool,
    /// Only say what would be done: works, renditions, hours, and what partners hold.
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// What was begun, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun {
    /// The job that it is; absent for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
    /// Works that begin a run, or would.
    works: u64,
    /// Works that other jobs have.
    skipped: u64,
    /// What a dry run counts: renditions, hours and what they rest on, what partners hold and would lose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    estimate: Option<Value>,
}

/// Starts a new run of one work. What is in force stays so until the new files have passed quality control.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/reprocess", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Again,
    responses((status = 200, description = "Begun, or what that would come to", body = Begun)))]
pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(entry)): Extension<Subject>,
    act: Act,
) -> Result<Answered, Problem> {
    let wish: Again = act.body()?;
    if wish.selection.is_some() {
        return Err(Code::FieldWrong.about("where: the address names the work"));
    }
    begin(&desk, &act, &Which::Named(vec![entry.id]), wish).await
}

/// Starts new runs of all works that a selection finds, as a job: a few at a time, after new entries.
#[utoipa::path(post, path = "/api/v1/jobs", tag = "desk", security(("token" = [])), request_body = Again,
    responses((status = 200, description = "A job, or what it would come to", body = Begun)))]
pub(crate) async fn many(State(desk): State<Arc<Desk>>, act: Act) -> Result<Answered, Problem> {
    unbound(act.token()?)?;
    let wish: Again = act.body()?;
    let text = wish.selection.as_deref().ok_or_else(|| Code::FieldWrong.about("where: which works"))?;
    let wrong = |err: SelectionError| Code::FieldWrong.about(format!("where: {}", err.text(Lang::En)));
    let selection: Selection = text.parse().map_err(wrong)?;
    begin(&desk, &act, &Which::Selected(Box::new(selection)), wish).await
}

async fn begin(desk: &Desk, act: &Act, which: &Which, wish: Again) -> Result<Answered, Problem> {
    let by = act.by(wish.reason.as_deref())?;
    let ask = Ask { from: beginning(&wish.from)?, redo: redo(desk, wish.partners, wish.replace)? };
    let estimate = if wish.dry_run { Some(desk.store.bulk_estimate(which, &ask, None).await?) } else { None };
    let (by, ask, estimate, policy) = (&by, &ask, estimate.as_ref(), desk.store.policy());
    let answer = desk.store.transaction("desk_reprocess", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let begun = match estimate {
                Some(estimate) => Begun {
                    job: None,
                    works: estimate.works,
                    skipped: estimate.in_another_job,
                    estimate: Some(serde_json::to_value(estimate)?),
                },
                None => match bulk::ask(tx, policy, which, ask, by).await? {
                    Created::Job { id, works, skipped } => Begun { job: Some(id), works, skipped, estimate: None },
                    Created::Nothing => return Err(Code::StateWrong.about("no work is selected").into()),
                    Created::CannotBegin { state } => return Err(Code::StateWrong.about(state).into()),
                    Created::InAnotherJob(job) => {
                        return Err(Code::StateWrong.about(format!("job {job} has this work")).into());
                    }
                    Created::TooMany => {
                        let most = bulk::MAX_WORKS;
                        return Err(Code::FieldWrong.about(format!("where: at most {most} works")).into());
                    }
                },
            };
            act.end(tx, StatusCode::OK, &begun).await
        })
    });
    Ok(Answered(answer.await?))
}

/// A stage that finds what it needs: what transcode left is swept once a run is assembled.
fn beginning(name: &str) -> Result<Stage, Problem> {
    match name.parse() {
        Ok(stage @ (Stage::Probe | Stage::Screen | Stage::Transcode | Stage::Publish)) => Ok(stage),
        Ok(Stage::Assemble) | Err(_) => Err(Code::FieldWrong.about("from: probe, screen, transcode or publish")),
    }
}

/// What each run does with partners.
fn redo(desk: &Desk, partners: Option<BTreeSet<String>>, replace: bool) -> Result<Redo, Problem> {
    let partners = known(&desk.catalogue, partners)?;
    let named = |id: &PartnerId| partners.as_ref().is_none_or(|some| some.contains(id));
    let replaceable = desk.catalogue.partners.values().filter(|it| replace && it.replacement() != Replacement::Never);
    let replace = replaceable.map(|it| it.id.clone()).filter(named).collect();
    Ok(Redo { partners, replace })
}

fn unbound(token: &TokenRow) -> Result<(), Problem> {
    if token.contest.is_none() { Ok(()) } else { Err(Code::ContestForeign.into()) }
}

/// Lists jobs, newest first, with how many of their works stand where.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "desk", security(("token" = [])),
    responses((status = 200, description = "At most a thousand", body = Vec<Object>)))]
pub(crate) async fn jobs(State(desk): State<Arc<Desk>>, Person(token): Person) -> Result<Json<Value>, Problem> {
    unbound(&token)?;
    let rows = desk.store.bulk_jobs(None).await?;
    Ok(Json(serde_json::to_value(rows).map_err(anyhow::Error::from)?))
}

/// Where in a job's works.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The page behind the one whose `next` this is.
    cursor: Option<String>,
}

/// Lists the works of a job, by time of entry, a thousand on a page.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/works", tag = "desk", security(("token" = [])),
    params(("job" = Uuid, Path, description = "Job"), After),
    responses((status = 200, description = "`items` and, if there may be more, `next`", body = Object)))]
pub(crate) async fn works(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Path(job): Path<String>,
    Params(after): Params<After>,
) -> Result<Json<Value>, Problem> {
    unbound(&token)?;
    let job: Uuid = job.parse().map_err(|_| Code::JobUnknown)?;
    if desk.store.bulk_jobs(Some(job)).await?.is_empty() {
        return Err(Code::JobUnknown.into());
    }
    let after = cursor_of::<SubmissionId>(after.cursor.as_deref())?;
    let rows = desk.store.bulk_items(job, after).await?;
    let next = if rows.len() >= 1000 { rows.last().map(|row| row.submission) } else { None };
    Ok(Json(json!({ "items": serde_json::to_value(rows).map_err(anyhow::Error::from)?, "next": next })))
}

/// What to do with a job as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// `pause`: start no more works; `resume`; `cancel`: start no more, ever. What has begun goes on.
    order: Word,
    /// Why, for the audit trail.
    reason: Option<String>,
}

/// The order itself.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    Pause,
    Resume,
    Cancel,
}

/// Pauses, resumes or cancels a job.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/order", tag = "desk", security(("token" = [])),
    params(("job" = Uuid, Path, description = "Job")), request_body = Order,
    responses((status = 204, description = "Done")))]
pub(crate) async fn order(
    State(desk): State<Arc<Desk>>,
    Path(job): Path<String>,
    act: Act,
) -> Result<Answered, Problem> {
    unbound(act.token()?)?;
    let job: Uuid = job.parse().map_err(|_| Code::JobUnknown)?;
    let order: Order = act.body()?;
    let by = act.by(order.reason.as_deref())?;
    let control = match order.order {
        Word::Pause => Control::Pause,
        Word::Resume => Control::Resume,
        Word::Cancel => Control::Cancel,
    };
    let (act, by) = (&act, &by);
    let ordered = desk.store.transaction("desk_order_job", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            match bulk::control(tx, job, control, by).await? {
                None => Err(Problem::from(Code::JobUnknown).into()),
                Some(false) => Err(Problem::from(Code::StateWrong).into()),
                Some(true) => act.end(tx, StatusCode::NO_CONTENT, &()).await,
            }
        })
    });
    Ok(Answered(ordered.await?))
}
