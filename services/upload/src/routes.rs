//! Which address is whose.
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{any, get, options, post};
use axum::{Json, Router};
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use crate::cors::cors;
use crate::problem::{Code, Problem};
use crate::render::problems;
use crate::{entries, home, openapi, tus};

/// The form and everything else that is JSON is answered within this.
const API_DEADLINE: Duration = Duration::from_secs(30);

/// Every route of the public API, for `axum::serve`.
pub fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/", get(home::page))
        .route("/api/v1/submissions", post(entries::enter::enter))
        .route("/api/v1/submissions/{id}", get(entries::read::read).delete(entries::withdraw::withdraw))
        .route("/api/v1/openapi.json", get(async || Json(openapi::document())))
        .layer(DefaultBodyLimit::max(entries::FORM_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, API_DEADLINE));
    // No deadline as a whole: an upload takes as long as it takes. Each read has one.
    let tus = Router::new()
        .route("/files", options(tus::options::discover).post(tus::create::create))
        .route("/files/", options(tus::options::discover).post(tus::create::create))
        .route("/files/{id}", any(tus::one))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(tus::version))
        .layer(DefaultBodyLimit::disable());
    api.merge(tus)
        .fallback(async || Problem::from(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodUnknown))
        .layer(from_fn(problems))
        .layer(from_fn(cors))
        .with_state(app)
}
