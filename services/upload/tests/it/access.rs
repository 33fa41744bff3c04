//! Who may do what: every route of both services' APIs × every kind of caller. A route without its row here fails.
//! Pages: `desk_pages`.
use std::collections::BTreeSet;
use std::time::Duration;

use pipeline::id::PersonId;
use pipeline::person::{Held, RoleChange};
use reqwest::{Method, RequestBuilder};
use runtime::bearer::Bearer;
use runtime::store::history::{Actor, By};
use runtime::store::persons::NewPerson;
use runtime::store::tokens::{NewToken, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Entry, Stage, form, location};

mod elsewhere;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

impl Stage {
    /// A token of a new person with that role, bound to a contest or not.
    pub(crate) async fn token(&self, role: Role, contest: Option<&str>) -> String {
        self.token_for(role, contest, HOUR).await.text()
    }

    pub(crate) async fn token_for(&self, role: Role, contest: Option<&str>, life: Duration) -> Bearer {
        let contest = contest.map(Into::into);
        let by = By::person(Actor::Operator, "test");
        let held = Held::of(role, contest.clone());
        let (id, name, roles) = (PersonId(Uuid::now_v7()), format!("{role} of the test"), [held].into());
        let person = NewPerson { id, name: name.clone(), login: None, roles };
        self.app.store.add_person(&person, &by).await.unwrap();
        let new = NewToken { id: Uuid::now_v7(), person: id, role, name, contest, expires_after: life };
        let bearer = Bearer::new(new.id).unwrap();
        self.app.store.create_token(&new, &bearer.keep().await.unwrap(), &by).await.unwrap();
        bearer
    }

    /// The owner of the token.
    async fn owner(&self, token: &Bearer) -> PersonId {
        self.app.store.token(token.id).await.unwrap().expect("a token").token.person
    }

    /// A request to the desk, with a new Idempotency-Key.
    pub(crate) fn desk(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.desk_url)).bearer_auth(token);
        request.header("idempotency-key", Uuid::new_v4().to_string())
    }
}

