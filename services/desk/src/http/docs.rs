//! The description of the API as it is served: for programs at `/api/v1/openapi.json`, for people at `/api/v1/docs`.
//! `openapi` makes it from the table of routes.
use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use runtime::serving::docs;
use runtime::serving::openapi::served_at;
use serde_json::Value;

use crate::Desk;

/// The OpenAPI document. The router puts it into each request.
#[derive(Clone)]
pub(crate) struct Description(Arc<Value>);

impl Description {
    pub(crate) fn of(document: Arc<Value>) -> Self {
        Self(document)
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "service",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn serve(
    State(desk): State<Arc<Desk>>,
    Extension(Description(document)): Extension<Description>,
) -> Json<Value> {
    let mut document = Value::clone(&document);
    served_at(&mut document, &desk.url);
    Json(document)
}

/// Every address, what it does, and who may use it.
#[utoipa::path(get, path = "/api/v1/docs", tag = "service",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(crate) async fn page(Extension(Description(document)): Extension<Description>) -> impl IntoResponse {
    docs::page(&document)
}
