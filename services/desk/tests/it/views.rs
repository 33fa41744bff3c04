//! What staff see: filters that are checked, rows that show where a work is online, trouble with its command, one work
//! in full.
use reqwest::Method;
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::stage::{Entry, Stage, refusal, says};

impl Stage {
    /// What the desk shows to a token.
    async fn seen(&self, token: &str, path: &str) -> Value {
        let answer = self.desk(Method::GET, path, token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Stores a delivery as its state machine would have left it.
    async fn plant_delivery(&self, entry: &Entry, partner: &str, desired: &str, observed: Value) {
        let machine = json!({ "run": 1, "desired": desired, "observed": observed });
        let state = observed["state"].as_str().unwrap();
        self.execute(format!(
            "insert into deliveries (submission, partner, machine, state, run) values ('{}', '{partner}', '{machine}', '{state}', 1)",
            entry.id
        ))
        .await;
    }

    /// Stores a part as if it had been created this many minutes ago.
    async fn plant_part(&self, entry: &Entry, (stage, part, status): (&str, &str, &str), minutes: u32) {
        self.execute(format!(
            "insert into parts (submission, run, stage, part, status, created_at, not_before, started_at)
            values ('{}', 1, '{stage}', '{part}', '{status}', now() - interval '{minutes} min', now() - interval '{minutes} min',
                case when '{status}' <> 'pending' then now() - interval '{minutes} min' end)",
            entry.id
        ))
        .await;
    }

    async fn standing_since(&self, entry: &Entry, state: &str, minutes: u32) {
        let machine = format!(
            "jsonb_set(machine, '{{state}}', '{{\"state\": \"at\", \"stage\": \"{state}\", \"pending\": [\"mezzanine\"]}}')"
        );
        self.execute(format!(
            "update submissions set machine = {machine}, state = '{state}', updated_at = now() - interval '{minutes} min', moved_at = now() - interval '{minutes} min' where id = '{}'",
            entry.id
        ))
        .await;
    }
}

#[tokio::test]
async fn a_filter_that_names_nothing_is_refused_with_what_there_is() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    for (query, known) in [
        ("contest=dmeo", "demo"),
        ("state=nope", "awaiting_review"),
        ("theme=grene", "green"),
        ("partner=bilbili", "bilibili"),
        ("delivery=lvie", "live"),
    ] {
        for (lang, word) in [("en", "one of"), ("zh", "可用")] {
            let request = stage.desk(Method::GET, &format!("/api/v1/submissions?{query}"), &auditor);
            let answer = request.header("accept-language", lang).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{query}");
            let problem: Value = answer.json().await.unwrap();
            let detail = problem["detail"].as_str().unwrap();
            assert_eq!(problem["code"], "filter_unknown");
            assert!(detail.contains(known) && detail.contains(word), "{query}: {detail}");
        }
    }
    let long = "x".repeat(101);
    for wrong in [format!("submissions?title={long}"), format!("submissions?unit={long}"), "trouble?limit=0".to_owned()]
    {
        let request = stage.desk(Method::GET, &format!("/api/v1/{wrong}"), &auditor);
        assert_eq!(refusal(request).await, says(400, "query_wrong"), "{wrong}");
    }
    for path in ["audit?contest=dmeo", "audit?act=relaesed", "parked?contest=dmeo", "trouble?contest=dmeo"] {
        let request = stage.desk(Method::GET, &format!("/api/v1/{path}"), &auditor);
        assert_eq!(refusal(request).await, says(400, "filter_unknown"), "{path}");
    }
}

#[tokio::test]
async fn a_row_says_where_its_work_is_online() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let entry = stage.enter().await;
    let url = "https://www.bilibili.com/video/BV1";
    let live = json!({ "state": "live", "receipt": "BV1", "public_url": url });
    stage.plant_delivery(&entry, "bilibili", "live", live).await;
    stage.plant_delivery(&entry, "cctv", "live", json!({ "state": "planned" })).await;
    let page = stage.seen(&auditor, "/api/v1/submissions?delivery=live").await;
    let reply = json!([
        { "partner": "bilibili", "state": "live", "public_url": url },
        { "partner": "cctv", "state": "planned" },
    ]);
    assert_eq!(page["items"][0]["deliveries"], reply);
    assert_eq!(page["count"], json!({ "value": 1, "more": false }));
    // The second page does not count again.
    stage.enter().await;
    let first = stage.seen(&auditor, "/api/v1/submissions?limit=1").await;
    assert_eq!(first["count"]["value"], 2);
    let next = first["next"].as_str().unwrap();
    let second = stage.seen(&auditor, &format!("/api/v1/submissions?limit=1&cursor={next}")).await;
    assert!(second.get("count").is_none() && second.get("next").is_none(), "{second}");
}

