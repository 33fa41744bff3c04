//! Requirements for each document. For tests of both.
use std::collections::BTreeSet;

use serde_json::Value;

use super::complete::bodies;
use super::fields::{is_bounded, is_text, is_untyped};
use super::vocabulary::WORDED;

/// Panics with a list of all faults: operations with the same id, operations that need the token but state no security,
/// objects without a schema, texts with a fixed set of values that is not listed, components that are not used.
pub fn assert_sound(document: &Value) {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            if id.is_empty() || !ids.insert(id) {
                wrong.push(format!(
                    "{method} {path}: its operation id {id:?} is another's, or it is not in the table of routes"
                ));
            }
            let closed = operation["security"][0].is_object();
            let refuses = ["401", "403"].iter().all(|status| operation["responses"][status].is_object());
            if closed != refuses && closed {
                wrong.push(format!("{method} {path}: a token is needed, and 401 and 403 are missing"));
            }
            look(operation, &format!("{method} {path}"), &mut wrong);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        look(schema, name, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a field's description lists its possible values, rather than examples of them.
fn lists_words(field: &Value) -> bool {
    let said = field["description"].as_str().unwrap_or_default();
    said.contains("` or `") && !said.contains("such as")
}

/// Panics with a list of all texts of request bodies without a maximum length.
pub fn assert_bounded(document: &Value) {
    let mut wrong = Vec::new();
    for component in bodies(document) {
        let properties = document["components"]["schemas"][&component]["properties"].as_object();
        for (name, field) in properties.into_iter().flatten() {
            let text = if field["items"].is_object() { &field["items"] } else { field };
            if is_text(text) && !is_bounded(text) {
                wrong.push(format!("{component}.{name}: of any length; `vocabulary::sent_in` bounds it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn look(value: &Value, place: &str, wrong: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if is_untyped(value) {
                wrong.push(format!(
                    "{place}: an object without a schema; give it a struct, or a line in `vocabulary::FREE`"
                ));
            }
            if fields.get("name").is_some_and(|name| WORDED.iter().any(|it| name == it)) && is_text(&value["schema"]) {
                wrong.push(format!("{place}: {} has no words; `value_type` one of `vocabulary`", fields["name"]));
            }
            for (name, field) in fields.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if (WORDED.contains(&name.as_str()) || lists_words(field)) && is_text(field) {
                    wrong.push(format!("{place}.{name}: no words; `value_type` one of `vocabulary`"));
                }
            }
            for (name, inner) in fields {
                // A field may have the name of a keyword.
                let place = if name == "properties" { place.to_owned() } else { format!("{place}.{name}") };
                if !["example", "examples", "default"].contains(&name.as_str()) {
                    look(inner, &place, wrong);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, place, wrong)),
        _ => {}
    }
}
