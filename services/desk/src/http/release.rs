//! POST /api/v1/submissions/{id}/release.
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::release::{self, Release, Released};

/// Releases a finished work to partners, or adds further ones.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/release", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")), request_body = Release,
    responses((status = 200, description = "Released, or what that would start", body = Released)))]
pub(crate) async fn release(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Wish(caller, wish): Wish<Release>,
) -> Result<Done<Released>, Problem> {
    release::release(&desk, &caller, work.id, wish).await
}
