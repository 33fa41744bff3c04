//! Every act of the desk, by command and by API: the same wish about the same state gets the same code and the same
//! fields, including refusals and dry runs. A changing route without a row fails the test.
//!
//! Refusals without a row: `contest_foreign`, since a command may act in every contest; `too_many_works`, since no test plants a hundred
//! thousand works; and what clap refuses before the act sees it, such as an unknown event type.
use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use crate::support::catalogue::{self, CONTEST, DROP};
use crate::support::process::{Ran, Service};
use crate::support::{Setup, TestPipeline, planted};
use made::{Names, made};
use rows::{Row, rows};

pub(crate) mod made;
mod rows;

/// A partner that does not accept the title of the works here.
const STRICT: &str = "strict";
/// A partner whose rules require a person's confirmation.
const DOUYIN: &str = "douyin";
const TITLE: &str = "短片";
/// The one site of that partner, and its limits.
const LIMITS: &str = "sites = [\"strict.example\"]\n\n[limits]\n\
    title_min_chars = { value = 6, tag = \"A\", source = \"a test\", valid_from = \"2024-06-01\" }\n";
/// The name of every person here.
const NAME: &str = "测试员";
/// What an act that was done, or would be done, answers instead of a problem's code.
const OK: &str = "";

/// The answer to a request or a command: a problem's code, or the result's JSON without what differs between two of the
/// same.
#[derive(Debug, PartialEq)]
struct Answered {
    code: String,
    result: Value,
}

async fn by_api(address: &str, token: &str, row: &Row, names: &Names) -> Answered {
    let (method, path) = row.route.split_once(' ').expect("method and path");
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let address = format!("http://{address}{}", names.put_into(path));
    let mut request = reqwest::Client::new().request(method, address).bearer_auth(token);
    request = request.header("idempotency-key", Uuid::new_v4().to_string());
    if !row.body.is_null() {
        request = request.header("content-type", "application/json").body(names.put_into(&row.body.to_string()));
    }
    let answer = request.send().await.expect("an answer");
    let success = answer.status().is_success();
    let body: Value = answer.json().await.expect("JSON");
    if success {
        return Answered { code: OK.to_owned(), result: plain(body) };
    }
    Answered { code: body["code"].as_str().unwrap_or_default().to_owned(), result: Value::Null }
}

async fn by_command(pipeline: &TestPipeline, row: &Row, names: &Names) -> Answered {
    let command = names.put_into(row.command);
    let args: Vec<&str> = command.split(' ').chain(["--output", "json"]).collect();
    let ran = pipeline.command(&args).await;
    if ran.code == Some(0) {
        return Answered { code: OK.to_owned(), result: plain(ran.json()) };
    }
    assert_eq!(ran.code, Some(2), "{command}: {}", ran.stderr);
    Answered { code: code_of(&ran), result: Value::Null }
}

/// The code that a command names: `reelmill: CODE: sentence`.
fn code_of(ran: &Ran) -> String {
    let (_, said) = ran.stderr.split_once("reelmill: ").unwrap_or_default();
    said.split(':').next().unwrap_or_default().to_owned()
}

/// Without ids, times, secrets and digests, which differ between two works.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let own = ["digest", "bearer", "login", "secret"].contains(&name.as_str()) && value.is_string();
                let value = if own { format!("a {name}").into() } else { plain(value) };
                (name, value)
            };
            fields.into_iter().map(field).collect()
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::String(text) if text.parse::<Uuid>().is_ok() => "an id".into(),
        Value::String(text) if text.starts_with("msg_") => "a message".into(),
        Value::String(text) if chrono::DateTime::parse_from_rfc3339(&text).is_ok() => "a time".into(),
        other => other,
    }
}

