//! Control characters in everything that people type: each text of each body, each parameter of each query, each name
//! in each address, as listed in the API's document. No answer may be a failure of ours.
use std::collections::BTreeSet;

use pipeline::id::SubmissionId;
use reqwest::{Method, Response};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Entry, Route, Stage, document_of, form, routes};

/// A text that Postgres cannot store.
const NUL: &str = "a\u{0}b";

/// A value of this schema with a text wherever one is allowed, and the places of its texts (JSON pointers).
fn sample(document: &Value, schema: &Value, at: &str, texts: &mut Vec<String>) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).expect("a schema that is there");
        return sample(document, schema, at, texts);
    }
    for kind in ["oneOf", "anyOf", "allOf"] {
        let not_null = |it: &&Value| it["type"] != "null";
        if let Some(one) = schema[kind].as_array().and_then(|all| all.iter().find(not_null)) {
            return sample(document, one, at, texts);
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let is = |kind: &str| kinds.iter().any(|it| it == kind);
    if is("object") {
        // A map has any names, and one schema for all its values.
        if schema["additionalProperties"].is_object() {
            return json!({ "x": sample(document, &schema["additionalProperties"], &format!("{at}/x"), texts) });
        }
        let fields = schema["properties"].as_object().expect("an object says its fields");
        return fields
            .iter()
            .map(|(name, it)| (name.clone(), sample(document, it, &format!("{at}/{name}"), texts)))
            .collect();
    }
    if is("array") {
        return json!([sample(document, &schema["items"], &format!("{at}/0"), texts)]);
    }
    if is("string") {
        texts.push(at.to_owned());
        return json!("x");
    }
    if is("boolean") { json!(false) } else { json!(1) }
}

struct Callers {
    entry: Entry,
    people: Vec<String>,
}

impl Callers {
    async fn new(stage: &Stage) -> Self {
        let mut people = Vec::new();
        for role in Role::STAFF {
            people.push(stage.token(role, None).await);
        }
        Self { entry: stage.enter().await, people }
    }

    /// The answer of that route to an authorised caller.
    async fn ask(&self, stage: &Stage, route: &Route, path: &str, body: Option<&Value>) -> Response {
        let token = match route.roles {
            Some(roles) => &self.people[Role::STAFF.iter().position(|role| *role == roles[0]).unwrap()],
            None => &self.entry.token,
        };
        let mut request = stage.client.request(route.method.clone(), format!("{}{path}", stage.base(route)));
        request = request.bearer_auth(token).header("idempotency-key", Uuid::new_v4().to_string());
        request = request.header("tus-resumable", "1.0.0").header("upload-length", 10);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.unwrap()
    }

    /// The route's address with values for its names.
    fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{id}", &self.entry.id).replace("{partner}", "bilibili");
        let nil = Uuid::nil().to_string();
        path.replace("{token}", &nil)
            .replace("{webhook}", &nil)
            .replace("{person}", &nil)
            .replace("{job}", &nil)
            .replace("{file}", "proxy.mp4")
    }
}

async fn code(answer: Response) -> String {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap_or_default();
    format!("{status} {}", problem["code"].as_str().unwrap_or_default())
}

fn api() -> Vec<Route> {
    routes().into_iter().filter(|route| !route.path.starts_with("/files")).collect()
}

