//! Acts of organisers and what they leave: the act, the trail, the answer to a repeated request.
use std::collections::BTreeMap;

use pipeline::id::SubmissionId;
use reqwest::{Method, RequestBuilder};
use runtime::store::people::audit::{AuditFilter, AuditRow, Verified};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Entry, Stage, form, refusal, says};

impl Stage {
    /// Puts an entry into a state that carries no further data.
    pub(crate) async fn put(&self, entry: &Entry, state: &str) {
        let machine = format!("jsonb_set(machine, '{{state}}', '{{\"state\": \"{state}\"}}')");
        self.write(format!("update submissions set machine = {machine}, state = '{state}' where id = '{}'", entry.id))
            .await;
    }

    pub(crate) async fn state(&self, entry: &Entry) -> String {
        self.ask(format!("select state from submissions where id = '{}'", entry.id)).await
    }

    pub(crate) async fn trail(&self, entry: &Entry) -> Vec<AuditRow> {
        let submission: SubmissionId = entry.id.parse().unwrap();
        let filter = AuditFilter { submission: Some(submission), ..AuditFilter::default() };
        let rows = self.app.store.audit(&filter).await.unwrap();
        assert!(matches!(self.app.store.audit_verify(None).await.unwrap(), Verified::Whole(_)));
        rows
    }

