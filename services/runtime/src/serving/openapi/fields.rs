//! Fields and parameters in a document, by their names: descriptions, limits, and named free forms.
use serde_json::{Value, json};

use super::super::act::KEY_CHARS;
use super::vocabulary;

/// A parameter of a request.
pub(super) fn parameter_of(parameter: &mut Value, page_items: u32) {
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

/// A component: each of its fields by its name.
pub(super) fn schema_of(schema: &mut Value, sent: bool, page_items: u32) {
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
pub(super) fn bound(schema: &mut Value, component: &str) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in properties.into_iter().flatten() {
        let Some(limit) = vocabulary::sent_in(component, name) else { continue };
        let text = if field["items"].is_object() { &mut field["items"] } else { field };
        merge(text, &limit);
    }
}

/// One field: description, limits and named free forms.
pub(super) fn property(schema: &mut Value, name: &str, sent: bool, page_items: u32) {
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
