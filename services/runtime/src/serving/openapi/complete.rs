//! What both documents get automatically: unique operation ids, security, problems by status, descriptions, limits. It
//! works on the document as JSON, after all handlers and the table of routes have been added.
use std::collections::BTreeSet;

use pipeline::lang::Lang;
use serde_json::{Map, Value, json};

use super::super::act::KEY_CHARS;
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

/// A problem that a handler does not describe: the component of its status.
fn shared(status: u16, bodiless: bool) -> Value {
    if bodiless {
        let mut response = json!({ "description": about(status) });
        problem(&mut response, status, bodiless);
        return response;
    }
    json!({ "$ref": format!("#/components/responses/Problem{status}") })
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

/// The statuses of possible refusals, by what a request contains. A handler lists its own.
fn statuses(operation: &Value, route: &Described) -> BTreeSet<u16> {
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

fn about(status: u16) -> &'static str {
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
fn problem(response: &mut Value, status: u16, bodiless: bool) {
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

fn parameter_of(parameter: &mut Value, page_items: u32) {
    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
    if name == "Idempotency-Key" {
        parameter["description"] = "A new UUID; the same one when the request is repeated".into();
        parameter["schema"] = json!({ "type": "string", "pattern": "^[!-~]+$", "minLength": KEY_CHARS.start(),
            "maxLength": KEY_CHARS.end(), "examples": ["0197f1f0-6c1a-7cc4-8d0e-2a4f5b8c9d10"] });
        return;
    }
    let place = parameter["in"].as_str().unwrap_or_default().to_owned();
    let Some(schema) = parameter.get_mut("schema") else { return };
    // Absent means absent: nothing in a query, a path or a header is null.
    if let Some(types) = schema["type"].as_array() {
        schema["type"] = types.iter().find(|it| *it != "null").cloned().unwrap_or_default();
    }
    if let Some(some) = schema["oneOf"].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null")) {
        *schema = some.clone();
    }
    match place.as_str() {
        "query" | "path" => {
            property(schema, &name, true, page_items);
            if is_text(schema) && !is_bounded(schema) {
                merge(schema, &vocabulary::asked());
            }
        }
        _ => {}
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

/// A component: each of its fields by its name.
fn schema_of(schema: &mut Value, sent: bool, page_items: u32) {
    for part in ["allOf", "oneOf", "anyOf"] {
        for schema in schema.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            schema_of(schema, sent, page_items);
        }
    }
    if let Some(items) = schema.get_mut("items") {
        schema_of(items, sent, page_items);
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, schema) in properties {
        property(schema, name, sent, page_items);
        schema_of(schema, sent, page_items);
    }
}

/// The limits that texts have in this one body.
fn bound(schema: &mut Value, component: &str) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in properties.into_iter().flatten() {
        let Some(limit) = vocabulary::sent_in(component, name) else { continue };
        let text = if field["items"].is_object() { &mut field["items"] } else { field };
        merge(text, &limit);
    }
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

/// One field: description, limits and named free forms.
fn property(schema: &mut Value, name: &str, sent: bool, page_items: u32) {
    if let Some(each) = schema.get("prefixItems").and_then(Value::as_array).cloned() {
        // A fixed number of the same kind. `items: false` adds nothing to that, and not every linter knows it.
        schema["items"] = each.first().cloned().unwrap_or_default();
        merge(schema, &json!({ "minItems": each.len(), "maxItems": each.len() }));
        return;
    }
    if let Some(items) = schema.get_mut("items") {
        property(items, name, sent, page_items);
        if name == "items" && schema.get("maxItems").is_none() {
            schema["maxItems"] = page_items.into();
        }
        return;
    }
    if is_untyped(schema) {
        if let Some((_, component, _)) = vocabulary::FREE.iter().find(|(known, ..)| *known == name) {
            refer(schema, component);
        }
        return;
    }
    if name == "limit" && sent {
        merge(schema, &json!({ "minimum": 1, "maximum": page_items }));
    }
    if !is_text(schema) {
        return;
    }
    if let Some((_, component)) = vocabulary::MEANINGS.iter().find(|(known, _)| *known == name) {
        refer(schema, component);
    } else if sent && let Some(limit) = vocabulary::sent(name) {
        merge(schema, &limit);
    }
}

/// An object without a description of its contents.
pub(super) fn is_untyped(schema: &Value) -> bool {
    let object = schema["type"] == "object" || is_nullable(schema, "object");
    object && ["properties", "additionalProperties", "propertyNames", "allOf"].iter().all(|it| schema.get(it).is_none())
}

/// Whether the limits of a text are given.
pub(super) fn is_bounded(schema: &Value) -> bool {
    ["maxLength", "pattern", "format", "contentEncoding", "contentMediaType"].iter().any(|it| schema.get(it).is_some())
}

pub(super) fn is_text(schema: &Value) -> bool {
    (schema["type"] == "string" || is_nullable(schema, "string")) && schema.get("enum").is_none()
}

fn is_nullable(schema: &Value, kind: &str) -> bool {
    schema["type"].as_array().is_some_and(|types| types.iter().any(|it| it == kind))
}

fn merge(schema: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        if schema.get(name).is_none() {
            schema[name] = value.clone();
        }
    }
}

/// Refers to a component instead, and keeps the description and the possibility of null.
fn refer(schema: &mut Value, component: &str) {
    let reference = json!({ "$ref": format!("#/components/schemas/{component}") });
    let description = schema.get("description").cloned();
    *schema = if schema["type"].is_array() && component != "AuditState" {
        json!({ "oneOf": [{ "type": "null" }, reference] })
    } else {
        reference
    };
    if let Some(description) = description {
        schema["description"] = description;
    }
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
