//! The fixtures of the rows: works, deliveries, jobs, webhooks, persons and tokens, inserted in every state that a row
//! names.
use std::sync::atomic::{AtomicI64, Ordering};

use ::desk::act::evidence::encoded;
use pipeline::delivery::{Delivery, DeliveryEvent};
use runtime::store::outgoing::webhooks::endpoints;
use sqlx::types::Json;
use uuid::Uuid;

use super::rows::About;
use super::{DOUYIN, NAME, STRICT, TITLE};
use crate::support::catalogue::{CONTEST, DROP};
use crate::support::{TestPipeline, planted, reviewed};

/// The names of what a request or a command acts on.
pub(super) struct Names(Vec<(&'static str, String)>);

impl Names {
    /// The first value of a name is used.
    fn name(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }

    pub(super) fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Makes the fixtures of a row.
pub(super) async fn made(pipeline: &TestPipeline, about: About) -> Names {
    let login = |what: &str| format!("{what}-{}", Uuid::now_v7().simple());
    let unknown = || Uuid::now_v7().to_string();
    let mut names = Names(evidence(pipeline));
    match about {
        About::Nothing | About::AllWebhooks => {}
        About::Finished => names.name("{id}", planted::work(pipeline, TITLE, &[DROP, STRICT]).await),
        About::InReview => names.name("{id}", in_review(pipeline).await),
        About::Released => names.name("{id}", released(pipeline, &[DROP, STRICT]).await),
        About::Parked => {
            let id = released(pipeline, &[DROP, STRICT]).await;
            let query = "update parts set status = 'parked', attempt = 5, last_error = 'a test' where submission = $1 and stage = 'publish'";
            sqlx::query(query).bind(id).execute(pipeline.truth.pool()).await.expect("park the parts");
            names.name("{id}", id);
        }
        About::Refused => {
            let id = in_review(pipeline).await;
            pipeline.command(&["review", "reject", &id.to_string(), "--reason", "画面"]).await.exits(0);
            names.name("{id}", id);
        }
        About::Delivery(partner, stands) => {
            let id = released(pipeline, &[DROP, STRICT, DOUYIN]).await;
            stand(pipeline, id, partner, &stands.events()).await;
            names.name("{id}", id);
            names.name("{partner}", partner);
        }
        About::Works | About::Job | About::PausedJob | About::CancelledJob => {
            names.0.extend(job(pipeline, about).await);
        }
        About::Person | About::Token => {
            let person = login("person");
            let roles = ["organiser".to_owned(), format!("screener@{CONTEST}")];
            let add = ["person", "add", NAME, "--login", &person, "--role", &roles[0], &roles[1]];
            pipeline.command(&add).await.exits(0);
            if about == About::Token {
                let create = [
                    "token",
                    "create",
                    "--person",
                    &person,
                    "--role",
                    "organiser",
                    "--name",
                    "测试",
                    "--output",
                    "json",
                ];
                let created = pipeline.command(&create).await.exits(0).json();
                names.name("{token}", created["token"]["id"].as_str().expect("the token's id"));
            }
            names.name("{person}", person);
        }
        About::Webhook | About::Undelivered | About::Gone => names.0.extend(webhook(pipeline, about).await),
    }
    if about == About::AllWebhooks {
        let query = "insert into webhook_endpoints (id, host, key_id, nonce, ciphertext)
            select gen_random_uuid(), 'receiver.example', 'test', '', '' from generate_series(1, $1)";
        sqlx::query(query).bind(endpoints::MOST).execute(pipeline.truth.pool()).await.expect("plant webhooks");
    }
    // The fixtures' values come first and are the ones substituted.
    for name in ["{id}", "{second}", "{token}", "{job}", "{webhook}"] {
        names.name(name, unknown());
    }
    names.name("{partner}", STRICT);
    names.name("{person}", login("stranger"));
    names.name("{new}", login("new"));
    names
}

/// A picture and a file that is no picture, in base64 and as files.
fn evidence(pipeline: &TestPipeline) -> Vec<(&'static str, String)> {
    let file = |name: &str, bytes: &[u8]| {
        let path = pipeline.dir().join(name);
        std::fs::write(&path, bytes).expect("write a picture");
        path.display().to_string()
    };
    let (picture, broken) = (planted::jpeg(64, 64), b"\x89PNG\r\n\x1a\nnot much of a picture");
    vec![
        ("{picture}", encoded(&picture)),
        ("{file}", file("seen.jpg", &picture)),
        ("{broken}", encoded(broken)),
        ("{broken_file}", file("broken.png", broken)),
    ]
}

/// A work that was released to these partners.
async fn released(pipeline: &TestPipeline, partners: &[&str]) -> Uuid {
    let id = planted::work(pipeline, TITLE, partners).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    id
}

/// Applies these events to a delivery of which nothing was sent. Its part stays open.
pub(crate) async fn stand(pipeline: &TestPipeline, id: Uuid, partner: &str, events: &[DeliveryEvent]) {
    let mut delivery = Delivery::new(1);
    for event in events {
        assert!(delivery.apply(event.clone()), "{event:?} changes nothing");
    }
    let query = "update deliveries set machine = $3, state = $4 where submission = $1 and partner = $2";
    let query = sqlx::query(query).bind(id).bind(partner).bind(Json(&delivery)).bind(delivery.observed.name());
    let changed = query.execute(pipeline.truth.pool()).await.expect("plant a delivery").rows_affected();
    assert_eq!(changed, 1, "{id} has a delivery to {partner}");
}

/// Two works of one day and, where wanted, their job.
async fn job(pipeline: &TestPipeline, about: About) -> Vec<(&'static str, String)> {
    static DAYS: AtomicI64 = AtomicI64::new(0);
    let day = DAYS.fetch_add(1, Ordering::Relaxed);
    let first = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    let second = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    let query =
        "update submissions set created_at = timestamptz '2001-01-01T12:00:00+08:00' + make_interval(days => $2::int)
        where id = any($1) returning to_char(created_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD')";
    let query = sqlx::query_scalar(query).bind([first, second]).bind(day);
    let entered: Vec<String> = query.fetch_all(pipeline.truth.pool()).await.expect("set the day of entry");
    let (first, second) = (first.to_string(), second.to_string());
    let mut job = Uuid::now_v7().to_string();
    if about != About::Works {
        let make = ["reprocess", &first, &second, "--from", "transcode", "--output", "json"];
        let made = pipeline.command(&make).await.exits(0).json();
        made["job"].as_str().expect("a job").clone_into(&mut job);
    }
    match about {
        About::PausedJob => drop(pipeline.command(&["bulk", "pause", &job]).await.exits(0)),
        About::CancelledJob => drop(pipeline.command(&["bulk", "cancel", &job]).await.exits(0)),
        _ => {}
    }
    vec![("{id}", first), ("{second}", second), ("{where}", format!("entered={}", entered[0])), ("{job}", job)]
}

/// A webhook, and the one message that it did not accept.
async fn webhook(pipeline: &TestPipeline, about: About) -> Vec<(&'static str, String)> {
    let add = ["webhook", "add", "https://receiver.example/hooks", "--output", "json"];
    let id: Uuid =
        pipeline.command(&add).await.exits(0).json()["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let mut names = vec![("{webhook}", id.to_string())];
    if about == About::Gone {
        let query = sqlx::query("update webhook_endpoints set state = 'gone' where id = $1").bind(id);
        query.execute(pipeline.truth.pool()).await.expect("let the webhook be gone");
    }
    if about == About::Undelivered {
        let query = "insert into webhook_messages (endpoint, type, body, status, finished_at)
            values ($1, 'webhook.test', '{}', 'failed', now()) returning 'msg_' || replace(id::text, '-', '')";
        let query = sqlx::query_scalar(query).bind(id);
        names.push(("{message}", query.fetch_one(pipeline.truth.pool()).await.expect("plant a message")));
    }
    names
}

/// A work that waits for a reviewer: inserted, without the files made after review.
async fn in_review(pipeline: &TestPipeline) -> Uuid {
    let id = planted::work(pipeline, TITLE, &[DROP, STRICT]).await;
    reviewed::to_review(pipeline, id).await;
    id
}
