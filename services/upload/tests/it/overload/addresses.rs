//! One address has only its share of the slots, so that it keeps no other out.
use futures::future::join_all;
use serde_json::Value;

use super::load::{
    EN, EN_ADDRESS, Held, NEVER, SOON, ZH_ADDRESS, client, connect_from, entering, heard, linger, turned_away,
};
use crate::stage::{MIB, Stage, bytes, form, until};

#[tokio::test]
async fn one_address_that_asks_for_everything_keeps_no_other_out() {
    let stage = Stage::with(|settings| {
        (settings.requests_at_once, settings.address_share_percent, settings.api_deadline) = (4, 50, NEVER);
    })
    .await;
    let asks = |n: u8, lang: &str| {
        let form = client(n).post(format!("{}/api/v1/submissions", stage.url)).header("accept-language", lang);
        form.body(form_text()).send()
    };
    let held = Held::table(&stage, "submissions").await;
    let kept: Vec<_> = (0..2).map(|_| tokio::spawn(asks(2, "en"))).collect();
    until("it has its share", async || asks(2, "en").await.unwrap().status() == 429).await;
    for (n, answer) in
        join_all((0..100).map(|n| asks(2, if n % 2 == 0 { "zh" } else { "en" }))).await.into_iter().enumerate()
    {
        turned_away(answer.unwrap(), 429, "too_many_at_once", if n % 2 == 0 { ZH_ADDRESS } else { EN_ADDRESS }).await;
    }
    // Sent while the greedy client keeps sending.
    let greedy: Vec<_> = (0..50).map(|_| tokio::spawn(asks(2, "en"))).collect();
    let docs = client(3).get(format!("{}/api/v1/docs", stage.url)).send().await.unwrap();
    assert_eq!(docs.status(), 200);
    for answer in greedy {
        let status = answer.await.unwrap().unwrap().status();
        // A request that got a slot meanwhile waited for the database in vain.
        assert!(status == 429 || status == 503, "{status}");
    }
    // Another client takes the rest: now a third gets no slot, through no fault of its own. Both keep sending, since a
    // request that waits for the database too long is refused, and frees its slot.
    until("every place is taken, and a third hears of it", async || {
        for n in [2, 2, 3, 3] {
            tokio::spawn(asks(n, "en"));
        }
        let answer = asks(4, "en").await.unwrap();
        let told = answer.status() == 503 && answer.headers().contains_key("retry-after");
        let body: Value = answer.json().await.unwrap();
        told && body["code"] == "overloaded" && body["title"] == EN
    })
    .await;
    held.release().await;
    for answer in kept {
        let _ = answer.await.unwrap().unwrap();
    }
    let served = async || asks(2, "en").await.unwrap().status() == 201;
    until("a client that sends fewer requests is served", served).await;
}

fn form_text() -> String {
    form().to_string()
}

#[tokio::test]
async fn behind_a_proxy_of_ours_the_addresses_that_it_saw_have_their_shares() {
    let stage = Stage::with(|settings| {
        (settings.requests_at_once, settings.address_share_percent, settings.forwarded_hops) = (4, 50, 1);
    })
    .await;
    // Only the last address is from our proxy; the client can write all before it.
    let asks = |from: &str| entering(&stage).header("x-forwarded-for", format!("198.51.100.77, {from}")).send();
    let held = Held::table(&stage, "submissions").await;
    let kept: Vec<_> = (0..2).map(|_| tokio::spawn(asks("192.0.2.1"))).collect();
    until("it has its share", async || asks("192.0.2.1").await.unwrap().status() == 429).await;
    let docs = stage.client.get(format!("{}/api/v1/docs", stage.url)).header("x-forwarded-for", "192.0.2.2");
    assert_eq!(docs.send().await.unwrap().status(), 200);
    held.release().await;
    for answer in kept {
        assert_eq!(answer.await.unwrap().unwrap().status(), 201);
    }
}

#[tokio::test]
async fn an_address_with_many_films_keeps_no_other_from_sending_one() {
    let stage = Stage::with(|settings| (settings.uploads_at_once, settings.address_share_percent) = (4, 50)).await;
    let (greedy, other) = (stage.enter().await, stage.enter().await);
    let mut kept = Vec::new();
    for _ in 0..2 {
        let path = stage.create(&greedy, 1000).await;
        kept.push(linger(2, &stage, &path, &greedy).await);
    }
    let path = stage.create(&greedy, 10).await;
    let further = || {
        let patch = client(2).patch(format!("{}{path}", stage.url)).bearer_auth(&greedy.token);
        let patch = patch.header("tus-resumable", "1.0.0").header("upload-offset", "0").header("accept-language", "zh");
        patch.header("content-type", "application/offset+octet-stream").body(bytes(10)).send()
    };
    // A request that gets a slot is answered that the upload has all its bytes.
    let its_share = async {
        loop {
            let answer = further().await.unwrap();
            if answer.status() == 429 {
                break answer;
            }
        }
    };
    let answer = tokio::time::timeout(SOON, its_share).await.expect("one address has no more than its share");
    turned_away(answer, 429, "too_many_at_once", ZH_ADDRESS).await;
    let film = bytes(2 * MIB);
    let path = stage.create(&other, film.len()).await;
    stage.send(&path, &other, 0, &film).await;
    until("the other's film is whole", async || stage.status(&other).await["state"] == "probe").await;
    drop(kept);
    until("the greedy one may go on", async || further().await.is_ok_and(|answer| answer.status() != 429)).await;
}

#[tokio::test]
async fn sixteen_films_at_once_are_no_greed() {
    // With the default division of slots.
    let stage = Stage::with(|settings| settings.address_share_percent = 25).await;
    let entries = [stage.enter().await, stage.enter().await];
    let mut kept = Vec::new();
    for n in 0..16 {
        let entry = &entries[n % 2];
        let path = stage.create(entry, 1000).await;
        kept.push(linger(1, &stage, &path, entry).await);
    }
    let entry = stage.enter().await;
    let path = stage.create(&entry, MIB).await;
    stage.send(&path, &entry, 0, &bytes(MIB)).await;
    until("one more is whole", async || stage.status(&entry).await["state"] == "probe").await;
}

#[tokio::test]
async fn one_address_has_its_share_of_the_connections_and_hears_so() {
    let stage = Stage::with(|settings| (settings.connections, settings.address_share_percent) = (8, 50)).await;
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(connect_from(2, host).await);
    }
    let ask = async |n: u8| heard(connect_from(n, host).await, host).await;
    until("it has its share", async || ask(2).await.starts_with("HTTP/1.1 429")).await;
    for _ in 0..20 {
        let answer = ask(2).await;
        assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
        assert!(answer.contains("too_many_at_once"), "{answer}");
        assert!(answer.contains(ZH_ADDRESS) && answer.contains(EN_ADDRESS), "{answer}");
        assert!(ask(3).await.starts_with("HTTP/1.1 200"), "another address is served");
    }
    let told = String::from_utf8(stage.app.store.metrics().text().unwrap()).unwrap();
    let counted = told.lines().find_map(|line| {
        line.strip_prefix(r#"reelmill_turned_away_total{code="too_many_at_once",port="public"} "#)?.parse::<u32>().ok()
    });
    assert!(counted.is_some_and(|counted| counted >= 20), "{counted:?} in {told}");
    drop(silent);
    until("there are places again", async || ask(2).await.starts_with("HTTP/1.1 200")).await;
}
