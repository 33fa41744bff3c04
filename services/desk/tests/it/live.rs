//! The first page and live updates, as people who are signed in see them.
use std::time::Duration;

use desk::{Change, Update};
use pipeline::id::{ContestId, PersonId};
use pipeline::person::{Actor, Held, Role};
use reqwest::{RequestBuilder, Response};
use runtime::store::history::By;
use runtime::store::persons::NewPerson;
use runtime::store::sessions::{self, Factor, NewSession, SessionSecret};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{PATIENCE, Stage, until};

/// Somebody who signed in.
struct SignedIn {
    cookie: String,
    session: Uuid,
}

impl Stage {
    async fn sign_in(&self, roles: &[Held]) -> SignedIn {
        let (id, login) = (PersonId(Uuid::now_v7()), format!("p{}", Uuid::new_v4().simple()));
        let login = Some(login.parse().unwrap());
        let new = NewPerson { id, name: "王芳".into(), login, roles: roles.iter().cloned().collect() };
        self.app.store.add_person(&new, &By::person(Actor::Admin, "test")).await.unwrap();
        let (secret, session) = (SessionSecret::new().unwrap(), Uuid::now_v7());
        let begun = NewSession { id: session, person: id, factor: Factor::Totp, agent: None, address: None };
        let (begun, kept) = (&begun, &secret);
        let done = self
            .app
            .store
            .transaction("sign_in", |tx, _| Box::pin(async move { sessions::begin(tx, begun, kept).await }));
        done.await.unwrap();
        SignedIn { cookie: format!("rm={}", secret.tell()), session }
    }

    fn open(&self, who: &SignedIn, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.desk_url));
        request.header("cookie", &who.cookie).header("accept-language", "en")
    }

    async fn shown(&self, who: &SignedIn, path: &str) -> String {
        let answer = self.open(who, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap().replace("&#38;", "&").replace("&amp;", "&")
    }

    /// An open stream, behind its first comment.
    async fn events(&self, who: &SignedIn) -> Stream {
        let answer = self.open(who, "/events").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut stream = Stream { answer, text: String::new() };
        assert!(stream.block().await.unwrap().contains("retry"));
        stream
    }

    fn change(&self, id: u128, contest: Option<&str>) -> Change {
        let contest = contest.map(ContestId::new);
        Change { kind: "work", id: Uuid::from_u128(id), partner: None, state: Some("probe".into()), contest }
    }

    fn send(&self, id: u128, contest: Option<&str>) {
        self.live.send(Update::Changed(self.change(id, contest)));
    }
}

struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    /// The next lines up to an empty one; `None` at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await.expect("a chunk or the end");
            match chunk {
                Ok(Some(bytes)) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// The next event with data.
    async fn data(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            let data = block.lines().find_map(|line| line.strip_prefix("data:"));
            // Other events carry no JSON.
            if let Some(data) = data.and_then(|data| serde_json::from_str(data.trim()).ok()) {
                return Some(data);
            }
        }
    }
}

#[tokio::test]
async fn the_numbers_of_the_first_page_are_those_of_the_lists() {
    let stage = Stage::new().await;
    for (contest, state) in [
        ("demo", "awaiting_review"),
        ("demo", "awaiting_review"),
        ("small", "awaiting_review"),
        ("demo", "awaiting_release"),
    ] {
        let entry = stage.enter_into(contest, "digital").await;
        let machine = format!("jsonb_set(machine, '{{state}}', '{{\"state\": \"{state}\"}}')");
        stage
            .execute(format!("update submissions set machine = {machine}, state = '{state}' where id = '{}'", entry.id))
            .await;
    }
    let auditor = stage.token(runtime::store::tokens::Role::Auditor, None).await;
    let everywhere = stage.sign_in(&[Held::everywhere(Role::Screener), Held::everywhere(Role::Organiser)]).await;
    let bound = stage.sign_in(&[Held::within(Role::Screener, "demo")]).await;
    for (who, query) in [
        (&everywhere, "state=awaiting_review"),
        (&everywhere, "state=awaiting_release"),
        (&bound, "state=awaiting_review&contest=demo"),
    ] {
        let list = stage.get(&auditor, &format!("/api/v1/submissions?{query}")).await;
        let number = format!("<a href=\"/works?{query}\"><span class=\"big\">{}</span>", list["count"]["value"]);
        let home = stage.shown(who, "/").await;
        assert!(home.contains(&number), "{number}\n{home}");
    }
    let entry = stage.enter().await;
    let machine =
        json!({ "run": 1, "desired": "live", "observed": { "state": "awaiting_operator", "intent": Uuid::nil() } });
    stage
        .execute(format!(
            "insert into deliveries (submission, partner, machine, state, run)
            values ('{}', 'douyin', '{machine}', 'awaiting_operator', 1)",
            entry.id
        ))
        .await;
    let operator = stage.sign_in(&[Held::everywhere(Role::Operator)]).await;
    let home = stage.shown(&operator, "/").await;
    assert!(home.contains("<a href=\"/deliveries?waits=person\"><span class=\"big\">1</span>"), "{home}");
    assert!(
        home.contains(&format!("/works/{}/deliveries/douyin", entry.id)),
        "what is wrong leads to its cure: {home}"
    );
    // Whoever is bound to a contest sees nothing of the others.
    let home = stage.shown(&bound, "/").await;
    assert!(!home.contains("small") && !home.contains("awaiting_release"), "{home}");
}

