//! One delivery: its state, the bag and its checklist, and the acts of people on it.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use serde::Deserialize;

use super::filed::BODY_BYTES;
use super::{CARRIERS, Here, READERS, Visit, page, post_to, shown};
use crate::Desk;
use crate::http::bag::fetched;
use crate::http::pictures::with_picture;
use crate::roles::{OPERATOR, ORGANISER};
use crate::route::Route;
use acts::{confirmed, delivered, removed, written};
use at::At;
use page::{Around, whole};

mod acts;
mod at;
mod forms;
mod page;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works/{id}/deliveries/{partner}", READERS, get(one)),
        page("/works/{id}/deliveries/{partner}/bag/{file}", CARRIERS, get(file)),
        post_to("/works/{id}/deliveries/{partner}/delivered", OPERATOR, with_picture(post(delivered), BODY_BYTES)),
        post_to("/works/{id}/deliveries/{partner}/recalled", OPERATOR, with_picture(post(removed), BODY_BYTES)),
        post_to("/works/{id}/deliveries/{partner}/confirm", OPERATOR, post(confirmed)),
        post_to("/works/{id}/deliveries/{partner}/texts", ORGANISER, post(written)),
    ]
}

#[derive(Deserialize)]
struct FileAt {
    partner: String,
    file: String,
}

async fn one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let shell = visit.shell(Here::Deliveries);
    shown(&whole(&desk, &visit, shell, &work, &at.partner(), Around::default()).await?)
}

async fn file(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<FileAt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    fetched(&desk, &visit.seen(), work.id, &at.partner.as_str().into(), &at.file, &headers).await
}
