//! Outgoing webhooks: every change is sent, signed, at least once and under one id, to every subscribed endpoint, and a
//! slow endpoint delays nothing else.
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::entrant::{EMAIL, PERSON, PHONE};
use crate::support::receiver::{Received, Receiver, Say};
use crate::support::wait::{holds_for, wait_until};
use crate::support::{Entrant, Setup, TestPipeline, clips};

const SOON: Duration = Duration::from_secs(180);

/// A pipeline whose services may call receivers on this machine.
async fn pipeline() -> TestPipeline {
    let env = vec![("ALLOW_PRIVATE_NETWORKS", "127.0.0.1/32".to_owned())];
    TestPipeline::with(Setup { env, ..Setup::default() }).await
}

/// Adds an endpoint; returns its id and secret.
async fn add(pipeline: &TestPipeline, url: &str, more: &[&str]) -> (String, String) {
    let args = [&["webhook", "add", url, "--output", "json"], more].concat();
    credentials(&pipeline.command(&args).await.exits(0).json())
}

fn credentials(answer: &Value) -> (String, String) {
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned();
    (text("id"), text("secret"))
}

async fn log(pipeline: &TestPipeline, id: &str) -> Vec<Value> {
    let log = pipeline.command(&["webhook", "log", id, "--output", "json"]).await.exits(0).json();
    log["items"].as_array().expect("a page of messages").clone()
}

/// Waits until the newest message in the log has a status, and returns it.
async fn newest_is(pipeline: &TestPipeline, id: &str, status: &str) -> Value {
    wait_until(&format!("the newest message is {status}"), SOON, async || {
        let newest = log(pipeline, id).await.into_iter().next()?;
        (newest["status"] == status).then_some(newest)
    })
    .await
}

/// Sends a test message; returns its id as receivers see it.
async fn test(pipeline: &TestPipeline, id: &str) -> String {
    pipeline.command(&["webhook", "test", id]).await.exits(0).stdout.trim().to_owned()
}

/// Writes the messages of `changes` simultaneous changes; returns their ids as receivers see them.
async fn changes(pipeline: &TestPipeline, id: &str, changes: i32) -> BTreeSet<String> {
    let query = sqlx::query_scalar(
        "insert into webhook_messages (endpoint, type, body)
        select $1::uuid, 'webhook.test', '{\"type\":\"webhook.test\"}' from generate_series(1, $2)
        returning 'msg_' || replace(id::text, '-', '')",
    );
    let ids: Vec<String> = query.bind(id).bind(changes).fetch_all(pipeline.truth.pool()).await.expect("write messages");
    ids.into_iter().collect()
}

/// Makes waiting messages due now, as if the time had passed.
async fn let_time_pass(pipeline: &TestPipeline) {
    for query in [
        "update webhook_endpoints set quiet_until = now() - interval '1 s'",
        "update webhook_messages set due = now() - interval '1 s' where status = 'pending'",
    ] {
        sqlx::query(query).execute(pipeline.truth.pool()).await.expect("let time pass");
    }
}