#[tokio::test]
async fn an_event_of_another_contest_never_reaches_a_person_who_is_bound_to_one() {
    let stage = Stage::new().await;
    let bound = stage.sign_in(&[Held::within(Role::Screener, "demo"), Held::everywhere(Role::Admin)]).await;
    let everywhere = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let (mut of_bound, mut of_everywhere) = (stage.events(&bound).await, stage.events(&everywhere).await);
    stage.send(1, Some("small"));
    stage.send(2, None);
    stage.send(3, Some("demo"));
    let expected = |id| json!({ "kind": "work", "id": Uuid::from_u128(id), "state": "probe" });
    assert_eq!(of_bound.data().await, Some(expected(3)));
    for id in 1..=3 {
        assert_eq!(of_everywhere.data().await, Some(expected(id)));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_others_go_on() {
    let stage = Stage::new().await;
    let (one, other) = (
        stage.sign_in(&[Held::everywhere(Role::Auditor)]).await,
        stage.sign_in(&[Held::everywhere(Role::Auditor)]).await,
    );
    let (mut ends, mut stays) = (stage.events(&one).await, stage.events(&other).await);
    stage
        .execute(format!("update sessions set ended_at = now(), ended_why = 'ended' where id = '{}'", one.session))
        .await;
    stage.live.check_sessions();
    assert_eq!(ends.data().await, None);
    stage.send(1, Some("demo"));
    assert!(stays.data().await.is_some());
    let answer = stage.open(&one, "/events").send().await.unwrap();
    assert!(answer.headers().get("content-type").is_none_or(|kind| kind != "text/event-stream"));
}

#[tokio::test]
async fn a_role_that_was_taken_ends_what_it_heard() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::within(Role::Auditor, "demo"), Held::within(Role::Screener, "small")]).await;
    let mut stream = stage.events(&who).await;
    stage.execute("delete from person_roles where contest = 'demo'".to_owned()).await;
    stage.live.check_sessions();
    // The check is done in order with what is sent after it.
    stage.send(1, Some("demo"));
    stage.send(2, Some("small"));
    assert_eq!(stream.data().await.unwrap()["id"], json!(Uuid::from_u128(2)));
}

#[tokio::test]
async fn one_person_has_a_few_streams_and_the_next_one_is_refused() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(stage.events(&who).await);
    }
    let refused = stage.open(&who, "/events").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    drop(open.pop());
    // The server notices the end of a connection with what it writes next.
    until("a stream is free again", async || {
        stage.live.send(Update::Missed);
        stage.open(&who, "/events").send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test]
async fn a_stream_outlives_the_deadline_of_requests_and_no_proxy_may_keep_it() {
    let deadline = Duration::from_secs(2);
    let stage = Stage::with(|settings| settings.api_deadline = deadline).await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let mut stream = stage.events(&who).await;
    let header = |name: &str| stream.answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!((header("cache-control"), header("x-accel-buffering")), ("no-store".into(), "no".into()));
    let silence = tokio::time::timeout(deadline * 2, stream.answer.chunk()).await;
    assert!(silence.is_err(), "nothing was said, and the stream did not end: {silence:?}");
    stage.send(1, Some("demo"));
    assert!(stream.data().await.is_some());
}

#[tokio::test]
async fn a_page_that_keeps_itself_up_to_date_does_not_prolong_the_session() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let seen = format!("select (seen_at < now() - interval '10 min')::text from sessions where id = '{}'", who.session);
    stage
        .execute(format!("update sessions set seen_at = now() - interval '20 min' where id = '{}'", who.session))
        .await;
    assert_eq!(stage.open(&who, "/").header("x-reelmill-live", "1").send().await.unwrap().status(), 200);
    drop(stage.events(&who).await);
    assert_eq!(stage.ask(seen.clone()).await, "true");
    stage.shown(&who, "/").await;
    assert_eq!(stage.ask(seen).await, "false");
}

