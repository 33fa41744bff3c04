//! GET /works/{id}/preview/{file}: the small film, its storyboard and the cues, for players in pages. Supports one byte
//! range.
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use runtime::problem::Problem;
use runtime::serving::principal::Subject;
use serde::Deserialize;

use super::{READERS, page};
use crate::Desk;
use crate::http::preview;
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![page("/works/{id}/preview/{file}", READERS, get(file))]
}

#[derive(Deserialize)]
struct At {
    #[serde(rename = "id")]
    _id: String,
    file: String,
}

async fn file(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut response = preview::named(&desk, &work, &at.file, &headers).await?;
    // This person's browser may cache it for a while: a card prefetches the next card's storyboard, and a player seeks
    // back and forth in its film.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"));
    response.headers_mut().insert(VARY, HeaderValue::from_static("Cookie"));
    Ok(response)
}
