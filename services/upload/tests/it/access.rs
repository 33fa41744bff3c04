//! Who may do what: every route of both services' APIs × every kind of caller. A route without its row fails.
//! Pages: `desk_pages`.
//!
//! | what | file |
//! |---|---|
//! | the rows of the public service and of the desk | `public_rows`, `desk_rows` |
//! | a row | `row` |
//! | the callers, and their tokens | `callers` |
//! | no service has the routes of another | `elsewhere` |
use std::collections::BTreeSet;

use reqwest::Method;
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::stage::Stage;
use callers::callers;
use desk_rows::desk_table;
use public_rows::public_table;
use row::{Row, answer};

mod callers;
mod desk_rows;
mod elsewhere;
mod public_rows;
mod row;

pub(crate) use callers::HOUR;

/// Method and path of every row, each once.
fn named(table: &[Row]) -> BTreeSet<String> {
    let names: BTreeSet<_> = table.iter().map(|row| row.route.to_owned()).collect();
    assert_eq!(names.len(), table.len(), "a row is there twice");
    names
}

#[tokio::test]
async fn every_route_of_both_routers_has_a_row() {
    let routes: BTreeSet<_> = upload::list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(routes, named(&public_table()));
    // Pages have theirs in `desk_pages`.
    let routes = desk::list().into_iter().filter(desk::Listed::is_api);
    let routes: BTreeSet<_> = routes.map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(routes, named(&desk_table()));
}

#[tokio::test]
async fn every_route_answers_everybody_as_its_row_says() {
    let stage = Stage::new().await;
    let callers = callers(&stage).await;
    let mut wrong = Vec::new();
    // The public routes come last: some of them end the entry.
    let desk = desk_table().into_iter().map(|row| (stage.desk_url.as_str(), row));
    let public = public_table().into_iter().map(|row| (stage.url.as_str(), row));
    for (base, row) in desk.chain(public) {
        // A HEAD has no body for a problem; the statuses of its codes are compared instead.
        let expected = |code: &'static str| match (row.route.starts_with("HEAD"), code) {
            (true, "token_missing") => "401",
            (true, "token_wrong") => "403",
            _ => code,
        };
        let mut knocks = vec![("no token".to_owned(), None, row.strangers[0])];
        let useless =
            callers.useless.iter().map(|it| ("a useless token".to_owned(), Some(it.as_str()), row.strangers[1]));
        knocks.extend(useless);
        // The own entrant comes last: some of these end the entry.
        knocks.push(("another entrant".into(), Some(&callers.foreign.token), row.entrants[1]));
        for (n, role) in Role::STAFF.into_iter().enumerate() {
            let (elsewhere, here) = (answer(&row, true, role), answer(&row, false, role));
            knocks.push((format!("{role} elsewhere"), Some(&callers.elsewhere[n]), elsewhere));
            knocks.push((role.to_string(), Some(&callers.people[n]), here));
        }
        knocks.push(("the entrant".into(), Some(&callers.own.token), row.entrants[0]));
        for (who, token, answer) in knocks {
            let got = callers.ask(&stage, base, &row, token).await;
            if got != expected(answer) {
                wrong.push(format!("{} by {who}: {got}, not {}", row.route, expected(answer)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_change_by_people_is_turned_away_without_an_idempotency_key() {
    let stage = Stage::new().await;
    let callers = callers(&stage).await;
    let mut changes = 0;
    for route in desk::list() {
        let desk::Policy::People(roles) = route.policy else { continue };
        assert_eq!(route.keyed, route.method != Method::GET, "{} {}", route.method, route.path);
        if !route.keyed {
            continue;
        }
        changes += 1;
        let at = Role::STAFF.iter().position(|role| *role == roles[0]).unwrap();
        let path = route.path.replace("{id}", &callers.own.id).replace("{partner}", "bilibili");
        let request = stage.client.request(route.method, format!("{}{path}", stage.desk_url));
        let answer: Value =
            request.bearer_auth(&callers.people[at]).body("{}").send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"], "idempotency_key_missing", "{}", route.path);
    }
    assert!(changes >= 5);
}

#[tokio::test]
async fn every_route_is_in_its_document_with_its_roles() {
    // The same resource at a second address; and a method that only replaces others.
    let aliases = ["OPTIONS /files/", "POST /files/", "OPTIONS /files/{id}", "POST /files/{id}"];
    let document = upload::document();
    for route in upload::list().into_iter().filter(|route| !route.is_page()) {
        let name = format!("{} {}", route.method, route.path);
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(aliases.contains(&name.as_str()) || operation.is_object(), "{name} is not described");
    }
    let routes = upload::list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    describes_only(&document, &routes);

    let document = desk::document();
    for route in desk::list().into_iter().filter(desk::Listed::is_api) {
        let name = format!("{} {}", route.method, route.path);
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{name} is not described");
        let desk::Policy::People(roles) = route.policy else { continue };
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        assert_eq!(operation["x-roles"], json!(names), "{name}");
        let keyed = operation["parameters"].as_array().into_iter().flatten().any(|it| it["name"] == "Idempotency-Key");
        assert_eq!(keyed, route.keyed, "{name}");
    }
    let routes = desk::list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    describes_only(&document, &routes);
}

/// The document describes no route that does not exist.
fn describes_only(document: &Value, routes: &BTreeSet<String>) {
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            assert!(routes.contains(&format!("{} {path}", method.to_uppercase())), "{method} {path}");
        }
    }
}
