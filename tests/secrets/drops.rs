//! Partners whose server we log in to, and partners who log in to ours: keys, tokens and signed links are not stored.
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{Canaries, Places, TALKATIVE, own};
use crate::delivery::delivery_is;
use crate::support::broker::EVENTS;
use crate::support::wait::wait_until_true;
use crate::support::{Service, Setup, Sshd, TestPipeline, planted};

const SOON: Duration = Duration::from_secs(180);
const TV: &str = "tv";
const NET: &str = "net";
const FEED_TOKEN: &str = "canary-token-of-the-feed-0123456789";
const WRONG_TOKEN: &str = "canary-token-that-somebody-guessed";
const LINK_KEY: &str = "canary-key-of-the-links-0123456789";

/// A pipeline with a partner whose server we log in to, and one that pulls a feed.
async fn with_drop_and_feed() -> TestPipeline {
    let file = |name: &str, method: &str| {
        format!("name = {{ zh = \"{name}\", en = \"{method}\" }}\nmethod = \"{method}\"\nrungs = [\"web-180\"]\n")
    };
    let env = [
        ("RUST_LOG", TALKATIVE),
        ("RECONCILE_S", "0.3"),
        ("PARTNER_NET_FEED_TOKEN", FEED_TOKEN),
        ("PARTNER_NET_FEED_LINK_KEY", LINK_KEY),
    ];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let partners = vec![(TV, file("电视台", "sftp_drop")), (NET, file("网站", "mrss"))];
    TestPipeline::with(Setup { partners, env, ..Setup::default() }).await
}

/// The partner refuses the work by a receipt in its folder.
fn refuse(sshd: &Sshd, id: Uuid) {
    let receipt = json!({ "submission": id, "run": 1, "status": "refused", "reason": "不收" });
    let folder = sshd.drop_dir().join(id.to_string()).join("1");
    std::fs::write(folder.join("receipt.tmp"), receipt.to_string()).expect("write a receipt");
    std::fs::rename(folder.join("receipt.tmp"), folder.join("receipt.json")).expect("drop a receipt");
}

/// Fetches the feed with wrong tokens and the right one, and each link in it as it is and forged. Returns the
/// signatures of the links.
async fn fetch_feed(service: &Service, places: &mut Places) -> Vec<String> {
    let http = reqwest::Client::new();
    let address = format!("http://{}", service.partner_address().expect("it says where"));
    for token in ["", WRONG_TOKEN] {
        let url = format!("{address}/partners/{NET}/feed.xml?token={token}");
        let answer = http.get(url).bearer_auth(token).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        places.add("refusal of the feed", answer.text().await.expect("an answer"));
    }
    let feed = http.get(format!("{address}/partners/{NET}/feed.xml")).bearer_auth(FEED_TOKEN).send().await;
    let feed = feed.expect("an answer").text().await.expect("a feed");
    let links = feed.split("url=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut signatures = Vec::new();
    for link in links.map(|link| link.replace("&amp;", "&")) {
        let answer = http.get(&link).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{link}");
        answer.bytes().await.expect("a file");
        let forged = http.get(format!("{link}00")).send().await.expect("an answer");
        assert!(forged.status().is_client_error(), "{}", forged.status());
        places.add("refusal of a link", forged.text().await.expect("an answer"));
        signatures.push(link.split_once("signature=").expect("a signature").1.to_owned());
    }
    assert!(!signatures.is_empty(), "{feed}");
    signatures
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_tokens_and_signed_links_of_drops_and_feeds_are_kept_nowhere() {
    let sshd = Sshd::start();
    let pipeline = with_drop_and_feed().await;
    let of_sshd = sshd.env(TV);
    let of_sshd: Vec<(&str, &str)> = of_sshd.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let service = pipeline.serve_with("publish", &["publish"], &of_sshd).await;
    let events = pipeline.broker().await.listen(EVENTS, &["#"]).await;
    let id = planted::work(&pipeline, "钥匙", &[TV, NET]).await;
    pipeline.command(&["release", &id.to_string()]).await.exits(0);
    delivery_is(&pipeline, id, TV, "in_review").await;
    delivery_is(&pipeline, id, NET, "in_review").await;
    refuse(&sshd, id);
    delivery_is(&pipeline, id, TV, "refused").await;
    let mut places = Places::default();
    let signatures = fetch_feed(&service, &mut places).await;
    delivery_is(&pipeline, id, NET, "live").await;
    wait_until_true("the outbox is empty", SOON, async || {
        pipeline.truth.count("select count(*) from outbox").await == 0
    })
    .await;

    let id = id.to_string();
    for args in [&["status", &id][..], &["status", &id, "--output", "json"], &["partner", "list", "--output", "json"]] {
        places.command(&pipeline, args).await;
    }
    places.heard("event", &events);
    places.everything(&pipeline, &[&service]).await;
    for (name, content) in sshd.files() {
        places.add(format!("file at the partner {name}"), content);
    }
    assert!(places.count("table exchanges") > 2 && places.count("file at the partner") > 3, "too little happened");

    let mut canaries = Canaries::new();
    own(&mut canaries);
    canaries.add("token of a feed", FEED_TOKEN);
    canaries.add("guessed token", WRONG_TOKEN);
    canaries.add("key of links", LINK_KEY);
    for signature in signatures {
        canaries.add("signature of a link", signature);
    }
    // Of our key the partner knows only the public half.
    for line in sshd.user_key().lines().filter(|line| !line.starts_with("-----")) {
        canaries.add("key of an SFTP login", line);
    }
    canaries.are_not_in(&places);
}
