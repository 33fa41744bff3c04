//! Persons, their roles and tokens, as admins manage them through the API: each within the contests of which they are
//! admin.
use reqwest::{Method, RequestBuilder};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Stage, refusal, says};

async fn done(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn held(roles: &[&str]) -> Value {
    let one = |text: &&str| match text.split_once('@') {
        Some((role, contest)) => json!({ "role": role, "contest": contest }),
        None => json!({ "role": text }),
    };
    roles.iter().map(one).collect()
}

impl Stage {
    fn post(&self, token: &str, path: &str, body: &Value) -> RequestBuilder {
        self.desk(Method::POST, path, token).json(body)
    }

    fn add(&self, token: &str, login: &str, roles: &[&str]) -> RequestBuilder {
        self.post(token, "/api/v1/persons", &json!({ "name": "李明", "login": login, "roles": held(roles) }))
    }

    fn roles(&self, token: &str, login: &str, add: &[&str], remove: &[&str]) -> RequestBuilder {
        let path = format!("/api/v1/persons/{login}/roles");
        self.post(token, &path, &json!({ "add": held(add), "remove": held(remove) }))
    }

    fn end(&self, token: &str, login: &str) -> RequestBuilder {
        self.post(token, &format!("/api/v1/persons/{login}/end"), &json!({ "reason": "离职" }))
    }
}

#[tokio::test]
async fn an_admin_of_one_contest_manages_the_roles_of_that_contest_only() {
    let stage = Stage::new().await;
    let (all, demo) = (stage.token(Role::Admin, None).await, stage.token(Role::Admin, Some("demo")).await);
    let added = done(stage.add(&demo, "liming", &["screener@demo", "auditor@demo"])).await;
    assert_eq!(added["person"]["roles"], held(&["screener@demo", "auditor@demo"]));
    for beyond in ["screener", "screener@small", "admin"] {
        assert_eq!(refusal(stage.add(&demo, "other", &[beyond])).await, says(403, "role_beyond"), "{beyond}");
        assert_eq!(refusal(stage.roles(&demo, "liming", &[beyond], &[])).await, says(403, "role_beyond"), "{beyond}");
    }
    let changed = done(stage.roles(&demo, "liming", &["operator@demo"], &["auditor@demo"])).await;
    assert_eq!(changed["person"]["roles"], held(&["screener@demo", "operator@demo"]));
    // For this admin, a person of another contest does not exist. A person who has roles in more than this contest is
    // out of their reach.
    done(stage.add(&all, "small", &["screener@small"])).await;
    done(stage.add(&all, "wide", &["screener@demo", "auditor"])).await;
    for (login, code) in [("small", says(404, "person_unknown")), ("wide", says(403, "role_beyond"))] {
        assert_eq!(refusal(stage.roles(&demo, login, &["operator@demo"], &[])).await, code, "{login}");
        assert_eq!(refusal(stage.end(&demo, login)).await, code, "{login}");
    }
    assert!(done(stage.end(&demo, "liming")).await["person"]["ended_at"].is_string());
    assert!(done(stage.end(&all, "wide")).await["person"]["ended_at"].is_string());
}

#[tokio::test]
async fn people_of_a_contest_see_the_persons_and_roles_of_that_contest() {
    let stage = Stage::new().await;
    let all = stage.token(Role::Admin, None).await;
    let (auditor, demo) =
        (stage.token(Role::Auditor, Some("demo")).await, stage.token(Role::Admin, Some("demo")).await);
    done(stage.add(&all, "small", &["screener@small"])).await;
    done(stage.add(&all, "both", &["screener@demo", "screener@small", "operator"])).await;
    let logins = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().filter_map(|it| it["login"].as_str().map(ToOwned::to_owned)).collect()
    };
    for token in [&auditor, &demo] {
        let seen = stage.get(token, "/api/v1/persons").await;
        assert_eq!(logins(&seen), ["both"]);
        assert_eq!(seen["items"][0]["roles"], held(&["screener@demo", "operator"]));
    }
    // Page by page, newest first, each person once.
    let (mut path, mut seen) = ("/api/v1/persons?limit=2".to_owned(), Vec::new());
    for _ in 0..10 {
        let page = stage.get(&all, &path).await;
        assert!(page["items"].as_array().unwrap().len() <= 2);
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/persons?limit=2&cursor={next}");
    }
    let whole = stage.get(&all, "/api/v1/persons").await;
    assert_eq!(logins(&whole)[..2], ["both", "small"]);
    assert_eq!(seen, whole["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_invalid_change_of_a_person_has_its_own_code_and_changes_nothing() {
    let stage = Stage::new().await;
    let admin = stage.token(Role::Admin, None).await;
    let me = stage.get(&admin, "/api/v1/persons").await["items"][0]["id"].as_str().unwrap().to_owned();
    done(stage.add(&admin, "liming", &["auditor"])).await;
    let before = stage.get(&admin, "/api/v1/persons").await;
    let refusals = [
        (stage.end(&admin, &me), says(409, "last_admin")),
        (stage.roles(&admin, &me, &[], &["admin"]), says(409, "last_admin")),
        (stage.roles(&admin, "liming", &[], &["operator"]), says(409, "role_not_held")),
        (stage.roles(&admin, "liming", &["auditor@nowhere"], &[]), says(422, "contest_unknown")),
        (stage.roles(&admin, "liming", &["judge"], &[]), says(422, "field_wrong")),
        (stage.roles(&admin, "liming", &[], &[]), says(422, "field_wrong")),
        (stage.add(&admin, "liming", &["auditor"]), says(409, "login_taken")),
        (stage.add(&admin, "Li Ming", &["auditor"]), says(422, "field_wrong")),
        (stage.add(&admin, "other", &[]), says(422, "field_wrong")),
        (stage.end(&admin, &Uuid::nil().to_string()), says(404, "person_unknown")),
    ];
    for (n, (request, code)) in refusals.into_iter().enumerate() {
        assert_eq!(refusal(request).await, code, "{n}");
    }
    let dry = json!({ "name": "王芳", "login": "wangfang", "roles": held(&["auditor"]), "dry_run": true });
    assert_eq!(done(stage.post(&admin, "/api/v1/persons", &dry)).await["dry_run"], true);
    assert_eq!(stage.get(&admin, "/api/v1/persons").await, before);
    done(stage.end(&admin, "liming")).await;
    let late = before["items"][0]["id"].as_str().unwrap();
    assert_eq!(refusal(stage.roles(&admin, late, &["operator"], &[])).await, says(409, "person_ended"));
}

#[tokio::test]
async fn a_role_that_is_taken_ends_its_tokens_and_the_trail_names_who_took_it() {
    let stage = Stage::new().await;
    let (admin, organiser) = (stage.token(Role::Admin, None).await, stage.token(Role::Organiser, None).await);
    let persons = stage.get(&admin, "/api/v1/persons").await;
    let is =
        |role: &str| persons["items"].as_array().unwrap().iter().find(|it| it["roles"][0]["role"] == role).unwrap();
    let (whose, who) = (is("organiser")["id"].as_str().unwrap(), is("admin")["id"].clone());
    stage.get(&organiser, "/api/v1/submissions").await;
    done(stage.roles(&admin, whose, &["auditor"], &["organiser"])).await;
    let late = stage.desk(Method::GET, "/api/v1/submissions", &organiser);
    assert_eq!(refusal(late).await, says(403, "token_wrong"));
    let auditor = stage.token(Role::Auditor, None).await;
    let trail = stage.get(&auditor, "/api/v1/audit?act=person_roles_changed").await;
    let row = &trail["items"][0];
    assert_eq!((&row["person"], &row["actor"]), (&who, &json!("admin")));
    assert!(row["credential"].is_string() && row["after"]["revoked_tokens"].as_array().unwrap().len() == 1, "{row}");
}

#[tokio::test]
async fn a_repeated_request_for_a_token_gets_the_same_secret() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let key = Uuid::new_v4().to_string();
    let ask = || {
        let request = stage.client.post(format!("{}/api/v1/tokens", stage.desk_url)).bearer_auth(&organiser);
        request.header("idempotency-key", &key).json(&json!({ "role": "organiser", "name": "值班", "expires": "8h" }))
    };
    let first = done(ask()).await;
    let again = ask().send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()["idempotent-replayed"].as_bytes()), (201, &b"true"[..]));
    assert_eq!(again.json::<Value>().await.unwrap(), first);
    let tokens = stage.get(&organiser, "/api/v1/tokens?limit=1").await;
    assert_eq!(tokens["items"][0], first["token"]);
    assert!(tokens["next"].is_string());
}