async fn serve(roles: &[&str]) -> (TestPipeline, std::sync::Arc<Service>, String) {
    let strict = catalogue::partner("严格", "operator") + LIMITS;
    let partners = vec![(STRICT, strict), (DOUYIN, catalogue::partner("抖音", "douyin"))];
    // Jobs stay as they were made: nothing starts their works meanwhile.
    let env = vec![("RECONCILE_S", "3600".to_owned())];
    let setup = Setup { partners, to_all: true, env, ..Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    let service = pipeline.serve("desk", roles).await;
    let address = service.desk_address().expect("the desk's address");
    (pipeline, service, address)
}

#[test]
fn every_changing_route_has_a_row() {
    let routes = ::desk::list().into_iter().filter(|it| it.is_api() && it.method != "GET");
    let routes: BTreeSet<String> = routes.map(|it| format!("{} {}", it.method, it.path)).collect();
    let rows: BTreeSet<String> = rows().iter().map(|it| it.route.to_owned()).collect();
    assert_eq!(routes, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_gets_the_same_code_and_fields_by_command_and_by_api() {
    let (pipeline, service, address) = serve(&["desk"]).await;
    let mut tokens = std::collections::BTreeMap::new();
    for role in ["screener", "organiser", "operator", "admin"] {
        tokens.insert(role, pipeline.token(role).await);
    }
    let (mut wrong, rows) = (Vec::new(), rows());
    for row in &rows {
        let (one, other) = (made(&pipeline, row.about).await, made(&pipeline, row.about).await);
        let api = by_api(&address, &tokens[row.role], row, &one).await;
        let command = by_command(&pipeline, row, &other).await;
        if api.code != row.code || api != command {
            wrong.push(format!(
                "{} {} ({:?}):\n  API {api:?}\n  command {command:?}",
                row.route, row.command, row.about
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    // No service runs that would send the works released here.
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_a_partner_refuses_is_shown_before_the_release_until_rewritten() {
    let (pipeline, service, _) = serve(&["desk"]).await;
    let id = planted::work(&pipeline, TITLE, &[DROP, STRICT]).await.to_string();
    let warned = async || {
        let dry = pipeline.command(&["release", &id, "--dry-run", "--output", "json"]).await.exits(0).json();
        let partners = dry["partners"].as_array().expect("partners").clone();
        let codes =
            |it: &Value| it["warnings"].as_array().expect("warnings").iter().map(|it| it["code"].clone()).collect();
        partners
            .iter()
            .map(|it| (it["partner"].as_str().expect("a partner").to_owned(), codes(it)))
            .collect::<Vec<(_, Vec<Value>)>>()
    };
    let short: Vec<Value> = vec!["title_too_short".into()];
    assert_eq!(warned().await, [(DROP.to_owned(), vec![]), (STRICT.to_owned(), short)]);
    let said = pipeline.command(&["release", &id, "--dry-run"]).await.exits(0);
    assert!(said.stderr.contains("strict: title_too_short") && said.stderr.contains("标题"), "{}", said.stderr);
    let hint = said.stderr.lines().find_map(|line| line.strip_prefix("write others: reelmill ")).expect("a hint");
    let typed: Vec<&str> = hint.split(' ').map(|word| if word == "TEXT" { "灯塔工厂的早晨" } else { word }).collect();
    pipeline.command(&typed).await.exits(0);
    assert_eq!(warned().await, [(DROP.to_owned(), vec![]), (STRICT.to_owned(), vec![])]);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsuitable_title_is_entered_with_a_warning() {
    let (pipeline, service, _) = serve(&["upload", "desk"]).await;
    let server = format!("http://{}", service.api_address().expect("the address of the API"));
    let film = pipeline.dir().join("film.mp4");
    // No command here opens it.
    std::fs::write(&film, b"a film").expect("a film");
    let film = film.to_str().expect("a path");
    let to = ["submit", film, "--server", &server, "--contest", CONTEST, "--theme", catalogue::THEME];
    let who = ["--name", "张三", "--phone", "13800000000", "--original", "--rights", "--ai", "none"];
    for (title, warned) in [(TITLE, true), ("灯塔工厂的早晨", false)] {
        let ran = pipeline.command(&[&to[..], &who, &["--title", title]].concat()).await.exits(0);
        assert!(ran.stdout.trim().parse::<Uuid>().is_ok(), "{}", ran.stdout);
        let said = ran.stderr.contains("strict does not take it as it is: the title is too short");
        assert_eq!(said, warned, "{title}: {}", ran.stderr);
    }
    service.stop();
}