    pub(crate) fn act(&self, token: &str, entry: &Entry, what: &str, body: &Value) -> RequestBuilder {
        let path = format!("/api/v1/submissions/{}/{what}", entry.id);
        self.desk(Method::POST, &path, token).json(body)
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Value {
        let answer = self.desk(Method::GET, path, token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }
}

pub(crate) async fn ok(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_screener_opens_or_closes_the_gate_and_the_trail_says_who_and_why() {
    let stage = Stage::new().await;
    let screener = stage.token(Role::Screener, None).await;
    let (one, other) = (stage.enter().await, stage.enter().await);
    stage.put(&one, "awaiting_review").await;
    stage.put(&other, "awaiting_review").await;
    let accept = json!({ "decision": "accept", "reason": "good pictures" });
    let stands = ok(stage.act(&screener, &one, "review", &accept)).await;
    assert_eq!((&stands["id"], &stands["state"]), (&one.id.as_str().into(), &stage.state(&one).await.into()));
    assert_ne!(stands["state"], "awaiting_review");
    let refuse = json!({ "decision": "refuse", "words": "不是工业题材" });
    assert_eq!(ok(stage.act(&screener, &other, "review", &refuse)).await["state"], "rejected");
    assert_eq!(stage.status(&other).await["rejection"]["code"], "review_refused");
    let code = async |body: Value| refusal(stage.act(&screener, &one, "review", &body)).await;
    assert_eq!(code(accept).await, says(409, "state_wrong"));
    assert_eq!(code(json!({ "decision": "refuse" })).await, says(422, "field_wrong"));
    assert_eq!(code(json!({ "decision": "maybe" })).await, says(400, "body_not_json"));
    assert_eq!(code(json!({ "decision": "accept", "role": "organiser" })).await, says(400, "body_not_json"));
    let [row] = &stage.trail(&one).await[..] else { panic!("one act, one row") };
    assert_eq!(
        (row.actor.as_str(), row.name.as_str(), row.act.as_str()),
        ("screener", "screener of the test", "review_accepted")
    );
    assert_eq!((row.reason.as_deref(), &row.before["state"]), (Some("good pictures"), &json!("awaiting_review")));
    let history = stage.get(&screener, &format!("/api/v1/submissions/{}/history", one.id)).await;
    assert_eq!(history.as_array().unwrap().last().unwrap()["detail"]["by"], "screener of the test");
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_and_acts_once() {
    let stage = Stage::new().await;
    let screener = stage.token(Role::Screener, None).await;
    let entry = stage.enter().await;
    stage.put(&entry, "awaiting_review").await;
    let key = Uuid::new_v4().to_string();
    let send = async |token: &str, body: Value| {
        let path = format!("{}/api/v1/submissions/{}/review", stage.desk_url, entry.id);
        let request = stage.client.post(path).bearer_auth(token).header("idempotency-key", &key).json(&body);
        let answer = request.send().await.unwrap();
        let again = answer.headers().contains_key("idempotent-replayed");
        (answer.status().as_u16(), again, answer.json::<Value>().await.unwrap())
    };
    // A refusal because of the state is not stored, because nothing was done.
    let wrong = json!({ "decision": "refuse" });
    assert_eq!(send(&screener, wrong).await.0, 422);
    let accept = json!({ "decision": "accept" });
    let first = send(&screener, accept.clone()).await;
    assert_eq!((first.0, first.1), (200, false));
    // This holds even though the entry has moved on and would now answer that it does not await review.
    assert_eq!(send(&screener, accept.clone()).await, (200, true, first.2));
    let other = send(&screener, json!({ "decision": "accept", "reason": "x" })).await;
    assert_eq!((other.0, &other.2["code"]), (422, &json!("idempotency_key_reused")));
    // The same key sent by another person is a different key.
    let colleague = stage.token(Role::Screener, None).await;
    assert_eq!(send(&colleague, accept).await.2["code"], "state_wrong");
    assert_eq!(stage.trail(&entry).await.len(), 1);
}

#[tokio::test]
async fn the_same_request_ten_times_at_once_acts_once_and_all_hear_the_same() {
    let stage = Stage::new().await;
    let key = Uuid::new_v4().to_string();
    let send = || {
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url));
        request.header("idempotency-key", &key).body(form().to_string()).send()
    };
    let answers = futures::future::join_all((0..10).map(|_| send())).await;
    let mut heard = BTreeMap::new();
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        assert!(answer.headers().contains_key("location"));
        *heard.entry(answer.text().await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(heard.into_values().collect::<Vec<_>>(), [10]);
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "1");
}

#[tokio::test]
async fn only_the_holder_of_the_key_can_read_a_stored_answer() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let wish = json!({ "role": "organiser", "name": "值班程序", "expires": "30d" });
    let reply = ok(stage.desk(Method::POST, "/api/v1/tokens", &organiser).json(&wish)).await;
    // The secret, too, may have underscores.
    let secret = reply["bearer"].as_str().unwrap().splitn(3, '_').nth(2).unwrap().to_owned();
    for table in ["idempotency", "tokens", "audit", "outbox"] {
        let all = format!("select coalesce(string_agg(row_to_json(t)::text, ''), '') from {table} t");
        let all = stage.ask(all).await;
        assert!(!all.contains(&secret), "{table}");
        let bytes = hex::encode(&secret);
        assert!(!all.contains(&bytes), "{table}");
    }
    // The new token works until it is revoked, and is refused from then on.
    let another = reply["bearer"].as_str().unwrap();
    for _ in 0..2 {
        stage.get(another, "/api/v1/submissions").await;
    }
    let path = format!("/api/v1/tokens/{}", reply["token"]["id"].as_str().unwrap());
    assert!(ok(stage.desk(Method::DELETE, &path, &organiser)).await["revoked_at"].is_string());
    let late = stage.desk(Method::GET, "/api/v1/submissions", another);
    assert_eq!(refusal(late).await, says(403, "token_wrong"));
}

#[tokio::test]
async fn one_address_cannot_enter_without_end() {
    let stage = Stage::with(|settings| {
        settings.entries_per_minute = 3;
        settings.forwarded_hops = 1;
    })
    .await;
    let enter = |from: &str| {
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url));
        request.header("x-forwarded-for", format!("198.51.100.1, {from}")).body(form().to_string())
    };
    for _ in 0..3 {
        assert_eq!(enter("192.0.2.1").send().await.unwrap().status(), 201);
    }
    let refused = enter("192.0.2.1").send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refusal(enter("192.0.2.1")).await, says(429, "too_many_entries"));
    assert_eq!(enter("192.0.2.2").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let stage = Stage::new().await;
    let key = Uuid::new_v4().to_string();
    let send = async || {
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url));
        let answer = request.header("idempotency-key", &key).body(form().to_string()).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let first = send().await;
    stage.execute("update idempotency set created_at = created_at - interval '23 hours 59 minutes'".into()).await;
    assert_eq!(stage.app.store.sweep_answers().await.unwrap(), 0);
    assert_eq!(send().await, first);
    stage.execute("update idempotency set created_at = created_at - interval '2 minutes'".into()).await;
    assert_ne!(send().await, first, "past its time, even before it is swept");
    stage.execute("update idempotency set created_at = created_at - interval '25 hours'".into()).await;
    assert_eq!(stage.app.store.sweep_answers().await.unwrap(), 1);
}

