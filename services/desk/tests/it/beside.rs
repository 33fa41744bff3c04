//! Twins: what the page shows of two works, to whom, and the one form that decides.
use pipeline::id::PersonId;
use pipeline::person::Held;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use runtime::secret::Secret;
use runtime::store::history::{Actor, By};
use runtime::store::persons::NewPerson;
use runtime::store::tokens::Role;
use serde_json::json;
use uuid::Uuid;

use crate::stage::{Entry, Stage, until};

/// A person's browser.
pub(crate) struct Browser {
    client: Client,
    desk_url: String,
    cookie: String,
}

impl Browser {
    /// Of a new person with this role in this contest, who is signed in.
    pub(crate) async fn of(stage: &Stage, role: Role, contest: &str) -> Self {
        let id = PersonId(Uuid::now_v7());
        let roles = [Held { role, contest: Some(contest.into()) }].into();
        let person = NewPerson { id, name: "李审查".into(), login: None, roles };
        stage.app.store.add_person(&person, &By::person(Actor::Operator, "test")).await.unwrap();
        let secret = Secret::new().unwrap();
        let row = format!("'{}', '\\x{}', '{}', 'totp'", Uuid::now_v7(), hex::encode(secret.digest()), id.0);
        stage.execute(format!("insert into sessions (id, secret_sha256, person, factors) values ({row})")).await;
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, desk_url: stage.desk_url.clone(), cookie: format!("rm={}; lang=zh", secret.text()) }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.desk_url)).header("cookie", &self.cookie)
    }

    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        read(self.get(path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request =
            self.client.request(Method::POST, format!("{}{path}", self.desk_url)).header("cookie", &self.cookie);
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = request.header("sec-fetch-site", "same-origin").body(fields.join("&"));
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }
}

async fn read(answer: Response) -> (u16, String) {
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Two works that await review, of which the second was found to resemble the first.
async fn twins(stage: &Stage) -> (Entry, Entry) {
    let (first, second) = (stage.enter().await, stage.enter().await);
    let ranges = json!([{ "start_ms": 2000, "end_ms": 22_000, "other_start_ms": 500, "other_end_ms": 20_500 }]);
    let twin = json!({
        "submission": first.id, "same_file": false,
        "picture": { "covered_percent": 60, "agreement_percent": 90, "ranges": ranges },
    });
    let verdict = json!({ "rules": [{
        "rule": "duplicate", "measured": "picture 60 %, sound 0 %", "limit": "picture < 25 %, sound < 50 %", "outcome": "warn",
        "curable": false, "zh": "相似", "en": "alike", "others": [twin],
    }] });
    stage.execute(format!("update submissions set verdict = '{verdict}' where id = '{}'", second.id)).await;
    let unit = "update submissions set title = '工厂清晨', recommending_unit = '某市经信局' where id =";
    stage.execute(format!("{unit} '{}'", first.id)).await;
    stage.put(&first, "awaiting_review").await;
    stage.put(&second, "awaiting_review").await;
    (first, second)
}

/// What a held decision leads to, once its time has come.
async fn becomes(stage: &Stage, entry: &Entry, over: impl Fn(&str) -> bool) {
    assert_eq!(state(stage, entry).await, "awaiting_review", "it can be undone");
    let due = "update held_decisions set due_at = clock_timestamp() where submission =";
    stage.execute(format!("{due} '{}'", entry.id)).await;
    until("the decision is carried out", async || over(&state(stage, entry).await)).await;
}

async fn state(stage: &Stage, entry: &Entry) -> String {
    stage.ask(format!("select state from submissions where id = '{}'", entry.id)).await
}

#[tokio::test]
async fn both_works_are_seen_from_either_side_with_what_they_share_and_who_was_first() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::of(&stage, Role::Screener, "demo").await;
    let (status, page) = screener.page(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert_eq!(status, 200, "{page}");
    for shown in ["一座工厂的早晨", "工厂清晨", "某省工信厅", "某市经信局", "60%", "−1.5 s", "data-shift=\"-1.5\""]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // The first one is the second section, and bears the mark.
    let (ours, theirs) = page.split_once("id=\"side-2\"").unwrap();
    assert!(!ours.contains("先收到") && theirs.contains("先收到"), "{page}");
    assert!(page.contains("name=\"finding\" value=\"same\"") && !page.contains("style="));
    let (_, page) = screener.page(&format!("/works/{}/beside/{}", first.id, second.id)).await;
    assert!(page.contains("+1.5 s") && page.contains("data-seek=\"0.5\""), "{page}");

    let organiser = Browser::of(&stage, Role::Organiser, "demo").await;
    let (status, page) = organiser.page(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert!(status == 200 && !page.contains("name=\"finding\""), "they look, and do not decide");
    let stranger = Browser::of(&stage, Role::Screener, "industry-power-2024").await;
    let (status, page) = stranger.page(&format!("/works/{}/beside/{}", second.id, first.id)).await;
    assert!(status == 404 && page.contains("submission_unknown") && !page.contains("某市经信局"), "{status}");
    let unknown = format!("/works/{}/beside/{}", second.id, Uuid::now_v7());
    assert_eq!(screener.page(&unknown).await.0, 404);
    assert_eq!(screener.page(&format!("/works/{}/beside/x", second.id)).await.0, 404);
}

#[tokio::test]
async fn the_same_work_is_refused_with_words_that_name_nothing_of_the_other() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::of(&stage, Role::Screener, "demo").await;
    let path = format!("/works/{}/beside/{}", second.id, first.id);
    let told = [("finding", "same"), ("words", "与某市经信局推荐的作品相同。")];
    let (status, page) = read(screener.send(&path, &told).await).await;
    assert!(status == 422 && page.contains("field_wrong") && page.contains("推荐的作品相同"), "{status}: {page}");
    assert_eq!(state(&stage, &second).await, "awaiting_review");
    let answer = screener.send(&path, &[("finding", "same")]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], format!("/works/{}", second.id));
    becomes(&stage, &second, |state| state == "rejected").await;
    assert_eq!(state(&stage, &first).await, "awaiting_review");
    let rejection = stage.status(&second).await["rejection"].clone();
    assert_eq!(rejection["code"], "review_refused");
    let words = rejection["zh"].as_str().unwrap();
    assert!(words.contains("不可重复投稿") && !words.contains("某市") && !words.contains(&first.id), "{words}");
    let [row] = &stage.trail(&second).await[..] else { panic!("one act, one row") };
    assert_eq!(row.reason.as_deref(), Some(&*format!("compared with {}: the same work", first.id)));
}

#[tokio::test]
async fn different_works_are_accepted_and_unrelated_ones_are_not_decided_here() {
    let stage = Stage::new().await;
    let (first, second) = twins(&stage).await;
    let screener = Browser::of(&stage, Role::Screener, "demo").await;
    let answer = screener.send(&format!("/works/{}/beside/{}", second.id, first.id), &[("finding", "different")]).await;
    assert_eq!(answer.status(), 303);
    becomes(&stage, &second, |state| !["awaiting_review", "rejected"].contains(&state)).await;
    let third = stage.enter().await;
    stage.put(&third, "awaiting_review").await;
    let answer = screener.send(&format!("/works/{}/beside/{}", third.id, first.id), &[("finding", "same")]).await;
    let (status, page) = read(answer).await;
    assert!(status == 409 && page.contains("state_wrong"), "{status}: {page}");
    assert_eq!(state(&stage, &third).await, "awaiting_review");
}
