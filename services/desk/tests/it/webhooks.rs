//! Webhooks at the desk: added, rotated, tested, sent again and removed, each once however often it is requested, and
//! within a contest.
use reqwest::{Method, RequestBuilder};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};

use crate::desk_acts::ok;
use crate::stage::{Stage, refusal, says};

const URL: &str = "https://receiver.example/hooks?token=canary-of-the-address";

fn add(stage: &Stage, token: &str, body: &Value) -> RequestBuilder {
    stage.desk(Method::POST, "/api/v1/webhooks", token).json(body)
}

fn act(stage: &Stage, token: &str, id: &str, what: &str, body: &Value) -> RequestBuilder {
    stage.desk(Method::POST, &format!("/api/v1/webhooks/{id}/{what}"), token).json(body)
}

/// A request with a key of our choice instead of a new one.
fn keyed(stage: &Stage, method: Method, path: &str, token: &str, key: &str) -> RequestBuilder {
    let request = stage.client.request(method, format!("{}{path}", stage.desk_url)).bearer_auth(token);
    request.header("idempotency-key", key)
}

async fn added(stage: &Stage, token: &str, body: Value) -> String {
    let answer = add(stage, token, &body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_is_added_once_and_its_secret_is_given_again_to_a_repetition_alone() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let wish = json!({ "url": URL, "types": ["delivery.changed"], "contest": "demo", "reason": "for the portal" });
    let request = || keyed(&stage, Method::POST, "/api/v1/webhooks", &organiser, "add-one-webhook-to-demo").json(&wish);
    let (first, again) = (request().send().await.unwrap(), request().send().await.unwrap());
    assert_eq!((first.status().as_u16(), again.status().as_u16()), (201, 201));
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let first: Value = first.json().await.unwrap();
    assert_eq!(again.json::<Value>().await.unwrap(), first, "the same secret");
    assert!(first["secret"].as_str().unwrap().starts_with("whsec_"));
    let changed = json!({ "url": URL, "types": [] });
    let other = keyed(&stage, Method::POST, "/api/v1/webhooks", &organiser, "add-one-webhook-to-demo").json(&changed);
    assert_eq!(refusal(other).await, says(422, "idempotency_key_reused"));

    let listed = stage.get(&organiser, "/api/v1/webhooks").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["id"], &listed[0]["host"]), (&first["id"], &json!("receiver.example")));
    assert_eq!((&listed[0]["types"], &listed[0]["contest"]), (&json!(["delivery.changed"]), &json!("demo")));
    let trail = "select string_agg(act || ' ' || coalesce(reason, '') || before::text || after::text, ';') from audit"
        .to_owned();
    let trail = stage.ask(trail).await;
    assert!(trail.contains("webhook_added for the portal"), "{trail}");
    for hidden in ["canary", "whsec_"] {
        assert!(!trail.contains(hidden) && !listed.to_string().contains(hidden), "{trail} {listed}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_called_and_names_that_do_not_exist_are_refused() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    for (wish, status, code) in [
        (json!({ "url": "http://receiver.example/" }), 422, "field_wrong"),
        (json!({ "url": "https://user:secret@receiver.example/" }), 422, "field_wrong"),
        (json!({ "url": "https://10.1.2.3/" }), 422, "field_wrong"),
        (json!({ "url": "https://0x7f.1/" }), 422, "field_wrong"),
        (json!({ "url": "receiver.example" }), 422, "field_wrong"),
        (json!({ "url": URL, "types": ["work.changed"] }), 422, "field_wrong"),
        (json!({ "url": URL, "contest": "dmo" }), 422, "contest_unknown"),
        (json!({ "types": [] }), 400, "body_not_json"),
    ] {
        assert_eq!(refusal(add(&stage, &organiser, &wish)).await, says(status, code), "{wish}");
    }
    assert_eq!(stage.get(&organiser, "/api/v1/webhooks").await, json!([]));
}

#[tokio::test]
async fn a_rotation_repeated_is_one_rotation() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let made = ok(add(&stage, &organiser, &json!({ "url": URL }))).await;
    let path = format!("/api/v1/webhooks/{}/rotate", made["id"].as_str().unwrap());
    let rotate = || keyed(&stage, Method::POST, &path, &organiser, "rotate-the-webhook-once");
    let (first, again) = (ok(rotate()).await, ok(rotate()).await);
    assert_eq!(first, again);
    assert_ne!(first["secret"], made["secret"]);
    let rotations = "select count(*)::text from audit where act = 'webhook_rotated'".to_owned();
    assert_eq!(stage.ask(rotations).await, "1");
}

