//! Style sheets, modules and the icon; and the switch between the languages.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Method;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::get;
use runtime::problem::{Code, Problem};
use serde::Deserialize;

use super::{Asked, cookie, inside, open, see};
use crate::Desk;
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![open(Method::GET, "/assets/{file}", get(asset)), open(Method::GET, "/lang/{lang}", get(lang))]
}

/// One file. Its address contains its digest, so it never changes.
async fn asset(Path(file): Path<String>) -> Result<Response, Problem> {
    pages::serve::asset(&file).ok_or_else(|| Code::RouteUnknown.into())
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Back {
    back: Option<String>,
}

/// Stores the language and returns to the page.
async fn lang(
    State(desk): State<Arc<Desk>>,
    Path(lang): Path<String>,
    Asked(query): Asked<Back>,
) -> Result<Response, Problem> {
    let lang = pages::serve::lang_named(&lang).ok_or(Code::RouteUnknown)?;
    let mut response = see(inside(query.back.as_deref()));
    response.headers_mut().insert(SET_COOKIE, cookie::set_lang(&desk, lang));
    Ok(response)
}