/// The expected answers of a route: a problem's code, or the status if it is no problem.
struct Row {
    route: &'static str,
    body: Value,
    /// Without a token; with an invalid, expired or revoked token, or one whose owner was ended or lost its role.
    nobody: [&'static str; 2],
    /// The entry's own entrant, and another one.
    entrants: [&'static str; 2],
    /// Screener, organiser, operator and auditor of the entry's contest. The answer to an admin follows from the
    /// policy: see `answer`.
    people: [&'static str; 4],
    /// The same of another contest.
    elsewhere: [&'static str; 4],
    /// An admin of the entry's contest and of another, if the route is not closed to admins.
    admins: Option<[&'static str; 2]>,
}

impl Row {
    fn by_admins(self, here: &'static str, elsewhere: &'static str) -> Self {
        Self { admins: Some([here, elsewhere]), ..self }
    }
}

const STRANGERS: [&str; 2] = ["token_missing", "token_wrong"];
const NO_ROLE: &str = "role_missing";

/// A route that is open to everyone.
fn public(route: &'static str, body: Value, answer: &'static str) -> Row {
    let (nobody, entrants) = ([answer; 2], [answer; 2]);
    Row { route, body, nobody, entrants, people: [answer; 4], elsewhere: [answer; 4], admins: None }
}

/// A route of the upload protocol: for the upload's entrant.
fn upload(route: &'static str, own: &'static str, foreign: &'static str) -> Row {
    let (people, elsewhere) = (["token_wrong"; 4], ["token_wrong"; 4]);
    Row { route, body: Value::Null, nobody: STRANGERS, entrants: [own, foreign], people, elsewhere, admins: None }
}

/// A route of staff about one entry. For a role of another contest the entry does not exist.
fn about(route: &'static str, body: Value, people: [&'static str; 4]) -> Row {
    let elsewhere = people.map(|answer| if answer == NO_ROLE { NO_ROLE } else { "submission_unknown" });
    Row { route, body, nobody: STRANGERS, entrants: ["token_wrong"; 2], people, elsewhere, admins: None }
}

/// A route of staff about no entry in particular.
fn general(route: &'static str, body: Value, people: [&'static str; 4]) -> Row {
    Row { route, body, nobody: STRANGERS, entrants: ["token_wrong"; 2], people, elsewhere: people, admins: None }
}

/// A public route about one entry, for its entrant. A token of staff is invalid there.
fn entrants(route: &'static str, own: &'static str) -> Row {
    let (people, elsewhere) = (["token_wrong"; 4], ["token_wrong"; 4]);
    Row { route, body: Value::Null, nobody: STRANGERS, entrants: [own, "token_wrong"], people, elsewhere, admins: None }
}

/// The expected answer of a row for a role, here or elsewhere. An admin manages persons and nothing else: every other
/// route of staff is closed to one.
fn answer(row: &Row, elsewhere: bool, role: Role) -> &'static str {
    let answers = if elsewhere { &row.elsewhere } else { &row.people };
    match (Role::STAFF[..4].iter().position(|it| *it == role), row.admins) {
        (Some(at), _) => answers[at],
        (None, Some(admins)) => admins[usize::from(elsewhere)],
        (None, None) if row.nobody == STRANGERS && answers != &["token_wrong"; 4] => NO_ROLE,
        (None, None) => answers[0],
    }
}

const READ: [&str; 4] = ["200"; 4];

/// One row per route of the public service. The entry waits for its film.
fn public_table() -> Vec<Row> {
    let none = || Value::Null;
    vec![
        public("GET /", none(), "200"),
        public("GET /contests/{contest}", none(), "200"),
        public("GET /contests/{contest}/enter", none(), "200"),
        // No field is filled in.
        public("POST /contests/{contest}/enter", none(), "422"),
        public("POST /contests/{contest}/draft", none(), "204"),
        public("GET /find", none(), "200"),
        // No mail server is configured.
        public("POST /find", none(), "404"),
        public("GET /entries/{receipt}", none(), "200"),
        public("POST /entries/{receipt}/open", none(), "403"),
        // The key is in a cookie; a token is not accepted.
        public("GET /entries/{receipt}/print", none(), "401"),
        public("GET /entries/{receipt}/events", none(), "401"),
        public("GET /entries/{receipt}/key", none(), "401"),
        public("POST /entries/{receipt}/key", none(), "401"),
        public("POST /entries/{receipt}/key/end", none(), "401"),
        public("GET /entries/{receipt}/replace", none(), "401"),
        public("POST /entries/{receipt}/replace", none(), "401"),
        public("GET /entries/{receipt}/correct", none(), "401"),
        public("POST /entries/{receipt}/correct", none(), "401"),
        public("GET /entries/{receipt}/withdraw", none(), "401"),
        public("POST /entries/{receipt}/withdraw", none(), "401"),
        public("GET /about", none(), "200"),
        public("GET /assets/{file}", none(), "200"),
        public("GET /lang/{lang}", none(), "200"),
        public("GET /api/v1/openapi.json", none(), "200"),
        public("GET /api/v1/docs", none(), "200"),
        public("POST /api/v1/submissions", form(), "201"),
        entrants("GET /api/v1/submissions/{id}", "200"),
        public("OPTIONS /files", none(), "204"),
        public("OPTIONS /files/", none(), "204"),
        public("OPTIONS /files/{id}", none(), "204"),
        // Every entrant may begin an upload for their own entry; there is no foreign one to name.
        upload("POST /files", "201", "201"),
        upload("POST /files/", "201", "201"),
        upload("HEAD /files/{id}", "200", "403"),
        upload("PATCH /files/{id}", "type_unsupported", "foreign_upload"),
        // Without X-HTTP-Method-Override the method is unknown.
        public("POST /files/{id}", none(), "method_unknown"),
        // These two end what the others use, so they come last.
        upload("DELETE /files/{id}", "204", "foreign_upload"),
        Row { body: json!({ "fields": { "title": "x" } }), ..entrants("PATCH /api/v1/submissions/{id}", "200") },
        entrants("POST /api/v1/submissions/{id}/replacement", "no_film_yet"),
        entrants("DELETE /api/v1/submissions/{id}", "204"),
    ]
}

/// One row per route of the desk. The entry waits for its film, has no delivery, and nothing of it has failed.
fn desk_table() -> Vec<Row> {
    let none = || Value::Null;
    let only = |at: usize, answer: &'static str| {
        let mut answers = [NO_ROLE; 4];
        answers[at] = answer;
        answers
    };
    let (screener, organiser, operator, auditor) = (0, 1, 2, 3);
    let not_yet = ["not_yet"; 4];
    let review = json!({ "decision": "accept" });
    let delivered = json!({ "url": "https://example.com/video/1" });
    let wish = json!({ "role": "organiser", "name": "new", "expires": "1d" });
    let held = json!([{ "role": "screener", "contest": "demo" }]);
    let person = json!({ "name": "新人", "login": "xinren", "roles": held, "dry_run": true });
    vec![
        public("GET /api/v1/openapi.json", none(), "200"),
        public("GET /api/v1/docs", none(), "200"),
        about("GET /api/v1/submissions/{id}", none(), READ),
        general("GET /api/v1/submissions", none(), READ),
        general("GET /api/v1/parked", none(), READ),
        general("GET /api/v1/trouble", none(), READ),
        general("GET /api/v1/contests", none(), READ),
        about("GET /api/v1/submissions/{id}/history", none(), READ),
        about("GET /api/v1/submissions/{id}/verdict", none(), not_yet),
        about("GET /api/v1/submissions/{id}/media-info", none(), not_yet),
        about("GET /api/v1/submissions/{id}/preview", none(), not_yet),
        about("GET /api/v1/submissions/{id}/preview/{file}", none(), not_yet),
        about("GET /api/v1/submissions/{id}/renditions", none(), READ),
        about("GET /api/v1/submissions/{id}/parts", none(), READ),
        about("GET /api/v1/submissions/{id}/trace", none(), READ),
        about("GET /api/v1/submissions/{id}/deliveries", none(), READ),
        about("GET /api/v1/submissions/{id}/contact", none(), only(organiser, "200")),
        about("POST /api/v1/submissions/{id}/review", review, only(screener, "state_wrong")),
        about("POST /api/v1/submissions/{id}/release", json!({}), only(organiser, "state_wrong")),
        about("POST /api/v1/submissions/{id}/recall", json!({ "reason": "test" }), only(organiser, "state_wrong")),
        about(
            "PUT /api/v1/submissions/{id}/deliveries/{partner}/texts",
            json!({ "title": "x" }),
            only(organiser, "200"),
        ),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/confirm",
            json!({}),
            only(operator, "delivery_unknown"),
        ),
        about("POST /api/v1/submissions/{id}/reprocess", json!({ "from": "screen" }), only(organiser, "state_wrong")),
        general("GET /api/v1/jobs", none(), READ),
        Row {
            // Within its contest the entry is found and cannot begin; a token of another contest finds nothing.
            elsewhere: only(organiser, "nothing_selected"),
            ..general(
                "POST /api/v1/jobs",
                json!({ "where": "state=uploading", "from": "screen" }),
                only(organiser, "state_wrong"),
            )
        },
        general("GET /api/v1/jobs/{job}", none(), ["job_unknown"; 4]),
        general("GET /api/v1/jobs/{job}/works", none(), ["job_unknown"; 4]),
        general("POST /api/v1/jobs/{job}/order", json!({ "order": "pause" }), only(organiser, "job_unknown")),
        general("GET /api/v1/partners", none(), READ),
        about("GET /api/v1/submissions/{id}/exchanges", none(), [NO_ROLE, "200", "200", "200"]),
        about("POST /api/v1/submissions/{id}/retry", json!({}), only(operator, "nothing_parked")),
        about("POST /api/v1/submissions/{id}/withdraw", json!({ "dry_run": true }), only(operator, "200")),
        about("POST /api/v1/submissions/{id}/hold", json!({ "held": false }), only(organiser, "200")),
        about("POST /api/v1/submissions/{id}/cure", json!({ "dry_run": true }), only(organiser, "200")),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/delivered",
            delivered,
            only(operator, "delivery_unknown"),
        ),
        about(
            "POST /api/v1/submissions/{id}/deliveries/{partner}/recalled",
            json!({ "url": "https://example.com/video/1" }),
            only(operator, "delivery_unknown"),
        ),
        about(
            "GET /api/v1/submissions/{id}/deliveries/{partner}/bag",
            none(),
            [NO_ROLE, "delivery_unknown", "delivery_unknown", NO_ROLE],
        ),
        about(
            "GET /api/v1/submissions/{id}/deliveries/{partner}/bag/{file}",
            none(),
            [NO_ROLE, "delivery_unknown", "delivery_unknown", NO_ROLE],
        ),
        about("GET /api/v1/submissions/{id}/proofs", none(), [NO_ROLE, "200", "200", "200"]),
        general("GET /api/v1/audit", none(), only(auditor, "200")),
        general("GET /api/v1/webhooks", none(), [NO_ROLE, "200", NO_ROLE, "200"]),
        general(
            "GET /api/v1/webhooks/{webhook}/messages",
            none(),
            [NO_ROLE, "webhook_unknown", NO_ROLE, "webhook_unknown"],
        ),
        general("POST /api/v1/webhooks", json!({ "url": "http://example.com/" }), only(organiser, "field_wrong")),
        general("POST /api/v1/webhooks/{webhook}/rotate", json!({}), only(organiser, "webhook_unknown")),
        general("POST /api/v1/webhooks/{webhook}/test", json!({}), only(organiser, "webhook_unknown")),
        general("POST /api/v1/webhooks/{webhook}/resend", json!({}), only(organiser, "webhook_unknown")),
        general("DELETE /api/v1/webhooks/{webhook}", none(), only(organiser, "webhook_unknown")),
        general("GET /api/v1/persons", none(), only(auditor, "200")).by_admins("200", "200"),
        // An admin gives roles of their own contest only.
        general("POST /api/v1/persons", person, [NO_ROLE; 4]).by_admins("201", "role_beyond"),
        general("POST /api/v1/persons/{person}/roles", json!({ "add": held }), [NO_ROLE; 4])
            .by_admins("person_unknown", "role_beyond"),
        general("POST /api/v1/persons/{person}/end", json!({ "reason": "test" }), [NO_ROLE; 4])
            .by_admins("person_unknown", "person_unknown"),
        general("GET /api/v1/tokens", none(), [NO_ROLE, "200", NO_ROLE, "200"]),
        general("POST /api/v1/tokens", wish, only(organiser, "201")),
        general("DELETE /api/v1/tokens/{token}", none(), only(organiser, "token_unknown")),
    ]
}

