//! The description of the API for programs: OpenAPI 3.1 at `/api/v1/openapi.json`.
use axum::Json;
use axum::response::IntoResponse;
use runtime::serving::docs;
use runtime::serving::openapi::{Described, Token, Who, complete, describe, served_at};
use runtime::serving::render::ProblemBody;
use serde_json::Value;
use utoipa::{Modify, OpenApi};

use crate::app::App;
use crate::policy::{Listed, Policy};
use crate::{entries, tus};

use words::WORDS;

mod words;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reelmill",
        description = "Enter a film: POST the form, then send the film by tus 1.0.0 (https://tus.io/protocols/resumable-upload) \
            to the address that the answer names, with the token that it carries. Problems are application/problem+json \
            with a stable `code`, in Chinese or English by Accept-Language. A request that is repeated with the same \
            Idempotency-Key within 24 hours gets its first answer again, marked `Idempotent-Replayed`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    external_docs(url = "https://tus.io/protocols/resumable-upload", description = "The upload protocol"),
    paths(
        entries::enter::enter, entries::read::read, entries::correct::correct, entries::replace::replace,
        entries::withdraw::withdraw,
        page, serve,
        tus::options::discover, tus::create::create, tus::head::head, tus::patch::patch, tus::terminate::terminate,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Token),
    tags((name = "entries", description = "The form"), (name = "tus", description = "The film"), (name = "service", description = "About itself")),
)]
struct Document;

/// The routes of the API, each with who may use it.
fn described(routes: Vec<Listed>) -> Vec<Described> {
    let described = |route: Listed| Described {
        method: route.method.as_str().to_ascii_lowercase(),
        path: route.path,
        who: match route.policy {
            Policy::Public | Policy::Page => None,
            Policy::Upload | Policy::Entry => Some(Who { roles: &[], entrant: true }),
        },
        keyed: false,
    };
    routes.into_iter().filter(|route| !route.is_page()).map(described).collect()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "service",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) fn serve(app: &App, routes: Vec<Listed>) -> Json<Value> {
    let mut document = document(routes);
    served_at(&mut document, &app.settings.public_url);
    Json(document)
}

/// Every address, what it does, and who may use it.
#[utoipa::path(get, path = "/api/v1/docs", tag = "service",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(crate) fn page(routes: Vec<Listed>) -> impl IntoResponse {
    docs::page(&document(routes))
}

/// The document about these routes.
pub(crate) fn document(routes: Vec<Listed>) -> Value {
    let (mut document, routes) = (Document::openapi(), described(routes));
    describe(&mut document, &routes);
    WORDS.modify(&mut document);
    complete(&document, &routes, NO_PAGES)
}

/// No list of this API is paged.
const NO_PAGES: u32 = 0;