#[tokio::test]
async fn what_people_look_at_is_shown_to_those_whose_it_is() {
    let stage = Stage::new().await;
    let of = |role| [Held::everywhere(role)];
    let (auditor, admin, operator) = (
        stage.sign_in(&of(Role::Auditor)).await,
        stage.sign_in(&of(Role::Admin)).await,
        stage.sign_in(&of(Role::Operator)).await,
    );
    let audit = stage.shown(&auditor, "/audit?act=person_added").await;
    assert!(audit.contains("added a person") && audit.contains("Before and after"), "{audit}");
    let people = stage.shown(&admin, "/people").await;
    assert!(people.contains("王芳") && people.contains("name=\"login\""), "{people}");
    assert!(!stage.shown(&auditor, "/people").await.contains("name=\"login\""));
    assert!(stage.shown(&operator, "/partners").await.contains("bilibili"));
    assert!(stage.shown(&operator, "/checks").await.contains("schema"));
    for (who, path) in [(&operator, "/audit"), (&operator, "/people"), (&admin, "/checks"), (&admin, "/partners")] {
        assert_eq!(stage.open(who, path).send().await.unwrap().status(), 403, "{path}");
    }
}

#[tokio::test]
async fn an_admin_adds_a_person_changes_their_roles_and_ends_them_by_plain_forms() {
    let stage = Stage::new().await;
    let admin = stage.sign_in(&[Held::everywhere(Role::Admin)]).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let post = async |path: &str, form: &[(&str, &str)]| {
        let request = client.post(format!("{}{path}", stage.desk_url)).header("cookie", &admin.cookie);
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let body = body.join("&");
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin");
        request.header("accept-language", "en").body(body).send().await.unwrap()
    };
    let key = Uuid::new_v4().to_string();
    let new = [
        ("key", key.as_str()),
        ("name", "李明"),
        ("login", "liming"),
        ("roles", "screener@demo"),
        ("roles", "auditor@demo"),
    ];
    let added = post("/people", &new).await;
    assert_eq!(added.status(), 303, "{}", added.text().await.unwrap());
    let to = added.headers()["location"].to_str().unwrap().to_owned();
    // Sent twice, done once.
    assert_eq!(post("/people", &new).await.headers()["location"], to.as_str());
    let person = to.split_once('?').unwrap().0.to_owned();
    // What another admin changed meanwhile and this form did not show stays.
    let roles =
        [("was", "screener@demo"), ("was", "auditor@demo"), ("roles", "screener@demo"), ("roles", "operator@demo")];
    assert_eq!(post(&format!("{person}/roles"), &roles).await.status(), 303);
    let page = stage.shown(&admin, &person).await;
    let checked = |role: &str| {
        page.split("value=\"")
            .any(|cell| cell.starts_with(&format!("{role}\"")) && cell.split('>').next().unwrap().contains(" checked"))
    };
    assert_eq!(["screener@demo", "operator@demo", "auditor@demo", "operator"].map(checked), [true, true, false, false]);
    // A problem is shown with the form that it is about.
    let taken = post("/people", &[("name", "王五"), ("login", "liming"), ("roles", "auditor")]).await;
    assert_eq!(taken.status(), 409);
    let taken = taken.text().await.unwrap();
    assert!(taken.contains("login_taken") && taken.contains("value=\"王五\""), "{taken}");
    assert_eq!(post(&format!("{person}/end"), &[]).await.status(), 422);
    assert_eq!(post(&format!("{person}/end"), &[("reason", "left")]).await.status(), 303);
    assert!(stage.shown(&admin, &person).await.contains("ended"));
}