/// All callers, with their credentials.
struct Callers {
    own: Entry,
    /// The number of its receipt.
    receipt: String,
    foreign: Entry,
    upload: String,
    useless: Vec<String>,
    people: Vec<String>,
    elsewhere: Vec<String>,
}

async fn callers(stage: &Stage) -> Callers {
    let (own, foreign) = (stage.enter().await, stage.enter().await);
    let upload = stage.tus("POST", "/files", &own).header("upload-length", 1000).send().await.unwrap();
    let upload = location(&upload).rsplit_once('/').unwrap().1.to_owned();
    let (mut people, mut elsewhere) = (Vec::new(), Vec::new());
    for role in Role::STAFF {
        people.push(stage.token(role, Some("demo")).await);
        elsewhere.push(stage.token(role, Some("small")).await);
    }
    let expired = stage.token_for(Role::Organiser, None, Duration::ZERO).await.text();
    let revoked = stage.token_for(Role::Organiser, None, HOUR).await;
    stage.app.store.revoke_token(revoked.id, &By::person(Actor::Operator, "test")).await.unwrap();
    // Tokens of a person who was ended, and of one who lost the role.
    let (ended, demoted) =
        (stage.token_for(Role::Organiser, None, HOUR).await, stage.token_for(Role::Organiser, None, HOUR).await);
    let by = By::person(Actor::Operator, "test");
    stage.app.store.end_person(stage.owner(&ended).await, &by).await.unwrap();
    let loss = RoleChange { remove: [Held::everywhere(Role::Organiser)].into(), ..RoleChange::default() };
    stage.app.store.change_roles(stage.owner(&demoted).await, &loss, &by).await.unwrap();
    let made_up = Bearer::new(Uuid::now_v7()).unwrap().text();
    let wrong_secret = Bearer::new(revoked.id).unwrap().text();
    let (own_id, _) = own.token.split_once('.').unwrap();
    let guessed = format!("{own_id}.{}", "A".repeat(43));
    let useless = vec![
        expired,
        revoked.text(),
        ended.text(),
        demoted.text(),
        made_up,
        wrong_secret,
        guessed,
        "rm_x".into(),
        "nonsense".into(),
    ];
    let receipt = stage.receipt(&own.id).await;
    Callers { own, receipt, foreign, upload, useless, people, elsewhere }
}