#[tokio::test]
async fn each_look_at_personal_data_is_in_the_trail_and_none_of_the_data_is() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let entry = stage.enter().await;
    let path = format!("/api/v1/submissions/{}/contact", entry.id);
    let path = format!("{path}?reason=winner");
    assert_eq!(stage.get(&organiser, &path).await, form()["entrant"]);
    for (without, refused) in [
        ("", says(400, "query_wrong")),
        ("?reason=", says(422, "field_wrong")),
        ("?reason=%20", says(422, "field_wrong")),
    ] {
        let request = stage.desk(Method::GET, &path.replace("?reason=winner", without), &organiser);
        assert_eq!(refusal(request).await, refused, "{without}");
    }
    let rows = stage.trail(&entry).await;
    let reply: Vec<_> = rows.iter().map(|row| (row.act.as_str(), row.reason.as_deref())).collect();
    assert_eq!(reply, [("contact_read", Some("winner"))]);
    for part in ["history", "verdict", "deliveries", ""] {
        let path = format!("/api/v1/submissions/{}/{part}", entry.id).trim_end_matches('/').to_owned();
        let text = stage.desk(Method::GET, &path, &organiser).send().await.unwrap().text().await.unwrap();
        for private in ["张三", "13812345678", "zhang@example.cn", "某厂"] {
            assert!(!text.contains(private), "{private} in {path}");
        }
    }
    assert_eq!(stage.api(Method::DELETE, &entry).send().await.unwrap().status(), 204);
    let gone = stage.desk(Method::GET, &path, &organiser);
    assert_eq!(refusal(gone).await, says(404, "contact_forgotten"));
}

/// Brings an entry to the release gate, planned for two partners.
pub(crate) async fn finished(stage: &Stage) -> Entry {
    let entry = stage.enter().await;
    stage.put(&entry, "awaiting_release").await;
    let partners = "jsonb_set(machine, '{work,partners}', '[\"bilibili\", \"douyin\"]')";
    stage.write(format!("update submissions set machine = {partners} where id = '{}'", entry.id)).await;
    entry
}

/// The ids of the partners in an answer.
fn partners(answer: &Value) -> Value {
    answer["partners"].as_array().unwrap().iter().map(|it| it["partner"].clone()).collect()
}

#[tokio::test]
async fn an_organiser_releases_to_some_and_later_to_others_and_takes_back() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let entry = finished(&stage).await;
    let release = async |body: Value| ok(stage.act(&organiser, &entry, "release", &body)).await;
    let planned = release(json!({ "dry_run": true })).await;
    assert_eq!((partners(&planned), &planned["dry_run"]), (json!(["bilibili", "douyin"]), &json!(true)));
    assert_eq!(stage.state(&entry).await, "awaiting_release");
    assert!(stage.trail(&entry).await.is_empty());
    let wrong = stage.act(&organiser, &entry, "release", &json!({ "partners": ["nobody"] }));
    assert_eq!(refusal(wrong).await, says(422, "partner_unknown"));

    let first = release(json!({ "partners": ["bilibili"], "reason": "chosen" })).await;
    assert_eq!((partners(&first), &first["state"]), (json!(["bilibili"]), &json!("publish")));
    let later = json!({ "partners": ["bilibili", "douyin"], "at": "2099-01-01T20:00:00+08:00" });
    assert_eq!(partners(&release(later.clone()).await), json!(["douyin"]));
    let waits = format!("select status::text from parts where submission = '{}' and part = 'partner/douyin'", entry.id);
    assert_eq!(stage.ask(waits).await, "waiting");
    assert_eq!(refusal(stage.act(&organiser, &entry, "release", &later)).await, says(409, "state_wrong"));

    let texts = format!("/api/v1/submissions/{}/deliveries/bilibili/texts", entry.id);
    let put = |body: Value| stage.desk(Method::PUT, &texts, &organiser).json(&body);
    assert_eq!(ok(put(json!({ "title": "钢铁侠", "tags": ["工业"] }))).await["title"], "钢铁侠");
    assert_eq!(refusal(put(json!({ "title": "" }))).await, says(422, "field_wrong"));
    let deliveries = stage.get(&organiser, &format!("/api/v1/submissions/{}/deliveries", entry.id)).await;
    assert_eq!(deliveries[0]["texts"]["tags"], json!(["工业"]));

    let recall = |body: Value| stage.act(&organiser, &entry, "recall", &body);
    assert_eq!(refusal(recall(json!({ "reason": " " }))).await, says(422, "field_wrong"));
    assert_eq!(refusal(recall(json!({}))).await, says(400, "body_not_json"));
    let asked = ok(recall(json!({ "reason": "disputed", "dry_run": true }))).await;
    assert_eq!(asked["partners"].as_array().unwrap().len(), 2);
    let some = ok(recall(json!({ "reason": "disputed", "partners": ["bilibili"] }))).await;
    assert_eq!((&some["partners"][0]["partner"], &some["state"]), (&json!("bilibili"), &json!("publish")));
    assert_eq!(ok(recall(json!({ "reason": "disputed" }))).await["state"], "revoked");
    assert_eq!(refusal(recall(json!({ "reason": "disputed" }))).await, says(409, "state_wrong"));
    let acts: Vec<_> = stage.trail(&entry).await.into_iter().map(|row| (row.act, row.reason)).collect();
    for (act, reason) in [("released", Some("chosen")), ("texts_set", None), ("revoked", Some("disputed"))] {
        assert!(acts.iter().any(|it| it.0 == act && it.1.as_deref() == reason), "{act}: {acts:?}");
    }
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ended_and_shows_what_was_asked_for() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let mut entered = Vec::new();
    for _ in 0..5 {
        entered.push(stage.enter().await.id);
    }
    let small = stage.enter_into("small", "digital").await;
    entered.push(small.id.clone());
    entered.reverse();
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut query) = (Vec::new(), "?limit=4".to_owned());
    loop {
        let page = stage.get(&auditor, &format!("/api/v1/submissions{query}")).await;
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=4&cursor={next}");
    }
    assert_eq!(seen, entered);
    stage.execute(format!("update submissions set title = '100%_Stahl' where id = '{}'", entered[2])).await;
    let bilibili = format!(
        "insert into deliveries (submission, partner, machine, state, run) values ('{}', 'bilibili', '{{}}', 'unknown', 1)",
        entered[3]
    );
    stage.execute(bilibili).await;
    for (query, found) in [
        ("contest=small", vec![&small.id]),
        ("contest=small&state=published", vec![]),
        ("title=%25_stahl", vec![&entered[2]]),
        ("title=%25_x", vec![]),
        ("partner=bilibili", vec![&entered[3]]),
        ("delivery=unknown", vec![&entered[3]]),
        ("delivery=unknown&partner=douyin", vec![]),
        ("theme=green", vec![]),
        ("unit=%E4%B8%8D%E5%AD%98%E5%9C%A8", vec![]),
    ] {
        let page = stage.get(&auditor, &format!("/api/v1/submissions?{query}")).await;
        assert_eq!(page["count"], json!({ "value": found.len(), "more": false }), "{query}");
        assert_eq!(ids(&page), found.into_iter().cloned().collect::<Vec<_>>(), "{query}");
    }
    for wrong in ["limit=0", "limit=201", "cursor=x", "colour=red", "limit=many"] {
        let request = stage.desk(Method::GET, &format!("/api/v1/submissions?{wrong}"), &auditor);
        assert_eq!(refusal(request).await, says(400, "query_wrong"), "{wrong}");
    }
}

