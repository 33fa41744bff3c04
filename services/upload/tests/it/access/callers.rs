//! All kinds of callers, and the tokens of people.
use std::time::Duration;

use pipeline::id::PersonId;
use pipeline::person::{Held, RoleChange};
use reqwest::{Method, RequestBuilder};
use runtime::bearer::Bearer;
use runtime::store::people::persons::NewPerson;
use runtime::store::people::tokens::{NewToken, Role};
use runtime::store::submissions::history::{Actor, By};
use serde_json::Value;
use uuid::Uuid;

use super::row::Row;
use crate::stage::{Entry, Stage, location};

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

/// All callers, with their credentials.
pub(super) struct Callers {
    pub(super) own: Entry,
    /// The number of its receipt.
    pub(super) receipt: String,
    pub(super) foreign: Entry,
    pub(super) upload: String,
    pub(super) useless: Vec<String>,
    pub(super) people: Vec<String>,
    pub(super) elsewhere: Vec<String>,
}

pub(super) async fn callers(stage: &Stage) -> Callers {
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
    pub(super) async fn ask(&self, stage: &Stage, base: &str, row: &Row, token: Option<&str>) -> String {
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