impl Callers {
    /// The answer to the row's request with that token.
    async fn ask(&self, stage: &Stage, base: &str, row: &Row, token: Option<&str>) -> String {
        let (method, path) = row.route.split_once(' ').unwrap();
        let id = if path.starts_with("/files") { &self.upload } else { &self.own.id };
        let path = path.replace("{id}", id).replace("{partner}", "bilibili");
        let path = path.replace("{token}", &Uuid::nil().to_string()).replace("{webhook}", &Uuid::nil().to_string());
        let path = path.replace("{person}", &Uuid::nil().to_string());
        let asset = pages::assets::style().rsplit_once('/').unwrap().1.to_owned();
        let path = if path.starts_with("/assets/") { path.replace("{file}", &asset) } else { path };
        let path = path.replace("{contest}", "demo").replace("{lang}", "en").replace("{receipt}", &self.receipt);
        let path = path.replace("{job}", &Uuid::nil().to_string()).replace("{file}", "proxy.mp4");
        // Revealing personal data needs a reason.
        let query = if path.ends_with("/contact") { "?reason=award" } else { "" };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = stage.client.request(method, format!("{base}{path}{query}"));
        request = request.header("idempotency-key", Uuid::new_v4().to_string());
        if path.starts_with("/files") {
            request = request.header("tus-resumable", "1.0.0").header("upload-length", 10);
        }
        if !row.body.is_null() {
            request = request.header("content-type", "application/json").body(row.body.to_string());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16().to_string();
        let problem: Option<Value> = serde_json::from_slice(&answer.bytes().await.unwrap()).ok();
        problem.and_then(|it| it["code"].as_str().map(ToOwned::to_owned)).unwrap_or(status)
    }
}

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
        let mut knocks = vec![("nobody".to_owned(), None, row.nobody[0])];
        let useless = callers.useless.iter().map(|it| ("a useless token".to_owned(), Some(it.as_str()), row.nobody[1]));
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