#[tokio::test]
async fn who_is_bound_to_a_contest_sees_and_gives_nothing_beyond_it() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, Some("small")).await;
    let auditor = stage.token(Role::Auditor, Some("small")).await;
    let everywhere = stage.token(Role::Organiser, None).await;
    let (demo, small) = (stage.enter().await, stage.enter_into("small", "digital").await);
    let listed = stage.get(&organiser, "/api/v1/submissions").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], small.id.as_str());
    let foreign = stage.desk(Method::GET, "/api/v1/submissions?contest=demo", &organiser);
    assert_eq!(refusal(foreign).await, says(403, "contest_foreign"));
    for entry in [&demo, &small] {
        stage.get(&everywhere, &format!("/api/v1/submissions/{}/contact?reason=award", entry.id)).await;
    }
    // The auditor sees what was done to this contest's entries, and to the tokens and roles that belong to it.
    let seen = stage.get(&auditor, "/api/v1/audit").await;
    let seen = seen["items"].as_array().unwrap();
    let acts: Vec<_> = seen.iter().map(|row| row["act"].as_str().unwrap()).collect();
    assert!(seen.iter().all(|row| row["contest"] == "small"), "{seen:?}");
    assert_eq!(acts, ["contact_read", "token_created", "person_added", "token_created", "person_added"]);
    assert!(seen[0]["person"].is_string() && seen[0]["credential"].is_string(), "{seen:?}");
    assert_eq!(seen[0]["address"].as_str().map(str::len), Some(16), "{seen:?}");
    // A person creates tokens within their own limits only, and can end only tokens within them.
    let wish = |contest: Option<&str>| json!({ "role": "organiser", "name": "x", "expires": "1d", "contest": contest });
    let make = |contest| stage.desk(Method::POST, "/api/v1/tokens", &organiser).json(&wish(contest));
    assert_eq!(ok(make(None)).await["token"]["contest"], "small");
    assert_eq!(refusal(make(Some("demo"))).await, says(403, "contest_foreign"));
    let other_role = json!({ "role": "auditor", "name": "x", "expires": "1d" });
    let other_role = stage.desk(Method::POST, "/api/v1/tokens", &organiser).json(&other_role);
    assert_eq!(refusal(other_role).await, says(403, "role_missing"));
    let tokens = stage.get(&everywhere, "/api/v1/tokens").await;
    let unbound = tokens["items"].as_array().unwrap().iter().find(|it| it.get("contest").is_none()).unwrap();
    let path = format!("/api/v1/tokens/{}", unbound["id"].as_str().unwrap());
    assert_eq!(refusal(stage.desk(Method::DELETE, &path, &organiser)).await, says(404, "token_unknown"));
}
