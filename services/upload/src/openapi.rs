//! The description of the API for programs: OpenAPI 3.1 at `/api/v1/openapi.json`.
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::render::ProblemBody;
use crate::{entries, tus};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reelmill",
        description = "Enter a film: POST the form, then send the film by tus 1.0.0 (https://tus.io/protocols/resumable-upload) \
            to the address that the answer names, with the token that it carries. Problems are application/problem+json \
            with a stable `code`, in Chinese or English by Accept-Language.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    external_docs(url = "https://tus.io/protocols/resumable-upload", description = "The upload protocol"),
    paths(
        entries::enter::enter, entries::read::read, entries::withdraw::withdraw,
        tus::options::discover, tus::create::create, tus::head::head, tus::patch::patch, tus::terminate::terminate,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Token),
    tags((name = "entries", description = "The form"), (name = "tus", description = "The film")),
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", token);
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
