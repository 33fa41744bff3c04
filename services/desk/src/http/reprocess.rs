//! POST /api/v1/submissions/{id}/reprocess, and jobs: create, list, show, order.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use runtime::problem::{Code, Problem};
use runtime::serving::params::Params;
use runtime::serving::principal::{Person, Subject};
use uuid::Uuid;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::bulk::{self, JobMade, NewJob};
use crate::act::job::{self, JobOrder, JobOrdered};
use crate::act::reprocess::{self, Reprocess};
use crate::view::jobs::{self as view, Job, JobWork, JobWorksFilter};
use crate::view::{Page, Paging};

/// Starts a new run of one work. The files in force stay so until the new ones have passed quality control.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/reprocess", tag = "desk", operation_id = "reprocess", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Reprocess,
    responses((status = 200, description = "Begun, or what that would come to", body = JobMade)))]
pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Reprocess>,
) -> Result<Done<JobMade>, Problem> {
    reprocess::one(&desk, &caller, work.id, wish).await
}

/// Reprocesses, releases or recalls all works that a selection finds, as a job: a few at a time, new runs after new entries. A token that
/// is bound to a contest makes jobs of that contest.
#[utoipa::path(post, path = "/api/v1/jobs", tag = "desk", operation_id = "make_job", security(("token" = [])), request_body = NewJob,
    responses((status = 200, description = "A job, or what it would come to", body = JobMade)))]
pub(crate) async fn many(
    State(desk): State<Arc<Desk>>,
    Wish(caller, wish): Wish<NewJob>,
) -> Result<Done<JobMade>, Problem> {
    bulk::many(&desk, &caller, wish).await
}

/// Lists jobs, newest first, with how many of their works are in which state. A token that is bound to a contest sees the jobs of that
/// contest.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "desk", operation_id = "list_jobs", security(("token" = [])), params(Paging),
    responses((status = 200, description = "A page", body = Page<Job>)))]
pub(crate) async fn jobs(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Params(paged): Params<Paging>,
) -> Result<Json<Page<Job>>, Problem> {
    Ok(Json(view::jobs(&desk, &token.sees(), &paged).await?))
}

/// Shows one job.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "desk", operation_id = "job", security(("token" = [])),
    params(("job" = Uuid, Path, description = "Job")), responses((status = 200, description = "The job", body = Job)))]
pub(crate) async fn job(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Path(job): Path<String>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(view::job(&desk, &token.sees(), named(&job)?).await?))
}

/// Lists the works of a job, by time of entry.
#[utoipa::path(get, path = "/api/v1/jobs/{job}/works", tag = "desk", operation_id = "job_works", security(("token" = [])),
    params(("job" = Uuid, Path, description = "Job"), JobWorksFilter),
    responses((status = 200, description = "A page", body = Page<JobWork>)))]
pub(crate) async fn works(
    State(desk): State<Arc<Desk>>,
    Person(token): Person,
    Path(job): Path<String>,
    Params(filter): Params<JobWorksFilter>,
) -> Result<Json<Page<JobWork>>, Problem> {
    Ok(Json(view::works(&desk, &token.sees(), named(&job)?, &filter).await?))
}

/// Pauses, resumes or cancels a job.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/order", tag = "desk", operation_id = "order_job", security(("token" = [])),
    params(("job" = Uuid, Path, description = "Job")), request_body = JobOrder,
    responses((status = 200, description = "The job after it", body = JobOrdered)))]
pub(crate) async fn order(
    State(desk): State<Arc<Desk>>,
    Path(job): Path<String>,
    Wish(caller, wish): Wish<JobOrder>,
) -> Result<Done<JobOrdered>, Problem> {
    job::order(&desk, &caller, named(&job)?, wish).await
}

fn named(job: &str) -> Result<Uuid, Problem> {
    Ok(job.parse().map_err(|_| Code::JobUnknown)?)
}