#[tokio::test]
async fn messages_are_sent_again_by_their_id_or_all_that_were_not_delivered() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let id = added(&stage, &organiser, json!({ "url": URL })).await;
    let resend = |body: Value| act(&stage, &organiser, &id, "resend", &body);
    assert_eq!(refusal(resend(json!({}))).await, says(409, "nothing_to_resend"));
    let mut messages = Vec::new();
    for _ in 0..3 {
        let sent = ok(act(&stage, &organiser, &id, "test", &json!({}))).await;
        messages.push(sent["message"].as_str().unwrap().to_owned());
    }
    messages.reverse();
    let tests = "select count(*)::text from audit where act = 'webhook_tested'".to_owned();
    assert_eq!(stage.ask(tests).await, "3");
    let path = format!("/api/v1/webhooks/{id}/messages");
    let page = stage.get(&organiser, &format!("{path}?limit=2")).await;
    let ids = |page: &Value| page["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&page), messages[..2]);
    let rest = stage.get(&organiser, &format!("{path}?limit=2&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((ids(&rest), rest["next"].is_null()), (vec![json!(messages[2])], true));

    stage.execute("update webhook_messages set status = 'failed', finished_at = now()".into()).await;
    let one = json!({ "message": messages[0] });
    assert_eq!(ok(resend(one.clone())).await, json!({ "id": id, "messages": 1 }));
    assert_eq!(refusal(resend(one)).await, says(409, "nothing_to_resend"), "it is pending");
    assert_eq!(refusal(resend(json!({ "message": "01900000" }))).await, says(422, "field_wrong"));
    let again = format!("/api/v1/webhooks/{id}/resend");
    let again = || keyed(&stage, Method::POST, &again, &organiser, "resend-all-that-failed").json(&json!({}));
    let (first, second) = (ok(again()).await, again().send().await.unwrap());
    assert_eq!(first["messages"], 2);
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(second.json::<Value>().await.unwrap(), first);
}

#[tokio::test]
async fn a_removed_webhook_is_gone_and_its_removal_can_be_repeated() {
    let stage = Stage::new().await;
    let organiser = stage.token(Role::Organiser, None).await;
    let id = added(&stage, &organiser, json!({ "url": URL })).await;
    let path = format!("/api/v1/webhooks/{id}");
    let remove = || keyed(&stage, Method::DELETE, &path, &organiser, "remove-the-only-webhook");
    let first = ok(remove()).await;
    assert_eq!((&first["id"], ok(remove()).await), (&json!(id), first.clone()));
    assert_eq!(stage.get(&organiser, "/api/v1/webhooks").await, json!([]));
    let sealed = format!("select octet_length(ciphertext)::text from webhook_endpoints where id = '{id}'");
    assert_eq!(stage.ask(sealed).await, "0");
    let other = stage.desk(Method::DELETE, &path, &organiser);
    assert_eq!(refusal(other).await, says(404, "webhook_unknown"));
    for what in ["rotate", "test", "resend"] {
        assert_eq!(
            refusal(act(&stage, &organiser, &id, what, &json!({}))).await,
            says(404, "webhook_unknown"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn people_who_are_bound_to_a_contest_manage_its_webhooks_alone() {
    let stage = Stage::new().await;
    let everywhere = stage.token(Role::Organiser, None).await;
    let bound = stage.token(Role::Organiser, Some("small")).await;
    let foreign = json!({ "url": URL, "contest": "demo" });
    assert_eq!(refusal(add(&stage, &bound, &foreign)).await, says(403, "contest_foreign"));
    let made = ok(add(&stage, &bound, &json!({ "url": URL }))).await;
    assert_eq!(made["contest"], "small", "theirs without being named");
    let all = added(&stage, &everywhere, json!({ "url": URL })).await;
    let listed = stage.get(&bound, "/api/v1/webhooks").await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &made["id"]));
    assert_eq!(stage.get(&everywhere, "/api/v1/webhooks").await.as_array().unwrap().len(), 2);
    let messages = stage.desk(Method::GET, &format!("/api/v1/webhooks/{all}/messages"), &bound);
    assert_eq!(refusal(messages).await, says(404, "webhook_unknown"));
    for what in ["rotate", "test", "resend"] {
        assert_eq!(refusal(act(&stage, &bound, &all, what, &json!({}))).await, says(404, "webhook_unknown"), "{what}");
    }
    let remove = stage.desk(Method::DELETE, &format!("/api/v1/webhooks/{all}"), &bound);
    assert_eq!(refusal(remove).await, says(404, "webhook_unknown"));
    let auditor = stage.token(Role::Auditor, Some("small")).await;
    let trail = stage.get(&auditor, "/api/v1/audit?act=webhook_added").await;
    let seen: Vec<_> = trail["items"].as_array().unwrap().iter().map(|row| &row["before"]["webhook"]).collect();
    assert_eq!(seen, [&made["id"]], "and its acts in the trail, no others");
}
