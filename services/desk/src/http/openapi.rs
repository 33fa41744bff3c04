//! The description of the staff API, OpenAPI 3.1, from the handlers and the table of routes. `docs` serves it.
use std::sync::{Arc, LazyLock};

use runtime::serving::openapi::{Described, Token, Who, complete, describe};
use runtime::serving::render::ProblemBody;
use runtime::store::watching::listing::MOST_ROWS;
use serde_json::Value;
use utoipa::{Modify, OpenApi};

use super::{
    bag, confirm, contact, cure, deliver, deliveries, docs, entry, evidence, hold, list, partners, persons, preview,
    proofs, recall, recalled, release, reprocess, retry, review, texts, tokens, trail, webhooks, withdraw, work,
};
use crate::route::{Listed, Policy};
use crate::routes;

use words::WORDS;

mod words;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reelmill desk",
        description = "For organisers, reviewers, operators and auditors, by bearer token (`reelmill token create`); `x-roles` says \
            which roles may use a route. Problems are application/problem+json with a stable `code`, in Chinese or English by \
            Accept-Language. Every change carries an Idempotency-Key: for 24 hours a repeated request gets its first answer \
            again, marked `Idempotent-Replayed`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
    docs::page, docs::serve, work::work, withdraw::withdraw, hold::hold, cure::cure, list::submissions, list::parked, entry::history, entry::verdict, entry::media_info, entry::renditions, entry::parts, list::trouble, list::contests, entry::trace,
        preview::preview, preview::file,
    deliveries::list, deliver::delivered, recalled::recalled, bag::bag, bag::file, proofs::list, contact::contact,
        confirm::confirm, texts::texts, evidence::exchanges, partners::list,
        review::review, release::release, recall::recall,
        reprocess::one, reprocess::many, reprocess::jobs, reprocess::job, reprocess::works, reprocess::order, retry::retry, trail::trail,
        webhooks::list, webhooks::messages, webhooks::create, webhooks::rotate, webhooks::test, webhooks::resend, webhooks::remove,
        tokens::list, tokens::create, tokens::revoke,
        persons::list, persons::add, persons::change_roles, persons::end,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Token, &Policies, &WORDS),
    tags((name = "desk", description = "Desk, by role"), (name = "service", description = "About itself")),
)]
struct Document;

/// Adds the policies from the table of routes.
struct Policies;

impl Modify for Policies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        describe(document, &described());
    }
}

fn described() -> Vec<Described> {
    let described = |route: Listed| Described {
        method: route.method.as_str().to_ascii_lowercase(),
        path: route.path,
        who: match route.policy {
            Policy::Public | Policy::Pages(_) => None,
            Policy::People(roles) => Some(Who { roles, entrant: false }),
        },
        keyed: route.keyed,
    };
    routes::list().into_iter().filter(Listed::is_api).map(described).collect()
}

/// The document, without the address of a server.
pub fn document() -> Value {
    complete(&Document::openapi(), &described(), MOST_ROWS)
}

/// The same, made once in this process.
pub(crate) fn shared_document() -> Arc<Value> {
    static DOCUMENT: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(document()));
    DOCUMENT.clone()
}