#[tokio::test]
async fn one_work_is_shown_whole_with_what_keeps_its_film() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let entry = stage.enter().await;
    let observed =
        json!({ "state": "recalling", "receipt": "x", "public_url": null, "by": "operator", "step": "requested" });
    stage.plant_delivery(&entry, "weixin_channels", "gone", observed).await;
    stage
        .execute("update deliveries set recall_due = now() + interval '1 day', recall_reason = '版权争议'".into())
        .await;
    stage.execute("update submissions set held_at = now(), held_reason = '版权争议'".into()).await;
    let work = stage.seen(&auditor, &format!("/api/v1/submissions/{}", entry.id)).await;
    assert_eq!((&work["id"], &work["state"]), (&json!(entry.id), &json!("uploading")));
    assert!(work["held_at"].is_string() && work["held_reason"] == "版权争议", "{work}");
    assert!(
        work["created_at"].is_string() && work["updated_at"].is_string() && work["upload"]["offset"] == 0,
        "{work}"
    );
    let recall = &work["deliveries"][0]["recall"];
    assert_eq!((&recall["by"], &recall["reason"]), (&json!("operator"), &json!("版权争议")));
    assert!(recall["due"].is_string(), "{recall}");
    let trace = stage.seen(&auditor, &format!("/api/v1/submissions/{}/trace", entry.id)).await;
    assert_eq!(trace["phases"][0]["state"], "uploading");
    // A work of another contest does not exist.
    let elsewhere = stage.token(Role::Auditor, Some("small")).await;
    for path in ["", "/trace", "/parts"] {
        let request = stage.desk(Method::GET, &format!("/api/v1/submissions/{}{path}", entry.id), &elsewhere);
        assert_eq!(refusal(request).await, says(404, "submission_unknown"), "{path}");
    }
}

#[tokio::test]
async fn trouble_names_the_work_the_age_a_sentence_and_the_command() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let (recall, waits) = (stage.enter().await, stage.enter().await);
    let by_hand =
        json!({ "state": "recalling", "receipt": "x", "public_url": null, "by": "operator", "step": "requested" });
    stage.plant_delivery(&recall, "weixin_channels", "gone", by_hand).await;
    stage
        .execute("update deliveries set recall_due = now() + interval '1 day', recall_reason = '版权争议'".into())
        .await;
    stage.plant_part(&recall, ("publish", "partner/weixin_channels", "waiting"), 1).await;
    let intent = "0190f5d0-0000-7000-8000-000000000000";
    let bag = json!({ "state": "awaiting_operator", "intent": intent });
    stage.plant_delivery(&waits, "weixin_channels", "live", bag.clone()).await;
    stage.plant_delivery(&waits, "douyin", "live", bag).await;
    stage
        .execute("insert into partner_accounts (partner, account, health, health_words) values ('bilibili', 'default', 'refused', 'gone')".into())
        .await;
    let found = stage.seen(&auditor, "/api/v1/trouble").await;
    let reply: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["command"].as_str().unwrap()))
        .collect();
    let commands = [
        format!("reelmill recalled {} --partner weixin_channels --screenshot FILE", recall.id),
        format!("reelmill delivered {} --partner weixin_channels --url URL", waits.id),
        format!("reelmill confirm {} --partner douyin", waits.id),
    ];
    assert_eq!(reply.len(), 4, "{found}");
    assert_eq!(reply[0], ("credentials_refused", "reelmill partner authorise bilibili --stdin"));
    assert_eq!(reply[1], ("recall_waits", commands[0].as_str()));
    for command in &commands[1..] {
        assert!(reply[2..].contains(&("waits_for_person", command.as_str())), "{command}: {found}");
    }
    for item in found.as_array().unwrap() {
        assert!(item["age_s"].as_f64().unwrap() >= 0.0 && !item["zh"].as_str().unwrap().is_empty(), "{item}");
        assert_eq!(item.get("title").is_some(), item.get("submission").is_some(), "{item}");
    }
    // Accounts belong to all contests, works to their own.
    let elsewhere = stage.token(Role::Auditor, Some("small")).await;
    assert_eq!(stage.seen(&elsewhere, "/api/v1/trouble").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_long_queue_is_no_trouble_and_one_without_a_worker_is_reported_once() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let (first, second) = (stage.enter().await, stage.enter().await);
    for entry in [&first, &second] {
        stage.standing_since(entry, "screen", 60).await;
        stage.plant_part(entry, ("screen", "mezzanine", "pending"), 60).await;
    }
    let no_progress = async || {
        let found = stage.seen(&auditor, "/api/v1/trouble").await;
        let found: Vec<_> =
            found.as_array().unwrap().iter().filter(|it| it["code"] == "no_progress").cloned().collect();
        found
    };
    let found = no_progress().await;
    assert_eq!(found.len(), 1, "one stands for the queue: {found:?}");
    assert_eq!((&found[0]["place"], &found[0]["submission"]), (&json!("screen/mezzanine"), &json!(first.id)));
    // A process is claiming parts of the stage: the others wait for their turn.
    let busy = stage.enter().await;
    stage.standing_since(&busy, "screen", 1).await;
    stage.plant_part(&busy, ("screen", "mezzanine", "claimed"), 1).await;
    assert_eq!(no_progress().await, [] as [Value; 0]);
    // It holds one that makes no progress.
    stage.standing_since(&busy, "screen", 30).await;
    stage
        .execute(format!("update parts set started_at = now() - interval '30 min' where submission = '{}'", busy.id))
        .await;
    let found = no_progress().await;
    assert_eq!((found.len(), &found[0]["submission"]), (1, &json!(busy.id)));
    assert_eq!(found[0]["command"], format!("reelmill trace {}", busy.id));
}

