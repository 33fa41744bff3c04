//! The first page and live updates, as signed-in people see them.
use std::time::Duration;

use desk::{Change, Update};
use pipeline::id::ContestId;
use pipeline::lang::Lang;
use pipeline::person::{Held, Role};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::desk_browser::{Browser, NAME};
use crate::desk_deliveries::{handed, plant};
use crate::stage::{PATIENCE, Stage, until};

impl Stage {
    async fn sign_in(&self, roles: &[Held]) -> Browser {
        Browser::of(self, Lang::En, roles).await
    }

    fn change(&self, id: u128, contest: Option<&str>) -> Change {
        let contests = contest.map(ContestId::new).into_iter().collect();
        Change { kind: "work", id: Uuid::from_u128(id), partner: None, state: Some("probe".into()), contests }
    }

    fn announce(&self, id: u128, contest: Option<&str>) {
        self.live.send(Update::Changed(self.change(id, contest)));
    }
}

/// An answer of `/events`, which does not end.
struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    /// Opens a stream and reads its first comment.
    async fn of(who: &Browser) -> Self {
        let answer = who.get("/events").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut stream = Self { answer, text: String::new() };
        assert!(stream.block().await.unwrap().contains("retry"));
        stream
    }

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
            // Other events contain no JSON.
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
        stage.put(&entry, state).await;
    }
    let auditor = stage.token(Role::Auditor, None).await;
    let everywhere = stage.sign_in(&[Held::everywhere(Role::Screener), Held::everywhere(Role::Organiser)]).await;
    let bound = stage.sign_in(&[Held::within(Role::Screener, "demo")]).await;
    for (who, query) in [
        (&everywhere, "state=awaiting_review"),
        (&everywhere, "state=awaiting_release"),
        (&bound, "state=awaiting_review&contest=demo"),
    ] {
        let list = stage.get(&auditor, &format!("/api/v1/submissions?{query}")).await;
        let number = format!("<a href=\"/works?{query}\"><span class=\"big\">{}</span>", list["count"]["value"]);
        let home = who.page("/").await;
        assert!(home.contains(&number), "{number}\n{home}");
    }
    let entry = stage.enter().await;
    plant(&stage, &entry, "douyin", &[handed()]).await;
    let operator = stage.sign_in(&[Held::everywhere(Role::Operator)]).await;
    let home = operator.page("/").await;
    assert!(home.contains("<a href=\"/deliveries?waits=person\"><span class=\"big\">1</span>"), "{home}");
    assert!(
        home.contains(&format!("/works/{}/deliveries/douyin", entry.id)),
        "each trouble has a link to its cure: {home}"
    );
    // A person who is bound to one contest sees nothing of the others.
    let home = bound.page("/").await;
    assert!(!home.contains("small") && !home.contains("awaiting_release"), "{home}");
}

#[tokio::test]
async fn an_event_of_another_contest_never_reaches_a_person_who_is_bound_to_one() {
    let stage = Stage::new().await;
    let bound = stage.sign_in(&[Held::within(Role::Screener, "demo"), Held::everywhere(Role::Admin)]).await;
    let everywhere = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let (mut of_bound, mut of_everywhere) = (Stream::of(&bound).await, Stream::of(&everywhere).await);
    stage.announce(1, Some("small"));
    stage.announce(2, None);
    stage.announce(3, Some("demo"));
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
    let (mut ends, mut stays) = (Stream::of(&one).await, Stream::of(&other).await);
    let end = "update sessions set ended_at = now(), ended_why = 'ended' where person =";
    stage.execute(format!("{end} '{}'", one.person.0)).await;
    stage.live.check_sessions();
    assert_eq!(ends.data().await, None);
    stage.announce(1, Some("demo"));
    assert!(stays.data().await.is_some());
    let answer = one.get("/events").send().await.unwrap();
    assert!(answer.headers().get("content-type").is_none_or(|kind| kind != "text/event-stream"));
}

#[tokio::test]
async fn a_role_that_is_taken_away_receives_no_further_events() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::within(Role::Auditor, "demo"), Held::within(Role::Screener, "small")]).await;
    let mut stream = Stream::of(&who).await;
    stage.execute("delete from person_roles where contest = 'demo'".to_owned()).await;
    stage.live.check_sessions();
    // The stream checks its session before it reads the next events.
    stage.announce(1, Some("demo"));
    stage.announce(2, Some("small"));
    assert_eq!(stream.data().await.unwrap()["id"], json!(Uuid::from_u128(2)));
}

#[tokio::test]
async fn a_stream_notices_a_role_or_session_that_another_process_ended() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::within(Role::Auditor, "demo"), Held::within(Role::Screener, "small")]).await;
    let stream = Mutex::new(Stream::of(&who).await);
    stage.execute("delete from person_roles where contest = 'demo'".to_owned()).await;
    until("nothing of the contest arrives", async || {
        stage.announce(1, Some("demo"));
        stage.announce(2, Some("small"));
        let lost = |data: &Value| data["id"] == json!(Uuid::from_u128(1));
        let mut stream = stream.lock().await;
        let mut data = stream.data().await.unwrap();
        let arrived = lost(&data);
        while lost(&data) {
            data = stream.data().await.unwrap();
        }
        !arrived
    })
    .await;
    stage.execute("update sessions set ended_at = now(), ended_why = 'ended'".to_owned()).await;
    until("the stream has ended", async || {
        stage.announce(2, Some("small"));
        stream.lock().await.data().await.is_none()
    })
    .await;
}

