//! Every act of the desk, by command and by API: the same wish about the same state gets the same code and the same fields, refusals and
//! dry runs included. A changing route without a row fails the test, unless it is named in `WITHOUT_A_COMMAND`.
use std::collections::BTreeSet;

use pipeline::submission::{State, Submission};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use crate::support::catalogue::{self, CONTEST, DROP};
use crate::support::process::{Ran, Service};
use crate::support::{Setup, TestPipeline, planted};

/// A partner that does not take the title of the works here.
const STRICT: &str = "strict";
const TITLE: &str = "短片";
const LIMITS: &str =
    "\n[limits]\ntitle_min_chars = { value = 6, tag = \"A\", source = \"a test\", valid_from = \"2024-06-01\" }\n";
/// The name of every person here.
const NAME: &str = "测试员";
/// What an act that is done, or would be, answers instead of a problem's code.
const OK: &str = "";

/// Changing routes that have no row: acts that are not yet one function for both ways in.
const WITHOUT_A_COMMAND: &[&str] = &[
    "POST /api/v1/submissions/{id}/reprocess",
    "POST /api/v1/jobs",
    "POST /api/v1/jobs/{job}/order",
    "POST /api/v1/submissions/{id}/deliveries/{partner}/delivered",
    "POST /api/v1/submissions/{id}/deliveries/{partner}/recalled",
    "POST /api/v1/submissions/{id}/deliveries/{partner}/confirm",
    "POST /api/v1/webhooks/{webhook}/resend",
    "DELETE /api/v1/webhooks/{webhook}",
];

/// What the act is about, made once for each way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// A work or person that does not exist.
    Nothing,
    /// A work in review.
    InReview,
    /// A work that waits for its release.
    Finished,
    /// A work that was released and not yet sent.
    Released,
    /// The same, its parts parked.
    Parked,
    /// A work that a reviewer refused.
    Refused,
    /// A person who is organiser and screener of the contest.
    Person,
    /// A token of such a person.
    Token,
}

/// One wish.
struct Row {
    about: About,
    /// The role of the token that sends it.
    role: &'static str,
    /// Method and path, with `{id}`, `{partner}`, `{person}`, `{token}`.
    route: &'static str,
    body: Value,
    /// The command, with the same names; `--output json` is added.
    command: &'static str,
    /// A problem's code, or [`OK`].
    code: &'static str,
}

