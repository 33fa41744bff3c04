//! Problems in a document: which statuses a route may answer with, and what such an answer is.
use std::collections::BTreeSet;

use pipeline::lang::Lang;
use serde_json::{Map, Value, json};

use super::Described;

/// The statuses of possible refusals, by what a request contains. A handler lists its own.
pub(super) fn statuses(operation: &Value, route: &Described) -> BTreeSet<u16> {
    let has = |place: &str| operation["parameters"].as_array().into_iter().flatten().any(|it| it["in"] == place);
    let mut statuses = BTreeSet::from([429, 500, 503]);
    if route.who.is_some() {
        statuses.extend([401, 403]);
    }
    if has("path") {
        statuses.insert(404);
    }
    if has("query") {
        statuses.extend([400, 422]);
    }
    if operation["requestBody"]["content"]["application/json"].is_object() {
        statuses.extend([400, 413, 422]);
    }
    if route.keyed {
        statuses.extend([400, 409, 413, 422]);
    }
    if has("header") {
        statuses.extend([400, 422]);
    }
    let headers = operation["parameters"].as_array().into_iter().flatten();
    if headers.filter(|it| it["in"] == "header").any(|it| it["name"] == "Tus-Resumable") {
        statuses.insert(412);
    }
    statuses
}

/// What a status means, in a few words.
pub(super) fn about(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed",
        401 => "No token",
        403 => "The token does not allow this",
        404 => "It does not exist, or not for this token",
        409 => "The state does not allow this",
        412 => "Another version of the protocol",
        413 => "Too large",
        422 => "A field is wrong",
        429 => "Too many requests; see Retry-After",
        500 => "The server failed",
        503 => "Try again later; see Retry-After",
        _ => "Refused",
    }
}

/// A problem as `serving::render` writes it.
pub(super) fn problem(response: &mut Value, status: u16, bodiless: bool) {
    let text = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    let language = json!({ "description": "Language of the problem", "schema": { "type": "string", "enum": [Lang::Zh.tag(), Lang::En.tag()] } });
    let mut headers = Map::from_iter([("Content-Language".to_owned(), language)]);
    if status == 401 {
        headers.insert("WWW-Authenticate".into(), text("`Bearer`"));
    }
    if [429, 503].contains(&status) {
        let seconds = json!({ "type": "integer", "minimum": 0 });
        headers.insert("Retry-After".into(), json!({ "description": "Seconds", "schema": seconds }));
    }
    for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.insert(name.clone(), header.clone());
    }
    response["headers"] = Value::Object(headers);
    if bodiless {
        response.as_object_mut().map(|it| it.remove("content"));
    } else {
        let schema = json!({ "$ref": "#/components/schemas/ProblemBody" });
        response["content"] = json!({ "application/problem+json": { "schema": schema } });
    }
}

/// A problem that a handler does not describe: the component of its status.
pub(super) fn shared(status: u16, bodiless: bool) -> Value {
    if bodiless {
        let mut response = json!({ "description": about(status) });
        problem(&mut response, status, bodiless);
        return response;
    }
    json!({ "$ref": format!("#/components/responses/Problem{status}") })
}