#[tokio::test]
async fn one_person_has_a_few_streams_and_the_next_one_is_refused() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Stream::of(&who).await);
    }
    let refused = who.get("/events").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    drop(open.pop());
    // The server notices a closed connection at its next write.
    until("a stream is free again", async || {
        stage.live.send(Update::Missed);
        who.get("/events").send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test]
async fn a_stream_outlives_the_deadline_of_requests_and_no_proxy_may_keep_it() {
    let deadline = Duration::from_secs(2);
    let stage = Stage::with(|settings| settings.api_deadline = deadline).await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let mut stream = Stream::of(&who).await;
    let header = |name: &str| stream.answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!((header("cache-control"), header("x-accel-buffering")), ("no-store".into(), "no".into()));
    let silence = tokio::time::timeout(deadline * 2, stream.answer.chunk()).await;
    assert!(silence.is_err(), "within two deadlines the stream sent something or ended: {silence:?}");
    stage.announce(1, Some("demo"));
    assert!(stream.data().await.is_some());
}

#[tokio::test]
async fn a_page_that_keeps_itself_up_to_date_does_not_prolong_the_session() {
    let stage = Stage::new().await;
    let who = stage.sign_in(&[Held::everywhere(Role::Auditor)]).await;
    let seen = "select (seen_at < now() - interval '10 min')::text from sessions";
    stage.execute("update sessions set seen_at = now() - interval '20 min'".into()).await;
    assert_eq!(who.get("/").header("x-reelmill-live", "1").send().await.unwrap().status(), 200);
    drop(Stream::of(&who).await);
    assert_eq!(stage.ask(seen.into()).await, "true");
    who.page("/").await;
    assert_eq!(stage.ask(seen.into()).await, "false");
}

#[tokio::test]
async fn audit_people_partners_and_checks_are_shown_to_the_roles_that_may_read_them() {
    let stage = Stage::new().await;
    let of = |role| [Held::everywhere(role)];
    let (auditor, admin, operator) = (
        stage.sign_in(&of(Role::Auditor)).await,
        stage.sign_in(&of(Role::Admin)).await,
        stage.sign_in(&of(Role::Operator)).await,
    );
    let audit = auditor.page("/audit?act=person_added").await;
    assert!(audit.contains("added a person") && audit.contains("Before and after"), "{audit}");
    let people = admin.page("/people").await;
    assert!(people.contains(NAME) && people.contains("name=\"login\""), "{people}");
    assert!(!auditor.page("/people").await.contains("name=\"login\""));
    assert!(operator.page("/partners").await.contains("bilibili"));
    assert!(operator.page("/checks").await.contains("schema"));
    for (who, path) in [(&operator, "/audit"), (&operator, "/people"), (&admin, "/checks"), (&admin, "/partners")] {
        assert_eq!(who.open(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn an_admin_adds_a_person_changes_their_roles_and_ends_them_by_plain_forms() {
    let stage = Stage::new().await;
    let admin = stage.sign_in(&[Held::everywhere(Role::Admin)]).await;
    let key = Uuid::new_v4().to_string();
    let new = [
        ("key", key.as_str()),
        ("name", "李明"),
        ("login", "liming"),
        ("roles", "screener@demo"),
        ("roles", "auditor@demo"),
    ];
    let to = admin.send("/people", &new).await.leads_to();
    assert_eq!(admin.send("/people", &new).await.leads_to(), to, "sent twice, done once");
    let person = to.split_once('?').unwrap().0.to_owned();
    // Roles that this form did not show stay unchanged.
    let roles =
        [("was", "screener@demo"), ("was", "auditor@demo"), ("roles", "screener@demo"), ("roles", "operator@demo")];
    assert_eq!(admin.send(&format!("{person}/roles"), &roles).await.status, 303);
    let page = admin.page(&person).await;
    let checked = |role: &str| {
        page.split("value=\"")
            .any(|cell| cell.starts_with(&format!("{role}\"")) && cell.split('>').next().unwrap().contains(" checked"))
    };
    assert_eq!(["screener@demo", "operator@demo", "auditor@demo", "operator"].map(checked), [true, true, false, false]);
    // A problem is shown with the form that caused it.
    let taken = admin.send("/people", &[("name", "王五"), ("login", "liming"), ("roles", "auditor")]).await;
    assert!(taken.status == 409 && taken.text.contains("login_taken"), "{taken:?}");
    assert!(taken.text.contains("value=\"王五\""), "{taken:?}");
    assert_eq!(admin.send(&format!("{person}/end"), &[]).await.status, 422);
    assert_eq!(admin.send(&format!("{person}/end"), &[("reason", "left")]).await.status, 303);
    assert!(admin.page(&person).await.contains("ended"));
}
