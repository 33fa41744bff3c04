//! OPTIONS: the server's capabilities.
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::version::VERSION;
use crate::app::App;
use crate::writer::checksum::Algorithm;

const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation";

/// Returns version, extensions and limits; needs neither version nor token.
#[utoipa::path(
    options, path = "/files", tag = "tus",
    responses((status = 204, description = "Discovery", headers(
        ("Tus-Version" = String), ("Tus-Extension" = String), ("Tus-Max-Size" = u64),
        ("Tus-Checksum-Algorithm" = String),
    )))
)]
pub(crate) async fn discover(State(app): State<Arc<App>>) -> Response {
    options(&app)
}

pub(crate) fn options(app: &App) -> Response {
    let headers = [
        ("tus-version", VERSION.to_owned()),
        ("tus-extension", EXTENSIONS.to_owned()),
        ("tus-max-size", app.max_bytes().to_string()),
        ("tus-checksum-algorithm", Algorithm::NAMES.to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
