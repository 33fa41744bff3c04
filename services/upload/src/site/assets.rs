//! Style sheets, modules and the icon; and the switch between the languages.
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use pages::serve;
use runtime::problem::{Code, Problem};
use serde::Deserialize;

use crate::app::App;

/// GET /assets/{file}.
pub(crate) async fn asset(Path(file): Path<String>) -> Result<Response, Problem> {
    serve::asset(&file).ok_or_else(|| Code::RouteUnknown.into())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Back {
    back: Option<String>,
}

/// GET /lang/{lang}: stores the language and returns to the page.
pub(crate) async fn lang(
    State(app): State<Arc<App>>,
    Path(lang): Path<String>,
    Query(query): Query<Back>,
) -> Result<Response, Problem> {
    let lang = serve::lang_named(&lang).ok_or(Code::RouteUnknown)?;
    let mut response = serve::see(serve::inside(query.back.as_deref()));
    let https = app.settings.public_url.starts_with("https://");
    response.headers_mut().insert(SET_COOKIE, serve::set_lang(lang, https));
    Ok(response)
}
