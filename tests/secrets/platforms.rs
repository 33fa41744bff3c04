//! A platform echoes our secrets in refusals, errors and truncated answers, and none of it is kept.
use std::time::Duration;

use serde_json::json;

use super::{Canaries, Places, TALKATIVE, own};
use crate::delivery::delivery_is;
use crate::support::broker::EVENTS;
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::platforms::douyin::{Douyin, Rules, codes};
use crate::support::platforms::{Emulator, Fault, World};
use crate::support::wait::wait_until_true;
use crate::support::{Setup, TestPipeline, catalogue, planted};

const SOON: Duration = Duration::from_secs(180);
const BILIBILI: &str = "bilibili";
const DOUYIN: &str = "douyin";

/// Everything that a platform could echo: the secrets as they are, in a URL, and in JSON within text.
fn echo(secrets: &[String]) -> String {
    let mut address = reqwest::Url::parse("https://platform.example/v2/call").expect("an address");
    address.query_pairs_mut().extend_pairs(secrets.iter().map(|secret| ("access_token", secret)));
    format!("{} {address} {}", secrets.join(" "), json!({ "sent": secrets }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_platform_says_back_is_kept_nowhere() {
    let bilibili = Emulator::start(Bilibili::new(Settings::default()), World::new(11)).await;
    let world = World::new(12);
    let douyin = Emulator::start(Douyin::new(Rules::default(), &world), world).await;
    // Tokens expire soon, so that renewals are covered too.
    let now_s = bilibili.world.now_s();
    bilibili.expire_at(now_s + 5);
    let keys = bilibili.keys();
    let of_bilibili = vec![keys.client_secret, keys.access_token, keys.refresh_token];
    let authorisation = douyin.authorisation();
    let of_douyin = vec![douyin.rules().client_secret, authorisation.access_token, authorisation.refresh_token];

    let mut env = bilibili.env(&bilibili.url());
    env.extend(douyin.env(&douyin.url()));
    env.extend([
        ("RUST_LOG", TALKATIVE.to_owned()),
        ("RECONCILE_S", "0.3".to_owned()),
        ("RETRY_BASE_S", "0.2".to_owned()),
    ]);
    let partners =
        vec![(BILIBILI, catalogue::partner("B站", "bilibili")), (DOUYIN, catalogue::partner("抖音", "douyin"))];
    let pipeline = TestPipeline::with(Setup { partners, env, ..Setup::default() }).await;
    let service = pipeline.serve("publish", &["publish"]).await;
    let events = pipeline.broker().await.listen(EVENTS, &["#"]).await;

    // Truncated answers, and one that is lost after the call took effect.
    bilibili.world.faults.once("init", Fault::HalfAnswer);
    bilibili.world.faults.once("add", Fault::CommitThenCut);
    douyin.world.faults.once("upload", Fault::HalfAnswer);
    let live = planted::work(&pipeline, "有始有终", &[BILIBILI, DOUYIN]).await;
    pipeline.command(&["release", &live.to_string()]).await.exits(0);
    delivery_is(&pipeline, live, BILIBILI, "live").await;
    delivery_is(&pipeline, live, DOUYIN, "awaiting_operator").await;
    pipeline.command(&["confirm", &live.to_string(), "--partner", DOUYIN]).await.exits(0);
    delivery_is(&pipeline, live, DOUYIN, "live").await;
    // A platform echoes what it was sent, which is what is valid now; it never echoes earlier secrets.
    let known_before = [of_bilibili, of_douyin].concat();
    let keys = bilibili.keys();
    let of_bilibili = [keys.client_secret, keys.access_token, keys.refresh_token];
    assert!(!known_before.contains(&of_bilibili[1]), "the tokens were renewed");
    let authorisation = douyin.authorisation();
    let of_douyin = [douyin.rules().client_secret, authorisation.access_token, authorisation.refresh_token];
    bilibili.answer_instead("init", 4010, &echo(&of_bilibili));
    bilibili.answer_instead("add", 123_038, &echo(&of_bilibili));
    douyin.answer_instead("upload", codes::SYSTEM, &echo(&of_douyin));
    douyin.answer_instead("create", codes::TOO_LONG, &echo(&of_douyin));
    let refused = planted::work(&pipeline, "回声", &[BILIBILI, DOUYIN]).await;
    let id = refused.to_string();
    pipeline.command(&["release", &id]).await.exits(0);
    delivery_is(&pipeline, refused, BILIBILI, "refused").await;
    delivery_is(&pipeline, refused, DOUYIN, "awaiting_operator").await;
    pipeline.command(&["confirm", &id, "--partner", DOUYIN]).await.exits(0);
    delivery_is(&pipeline, refused, DOUYIN, "refused").await;

    wait_until_true("nothing is said any more", SOON, async || {
        pipeline.truth.count("select count(*) from outbox").await == 0
    })
    .await;

    let mut places = Places::default();
    let live = live.to_string();
    for args in [
        &["status", &id][..],
        &["status", &id, "--output", "json"],
        &["status", &live, "--output", "json"],
        &["partner", "list"],
        &["partner", "list", "--output", "json"],
        &["audit", "list", "--output", "json"],
    ] {
        places.command(&pipeline, args).await;
    }
    places.heard("event", &events);
    places.everything(&pipeline, &[&service]).await;
    assert!(places.count("table exchanges") > 10, "the calls were not kept as evidence");
    let mut canaries = Canaries::new();
    own(&mut canaries);
    let keys = bilibili.keys();
    for secret in known_before.iter().chain(&of_bilibili).chain([&keys.access_token, &keys.refresh_token]) {
        canaries.add("secret of a platform", secret);
    }
    for archive in bilibili.archives() {
        canaries.add("upload's token of Bilibili", archive.upload_token);
    }
    let authorisation = douyin.authorisation();
    for secret in of_douyin.iter().chain([&authorisation.access_token, &authorisation.refresh_token]) {
        canaries.add("secret of Douyin", secret);
    }
    canaries.are_not_in(&places);
    let refusals = places.texts("table deliveries").filter(|row| row.contains("platform.example")).count();
    assert_eq!(refusals, 2, "both refusals are kept, without what they held");
}
