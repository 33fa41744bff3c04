//! What both documents get automatically: unique operation ids, security, problems by status, descriptions, limits. It
//! works on the document as JSON, after all handlers and the table of routes have been added. `problems` and `fields` know
//! the parts.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::{bound, parameter_of, property, schema_of};
use super::problems::{about, problem, shared, statuses};
use super::{Described, vocabulary};

/// Completes a document. `page_items` is the largest page of a list.
pub fn complete(document: &utoipa::openapi::OpenApi, routes: &[Described], page_items: u32) -> Value {
    // Our own document: maps with text keys.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for route in routes {
        let item = document["paths"].get_mut(route.path);
        if let Some(operation) = item.and_then(|item| item.get_mut(&route.method)) {
            describe(operation, route, page_items);
        }
    }
    let sent = bodies(&document);
    for route in routes {
        let needed = body_is_needed(&document, route);
        if let Some(body) =
            document["paths"].get_mut(route.path).and_then(|item| item.get_mut(&route.method)?.get_mut("requestBody"))
        {
            body["required"] = needed.into();
        }
    }
    let schemas = document["components"].get_mut("schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        schema_of(schema, sent.contains(name), page_items);
        if sent.contains(name) {
            bound(schema, name);
        }
    }
    add_components(&mut document);
    while remove_unused(&mut document) {}
    served_at(&mut document, "");
    document
}

/// Sets the address at which the API is served; if it is not known, a path of this server.
pub fn served_at(document: &mut Value, url: &str) {
    document["servers"] = json!([{ "url": if url.is_empty() { "/" } else { url } }]);
}

fn describe(operation: &mut Value, route: &Described, page_items: u32) {
    operation["operationId"] = id(&route.method, route.path).into();
    operation["security"] = if route.who.is_some() { json!([{ "token": [] }]) } else { json!([]) };
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        parameter_of(parameter, page_items);
    }
    let statuses = statuses(operation, route);
    let bodiless = route.method == "head";
    if let Some(responses) = operation["responses"].as_object_mut() {
        responses.remove("default");
        for (status, response) in responses.iter_mut() {
            match status.parse().unwrap_or_default() {
                // The size of the file is in a header, and there is no text.
                416 => {}
                status @ 400.. => problem(response, status, bodiless),
                _ => success(response, route, page_items),
            }
        }
        for status in statuses {
            responses.entry(status.to_string()).or_insert_with(|| shared(status, bodiless));
        }
    }
}

/// `getSubmissionsByIdHistory` of GET /api/v1/submissions/{id}/history.
fn id(method: &str, path: &str) -> String {
    let mut id = method.to_owned();
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    for segment in path.split('/').filter(|it| !it.is_empty()) {
        if segment.starts_with('{') {
            id += "By";
        }
        for word in segment.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty()) {
            let (first, rest) = word.split_at(1);
            id += &first.to_ascii_uppercase();
            id += rest;
        }
    }
    if id == method { id + "Root" } else { id }
}

fn success(response: &mut Value, route: &Described, page_items: u32) {
    if route.keyed {
        let replayed = json!({ "description": "The first answer to this Idempotency-Key, again",
            "schema": { "type": "string", "enum": ["true"] } });
        response["headers"]["Idempotent-Replayed"] = replayed;
    }
    let contents = response.get_mut("content").and_then(Value::as_object_mut);
    for (_, content) in contents.into_iter().flatten() {
        let last = route.path.rsplit('/').next().unwrap_or_default();
        if let Some(schema) = content.get_mut("schema") {
            property(schema, last, false, page_items);
        }
    }
}

/// An absent JSON body counts as `{}`, so a body is required if one of its fields is.
fn body_is_needed(document: &Value, route: &Described) -> bool {
    let body = &document["paths"][route.path][&route.method]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
    let Some(name) = name else { return body["required"] == true };
    document["components"]["schemas"][name]["required"].as_array().is_some_and(|fields| !fields.is_empty())
}

/// Components that are request bodies, or parts of one.
pub(super) fn bodies(document: &Value) -> BTreeSet<String> {
    let operations = document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object());
    let mut open: Vec<&Value> = operations.flatten().map(|(_, operation)| &operation["requestBody"]).collect();
    let mut found = BTreeSet::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                let name = fields.get("$ref").and_then(Value::as_str).and_then(|it| it.rsplit('/').next());
                if let Some(name) = name
                    && found.insert(name.to_owned())
                {
                    open.push(&document["components"]["schemas"][name]);
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// A page's own schema contains the schema of its items again, so their own component may be unused. Returns whether
/// one was removed.
fn remove_unused(document: &mut Value) -> bool {
    let text = document.to_string();
    let Some(schemas) = document["components"].get_mut("schemas").and_then(Value::as_object_mut) else { return false };
    let before = schemas.len();
    schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
    schemas.len() < before
}

/// Adds our components that the document refers to.
fn add_components(document: &mut Value) {
    let text = document.to_string();
    for status in 400..600 {
        if text.contains(&format!("\"#/components/responses/Problem{status}\"")) {
            let mut response = json!({ "description": about(status) });
            problem(&mut response, status, false);
            document["components"]["responses"][format!("Problem{status}")] = response;
        }
    }
    for name in vocabulary::names() {
        let Some(component) = vocabulary::component(name) else { continue };
        if text.contains(&format!("\"#/components/schemas/{name}\"")) {
            let schemas = &mut document["components"]["schemas"];
            if schemas.get(name).is_none() {
                schemas[name] = component;
            }
        }
    }
}
