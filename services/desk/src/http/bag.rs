//! The bag of a partner that is served by hand: GET /api/v1/submissions/{id}/deliveries/{partner}/bag, and each of its
//! files.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use runtime::objects::ObjectError;
use runtime::problem::{Code, Problem};
use runtime::range::Stretch;
use runtime::serving::principal::{Person, Subject};
use serde::Deserialize;

use super::deliveries::At;
use super::preview::body;
use crate::Desk;
use crate::view::bag::{self, Bag};

/// The files that a person delivers to a partner, and what to enter on its pages.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries/{partner}/bag", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    responses((status = 200, description = "Links and texts", body = Bag)))]
pub(crate) async fn bag(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    person: Person,
    Path(at): Path<At>,
) -> Result<Json<Bag>, Problem> {
    let (bag, _) = bag::bag(&desk, &person.0.sees(), work.id, &at.partner.as_str().into()).await?;
    Ok(Json(bag))
}

/// Which file of which bag.
#[derive(Deserialize)]
pub(crate) struct FileAt {
    partner: String,
    file: String,
}

/// A file of the bag. One range of bytes can be requested.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/deliveries/{partner}/bag/{file}", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner"),
        ("file" = String, Path, description = "Its name")),
    responses((status = 200, description = "All of it"), (status = 206, description = "A part of it"),
        (status = 416, description = "It has no such part")))]
pub(crate) async fn file(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    person: Person,
    Path(at): Path<FileAt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    fetched(&desk, &person.0.sees(), work.id, &at.partner.as_str().into(), &at.file, &headers).await
}

/// A file of a bag as an answer, or the requested range of it.
pub(crate) async fn fetched(
    desk: &Desk,
    sees: &Sees,
    work: SubmissionId,
    partner: &PartnerId,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (_, files) = bag::bag(desk, sees, work, partner).await?;
    let file = files.into_iter().find(|file| file.name.to_string() == name).ok_or(Code::BagUnknown)?;
    let stretch = match Stretch::asked(headers, file.bytes, &file.sha256) {
        Ok(stretch) => stretch,
        Err(beyond) => return Ok(beyond.into_response()),
    };
    let reader = match desk.objects.read_range(&file.key, stretch.from, stretch.to).await {
        // It was recalled at this moment.
        Err(ObjectError::NotFound) => return Err(Code::BagUnknown.into()),
        reader => reader?,
    };
    let saved = format!("attachment; filename=\"{}\"", file.name);
    let head = stretch.head(kind(name)).header(header::CONTENT_DISPOSITION, saved);
    Ok(head.body(body(reader)).map_err(anyhow::Error::from)?)
}

/// The media type, by the file names that the publish stage gives.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("mp4") => "video/mp4",
        Some("jpg") => "image/jpeg",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}