fn states(received: &[Received], kind: &str) -> BTreeSet<String> {
    let of_kind = received.iter().map(Received::json).filter(|it| it["type"] == kind);
    of_kind.map(|it| it["data"]["state"].as_str().expect("a state").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_signed_to_whoever_asked_and_with_no_personal_datum() {
    let pipeline = pipeline().await;
    let service = pipeline.serve("all", &[]).await;
    let (everything, deliveries, elsewhere) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let (_, secret) = add(&pipeline, &everything.url("/hooks?token=canary-token"), &[]).await;
    let (_, other) = add(&pipeline, &deliveries.url("/"), &["--type", "delivery.changed", "--contest", "test"]).await;
    let (left, _) = add(&pipeline, &elsewhere.url("/"), &[]).await;
    pipeline.command(&["webhook", "remove", &left]).await.exits(0);

    let entrant = Entrant::at(&service.api_address().expect("it says where"));
    let entered = entrant.enter(&Entrant::form("不外传的标题")).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), 2)).await;
    pipeline.truth.reaches(entered.id, "published", SOON).await;
    // Every change is in the history; each is sent.
    let history: i64 = pipeline
        .truth
        .count("select (select count(*) from webhook_messages m join webhook_endpoints e on e.id = m.endpoint where types = '{}')")
        .await;
    let received = everything.receives(usize::try_from(history).expect("a count"), SOON).await;
    let at: BTreeSet<String> = states(&received, "submission.changed");
    for state in ["at_probe", "at_screen", "at_transcode", "at_assemble", "at_publish", "published"] {
        assert!(at.iter().any(|it| it == state || it == state.trim_start_matches("at_")), "{state} is not in {at:?}");
    }
    assert!(states(&received, "delivery.changed").contains("live"), "{received:?}");
    let ids: BTreeSet<&str> = received.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), received.len(), "every message has an id of its own");
    for message in &received {
        assert!(message.is_by(&secret) && !message.is_by(&other), "{message:?}");
        assert_eq!(message.path, "/hooks?token=canary-token");
        let payload = message.json();
        assert_eq!(payload["data"]["submission"], json!(entered.id), "{payload}");
        assert!(payload["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{payload}");
        for secret in [PHONE, EMAIL, PERSON, "不外传的标题", entered.token.as_str()] {
            assert!(!message.body.contains(secret), "{}", message.body);
        }
    }
    let events = deliveries.received();
    assert!(!events.is_empty() && events.iter().all(|it| it.is_by(&other) && it.json()["type"] == "delivery.changed"));
    assert!(elsewhere.received().is_empty(), "a removed endpoint gets nothing");
    // Neither address nor secret is stored in plain text.
    for (table, row) in pipeline.truth.every_row().await {
        assert!(!row.contains("canary-token") && !row.contains(&secret[6..]), "{table}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_under_its_id_and_its_log_holds_no_secret() {
    let pipeline = pipeline().await;
    pipeline.serve("publish", &["publish"]).await;
    let receiver = Receiver::start().await;
    let (id, secret) = add(&pipeline, &receiver.url("/hook/canary-path-token"), &[]).await;
    let echo = format!("no! your secret is {secret} and your address {}", receiver.url("/hook/canary-path-token"));
    receiver.say([
        Say::Status(500, Vec::new(), echo),
        Say::Status(302, vec![("location", receiver.url("/other"))], String::new()),
    ]);
    let message = test(&pipeline, &id).await;
    receiver.receives(1, SOON).await;
    for calls in 2..=3 {
        wait_until("the attempt is in the log", SOON, async || {
            let log = log(&pipeline, &id).await;
            (log[0]["attempts"][calls - 2]["elapsed_ms"].is_i64()).then_some(())
        })
        .await;
        assert_eq!(log(&pipeline, &id).await[0]["status"], "pending");
        let_time_pass(&pipeline).await;
        receiver.receives(calls, SOON).await;
    }
    let newest = newest_is(&pipeline, &id, "delivered").await;
    let received = receiver.received();
    assert_eq!(received.len(), 3, "a redirect is not followed: {received:?}");
    assert!(received.iter().all(|it| it.id == message && it.body == received[0].body && it.is_by(&secret)));
    let statuses: Vec<&Value> =
        newest["attempts"].as_array().expect("attempts").iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, [500, 302, 204]);
    let answer = newest["attempts"][0]["answer"].as_str().expect("the answer is kept");
    assert!(answer.starts_with("no! your secret is [cut]"), "{answer}");
    assert!(
        !newest.to_string().contains(&secret[6..]) && !newest.to_string().contains("canary-path-token"),
        "{newest}"
    );

    // Resent by hand, under the same id.
    pipeline.command(&["webhook", "resend", &id, "--message", &message]).await.exits(0);
    assert_eq!(receiver.receives(4, SOON).await[3].id, message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_webhook_delays_no_other_and_a_dead_senders_message_is_resent() {
    let pipeline = pipeline().await;
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let doomed = pipeline.serve("doomed", &["publish"]).await;
    let (silent, _) = add(&pipeline, &first.url("/"), &[]).await;
    let (prompt, _) = add(&pipeline, &second.url("/"), &[]).await;
    first.always_say(Say::Nothing);
    let messages = changes(&pipeline, &silent, 6).await;
    first.receives(4, SOON).await;
    changes(&pipeline, &prompt, 1).await;
    second.receives(1, SOON).await;
    assert_eq!(first.most_waiting(), 4, "no more than four calls to one endpoint side by side");

    doomed.kill();
    first.always_say(Say::status(200));
    pipeline.serve("heir", &["publish"]).await;
    let_time_pass(&pipeline).await;
    wait_until("all of it is delivered", SOON, async || {
        let log = log(&pipeline, &silent).await;
        log.iter().all(|it| it["status"] == "delivered").then_some(())
    })
    .await;
    let received: BTreeSet<String> = first.received().into_iter().map(|it| it.id).collect();
    assert_eq!(received, messages, "the same ids, before the kill and after it");
    let log = log(&pipeline, &silent).await;
    let cut_off = log.iter().filter(|it| it["attempts"][0]["elapsed_ms"].is_null()).count();
    assert_eq!(cut_off, 4, "attempts that were cut off are in the log: {log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_410_is_told_nothing_more() {
    let pipeline = pipeline().await;
    pipeline.serve("publish", &["publish"]).await;
    let receiver = Receiver::start().await;
    let (id, _) = add(&pipeline, &receiver.url("/"), &[]).await;
    receiver.always_say(Say::status(410));
    test(&pipeline, &id).await;
    newest_is(&pipeline, &id, "cancelled").await;
    let list = pipeline.command(&["webhook", "list", "--output", "json"]).await.exits(0).json();
    assert_eq!((&list[0]["id"], &list[0]["state"]), (&json!(id), &json!("gone")));
    let calls = receiver.received().len();
    pipeline.command(&["webhook", "test", &id]).await.exits(2);
    pipeline.command(&["webhook", "resend", &id]).await.exits(2);
    holds_for("the silence", Duration::from_secs(2), async || receiver.received().len() == calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_signs_beside_the_new_one_for_a_day() {
    let pipeline = pipeline().await;
    pipeline.serve("publish", &["publish"]).await;
    let receiver = Receiver::start().await;
    let (id, old) = add(&pipeline, &receiver.url("/"), &[]).await;
    let (same, new) =
        credentials(&pipeline.command(&["webhook", "rotate", &id, "--output", "json"]).await.exits(0).json());
    assert!(same == id && new != old);
    test(&pipeline, &id).await;
    let received = receiver.receives(1, SOON).await;
    assert!(received[0].is_by(&old) && received[0].is_by(&new) && received[0].signatures.len() == 2, "{received:?}");
    let trail = pipeline.command(&["audit", "list", "--output", "json"]).await.exits(0);
    for act in ["webhook_added", "webhook_rotated"] {
        assert!(trail.stdout.contains(act), "{}", trail.stdout);
    }
    assert!(!trail.stdout.contains(&old[6..]) && !trail.stdout.contains(&new[6..]), "{}", trail.stdout);
    pipeline.command(&["webhook", "rotate", "00000000-0000-0000-0000-000000000000"]).await.exits(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_machines_are_not_called_on_anybodys_word() {
    let pipeline = TestPipeline::new().await;
    pipeline.serve("publish", &["publish"]).await;
    for wrong in [
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://0x7f.1/",
        "http://example.com/",
        "ftp://example.com/",
        "https://a:b@example.com/",
    ] {
        let ran = pipeline.command(&["webhook", "add", wrong]).await.exits(2);
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
    // A host name is resolved only when it is called.
    let receiver = Receiver::start().await;
    let url = receiver.url("/").replace("http://127.0.0.1", "https://localhost");
    let (id, _) = add(&pipeline, &url, &[]).await;
    test(&pipeline, &id).await;
    let newest = wait_until("the attempt is in the log", SOON, async || {
        let newest = log(&pipeline, &id).await.into_iter().next()?;
        newest["attempts"][0]["elapsed_ms"].is_i64().then_some(newest)
    })
    .await;
    assert_eq!(newest["attempts"][0]["error"], "the address is not called: loopback");
    assert_eq!(newest["status"], "pending", "the name may lead elsewhere tomorrow");
    assert!(receiver.received().is_empty());
}
