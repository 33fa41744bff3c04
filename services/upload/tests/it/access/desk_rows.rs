//! The rows of the desk. The entry waits for its film, has no delivery, and nothing of it has failed.
use serde_json::{Value, json};

use super::row::{NO_ROLE, Row, about, general, public};

/// The places of the roles in an array of answers; admins are apart.
const SCREENER: usize = 0;
const ORGANISER: usize = 1;
const OPERATOR: usize = 2;
const AUDITOR: usize = 3;

const READ: [&str; 4] = ["200"; 4];

/// This answer for one role; the others may not use the route.
fn only(at: usize, answer: &'static str) -> [&'static str; 4] {
    let mut answers = [NO_ROLE; 4];
    answers[at] = answer;
    answers
}

/// A request without a body.
fn none() -> Value {
    Value::Null
}

/// One row per route of the desk.
pub(super) fn desk_table() -> Vec<Row> {
    let of_service = vec![public("GET /api/v1/openapi.json", none(), "200"), public("GET /api/v1/docs", none(), "200")];
    [of_service, works(), decisions(), jobs(), deliveries(), watching(), persons()].into_iter().flatten().collect()
}

/// Lists, and what staff see of one work.
fn works() -> Vec<Row> {
    let not_yet = ["not_yet"; 4];
    vec![
        about("GET /api/v1/submissions/{id}", none(), READ),
        general("GET /api/v1/submissions", none(), READ),
        general("GET /api/v1/parked", none(), READ),
        general("GET /api/v1/trouble", none(), READ),
        general("GET /api/v1/contests", none(), READ),
        about("GET /api/v1/submissions/{id}/history", none(), READ),
        about("GET /api/v1/submissions/{id}/verdict", none(), not_yet),
        about("GET /api/v1/submissions/{id}/media-info", none(), not_yet),
        about("GET /api/v1/submissions/{id}/preview", none(), not_yet),
        about("GET /api/v1/submissions/{id}/preview/{file}", none(), not_yet),
        about("GET /api/v1/submissions/{id}/renditions", none(), READ),
        about("GET /api/v1/submissions/{id}/parts", none(), READ),
        about("GET /api/v1/submissions/{id}/trace", none(), READ),
        about("GET /api/v1/submissions/{id}/deliveries", none(), READ),
        about("GET /api/v1/submissions/{id}/contact", none(), only(ORGANISER, "200")),
    ]
}

/// What screeners and organisers decide about one work.
fn decisions() -> Vec<Row> {
    let review = json!({ "decision": "accept" });
    vec![
        about("POST /api/v1/submissions/{id}/review", review, only(SCREENER, "state_wrong")),
        about("POST /api/v1/submissions/{id}/release", json!({}), only(ORGANISER, "state_wrong")),
        about("POST /api/v1/submissions/{id}/recall", json!({ "reason": "test" }), only(ORGANISER, "state_wrong")),
        about(
            "PUT /api/v1/submissions/{id}/deliveries/{partner}/texts",
            json!({ "title": "x" }),
            only(ORGANISER, "200"),
        ),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/confirm",
            json!({}),
            only(OPERATOR, "delivery_unknown"),
        ),
        about("POST /api/v1/submissions/{id}/reprocess", json!({ "from": "screen" }), only(ORGANISER, "state_wrong")),
    ]
}

/// Jobs for many works.
fn jobs() -> Vec<Row> {
    vec![
        general("GET /api/v1/jobs", none(), READ),
        Row {
            // Within its contest the entry is found and cannot begin; a token of another contest finds nothing.
            elsewhere: only(ORGANISER, "nothing_selected"),
            ..general(
                "POST /api/v1/jobs",
                json!({ "where": "state=uploading", "from": "screen" }),
                only(ORGANISER, "state_wrong"),
            )
        },
        general("GET /api/v1/jobs/{job}", none(), ["job_unknown"; 4]),
        general("GET /api/v1/jobs/{job}/works", none(), ["job_unknown"; 4]),
        general("POST /api/v1/jobs/{job}/order", json!({ "order": "pause" }), only(ORGANISER, "job_unknown")),
    ]
}