fn row(
    about: About,
    role: &'static str,
    route: &'static str,
    body: Value,
    command: &'static str,
    code: &'static str,
) -> Row {
    Row { about, role, route, body, command, code }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    [reviews(), releases(), recalls(), others(), persons(), tokens()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn reviews() -> Vec<Row> {
    use About::{Finished, InReview, Nothing};
    let review = |about, body, command, code| row(about, "screener", "POST /api/v1/submissions/{id}/review", body, command, code);
    vec![
        review(InReview, json!({ "decision": "accept", "dry_run": true }), "review accept {id} --dry-run", OK),
        review(InReview, json!({ "decision": "accept" }), "review accept {id}", OK),
        review(InReview, json!({ "decision": "refuse", "words": "画面" }), "review reject {id} --reason 画面", OK),
        review(InReview, json!({ "decision": "refuse", "words": "画面", "dry_run": true }), "review reject {id} --reason 画面 --dry-run", OK),
        review(Finished, json!({ "decision": "accept" }), "review accept {id}", "state_wrong"),
        review(Finished, json!({ "decision": "accept", "dry_run": true }), "review accept {id} --dry-run", "state_wrong"),
        review(Nothing, json!({ "decision": "accept" }), "review accept {id}", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn releases() -> Vec<Row> {
    use About::{Finished, InReview, Nothing, Refused, Released};
    let release = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/release", body, command, code);
    vec![
        release(Finished, json!({ "dry_run": true }), "release {id} --dry-run", OK),
        release(Finished, json!({}), "release {id}", OK),
        release(Finished, json!({ "partners": [DROP], "reason": "先行" }), "release {id} --partners drop --reason 先行", OK),
        release(Finished, json!({ "at": "2099-01-01T00:00:00Z" }), "release {id} --at 2099-01-01T00:00:00Z", OK),
        release(Finished, json!({ "partners": ["nobody"] }), "release {id} --partners nobody", "partner_unknown"),
        release(Finished, json!({ "digest": "0" }), "release {id} --digest 0", "changed"),
        release(Finished, json!({ "digest": "0", "dry_run": true }), "release {id} --digest 0 --dry-run", "changed"),
        release(InReview, json!({ "dry_run": true }), "release {id} --dry-run", "state_wrong"),
        release(InReview, json!({}), "release {id}", "state_wrong"),
        release(Released, json!({}), "release {id}", "state_wrong"),
        release(Refused, json!({}), "release {id}", "state_wrong"),
        release(Nothing, json!({}), "release {id}", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn recalls() -> Vec<Row> {
    use About::{Finished, Nothing, Refused, Released};
    let recall = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/recall", body, command, code);
    vec![
        recall(Released, json!({ "reason": "版权", "dry_run": true }), "recall {id} --reason 版权 --dry-run", OK),
        recall(Released, json!({ "reason": "版权" }), "recall {id} --reason 版权", OK),
        recall(Released, json!({ "reason": "版权", "partners": [DROP] }), "recall {id} --reason 版权 --partners drop", OK),
        recall(Released, json!({ "reason": "版权", "partners": ["nobody"] }), "recall {id} --reason 版权 --partners nobody", "partner_unknown"),
        recall(Released, json!({ "reason": "版权", "digest": "0" }), "recall {id} --reason 版权 --digest 0", "changed"),
        recall(Finished, json!({ "reason": "版权", "partners": [DROP] }), "recall {id} --reason 版权 --partners drop", OK),
        recall(Refused, json!({ "reason": "版权" }), "recall {id} --reason 版权", "state_wrong"),
        recall(Refused, json!({ "reason": "版权", "dry_run": true }), "recall {id} --reason 版权 --dry-run", "state_wrong"),
        recall(Nothing, json!({ "reason": "版权" }), "recall {id} --reason 版权", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Row> {
    use About::{Finished, Nothing, Parked, Refused, Released};
    let withdraw = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/withdraw", body, command, code);
    let hold = |about, body, command, code| row(about, "organiser", "POST /api/v1/submissions/{id}/hold", body, command, code);
    let retry = |about, body, command, code| row(about, "operator", "POST /api/v1/submissions/{id}/retry", body, command, code);
    let texts = |about, body, command, code| row(about, "organiser", "PUT /api/v1/submissions/{id}/deliveries/{partner}/texts", body, command, code);
    vec![
        withdraw(Released, json!({ "dry_run": true }), "withdraw {id} --dry-run", OK),
        withdraw(Released, json!({ "reason": "来信" }), "withdraw {id} --reason 来信", OK),
        withdraw(Finished, json!({ "digest": "0" }), "withdraw {id} --digest 0", "changed"),
        withdraw(Refused, json!({}), "withdraw {id}", "state_wrong"),
        withdraw(Refused, json!({ "dry_run": true }), "withdraw {id} --dry-run", "state_wrong"),
        withdraw(Nothing, json!({}), "withdraw {id}", "submission_unknown"),
        hold(Finished, json!({ "held": true, "reason": "取证" }), "hold {id} --reason 取证", OK),
        hold(Finished, json!({ "held": false }), "hold {id} --lift", OK),
        hold(Nothing, json!({ "held": false }), "hold {id} --lift", "submission_unknown"),
        retry(Parked, json!({ "dry_run": true }), "retry {id} --dry-run", OK),
        retry(Parked, json!({}), "retry {id}", OK),
        retry(Parked, json!({ "stage": "publish", "part": "partner/drop" }), "retry {id}/publish/partner/drop", OK),
        retry(Finished, json!({}), "retry {id}", "nothing_parked"),
        retry(Finished, json!({ "dry_run": true }), "retry {id} --dry-run", "nothing_parked"),
        retry(Nothing, json!({}), "retry {id}", "submission_unknown"),
        texts(Finished, json!({ "title": "短", "dry_run": true }), "texts {id} --partner {partner} --title 短 --dry-run", OK),
        texts(Finished, json!({ "title": "灯塔工厂的早晨", "tags": ["工业"] }), "texts {id} --partner {partner} --title 灯塔工厂的早晨 --tags 工业", OK),
        texts(Finished, json!({ "title": "" }), "texts {id} --partner {partner} --title=", "field_wrong"),
        texts(Nothing, json!({ "title": "短" }), "texts {id} --partner {partner} --title 短", "submission_unknown"),
    ]
}

#[rustfmt::skip]
fn persons() -> Vec<Row> {
    use About::{Nothing, Person};
    let add = |body, command, code| row(Person, "admin", "POST /api/v1/persons", body, command, code);
    let roles = |about, body, command, code| row(about, "admin", "POST /api/v1/persons/{person}/roles", body, command, code);
    let end = |about, body, command, code| row(about, "admin", "POST /api/v1/persons/{person}/end", body, command, code);
    let held = |role: &str| json!([{ "role": role }]);
    vec![
        add(json!({ "name": "李明", "login": "{new}", "roles": held("auditor"), "dry_run": true }), "person add 李明 --login {new} --role auditor --dry-run", OK),
        add(json!({ "name": "李明", "login": "{new}", "roles": held("auditor") }), "person add 李明 --login {new} --role auditor", OK),
        add(json!({ "name": "李明", "login": "{person}", "roles": held("auditor") }), "person add 李明 --login {person} --role auditor", "login_taken"),
        add(json!({ "name": "李明", "login": "{person}", "roles": held("auditor"), "dry_run": true }), "person add 李明 --login {person} --role auditor --dry-run", "login_taken"),
        add(json!({ "name": "李明", "login": "Li", "roles": held("auditor") }), "person add 李明 --login Li --role auditor", "field_wrong"),
        add(json!({ "name": "李明", "login": "{new}", "roles": held("judge") }), "person add 李明 --login {new} --role judge", "field_wrong"),
        add(json!({ "name": "李明", "login": "{new}", "roles": [{ "role": "auditor", "contest": "nowhere" }] }), "person add 李明 --login {new} --role auditor@nowhere", "contest_unknown"),
        roles(Person, json!({ "add": held("auditor"), "dry_run": true }), "person role {person} --add auditor --dry-run", OK),
        roles(Person, json!({ "add": held("auditor"), "remove": held("organiser") }), "person role {person} --add auditor --remove organiser", OK),
        roles(Person, json!({ "remove": held("operator") }), "person role {person} --remove operator", "role_not_held"),
        roles(Person, json!({ "remove": held("operator"), "dry_run": true }), "person role {person} --remove operator --dry-run", "role_not_held"),
        roles(Nothing, json!({ "add": held("auditor") }), "person role {person} --add auditor", "person_unknown"),
        end(Person, json!({ "reason": "离职", "dry_run": true }), "person end {person} --reason 离职 --dry-run", OK),
        end(Person, json!({ "reason": "离职" }), "person end {person} --reason 离职", OK),
        end(Nothing, json!({ "reason": "离职" }), "person end {person} --reason 离职", "person_unknown"),
    ]
}

/// Through the API a token is made for oneself: the person of the command has the same name and role.
#[rustfmt::skip]
fn tokens() -> Vec<Row> {
    use About::{Nothing, Person, Token};
    let create = |body, command, code| row(Person, "organiser", "POST /api/v1/tokens", body, command, code);
    let revoke = |about, command, code| row(about, "organiser", "DELETE /api/v1/tokens/{token}", Value::Null, command, code);
    vec![
        create(json!({ "role": "organiser", "name": "值班", "expires": "8h" }), "token create --person {person} --role organiser --name 值班 --expires 8h", OK),
        create(json!({ "role": "organiser", "name": "值班", "contest": CONTEST }), "token create --person {person} --role organiser --name 值班 --contest test", OK),
        create(json!({ "role": "organiser", "name": "值班", "contest": "nowhere" }), "token create --person {person} --role organiser --name 值班 --contest nowhere", "contest_unknown"),
        create(json!({ "role": "organiser", "name": "值班", "expires": "400d" }), "token create --person {person} --role organiser --name 值班 --expires 400d", "field_wrong"),
        create(json!({ "role": "judge", "name": "值班" }), "token create --person {person} --role judge --name 值班", "field_wrong"),
        revoke(Token, "token revoke {token}", OK),
        revoke(Nothing, "token revoke {token}", "token_unknown"),
    ]
}

/// The names of what one way in acts on.
struct Names(Vec<(&'static str, String)>);

impl Names {
    fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Makes what a row is about.
async fn made(pipeline: &TestPipeline, about: About) -> Names {
    let login = |what: &str| format!("{what}-{}", Uuid::now_v7().simple());
    let (mut id, mut person, mut token) = (Uuid::now_v7(), login("nobody"), Uuid::now_v7().to_string());
    match about {
        About::Nothing => {}
        About::Finished => id = planted::work(pipeline, TITLE, &[DROP, STRICT]).await,
        About::InReview => id = in_review(pipeline).await,
        About::Released | About::Parked => {
            id = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
            pipeline.command(&["release", &id.to_string()]).await.exits(0);
        }
        About::Refused => {
            id = in_review(pipeline).await;
            pipeline.command(&["review", "reject", &id.to_string(), "--reason", "画面"]).await.exits(0);
        }
        About::Person | About::Token => {
            person = login("person");
            let roles = ["organiser".to_owned(), format!("screener@{CONTEST}")];
            let add = ["person", "add", NAME, "--login", &person, "--role", &roles[0], &roles[1]];
            pipeline.command(&add).await.exits(0);
        }
    }
    if about == About::Parked {
        let query = "update parts set status = 'parked', attempt = 5, last_error = 'a test' where submission = $1 and stage = 'publish'";
        sqlx::query(query).bind(id).execute(pipeline.truth.pool()).await.expect("park the parts");
    }
    if about == About::Token {
        let create =
            ["token", "create", "--person", &person, "--role", "organiser", "--name", "测试", "--output", "json"];
        let created = pipeline.command(&create).await.exits(0).json();
        token = created["token"]["id"].as_str().expect("the token's id").to_owned();
    }
    Names(vec![
        ("{id}", id.to_string()),
        ("{partner}", STRICT.to_owned()),
        ("{person}", person),
        ("{new}", login("new")),
        ("{token}", token),
    ])
}

/// A work that waits for a reviewer: planted, without what is made after review.
async fn in_review(pipeline: &TestPipeline) -> Uuid {
    let id = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    for made in [
        "delete from parts where submission = $1 and stage = 'assemble'",
        "delete from renditions where submission = $1",
    ] {
        sqlx::query(made).bind(id).execute(pipeline.truth.pool()).await.expect("unmake what comes later");
    }
    let read = sqlx::query_scalar("select machine from submissions where id = $1").bind(id);
    let Json(machine): Json<Submission> = read.fetch_one(pipeline.truth.pool()).await.expect("the work's state");
    let machine = Submission { state: State::AwaitingReview, ..machine };
    let write = "update submissions set machine = $2, state = $3 where id = $1";
    let write = sqlx::query(write).bind(id).bind(Json(&machine)).bind(machine.state.name());
    write.execute(pipeline.truth.pool()).await.expect("put the work into review");
    id
}

/// What a way in answered: a problem's code, or the result's JSON without what differs between two of the same.
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
                let own = ["digest", "bearer", "login"].contains(&name.as_str()) && value.is_string();
                let value = if own { format!("a {name}").into() } else { plain(value) };
                (name, value)
            };
            fields.into_iter().map(field).collect()
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::String(text) if text.parse::<Uuid>().is_ok() => "an id".into(),
        Value::String(text) if chrono::DateTime::parse_from_rfc3339(&text).is_ok() => "a time".into(),
        other => other,
    }
}

async fn serve(roles: &[&str]) -> (TestPipeline, std::sync::Arc<Service>, String) {
    let strict = catalogue::partner("严格", "operator") + LIMITS;
    let setup = Setup { partners: vec![(STRICT, strict)], to_all: true, ..Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    let service = pipeline.serve("desk", roles).await;
    let address = service.desk_address().expect("the desk's address");
    (pipeline, service, address)
}

#[test]
fn every_changing_route_has_a_row_or_a_reason() {
    let routes = ::desk::list().into_iter().filter(|it| it.method != "GET");
    let routes: BTreeSet<String> = routes.map(|it| format!("{} {}", it.method, it.path)).collect();
    let rows: BTreeSet<String> = rows().iter().map(|it| it.route.to_owned()).collect();
    let without: BTreeSet<String> = WITHOUT_A_COMMAND.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(routes, rows.union(&without).cloned().collect());
    assert!(rows.is_disjoint(&without));
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
    // Nothing runs that would send what was released here.
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_a_partner_does_not_take_is_seen_before_the_release_and_gone_once_another_is_written() {
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
    pipeline.command(&["texts", &id, "--partner", STRICT, "--title", "灯塔工厂的早晨"]).await.exits(0);
    assert_eq!(warned().await, [(DROP.to_owned(), vec![]), (STRICT.to_owned(), vec![])]);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_enters_a_title_that_a_partner_does_not_take_is_warned_and_the_work_is_entered() {
    let (pipeline, service, _) = serve(&["upload", "desk"]).await;
    let server = format!("http://{}", service.api_address().expect("the address of the API"));
    let film = pipeline.dir().join("film.mp4");
    // Nothing here opens it.
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
