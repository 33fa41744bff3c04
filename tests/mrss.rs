//! Feeds that a partner pulls: who may read them, what their links open and for how long, what counts as fetched, and
//! what a recall means before and after a fetch.
use std::time::Duration;

use hmac::{Hmac, Mac};
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::planted::{self, RENDITION};
use crate::support::wait::{holds_for, wait_until, wait_until_true};
use stage::{Stage, header_of};

mod flood;
mod stage;

/// The partner of these tests.
const NET: &str = "net";
const TOKEN: &str = "canary-token-of-the-feed-0123456789";
const LINK_KEY: &str = "canary-key-of-the-links-0123456789";
const SOON: Duration = Duration::from_secs(180);
/// Long enough for several polls of what was fetched.
const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_read_with_its_token_alone_and_only_when_it_changed() {
    let stage = Stage::new().await;
    let id = stage.offered(40_000).await;
    let wrong = |request: RequestBuilder| async move { request.send().await.expect("an answer").status() };
    assert_eq!(wrong(stage.feed()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong(stage.feed().bearer_auth("canary-token-of-the-feed-012345678x")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong(stage.feed().basic_auth("net", Some("guess"))).await, StatusCode::UNAUTHORIZED);
    for path in ["/partners/drop/feed.xml", "/partners/unlisted/feed.xml"] {
        assert_eq!(wrong(stage.feed_at(path).bearer_auth(TOKEN)).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    let answer = stage.feed().basic_auth("any-name", Some(TOKEN)).send().await.expect("the feed");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header_of(answer.headers(), header::CONTENT_TYPE), "application/rss+xml; charset=utf-8");
    let tag = header_of(answer.headers(), header::ETAG).to_owned();
    let feed = answer.text().await.expect("text");
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    let sha256 = hex::encode(Sha256::digest(&film));
    for wanted in [
        "<title>智造&lt;之&gt;光</title>".to_owned(),
        format!("<guid isPermaLink=\"false\">{id}/1</guid>"),
        format!("fileSize=\"{}\" type=\"video/mp4\"", film.len()),
        "framerate=\"25\" duration=\"120\" height=\"1080\" width=\"1920\"".to_owned(),
        format!("<media:hash algo=\"sha-256\">{sha256}</media:hash>"),
        "<media:copyright>测试单位".to_owned(),
    ] {
        assert!(feed.contains(&wanted), "{wanted} is not in {feed}");
    }
    let again = stage.feed().bearer_auth(TOKEN).header(header::IF_NONE_MATCH, &tag).send().await.expect("the feed");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    stage.offered(40_000).await;
    let changed = stage.feed().bearer_auth(TOKEN).header(header::IF_NONE_MATCH, &tag).send().await.expect("the feed");
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(changed.text().await.expect("text").matches("<item>").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_fetched_whole_in_pieces_bring_a_delivery_live_and_nothing_less_does() {
    let stage = Stage::new().await;
    let id = stage.offered(3_000_001).await;
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    let head = stage.http.head(&link).send().await.expect("an answer");
    assert_eq!((head.status(), header_of(head.headers(), header::CONTENT_LENGTH)), (StatusCode::OK, "3000001"));
    assert_eq!(header_of(head.headers(), header::ACCEPT_RANGES), "bytes");
    let beyond = stage.get(&link, Some("bytes=3000001-")).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header_of(beyond.headers(), header::CONTENT_RANGE), "bytes */3000001");
    assert_eq!(stage.fetches().await, 0, "asking is not fetching");

    let second = stage.get(&link, Some("bytes=1500000-")).await;
    assert_eq!(second.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header_of(second.headers(), header::CONTENT_RANGE), "bytes 1500000-3000000/3000001");
    assert_eq!(header_of(second.headers(), header::CONTENT_LENGTH), "1500001");
    let mut second = second.bytes().await.expect("half a film").to_vec();
    let cover = stage.get(&stage.link(&format!("{RENDITION}.jpg")).await, None).await;
    assert_eq!((cover.status(), header_of(cover.headers(), header::CONTENT_TYPE)), (StatusCode::OK, "image/jpeg"));
    assert_eq!(cover.bytes().await.expect("a cover").to_vec(), planted::jpeg(1920, 1080));
    holds_for("half a film is no receipt", A_WHILE, async || stage.state(id).await == "in_review").await;
    let first = stage.get(&link, Some("bytes=0-1499999")).await;
    let mut whole = first.bytes().await.expect("half a film").to_vec();
    whole.append(&mut second);
    assert!(whole == film, "the film is ours, byte for byte");
    let delivery = stage.is(id, "live").await;
    assert_eq!(delivery["public_url"], Value::Null);
    stage.pipeline.truth.reaches(id, "published", SOON).await;
    // A partner that lost its copy may fetch it again.
    assert_eq!(stage.get(&link, None).await.bytes().await.expect("the film").len(), film.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_forged_or_have_expired_open_nothing() {
    let stage = Stage::new().await;
    let id = stage.offered(40_000).await;
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    let path = format!("/partners/net/files/{id}/1/{RENDITION}.mp4");
    let signed = |path: &str, expires: i64| {
        let mut mac = Hmac::<Sha256>::new_from_slice(LINK_KEY.as_bytes()).expect("a key");
        mac.update(format!("{path}\n{expires}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        format!("{}{path}?expires={expires}&signature={signature}", stage.address())
    };
    assert_eq!(
        stage.get(&signed(&path, 4_000_000_000), None).await.status(),
        StatusCode::OK,
        "this is how links are signed"
    );
    let expired = signed(&path, 1_700_000_000);
    let later = link.replacen("expires=", "expires=9", 1);
    let other_file = link.replace(".mp4?", ".jpg?");
    let other_run = link.replace("/1/", "/2/");
    let unsigned = link.split("&signature=").next().expect("a link").to_owned() + "&signature=00";
    for wrong in [&expired, &later, &other_file, &other_run, &unsigned] {
        assert_eq!(stage.get(wrong, None).await.status(), StatusCode::FORBIDDEN, "{wrong}");
    }
    for odd in ["/partners/net/files/x/1/a.mp4?expires=1&signature=0", "/partners/net/files/../../etc/passwd"] {
        let status = stage.get(&format!("{}{odd}", stage.address()), None).await.status();
        assert!(status.is_client_error(), "{odd}: {status}");
    }
    // Signed by us, for a file that the work does not offer.
    let metadata = signed(&format!("/partners/net/files/{id}/1/metadata.json"), 4_000_000_000);
    assert_eq!(stage.get(&metadata, None).await.status(), StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_nobody_fetched_is_recalled_for_certain_and_its_links_are_dead() {
    let stage = Stage::new().await;
    let id = stage.offered(40_000).await;
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    assert_eq!(stage.http.head(&link).send().await.expect("an answer").status(), StatusCode::OK);
    stage.pipeline.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await.exits(0);
    // At once, before any worker has looked at it.
    assert_eq!(stage.get(&link, None).await.status(), StatusCode::GONE);
    stage.is(id, "recalled").await;
    assert!(!stage.feed_text().await.contains(&id.to_string()));
    assert_eq!(stage.fetches().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_shown_without_a_seen_fetch_is_live_by_a_persons_report() {
    let stage = Stage::new().await;
    let id = stage.offered(40_000).await;
    let url = "https://net.example/v/1";
    stage.pipeline.command(&["delivered", &id.to_string(), "--partner", NET, "--url", url]).await.exits(0);
    assert_eq!(stage.is(id, "live").await["public_url"], url);
    stage.pipeline.truth.reaches(id, "published", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_cuts_a_running_fetch_and_of_what_was_fetched_a_person_decides() {
    let stage = Stage::new().await;
    // More than the sockets' buffers hold, so that the transfer still runs when it is cut.
    let bytes = 24_000_000;
    let id = stage.offered(bytes).await;
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    let mut running = stage.get(&link, None).await;
    assert_eq!(running.status(), StatusCode::OK);
    let mut read = running.chunk().await.expect("bytes").expect("bytes").len() as u64;
    stage.pipeline.command(&["recall", &id.to_string(), "--reason", "测试撤回"]).await.exits(0);
    assert_eq!(stage.get(&link, None).await.status(), StatusCode::GONE);
    stage.is(id, "recalling").await;
    let by = async || {
        let by = "select machine->'observed'->>'by' from deliveries where partner = 'net'";
        stage.pipeline.truth.texts(by).await == ["operator"]
    };
    wait_until_true("a person is asked", SOON, by).await;
    // The server checks every two seconds; a slow reader is cut after being slow that long.
    let cut = wait_until("the fetch is cut", SOON, async || match running.chunk().await {
        Ok(Some(chunk)) => {
            read += chunk.len() as u64;
            (read == bytes).then_some(false)
        }
        Ok(None) => Some(false),
        Err(_) => Some(true),
    })
    .await;
    assert!(cut, "{read} of {bytes} bytes came");
    assert!(!stage.feed_text().await.contains(&id.to_string()));
    holds_for("it is not recalled on our word", A_WHILE, async || stage.state(id).await == "recalling").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_cannot_be_read_keeps_no_other_out_of_the_feed() {
    let stage = Stage::new().await;
    let (broken, whole) = (stage.offered(1000).await, stage.offered(1000).await);
    let breaking = "update feed_items set content = '{}' where submission = $1";
    sqlx::query(breaking).bind(broken).execute(stage.pipeline.truth.pool()).await.expect("break an item");
    let feed = stage.feed_text().await;
    assert!(feed.contains(&whole.to_string()) && !feed.contains(&broken.to_string()), "{feed}");
    assert!(stage.service.log_text().contains(&format!("{broken} is missing in the feed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_feed_comes_in_pages_that_miss_nothing() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for _ in 0..53 {
        ids.push(stage.released(1000).await);
    }
    let offered = "select count(*) from deliveries where partner = 'net' and state = 'in_review'";
    wait_until_true("all are offered", SOON, async || stage.pipeline.truth.count(offered).await == 53).await;
    let (mut next, mut seen, mut pages) = (Some(format!("{}/partners/net/feed.xml", stage.address())), Vec::new(), 0);
    while let Some(address) = next {
        let page =
            stage.http.get(&address).bearer_auth(TOKEN).send().await.expect("a page").text().await.expect("text");
        let guids = page.split("<guid isPermaLink=\"false\">").skip(1);
        seen.extend(guids.filter_map(|rest| rest.split('/').next()?.parse::<Uuid>().ok()));
        let link = page.lines().find(|line| line.contains("rel=\"next\""));
        next = link.and_then(|line| line.split("href=\"").nth(1)?.split('"').next().map(str::to_owned));
        pages += 1;
    }
    seen.sort_unstable();
    ids.sort_unstable();
    assert_eq!((pages, seen), (2, ids));
}
