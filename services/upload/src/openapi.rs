//! The description of the API for programs: OpenAPI 3.1 at `/api/v1/openapi.json`.
use axum::Json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, Required, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};

use crate::access::Policy;
use crate::render::ProblemBody;
use crate::routes::{self, Listed};
use crate::{desk, entries, home, tus};

use words::{Words, operation};

mod words;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reelmill",
        description = "Enter a film: POST the form, then send the film by tus 1.0.0 (https://tus.io/protocols/resumable-upload) \
            to the address that the answer names, with the token that it carries. Problems are application/problem+json \
            with a stable `code`, in Chinese or English by Accept-Language. Organisers have tokens of their own \
            (`reelmill token create`); `x-roles` says which roles may use a route, `x-entrant` whether an entry's own token \
            may. What they change is asked for with an Idempotency-Key: for 24 hours a repeated request gets its first \
            answer again, marked `Idempotent-Replayed`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    external_docs(url = "https://tus.io/protocols/resumable-upload", description = "The upload protocol"),
    paths(
        entries::enter::enter, entries::read::read, entries::withdraw::withdraw,
        home::page, crate::docs::page, serve,
        desk::list::submissions, desk::list::parked,
        desk::entry::history, desk::entry::verdict, desk::entry::media_info, desk::entry::renditions, desk::entry::parts,
        desk::preview::preview, desk::preview::file,
        desk::deliveries::list, desk::deliveries::delivered, desk::proofs::recalled, desk::proofs::list, desk::contact::contact,
        desk::deliveries::confirm, desk::deliveries::texts, desk::evidence::exchanges, desk::partners::list,
        desk::review::review, desk::release::release, desk::recall::recall,
        desk::reprocess::one, desk::reprocess::many, desk::reprocess::jobs, desk::reprocess::works, desk::reprocess::order, desk::retry::retry, desk::trail::trail,
        desk::webhooks::list, desk::webhooks::messages, desk::webhooks::resend, desk::webhooks::remove,
        desk::tokens::list, desk::tokens::create, desk::tokens::revoke,
        tus::options::discover, tus::create::create, tus::head::head, tus::patch::patch, tus::terminate::terminate,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Token, &Policies, &Words),
    tags((name = "entries", description = "The form"), (name = "tus", description = "The film"), (name = "desk", description = "For organisers, by role"),
        (name = "service", description = "About itself")),
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", token);
    }
}

/// Writes down what the table of routes knows: roles, the Idempotency-Key, and that any answer may be a problem.
struct Policies;

impl Modify for Policies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for route in routes::list() {
            let item = document.paths.paths.get_mut(route.path);
            if let Some(operation) = item.and_then(|item| operation(item, &route.method.as_str().to_ascii_lowercase()))
            {
                describe(operation, &route);
            }
        }
    }
}

fn describe(operation: &mut Operation, route: &Listed) {
    let (entrant, roles) = match route.policy {
        Policy::Public | Policy::Upload => return,
        Policy::Entry(roles) => (true, roles),
        Policy::People(roles) => (false, roles),
    };
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    let known = Extensions::builder().add("x-roles", names).add("x-entrant", entrant).build();
    operation.extensions.get_or_insert_default().merge(known);
    if route.keyed {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(16)).max_length(Some(200)).build();
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("A new UUID; the same one when the request is repeated"))
            .schema(Some(text))
            .build();
        operation.parameters.get_or_insert_default().push(key);
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let problem = ResponseBuilder::new().description("A problem").content("application/problem+json", problem).build();
    operation.responses.responses.insert("default".to_owned(), problem.into());
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "service",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
