//! What the whole installation may store, and how many uploads may be unfinished in it.
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::creating;
use crate::stage::{MIB, Stage, bytes, until};

/// 503 `store_full` in the requested language, with a time to retry.
async fn is_full(request: reqwest::RequestBuilder) {
    for (lang, sentence) in [
        ("zh", "存储空间暂时不足，请稍后再试；已上传的内容不受影响。"),
        ("en", "Storage is short at the moment; please try again later. What was uploaded is kept."),
    ] {
        let answer = request.try_clone().unwrap().header("accept-language", lang).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "60");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "store_full");
        assert_eq!(body["title"], sentence);
    }
}

#[tokio::test]
async fn at_the_high_water_mark_nothing_begins_and_what_began_has_a_tenth_more() {
    let stage = Stage::with(|settings| {
        (settings.high_water_bytes, settings.high_water_every) = (10 * MIB as u64, Duration::ZERO);
    })
    .await;
    let (entry, other) = (stage.enter().await, stage.enter().await);
    let path = stage.create(&entry, 30 * MIB).await;
    stage.send(&path, &entry, 0, &bytes(10 * MIB)).await;
    is_full(stage.tus("POST", "/files", &other).header("upload-length", 1)).await;
    assert_eq!(stage.send(&path, &entry, 10 * MIB, &bytes(MIB)).await, 11 * MIB);
    is_full(stage.patch(&path, &entry, 11 * MIB, bytes(1))).await;
    assert_eq!(stage.offset(&path, &entry).await, 11 * MIB);
    let metrics = String::from_utf8(stage.app.store.metrics().text().unwrap()).unwrap();
    assert!(metrics.contains("reelmill_uploads_total{event=\"held_off\"} 4"), "{metrics}");
    stage.tus("DELETE", &path, &entry).send().await.unwrap();
    until("there is room", async || creating(&stage, &other, 1).await == 201).await;
}

#[tokio::test]
async fn films_that_are_whole_count_until_they_are_withdrawn() {
    let stage = Stage::with(|settings| {
        (settings.high_water_bytes, settings.high_water_every) = (3 * MIB as u64, Duration::ZERO);
    })
    .await;
    let (first, second, other) = (stage.enter().await, stage.enter().await, stage.enter().await);
    for entry in [&first, &second] {
        let path = stage.create(entry, 2 * MIB).await;
        stage.send(&path, entry, 0, &bytes(2 * MIB)).await;
        until("it is whole", async || stage.status(entry).await["state"] != "uploading").await;
    }
    let held = "select count(*)::text from uploads where held";
    assert_eq!(stage.ask(held.into()).await, "0", "nothing is unfinished");
    is_full(stage.tus("POST", "/files", &other).header("upload-length", 1)).await;
    assert_eq!(stage.api(Method::DELETE, &first).send().await.unwrap().status(), 204);
    assert_eq!(creating(&stage, &other, 1).await, 201);
}

#[tokio::test]
async fn unfinished_uploads_of_the_installation_are_bounded_and_idle_ones_make_room() {
    let stage = Stage::with(|settings| {
        (settings.most_unfinished, settings.high_water_every) = (3, Duration::from_secs(3600));
    })
    .await;
    let entries = [stage.enter().await, stage.enter().await, stage.enter().await];
    let begun = [stage.create(&entries[0], 10).await, stage.create(&entries[1], 9 * MIB).await];
    let busy = stage.create(&entries[1], 10).await;
    let more = || stage.tus("POST", "/files", &entries[2]).header("upload-length", 10);
    // The first query was before any of them: this replica has counted its own since.
    for (lang, sentence) in [
        ("zh", "当前未完成的上传过多，请稍后再试；已开始的上传不受影响。"),
        ("en", "Too many uploads are unfinished at the moment; please try again later. Those that began go on."),
    ] {
        let answer = more().header("accept-language", lang).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"60".parse().unwrap()));
        let body: Value = answer.json().await.unwrap();
        assert_eq!((body["code"].as_str(), body["title"].as_str()), (Some("uploads_full"), Some(sentence)));
    }
    assert_eq!(stage.send(&begun[1], &entries[1], 0, &bytes(9 * MIB - 1)).await, 9 * MIB - 1, "what began goes on");
    // As if two hours had passed for all but one. One of them has more than is sent again within seconds.
    let idle = format!("update uploads set updated_at = now() - interval '2 hours' where id <> '{}'", &busy[7..]);
    stage.execute(idle).await;
    let (_replica, url) = stage.replica().await;
    let at_replica = async || {
        let request = stage.client.post(format!("{url}/files")).bearer_auth(&entries[2].token);
        let request = request.header("tus-resumable", "1.0.0").header("upload-length", 10);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(at_replica().await, 503, "this one makes room for the next");
    let states = "select string_agg(state, ' ' order by created_at) from uploads";
    assert_eq!(stage.ask(states.into()).await, "expired open open");
    until("it is freed", async || stage.ask("select count(*)::text from uploads where held".into()).await == "2").await;
    let (_another, url) = stage.replica().await;
    let request = stage.client.post(format!("{url}/files")).bearer_auth(&entries[2].token);
    let request = request.header("tus-resumable", "1.0.0").header("upload-length", 10);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 201);
}

#[tokio::test]
async fn a_body_that_crosses_the_high_water_mark_ends_there_and_is_kept() {
    let stage = Stage::with(|settings| {
        (settings.high_water_bytes, settings.high_water_every) = (5 * MIB as u64, Duration::ZERO);
    })
    .await;
    let entry = stage.enter().await;
    let film = bytes(40 * MIB);
    let path = stage.create(&entry, film.len()).await;
    // A client that is still sending may only see the end of the connection.
    let _ = stage.patch(&path, &entry, 0, film.clone()).send().await;
    // What was stored when the mark was exceeded is kept, and the rest is not.
    until("some of it is kept", async || stage.offset(&path, &entry).await > 0).await;
    let kept = stage.offset(&path, &entry).await;
    assert!((5 * MIB..film.len()).contains(&kept), "{kept}");
    is_full(stage.patch(&path, &entry, kept, bytes(1))).await;
}
