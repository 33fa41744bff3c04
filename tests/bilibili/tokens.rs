//! Tokens of the account.
use super::story::Story;
use super::{PARTNER, SOON};
use crate::support::planted;
use crate::support::platforms::Fault;
use crate::support::platforms::bilibili::{Bilibili, Settings};
use crate::support::wait::{wait_until, wait_until_true};

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_who_need_a_new_token_at_once_use_the_refresh_token_once() {
    let platform = Bilibili::new(Settings::default());
    platform.expire_at(1);
    let story = Story::with(platform, &[]).await;
    let before = story.bilibili.keys().refresh_token;
    let mut works = Vec::new();
    for at in 0..4 {
        works.push(planted::work(&story.pipeline, &format!("同时之{at}"), &[PARTNER]).await);
    }
    for id in &works {
        story.release(*id).await;
    }
    // All four wait for the budget once they begin.
    let services = [story.pipeline.start("one", &["publish"], &[]), story.pipeline.start("two", &["publish"], &[])];
    for id in works {
        story.is(id, "live").await;
    }
    assert_eq!(story.calls("refresh"), 1, "{:?}", story.bilibili.world.journal.names());
    assert_ne!(story.bilibili.keys().refresh_token, before);
    let account = story.account().await;
    assert_eq!(account["health"], "valid", "{account}");
    let metric = r#"reelmill_credentials_seconds_left{partner="bilibili"}"#;
    wait_until_true("the metric tells the new end", SOON, async || services[0].metric(metric).await > 86_400.0).await;
    story.keeps_secrets().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_lost_before_our_commit_are_reported_and_end_with_authorisation() {
    let platform = Bilibili::new(Settings::default());
    platform.expire_at(runtime::clock::Clock::default().now().timestamp() + 3600);
    let story = Story::with(platform, &[]).await;
    let service = story.pipeline.serve("publish", &["publish"]).await;
    story.bilibili.world.faults.once("refresh", Fault::CommitThenCut);
    let id = story.released("令牌丢失").await;
    // The one remaining try is refused, and no further one is made.
    story.asked("refresh", 2).await;
    let account = wait_until("the account says that it is refused", SOON, async || {
        let account = story.account().await;
        account["words"].as_str().is_some_and(|words| words.contains("was refused")).then_some(account)
    })
    .await;
    assert_eq!(account["health"], "refused", "{account}");
    assert!(account["words"].as_str().is_some_and(|words| words.contains("partner authorise")), "{account}");
    let metric = r#"reelmill_credentials_refused{partner="bilibili"}"#;
    wait_until_true("the metric says so", SOON, async || service.metric(metric).await == 1.0).await;

    // The keys that an operator gets from the platform's pages.
    let keys = story.bilibili.reissue();
    let mut env = story.pipeline.command_env();
    env.insert("PARTNER_BILIBILI_ACCESS_TOKEN".into(), keys.access_token);
    env.insert("PARTNER_BILIBILI_REFRESH_TOKEN".into(), keys.refresh_token);
    env.insert("PARTNER_BILIBILI_EXPIRES_AT".into(), keys.expires_at.to_string());
    crate::support::process::run(&["partner", "authorise", PARTNER], &env).await.exits(0);
    story.pipeline.command(&["retry", &id.to_string()]).await.exits(0);
    story.is(id, "live").await;
    assert_eq!(story.calls("refresh"), 2, "a refused token is not tried again");
    assert_eq!(story.account().await["health"], "valid");
    story.exists_once("令牌丢失");
}