#[tokio::test]
async fn contests_and_partners_show_what_forms_and_filters_may_name() {
    let stage = Stage::new().await;
    let auditor = stage.token(Role::Auditor, None).await;
    let contests = stage.seen(&auditor, "/api/v1/contests").await;
    let demo = contests.as_array().unwrap().iter().find(|it| it["id"] == "demo").unwrap();
    let themes: Vec<_> = demo["themes"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(themes.contains(&"digital") && demo["open"] == true, "{demo}");
    let got = |rung: &Value| !rung["partners"].as_array().unwrap().is_empty();
    assert!(demo["ladder"].as_array().unwrap().iter().all(got), "{demo}");
    let bound = stage.token(Role::Screener, Some("small")).await;
    let own = stage.seen(&bound, "/api/v1/contests").await;
    assert_eq!(own.as_array().unwrap().iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&json!("small")]);

    let ends = "insert into partner_accounts (partner, account, credentials, key_id, nonce, expires_at, health)
        values ('bilibili', 'default', 'x', 'k1', 'n', now() + interval '60 hours', 'valid')";
    stage.execute(ends.into()).await;
    let partners = stage.seen(&auditor, "/api/v1/partners").await;
    let bilibili = partners.as_array().unwrap().iter().find(|it| it["id"] == "bilibili").unwrap();
    let account = &bilibili["accounts"][0];
    assert_eq!((&account["has_credentials"], &account["days_left"]), (&json!(true), &json!(2)), "{account}");
}

#[tokio::test]
async fn the_trail_leaves_out_what_there_was_not() {
    let stage = Stage::new().await;
    let (organiser, auditor) = (stage.token(Role::Organiser, None).await, stage.token(Role::Auditor, None).await);
    let entry = stage.enter().await;
    stage.seen(&organiser, &format!("/api/v1/submissions/{}/contact?reason=award", entry.id)).await;
    let trail =
        stage.seen(&auditor, &format!("/api/v1/audit?submission={}&act=contact_read&contest=demo", entry.id)).await;
    let rows = trail["items"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{trail}");
    for row in rows {
        for field in ["before", "after"] {
            assert!(row.get(field).is_none_or(Value::is_object), "{row}");
        }
    }
    assert_eq!(stage.seen(&auditor, "/api/v1/audit?act=released").await["items"], json!([]));
}
