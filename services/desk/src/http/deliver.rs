//! POST /api/v1/submissions/{id}/deliveries/{partner}/delivered.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;

use super::deliveries::At;
use super::wish::Wish;
use crate::Desk;
use crate::act::Done;
use crate::act::deliver::{self, Deliver, Delivered};
use crate::act::evidence::PICTURE_BYTES;

/// Room for a picture in base64 and the fields beside it.
pub(crate) const BODY_BYTES: usize = PICTURE_BYTES.div_ceil(3) * 4 + 16 * 1024;

/// Reports that a person delivered a work to a partner, with evidence that it is online there.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/delivered", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Deliver,
    responses((status = 200, description = "Live, or what that would be", body = Delivered)))]
pub(crate) async fn delivered(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Wish(caller, wish): Wish<Deliver>,
) -> Result<Done<Delivered>, Problem> {
    deliver::deliver(&desk, &caller, work.id, &at.partner.as_str().into(), wish).await
}