/// Partners and deliveries, and what operators do about one work.
fn deliveries() -> Vec<Row> {
    let delivered = json!({ "url": "https://example.com/video/1" });
    vec![
        general("GET /api/v1/partners", none(), READ),
        about("GET /api/v1/submissions/{id}/exchanges", none(), [NO_ROLE, "200", "200", "200"]),
        about("POST /api/v1/submissions/{id}/retry", json!({}), only(OPERATOR, "nothing_parked")),
        about("POST /api/v1/submissions/{id}/withdraw", json!({ "dry_run": true }), only(OPERATOR, "200")),
        about("POST /api/v1/submissions/{id}/hold", json!({ "held": false }), only(ORGANISER, "200")),
        about("POST /api/v1/submissions/{id}/cure", json!({ "dry_run": true }), only(ORGANISER, "200")),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/delivered",
            delivered,
            only(OPERATOR, "delivery_unknown"),
        ),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/recalled",
            json!({ "url": "https://example.com/video/1" }),
            only(OPERATOR, "delivery_unknown"),
        ),
        about(
            "GET /api/v1/submissions/{id}/deliveries/{partner}/bag",
            none(),
            [NO_ROLE, "delivery_unknown", "delivery_unknown", NO_ROLE],
        ),
        about(
            "GET /api/v1/submissions/{id}/deliveries/{partner}/bag/{file}",
            none(),
            [NO_ROLE, "delivery_unknown", "delivery_unknown", NO_ROLE],
        ),
        about("GET /api/v1/submissions/{id}/proofs", none(), [NO_ROLE, "200", "200", "200"]),
    ]
}

/// The audit trail, and webhooks.
fn watching() -> Vec<Row> {
    vec![
        general("GET /api/v1/audit", none(), only(AUDITOR, "200")),
        general("GET /api/v1/webhooks", none(), [NO_ROLE, "200", NO_ROLE, "200"]),
        general(
            "GET /api/v1/webhooks/{webhook}/messages",
            none(),
            [NO_ROLE, "webhook_unknown", NO_ROLE, "webhook_unknown"],
        ),
        general("POST /api/v1/webhooks", json!({ "url": "http://example.com/" }), only(ORGANISER, "field_wrong")),
        general("POST /api/v1/webhooks/{webhook}/rotate", json!({}), only(ORGANISER, "webhook_unknown")),
        general("POST /api/v1/webhooks/{webhook}/test", json!({}), only(ORGANISER, "webhook_unknown")),
        general("POST /api/v1/webhooks/{webhook}/resend", json!({}), only(ORGANISER, "webhook_unknown")),
        general("DELETE /api/v1/webhooks/{webhook}", none(), only(ORGANISER, "webhook_unknown")),
    ]
}

/// Persons and tokens.
fn persons() -> Vec<Row> {
    let wish = json!({ "role": "organiser", "name": "new", "expires": "1d" });
    let held = json!([{ "role": "screener", "contest": "demo" }]);
    let person = json!({ "name": "新人", "login": "xinren", "roles": held, "dry_run": true });
    vec![
        general("GET /api/v1/persons", none(), only(AUDITOR, "200")).by_admins("200", "200"),
        // An admin gives roles of their own contest only.
        general("POST /api/v1/persons", person, [NO_ROLE; 4]).by_admins("201", "role_beyond"),
        general("POST /api/v1/persons/{person}/roles", json!({ "add": held }), [NO_ROLE; 4])
            .by_admins("person_unknown", "role_beyond"),
        general("POST /api/v1/persons/{person}/end", json!({ "reason": "test" }), [NO_ROLE; 4])
            .by_admins("person_unknown", "person_unknown"),
        general("GET /api/v1/tokens", none(), [NO_ROLE, "200", NO_ROLE, "200"]),
        general("POST /api/v1/tokens", wish, only(ORGANISER, "201")),
        general("DELETE /api/v1/tokens/{token}", none(), only(ORGANISER, "token_unknown")),
    ]
}
