//! A correction of the form: which fields, by which rules, and until when.
use pipeline::submission::Event;
use reqwest::{Method, RequestBuilder};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk_acts::ok;
use crate::replace::number;
use crate::stage::{Entry, Stage, bytes, form, refusal, says};

impl Stage {
    pub(crate) fn correction(&self, entry: &Entry, fields: &Value) -> RequestBuilder {
        self.api(Method::PATCH, entry).json(&json!({ "fields": fields }))
    }

    /// The entrant's data, as organisers read it.
    async fn contact(&self, entry: &Entry) -> Value {
        let organiser = self.token(Role::Organiser, None).await;
        self.get(&organiser, &format!("/api/v1/submissions/{}/contact?reason=test", entry.id)).await
    }

    async fn claimed(&self, entry: &Entry, until: &str) {
        let person = Uuid::new_v4();
        self.write(format!("insert into persons (id, name) values ('{person}', '李评审')")).await;
        let row = format!("'{}', '{person}', clock_timestamp() + interval '{until}'", entry.id);
        let upsert = "on conflict (submission) do update set until = excluded.until";
        self.write(format!("insert into review_claims (submission, person, until) values ({row}) {upsert}")).await;
    }
}

#[tokio::test]
async fn named_fields_change_and_all_others_stay() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.whole(&entry, &bytes(10)).await;
    let fields =
        json!({ "title": " 一座工厂的夜晚 ", "entrant.contact.phone": "021-5555 0142", "declarations.ai_note": "" });
    let answer = ok(stage.correction(&entry, &fields)).await;
    assert_eq!(answer["changed"], json!(["title", "entrant.contact.phone", "declarations.ai_note"]));
    assert_eq!(answer["warnings"].as_array().map(Vec::is_empty), Some(true), "{answer}");
    let status = stage.status(&entry).await;
    assert_eq!((&status["title"], &status["state"]), (&json!("一座工厂的夜晚"), &json!("probe")));
    let contact = stage.contact(&entry).await;
    let given = &form()["entrant"];
    assert_eq!(contact["contact"]["phone"], "021-5555 0142");
    assert_eq!((&contact["name"], &contact["organisation"]), (&given["name"], &given["organisation"]));
    assert_eq!(contact["contact"]["email"], given["contact"]["email"]);
    let row = stage.app.store.submission(number(&entry)).await.unwrap().unwrap();
    assert_eq!(row.declarations, json!({ "originality": true, "rights": true, "ai_use": "assisted" }));
    assert_eq!((row.synopsis.as_str(), row.recommending_unit.as_str()), ("…", "某省工信厅"));

    // History and audit trail keep the former title, and no telephone number.
    let lines = stage.app.store.history(number(&entry)).await.unwrap();
    let line = lines.iter().find(|line| line.what == "corrected").unwrap();
    assert_eq!(line.detail["before"], json!({ "title": "一座工厂的早晨" }));
    let trail = stage.trail(&entry).await;
    let corrected = trail.iter().find(|row| row.act == "corrected").unwrap();
    assert_eq!(corrected.after["texts"], json!({ "title": "一座工厂的夜晚" }));
    let written = format!("{lines:?} {trail:?}");
    assert!(!written.contains("13812345678") && !written.contains("5555"), "{written}");
}

#[tokio::test]
async fn the_form_as_a_whole_keeps_the_rules_of_entering() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let wrong = json!({ "title": "", "theme": "opera", "entrant.contact.phone": "", "entrant.contact.email": "",
        "declarations.rights": "", "answers.colour": "red" });
    let answer = stage.correction(&entry, &wrong).send().await.unwrap();
    assert_eq!(answer.status(), 422);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "form_wrong");
    let places: Vec<_> = problem["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    for place in ["title", "theme", "entrant.contact", "declarations.rights"] {
        assert!(places.contains(&place), "{place}: {places:?}");
    }
    assert_eq!(stage.status(&entry).await["title"], form()["title"]);
    let body = stage.api(Method::PATCH, &entry).json(&json!({ "title": "x" }));
    assert_eq!(refusal(body).await, says(400, "body_not_json"));
    let bent = json!({ "title": "a\u{7}b" });
    assert_eq!(refusal(stage.correction(&entry, &bent)).await, says(422, "text_unfit"));
    assert_eq!(stage.happened(&entry).await, ["entered"]);
}

#[tokio::test]
async fn answers_that_are_there_already_and_repeated_requests_leave_no_second_line() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let same = ok(stage.correction(&entry, &json!({ "title": form()["title"], "theme": form()["theme"] }))).await;
    assert_eq!(same["changed"], json!([]));
    let key = Uuid::new_v4().to_string();
    let send = || stage.correction(&entry, &json!({ "synopsis": "一天" })).header("idempotency-key", &key);
    let (first, again) = (ok(send()).await, ok(send()).await);
    assert_eq!((&first, &first["changed"]), (&again, &json!(["synopsis"])));
    assert_eq!(stage.happened(&entry).await, ["entered", "corrected"]);
}

#[tokio::test]
async fn texts_are_corrected_until_a_reviewer_has_the_card_open_or_has_decided() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let correct = |title: &str| stage.correction(&entry, &json!({ "title": title }));
    stage.whole(&entry, &bytes(10)).await;
    stage.to_review(&entry).await;
    ok(correct("甲")).await;
    stage.claimed(&entry, "10 minutes").await;
    assert_eq!(refusal(correct("乙")).await, says(409, "review_began"));
    assert_eq!(stage.status(&entry).await["changes"], json!({ "film": true, "form": false }));
    // The reviewer closed the card without a decision.
    stage.claimed(&entry, "-1 second").await;
    ok(correct("丙")).await;
    stage.happens(&entry, Event::ReviewRefused { words: "广告内容".into() }).await;
    assert_eq!(refusal(correct("丁")).await, says(409, "review_began"));
    // Another film is reviewed again, and so are the texts.
    ok(stage.replacement(&entry)).await;
    assert_eq!(refusal(correct("丁")).await, says(409, "review_began"), "an announcement is no film");
    stage.whole(&entry, &bytes(11)).await;
    ok(correct("丁")).await;
    stage.to_review(&entry).await;
    stage.happens(&entry, Event::ReviewAccepted).await;
    assert_eq!(refusal(correct("戊")).await, says(409, "review_began"));
    assert_eq!(stage.status(&entry).await["title"], "丁");
}

#[tokio::test]
async fn another_entrants_token_corrects_and_replaces_nothing() {
    let stage = Stage::new().await;
    let (entry, other) = (stage.enter().await, stage.enter().await);
    let foreign = Entry { id: entry.id.clone(), token: other.token };
    assert_eq!(refusal(stage.correction(&foreign, &json!({ "title": "x" }))).await, says(403, "token_wrong"));
    assert_eq!(refusal(stage.replacement(&foreign)).await, says(403, "token_wrong"));
}
