//! Every address of the staff API, its handler, and who may use it, in one table.
use axum::http::Method;
use axum::routing::{delete, get, post, put};
use pipeline::person::Role;

use super::pictures::with_picture;
use super::{
    bag, confirm, contact, cure, deliver, deliveries, docs, entry, evidence, hold, list, partners, persons, preview,
    proofs, recall, recalled, release, reprocess, retry, review, texts, tokens, trail, webhooks, withdraw, work,
};
use crate::roles::{ADMIN, AUDITOR, CARRIERS, EVIDENCE, OPERATOR, ORGANISER, READERS, SCREENER};
use crate::route::{Policy, Route};

/// Every route of the API.
#[rustfmt::skip]
pub(crate) fn routes() -> Vec<Route> {
    use Policy::{People, Public};
    let route = |method, path, policy, handler| Route { method, path, policy, handler };
    let read = |path, policy, handler| route(Method::GET, path, policy, handler);
    let act = |path, roles, handler| route(Method::POST, path, People(roles), handler);
    vec![
        read("/api/v1/openapi.json", Public, get(docs::serve)),
        read("/api/v1/docs", Public, get(docs::page)),

        read("/api/v1/submissions", People(READERS), get(list::submissions)),
        read("/api/v1/submissions/{id}", People(READERS), get(work::work)),
        read("/api/v1/parked", People(READERS), get(list::parked)),
        read("/api/v1/trouble", People(READERS), get(list::trouble)),
        read("/api/v1/contests", People(READERS), get(list::contests)),
        read("/api/v1/submissions/{id}/history", People(READERS), get(entry::history)),
        read("/api/v1/submissions/{id}/verdict", People(READERS), get(entry::verdict)),
        read("/api/v1/submissions/{id}/media-info", People(READERS), get(entry::media_info)),
        read("/api/v1/submissions/{id}/preview", People(READERS), get(preview::preview)),
        read("/api/v1/submissions/{id}/preview/{file}", People(READERS), get(preview::file)),
        read("/api/v1/submissions/{id}/renditions", People(READERS), get(entry::renditions)),
        read("/api/v1/submissions/{id}/parts", People(READERS), get(entry::parts)),
        read("/api/v1/submissions/{id}/trace", People(READERS), get(entry::trace)),
        read("/api/v1/submissions/{id}/deliveries", People(READERS), get(deliveries::list)),
        read("/api/v1/submissions/{id}/exchanges", People(EVIDENCE), get(evidence::exchanges)),
        read("/api/v1/submissions/{id}/contact", People(ORGANISER), get(contact::contact)),

        act("/api/v1/submissions/{id}/review", SCREENER, post(review::review)),
        act("/api/v1/submissions/{id}/release", ORGANISER, post(release::release)),
        act("/api/v1/submissions/{id}/recall", ORGANISER, post(recall::recall)),
        act("/api/v1/submissions/{id}/reprocess", ORGANISER, post(reprocess::one)),
        read("/api/v1/jobs", People(READERS), get(reprocess::jobs)),
        act("/api/v1/jobs", ORGANISER, post(reprocess::many)),
        read("/api/v1/jobs/{job}", People(READERS), get(reprocess::job)),
        read("/api/v1/jobs/{job}/works", People(READERS), get(reprocess::works)),
        act("/api/v1/jobs/{job}/order", ORGANISER, post(reprocess::order)),
        route(Method::PUT, "/api/v1/submissions/{id}/deliveries/{partner}/texts", People(ORGANISER), put(texts::texts)),
        act("/api/v1/submissions/{id}/withdraw", OPERATOR, post(withdraw::withdraw)),
        act("/api/v1/submissions/{id}/hold", ORGANISER, post(hold::hold)),
        act("/api/v1/submissions/{id}/cure", ORGANISER, post(cure::cure)),
        act("/api/v1/submissions/{id}/retry", OPERATOR, post(retry::retry)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/delivered", OPERATOR, with_picture(post(deliver::delivered), deliver::BODY_BYTES)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/recalled", OPERATOR, with_picture(post(recalled::recalled), deliver::BODY_BYTES)),
        read("/api/v1/submissions/{id}/proofs", People(EVIDENCE), get(proofs::list)),
        act("/api/v1/submissions/{id}/deliveries/{partner}/confirm", OPERATOR, post(confirm::confirm)),
        read("/api/v1/submissions/{id}/deliveries/{partner}/bag", People(CARRIERS), get(bag::bag)),
        read("/api/v1/submissions/{id}/deliveries/{partner}/bag/{file}", People(CARRIERS), get(bag::file)),

        read("/api/v1/partners", People(READERS), get(partners::list)),
        read("/api/v1/audit", People(AUDITOR), get(trail::trail)),
        read("/api/v1/persons", People(&[Role::Admin, Role::Auditor]), get(persons::list)),
        act("/api/v1/persons", ADMIN, post(persons::add)),
        act("/api/v1/persons/{person}/roles", ADMIN, post(persons::change_roles)),
        act("/api/v1/persons/{person}/end", ADMIN, post(persons::end)),
        read("/api/v1/tokens", People(&[Role::Organiser, Role::Auditor]), get(tokens::list)),
        act("/api/v1/tokens", ORGANISER, post(tokens::create)),
        read("/api/v1/webhooks", People(&[Role::Organiser, Role::Auditor]), get(webhooks::list)),
        read("/api/v1/webhooks/{webhook}/messages", People(&[Role::Organiser, Role::Auditor]), get(webhooks::messages)),
        act("/api/v1/webhooks", ORGANISER, post(webhooks::create)),
        act("/api/v1/webhooks/{webhook}/rotate", ORGANISER, post(webhooks::rotate)),
        act("/api/v1/webhooks/{webhook}/test", ORGANISER, post(webhooks::test)),
        act("/api/v1/webhooks/{webhook}/resend", ORGANISER, post(webhooks::resend)),
        route(Method::DELETE, "/api/v1/webhooks/{webhook}", People(ORGANISER), delete(webhooks::remove)),
        route(Method::DELETE, "/api/v1/tokens/{token}", People(ORGANISER), delete(tokens::revoke)),
    ]
}
