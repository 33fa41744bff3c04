//! GET /api/v1/docs of both APIs: the description for people, generated from the one for programs.
use std::fmt::Write as _;

use axum::response::IntoResponse;
use serde_json::Value;

use super::page::{STYLE, escaped, shown};

/// A page that lists every address of this document, what it does, and who may use it.
pub fn page(document: &Value) -> impl IntoResponse + use<> {
    // Generated at each request: only people open it.
    shown(&text(document))
}

fn text(document: &Value) -> String {
    let word = |value: &Value| shown_code(value.as_str().unwrap_or_default());
    // The desk has no page at its root.
    let home = if document["paths"]["/"].is_object() { "<a href=\"/\">Reelmill</a> · " } else { "" };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"zh\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>接口说明 Reelmill API</title>\n<style>{STYLE}</style>\n<h1>接口说明 <span class=\"en\" lang=\"en\">Reelmill API</span></h1>\n\
         <p>{}</p>\n<p>{home}<a href=\"/api/v1/openapi.json\">openapi.json</a></p>\n",
        word(&document["info"]["description"]).replace("\n\n", "</p>\n<p class=\"en\" lang=\"en\">")
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<h2>{}</h2>\n<table>\n<tr><th>地址 address<th>作用 does<th>谁可以用 who may\n",
            word(&tag["description"])
        );
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"][0] != tag["name"] {
                    continue;
                }
                let method = escaped(&method.to_ascii_uppercase());
                let (zh, en) = (word(&operation["x-summary"]["zh"]), word(&operation["x-summary"]["en"]));
                let does = format!("{zh}<br><span class=\"en\" lang=\"en\">{en}</span>");
                let _ =
                    writeln!(page, "<tr><td><code>{method} {}</code><td>{does}<td>{}", breakable(path), who(operation));
            }
        }
        page += "</table>\n";
    }
    page + "</html>\n"
}

/// A path with optional line breaks after its slashes, so that a long one leaves room for the text beside it.
fn breakable(path: &str) -> String {
    escaped(path).replace('/', "/<wbr>")
}

/// Text with the parts between backticks as code.
fn shown_code(text: &str) -> String {
    let pieces = text.split('`').map(escaped).enumerate();
    pieces.map(|(at, piece)| if at % 2 == 1 { format!("<code>{piece}</code>") } else { piece }).collect()
}

/// The roles, from the table of routes.
fn who(operation: &Value) -> String {
    let roles = operation["x-roles"].as_array().into_iter().flatten().filter_map(|it| it.as_str());
    let mut names: Vec<String> = roles.map(role).collect();
    if operation["x-entrant"] == true {
        names.insert(0, ENTRANT.to_owned());
    }
    match (names.is_empty(), operation["security"][0].is_object()) {
        (false, _) => names.join("<br>"),
        (true, true) => ENTRANT.to_owned(),
        (true, false) => "所有人 everybody".to_owned(),
    }
}

const ENTRANT: &str = "报送人 its entrant";

fn role(name: &str) -> String {
    let zh = match name {
        "screener" => "初筛员",
        "organiser" => "主办方",
        "operator" => "运维员",
        "auditor" => "审计员",
        "admin" => "管理员",
        "recommender" => "推荐单位报送员",
        _ => "",
    };
    format!("{zh} {}", escaped(name))
}

#[cfg(test)]
mod tests {
    use crate::store::people::tokens::Role;

    use super::*;

    #[test]
    fn every_role_has_a_chinese_name() {
        for known in Role::ALL {
            assert!(!role(known.name()).starts_with(' '), "{}", known.name());
        }
    }

    #[test]
    fn backticks_are_code_and_nothing_of_it_is_markup() {
        assert_eq!(shown_code("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
    }
}
