//! GET /api/v1/docs: the API's description for people, made of the one for programs.
use std::fmt::Write as _;

use axum::response::IntoResponse;
use serde_json::Value;

use crate::home::{STYLE, escaped, shown};
use crate::openapi::document;

/// Every address, what it does, and who may.
#[utoipa::path(get, path = "/api/v1/docs", tag = "service", responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub(crate) async fn page() -> impl IntoResponse {
    // Made at each request: it is asked for by people.
    shown(&text(&serde_json::to_value(document()).unwrap_or_default()))
}

fn text(document: &Value) -> String {
    let word = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Reelmill API</title>\n<style>{STYLE}</style>\n<h1>Reelmill API</h1>\n<p>{}</p>\n\
         <p><a href=\"/\">Reelmill</a> · <a href=\"/api/v1/openapi.json\">openapi.json</a></p>\n",
        word(&document["info"]["description"])
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        // Writing to a String cannot fail.
        let _ = write!(page, "<h2>{}</h2>\n<table>\n<tr><th>address<th>does<th>who may\n", word(&tag["description"]));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"][0] != tag["name"] {
                    continue;
                }
                let method = escaped(&method.to_ascii_uppercase());
                let does = word(&operation["summary"]);
                let _ =
                    writeln!(page, "<tr><td><code>{method} {}</code><td>{does}<td>{}", escaped(path), who(operation));
            }
        }
        page += "</table>\n";
    }
    page + "</html>\n"
}

/// As the table of routes says it.
fn who(operation: &Value) -> String {
    let mut names: Vec<String> =
        operation["x-roles"].as_array().into_iter().flatten().filter_map(|it| it.as_str()).map(escaped).collect();
    if operation["x-entrant"] == true {
        names.insert(0, "its entrant".to_owned());
    }
    match (names.is_empty(), operation["security"].is_array()) {
        (false, _) => names.join(", "),
        (true, true) => "its entrant".to_owned(),
        (true, false) => "everybody".to_owned(),
    }
}
