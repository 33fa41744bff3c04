//! What must not appear where it does not belong: personal data, and every secret, even if partners and receivers echo
//! it. Canary values are used for all of them; then everything that the system wrote or answered is searched.
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::broker::{EVENTS, WORK};
use crate::support::catalogue::DROP;
use crate::support::entrant::{EMAIL, PERSON, PHONE};
use crate::support::pipeline::{PERSONAL_DATA_KEY, S3_SECRET};
use crate::support::receiver::{Receiver, Say};
use crate::support::wait::wait_until;
use crate::support::{Entrant, Setup, TestPipeline, clips, planted};
use canaries::{Canaries, base64_decoded};
use places::Places;

mod canaries;
mod drops;
mod places;
mod platforms;

const SOON: Duration = Duration::from_secs(180);

/// The most verbose level of all our own code.
const TALKATIVE: &str = "info,reelmill=trace,runtime=trace,upload=trace,probe=trace,transcode=trace,publish=trace,pipeline=trace,media=trace";

/// The installation's own secrets.
fn own(canaries: &mut Canaries) {
    canaries.add("key of personal data", PERSONAL_DATA_KEY);
    canaries.add("key of personal data", base64_decoded(PERSONAL_DATA_KEY));
    canaries.add("key of the object store", S3_SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_and_secrets_are_in_no_log_key_message_metric_or_object() {
    let setup = Setup { env: vec![("RUST_LOG", TALKATIVE.to_owned())], ..Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    let service = pipeline.serve("all", &[]).await;
    let broker = pipeline.broker().await;
    let events = broker.listen(EVENTS, &["#"]).await;
    let work_messages = broker.listen(WORK, &["probe", "screen", "transcode", "assemble", "publish"]).await;
    let address = service.api_address().expect("it says where");
    let entrant = Entrant::at(&address);
    let entered = entrant.enter(&Entrant::form("测试作品")).await;
    entrant.upload(&entered, &clips::plain(pipeline.dir(), 2)).await;
    let accepted = entered.id;
    let refused = pipeline.submit(&service, 31).await;
    pipeline.truth.reaches(accepted, "published", SOON).await;
    pipeline.truth.reaches(refused, "rejected", SOON).await;

    let mut places = Places::default();
    // The API's refusal must not repeat the caller's token.
    let wrong_token = format!("{}x", entered.token);
    let refusals = [
        (format!("submissions/{accepted}"), wrong_token.as_str(), Value::Null),
        (
            "submissions".to_owned(),
            "",
            json!({ "contest": "none", "entrant": { "name": PERSON, "contact": { "phone": PHONE, "email": EMAIL } } }),
        ),
        (
            "submissions".to_owned(),
            "",
            json!({ "entrant": { "name": PERSON, "contact": { "phone": [PHONE], "email": EMAIL } } }),
        ),
    ];
    for (path, token, form) in refusals {
        let url = format!("http://{address}/api/v1/{path}");
        let http = reqwest::Client::new();
        let request = if form.is_null() { http.get(url).bearer_auth(token) } else { http.post(url).json(&form) };
        let answer = request.send().await.expect("ask the API");
        assert!(answer.status().is_client_error(), "{}", answer.status());
        places.add("refusal of the API", answer.text().await.expect("an answer"));
    }
    let mut canaries = Canaries::new();
    let desk = service.desk_address().expect("it says where the desk is");
    organisers(&pipeline, &desk, accepted, &mut places, &mut canaries).await;
    let sealed = pipeline.truth.count("select count(*) from entrants").await;
    assert_eq!(sealed, 2, "the entrants were not kept at all");
    places.heard("event", &events);
    places.heard("work message", &work_messages);
    assert!(places.count("event") >= 6 && places.count("work message") >= 5, "too few messages were heard");
    let id = accepted.to_string();
    for args in
        [&["status"][..], &["status", &id], &["status", &id, "--output", "json"], &["audit", "list"], &["doctor"]]
    {
        places.command(&pipeline, args).await;
    }
    places.everything(&pipeline, &[&service]).await;
    assert!(places.all().len() > 50, "only {} places were searched", places.all().len());

    own(&mut canaries);
    canaries.add("phone number", PHONE);
    canaries.add("e-mail address", EMAIL);
    canaries.add("name", PERSON);
    canaries.add("token of an entrant", &entered.token);
    canaries.are_not_in(&places);
}

/// What organisers do and read with two tokens, one made by the command line and one by the API, under a key that
/// repeats the answer.
async fn organisers(
    pipeline: &TestPipeline,
    desk: &str,
    entry: uuid::Uuid,
    places: &mut Places,
    canaries: &mut Canaries,
) {
    let token = pipeline.token("organiser").await;
    canaries.add("token of an organiser", &token);
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{desk}/api/v1/{path}");
    let wish = json!({ "role": "organiser", "name": "值班程序", "expires": "1d" });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = http.post(url("tokens")).bearer_auth(&token).header("Idempotency-Key", "one-and-the-same");
        let answer = request.json(&wish).send().await.expect("make a token");
        assert_eq!(answer.status(), 201);
        answers.push(answer.json::<Value>().await.expect("JSON"));
    }
    assert_eq!(answers[0]["bearer"], answers[1]["bearer"], "the same key gets the same answer");
    canaries.add("another token of an organiser", answers[0]["bearer"].as_str().expect("a token"));
    for path in ["submissions", "partners", "audit", "tokens", "parked"].map(ToOwned::to_owned).into_iter().chain(
        ["history", "deliveries", "exchanges", "parts", "renditions"].map(|what| format!("submissions/{entry}/{what}")),
    ) {
        let answer = http.get(url(&path)).bearer_auth(&token).send().await.expect("ask the API");
        places.add(format!("answer to {path}"), answer.text().await.expect("an answer"));
        let refused = http.get(url(&path)).bearer_auth(format!("{token}x")).send().await.expect("ask the API");
        assert!(refused.status().is_client_error(), "{}", refused.status());
        places.add(format!("refusal of {path}"), refused.text().await.expect("an answer"));
    }
    // An authorised person gets the contact; the contact itself is not logged.
    let contact = http.get(url(&format!("submissions/{entry}/contact?reason=award"))).bearer_auth(&token).send().await;
    assert!(contact.expect("ask the API").text().await.expect("an answer").contains(PHONE));
    places.command(pipeline, &["token", "list", "--output", "json"]).await;
}

/// Secrets with which we, or a receiver, authenticate.
const NOTICE_SECRET: &str = "whsec_Y2FuYXJ5LW9mLXRoZS1ub3RpY2VzLW9mLWEtYnVja2V0IQ==";
const NOTICE_TOKEN: &str = "canary+token/of the notices";
const HOOK_TOKEN: &str = "canary+token/of the hooks";
const WRONG_KEY: &str = "canary-key-that-the-bucket-refuses";

/// The address of a receiver, with a secret in it.
fn address_with(of: &Receiver, token: &str) -> String {
    reqwest::Url::parse_with_params(&of.url("/in"), [("token", token)]).expect("an address").to_string()
}

/// A refusal that repeats everything the receiver knows.
fn echo(secret: &str, token: &str, url: &str) -> Say {
    let in_url = reqwest::Url::parse_with_params("http://x/", [("k", token)]).expect("a URL").to_string();
    let words = json!({ "error": format!("{secret} {token} {in_url} {url}"), "got": token }).to_string();
    Say::Status(500, vec![("x-echo", secret.to_owned())], words)
}

/// A pipeline that sends notices to `partner`.
async fn with_notices(partner: &Receiver) -> TestPipeline {
    let env = vec![
        ("RUST_LOG", TALKATIVE.to_owned()),
        ("ALLOW_PRIVATE_NETWORKS", "127.0.0.1/32".to_owned()),
        ("PARTNER_DROP_NOTICE_URL", address_with(partner, NOTICE_TOKEN)),
        ("PARTNER_DROP_NOTICE_SECRET", NOTICE_SECRET.to_owned()),
        ("POLL_BASE_S", "0.3".to_owned()),
        ("RECONCILE_S", "0.3".to_owned()),
        ("RETRY_BASE_S", "0.2".to_owned()),
        ("MAX_ATTEMPTS", "2".to_owned()),
    ];
    TestPipeline::with(Setup { env, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn echoed_secrets_are_stored_nowhere() {
    let (partner, receiver) = (Receiver::start().await, Receiver::start().await);
    let pipeline = with_notices(&partner).await;
    let mut places = Places::default();

    // A bucket that refuses our credentials: its message becomes the part's last error.
    let refused = planted::work(&pipeline, "钥匙不对", &[DROP]).await;
    let doomed = pipeline.serve_with("doomed", &["publish"], &[("PARTNER_DROP_S3_SECRET_ACCESS_KEY", WRONG_KEY)]).await;
    let events = pipeline.broker().await.listen(EVENTS, &["#"]).await;
    pipeline.command(&["release", &refused.to_string()]).await.exits(0);
    pipeline.truth.part_is(refused, "publish", "parked", SOON).await;
    doomed.kill();

    // A receiver and a partner that echo everything they know, and then confirm.
    let address = address_with(&receiver, HOOK_TOKEN);
    let added = pipeline.command(&["webhook", "add", &address, "--output", "json"]).await.exits(0).json();
    let (hook, secret) = (added["id"].as_str().expect("an id"), added["secret"].as_str().expect("a secret"));
    receiver.always_say(echo(secret, HOOK_TOKEN, &address));
    partner.always_say(echo(NOTICE_SECRET, NOTICE_TOKEN, &address_with(&partner, NOTICE_TOKEN)));
    let service = pipeline.serve("publish", &["publish"]).await;
    let echoed = planted::work(&pipeline, "有去有回", &[DROP]).await;
    pipeline.command(&["release", &echoed.to_string()]).await.exits(0);
    partner.receives(2, SOON).await;
    receiver.receives(1, SOON).await;
    wait_until("an answer is in the log", SOON, async || {
        (pipeline.truth.count("select count(*) from webhook_attempts where answer is not null").await > 0).then_some(())
    })
    .await;
    places.command(&pipeline, &["webhook", "rotate", "00000000-0000-0000-0000-000000000000"]).await;
    let rotated = pipeline.command(&["webhook", "rotate", hook, "--output", "json"]).await.exits(0).json();
    partner.always_say(Say::status(200));
    published_and_recalled(&pipeline, echoed).await;

    what_staff_read(&pipeline, &mut places, [&echoed.to_string(), &refused.to_string()], hook).await;
    places.heard("event", &events);
    places.everything(&pipeline, &[&service]).await;
    assert!(places.count("event") > 4 && places.count("table exchanges") >= 4, "too little happened");
    assert!(places.count("table webhook_attempts") > 0, "no attempt was kept");
    of_notices_and_webhooks([secret, rotated["secret"].as_str().expect("a secret")]).are_not_in(&places);
}

async fn published_and_recalled(pipeline: &TestPipeline, work: uuid::Uuid) {
    pipeline.truth.reaches(work, "published", SOON).await;
    pipeline.command(&["recall", &work.to_string(), "--reason", "演练"]).await.exits(0);
    wait_until("it is recalled", SOON, async || {
        let recalled = "select count(*) from deliveries where state = 'recalled'";
        (pipeline.truth.count(recalled).await == 1).then_some(())
    })
    .await;
}

/// Commands that print works, webhooks and the audit trail.
async fn what_staff_read(pipeline: &TestPipeline, places: &mut Places, works: [&str; 2], hook: &str) {
    for args in [
        &["status", works[0]][..],
        &["status", works[1], "--output", "json"],
        &["webhook", "list"],
        &["webhook", "list", "--output", "json"],
        &["webhook", "log", hook],
        &["webhook", "log", hook, "--output", "json"],
        &["webhook", "add", "https://canary%2Btoken%2Fof%20the%20hooks:x@example.com/"],
        &["audit", "list", "--output", "json"],
    ] {
        places.command(pipeline, args).await;
    }
}

/// The secrets with which we authenticate to a partner's bucket and receivers authenticate us. `secrets` are a
/// webhook's.
fn of_notices_and_webhooks(secrets: [&str; 2]) -> Canaries {
    let mut canaries = Canaries::new();
    own(&mut canaries);
    canaries.add("refused key of a bucket", WRONG_KEY);
    canaries.add("secret of notices", &NOTICE_SECRET[6..]);
    canaries.add("secret of notices", base64_decoded(&NOTICE_SECRET[6..]));
    canaries.add("token of the notices' address", NOTICE_TOKEN);
    canaries.add("token of a webhook's address", HOOK_TOKEN);
    for secret in secrets {
        canaries.add("secret of a webhook", &secret[6..]);
        canaries.add("secret of a webhook", base64_decoded(&secret[6..]));
    }
    canaries
}