#[tokio::test]
async fn a_control_character_in_any_text_of_any_body_is_named_and_never_a_failure_of_ours() {
    let stage = Stage::new().await;
    let callers = Callers::new(&stage).await;
    let (mut wrong, mut tried, mut bodies) = (Vec::new(), 0, BTreeSet::new());
    for route in api() {
        let document = document_of(&route);
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        bodies.insert(route.path);
        let mut texts = Vec::new();
        let body = sample(&document, schema, "", &mut texts);
        for at in &texts {
            for hostile in [NUL, "\u{1b}[2J", "\u{202e}gpj.exe"] {
                let mut body = body.clone();
                *body.pointer_mut(at).unwrap() = hostile.into();
                let got = code(callers.ask(&stage, &route, &callers.path(&route), Some(&body)).await).await;
                tried += 1;
                if got != "422 text_unfit" {
                    wrong.push(format!("{} {} {at} {hostile:?}: {got}", route.method, route.path));
                }
            }
        }
        let mut body = body.clone();
        body[NUL] = json!(1);
        let got = code(callers.ask(&stage, &route, &callers.path(&route), Some(&body)).await).await;
        if got != "422 text_unfit" {
            wrong.push(format!("{} {} a field's name: {got}", route.method, route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(bodies.len() >= 10 && tried >= 90, "{tried} texts of {bodies:?}");
}

#[tokio::test]
async fn a_control_character_in_any_parameter_of_any_query_is_never_a_failure_of_ours() {
    let stage = Stage::new().await;
    let callers = Callers::new(&stage).await;
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for route in api().into_iter().filter(|route| route.method == Method::GET) {
        let document = document_of(&route);
        let operation = &document["paths"][route.path]["get"];
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            for hostile in ["%00", "a%00b", "%1B[2J", "a%0Ab", "%E2%80%AE"] {
                let path = format!("{}?{name}={hostile}", callers.path(&route));
                let got = code(callers.ask(&stage, &route, &path, None).await).await;
                tried += 1;
                if got != "400 query_wrong" {
                    wrong.push(format!("GET {path}: {got}"));
                }
            }
            // Text that is not UTF-8 is replaced or refused.
            let path = format!("{}?{name}=%FF%FE", callers.path(&route));
            let status = callers.ask(&stage, &route, &path, None).await.status();
            if status.is_server_error() {
                wrong.push(format!("GET {path}: {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 50, "{tried} parameters");
}

#[tokio::test]
async fn whatever_stands_in_an_address_is_never_a_failure_of_ours() {
    let stage = Stage::new().await;
    let callers = Callers::new(&stage).await;
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for route in routes() {
        let names: Vec<_> = route.path.split('/').filter(|part| part.starts_with('{')).collect();
        for name in names {
            for hostile in ["%00", "a%00b", "%FF", "%2E%2E%2Fx", "..%2f", "%1B", &"x".repeat(3000)] {
                let path = callers.path(&route);
                let at = route.path.split('/').position(|part| part == name).unwrap();
                let mut parts: Vec<_> = path.split('/').collect();
                parts[at] = hostile;
                let body = (route.method != Method::GET).then(|| json!({}));
                let status = callers.ask(&stage, &route, &parts.join("/"), body.as_ref()).await.status();
                tried += 1;
                if status.is_server_error() {
                    wrong.push(format!("{} {}: {status}", route.method, parts.join("/")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried >= 150, "{tried} names");
}

#[tokio::test]
async fn a_film_whose_name_holds_control_characters_is_taken_under_a_name_without() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    // `a`, NUL, `b` in base64.
    let upload = stage.tus("POST", "/files", &entry).header("upload-length", 10);
    let answer = upload.header("upload-metadata", "filename YQBi,note AAAA").send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

/// The limits of texts, and that a problem is in both languages.
#[tokio::test]
async fn a_text_beyond_its_bounds_is_a_problem_with_a_code_and_a_sentence() {
    let stage = Stage::new().await;
    let mut long = form();
    long["entrant"]["name"] = "长".repeat(101).into();
    let answer = stage.post_form(&long).await;
    assert_eq!(code(answer).await, "422 form_wrong");
    let mut unfit = form();
    unfit["synopsis"] = NUL.into();
    for (lang, says) in [("zh", "文字中含有不允许使用的字符。"), ("en", "A text holds a character that is not allowed")]
    {
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url)).header("accept-language", lang);
        let answer = request.body(unfit.to_string()).header("content-type", "application/json").send().await.unwrap();
        assert_eq!(answer.status(), 422);
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["title"].as_str().unwrap().starts_with(says), "{problem}");
        let detail = if lang == "zh" {
            "synopsis：不允许使用字符 U+0000"
        } else {
            "synopsis: the character U+0000 is not allowed"
        };
        assert_eq!(problem["detail"], detail);
    }
    // A reason in a query is limited, too.
    let entry = stage.enter().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let contact = |reason: &str| format!("/api/v1/submissions/{}/contact?reason={reason}", entry.id);
    let long = stage.desk(Method::GET, &contact(&"x".repeat(501)), &organiser).send().await.unwrap();
    assert_eq!(code(long).await, "422 field_wrong");
    let right = stage.desk(Method::GET, &contact(&"x".repeat(500)), &organiser).send().await.unwrap();
    assert_eq!(right.status(), 200);
    let id: SubmissionId = entry.id.parse().unwrap();
    let filter = runtime::store::people::audit::AuditFilter { submission: Some(id), ..Default::default() };
    let trail = stage.app.store.audit(&filter).await.unwrap();
    assert_eq!(trail.iter().filter(|row| row.act == "contact_read").count(), 1, "a refused look is no look");
}
