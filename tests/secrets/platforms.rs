//! A platform echoes our secrets in refusals, errors and truncated answers, and none of it is kept.
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

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

/// The two platforms, and every secret of theirs that is valid now.
struct Platforms {
    bilibili: Emulator<Bilibili>,
    douyin: Emulator<Douyin>,
}

impl Platforms {
    async fn start() -> Self {
        let bilibili = Emulator::start(Bilibili::new(Settings::default()), World::new(11)).await;
        let world = World::new(12);
        let douyin = Emulator::start(Douyin::new(Rules::default(), &world), world).await;
        Self { bilibili, douyin }
    }

    /// Secret, access token and refresh token at Bilibili.
    fn of_bilibili(&self) -> [String; 3] {
        let keys = self.bilibili.keys();
        [keys.client_secret, keys.access_token, keys.refresh_token]
    }

    /// Secret, access token and refresh token at Douyin.
    fn of_douyin(&self) -> [String; 3] {
        let authorisation = self.douyin.authorisation();
        [self.douyin.rules().client_secret, authorisation.access_token, authorisation.refresh_token]
    }

    /// A pipeline that publishes to both.
    async fn pipeline(&self) -> TestPipeline {
        let mut env = self.bilibili.env(&self.bilibili.url());
        env.extend(self.douyin.env(&self.douyin.url()));
        env.extend([
            ("RUST_LOG", TALKATIVE.to_owned()),
            ("RECONCILE_S", "0.3".to_owned()),
            ("RETRY_BASE_S", "0.2".to_owned()),
        ]);
        let partners =
            vec![(BILIBILI, catalogue::partner("B站", "bilibili")), (DOUYIN, catalogue::partner("抖音", "douyin"))];
        TestPipeline::with(Setup { partners, env, ..Setup::default() }).await
    }

    /// Truncated answers, and one that is lost after the call took effect.
    fn lose_answers(&self) {
        self.bilibili.world.faults.once("init", Fault::HalfAnswer);
        self.bilibili.world.faults.once("add", Fault::CommitThenCut);
        self.douyin.world.faults.once("upload", Fault::HalfAnswer);
    }

    /// Refusals that repeat what was sent, which is what is valid now; a platform never echoes earlier secrets.
    fn echo_secrets(&self) {
        let (bilibili, douyin) = (echo(&self.of_bilibili()), echo(&self.of_douyin()));
        self.bilibili.answer_instead("init", 4010, &bilibili);
        self.bilibili.answer_instead("add", 123_038, &bilibili);
        self.douyin.answer_instead("upload", codes::SYSTEM, &douyin);
        self.douyin.answer_instead("create", codes::TOO_LONG, &douyin);
    }
}

/// Releases a work to both platforms and confirms it at Douyin.
async fn release(pipeline: &TestPipeline, work: Uuid, at_bilibili: &str, at_douyin: &str) {
    let id = work.to_string();
    pipeline.command(&["release", &id]).await.exits(0);
    delivery_is(pipeline, work, BILIBILI, at_bilibili).await;
    delivery_is(pipeline, work, DOUYIN, "awaiting_operator").await;
    pipeline.command(&["confirm", &id, "--partner", DOUYIN]).await.exits(0);
    delivery_is(pipeline, work, DOUYIN, at_douyin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_platform_says_back_is_kept_nowhere() {
    let platforms = Platforms::start().await;
    // Tokens expire soon, so that renewals are covered too.
    platforms.bilibili.expire_at(platforms.bilibili.world.now_s() + 5);
    let mut known = [platforms.of_bilibili(), platforms.of_douyin()].concat();
    let pipeline = platforms.pipeline().await;
    let service = pipeline.serve("publish", &["publish"]).await;
    let events = pipeline.broker().await.listen(EVENTS, &["#"]).await;

    platforms.lose_answers();
    let live = planted::work(&pipeline, "有始有终", &[BILIBILI, DOUYIN]).await;
    release(&pipeline, live, "live", "live").await;
    assert!(!known.contains(&platforms.of_bilibili()[1]), "the tokens were renewed");
    platforms.echo_secrets();
    known.extend(platforms.of_bilibili().into_iter().chain(platforms.of_douyin()));
    let refused = planted::work(&pipeline, "回声", &[BILIBILI, DOUYIN]).await;
    release(&pipeline, refused, "refused", "refused").await;
    wait_until_true("the outbox is empty", SOON, async || {
        pipeline.truth.count("select count(*) from outbox").await == 0
    })
    .await;

    let mut places = Places::default();
    let (live, refused) = (live.to_string(), refused.to_string());
    for args in [
        &["status", &refused][..],
        &["status", &refused, "--output", "json"],
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
    known.extend(platforms.of_bilibili().into_iter().chain(platforms.of_douyin()));
    let mut canaries = Canaries::new();
    own(&mut canaries);
    for secret in &known {
        canaries.add("secret of a platform", secret);
    }
    for archive in platforms.bilibili.archives() {
        canaries.add("upload's token of Bilibili", archive.upload_token);
    }
    canaries.are_not_in(&places);
    let refusals = places.texts("table deliveries").filter(|row| row.contains("platform.example")).count();
    assert_eq!(refusals, 2, "both refusals are kept, without what they held");
}
