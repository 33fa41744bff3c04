//! Floods: requests beyond the limits are answered 429 or 503 with Retry-After and a sentence, at once; accepted
//! requests succeed; and memory does not grow with the number of clients.
//!
//! | of | file |
//! |---|---|
//! | requests and uploads | here |
//! | one address | `addresses` |
//! | connections | `connections` |
use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use runtime::store::people::tokens::Role;
use tokio::net::TcpListener;

use crate::stage::{MIB, Stage, bytes, number, until};
use load::{EN, Held, NEVER, ZH, entering, linger, turned_away};

mod addresses;
mod connections;
mod load;

#[tokio::test]
async fn excess_forms_are_refused_with_a_retry_time_and_none_is_half_entered() {
    let stage = Stage::with(|settings| (settings.requests_at_once, settings.api_deadline) = (4, NEVER)).await;
    let held = Held::table(&stage, "submissions").await;
    let let_in: Vec<_> = (0..4).map(|_| tokio::spawn(entering(&stage).send())).collect();
    until("every place is taken", async || entering(&stage).send().await.unwrap().status() == 503).await;
    let flood = (0..200).map(|n| {
        let lang = if n % 2 == 0 { "zh-CN" } else { "en" };
        entering(&stage).header("accept-language", lang).send()
    });
    for (n, answer) in join_all(flood).await.into_iter().enumerate() {
        turned_away(answer.unwrap(), 503, "overloaded", if n % 2 == 0 { ZH } else { EN }).await;
    }
    held.release().await;
    let mut entered = 0;
    for answer in let_in {
        entered += usize::from(answer.await.unwrap().unwrap().status() == 201);
    }
    assert_eq!(entering(&stage).send().await.unwrap().status(), 201, "the places are free again");
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, (entered + 1).to_string());
}

#[tokio::test]
async fn a_flood_at_the_desk_is_held_off_while_the_database_says_nothing() {
    let stage = Stage::with(|settings| (settings.requests_at_once, settings.api_deadline) = (4, NEVER)).await;
    let organiser = stage.token(Role::Organiser, None).await;
    let held = Held::table(&stage, "tokens").await;
    let list = || stage.desk(Method::GET, "/api/v1/submissions", &organiser).header("accept-language", "en");
    let kept: Vec<_> = (0..4).map(|_| tokio::spawn(list().send())).collect();
    until("every place is taken", async || list().send().await.unwrap().status() == 503).await;
    for answer in join_all((0..200).map(|_| list().send())).await {
        turned_away(answer.unwrap(), 503, "overloaded", EN).await;
    }
    held.release().await;
    for answer in kept {
        let _ = answer.await.unwrap().unwrap();
    }
    assert_eq!(list().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn when_no_connection_to_the_database_is_free_people_are_told_when_to_come_again() {
    let stage = Stage::with(|settings| settings.requests_at_once = 1000).await;
    let held = Held::table(&stage, "submissions").await;
    // More than the pool has; requests with a connection wait for the lock, the others for a connection.
    for answer in join_all((0..60).map(|_| entering(&stage).header("accept-language", "en").send())).await {
        let sentence = "The service is unavailable for the moment; please resume later.";
        turned_away(answer.unwrap(), 503, "unavailable", sentence).await;
    }
    held.release().await;
    assert_eq!(entering(&stage).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_with_a_word() {
    let stage = Stage::with(|settings| settings.api_deadline = Duration::from_millis(500)).await;
    let held = Held::table(&stage, "submissions").await;
    turned_away(entering(&stage).header("accept-language", "zh").send().await.unwrap(), 503, "overloaded", ZH).await;
    held.release().await;
    until("it goes on", async || entering(&stage).send().await.unwrap().status() == 201).await;
}

#[tokio::test]
async fn excess_uploads_are_refused_before_their_bytes_and_resume() {
    let stage = Stage::with(|settings| {
        // No client is waited for long enough to count as slow.
        (settings.uploads_at_once, settings.slow_after, settings.api_deadline) = (2, NEVER, NEVER);
    })
    .await;
    let entry = stage.enter().await;
    let film = bytes(3 * MIB);
    let path = stage.create(&entry, film.len()).await;
    stage.send(&path, &entry, 0, &film[..MIB]).await;
    let (one, other) = (stage.create(&entry, 1000).await, stage.create(&entry, 1000).await);
    let lingering = [linger(1, &stage, &one, &entry).await, linger(1, &stage, &other, &entry).await];
    let go_on = |stage: &Stage| stage.patch(&path, &entry, MIB, film[MIB..].to_vec()).header("accept-language", "zh");
    until("every place is taken", async || {
        // Refused because of its type if there is a slot.
        stage.tus("PATCH", &path, &entry).send().await.unwrap().status() == 503
    })
    .await;
    // A client that is still sending when the answer comes may only see the end of the connection.
    for answer in join_all((0..50).map(|_| go_on(&stage).send())).await.into_iter().flatten() {
        turned_away(answer, 503, "overloaded", ZH).await;
    }
    let creating = stage.tus("POST", "/files", &entry).header("upload-length", 10).header("accept-language", "en");
    turned_away(creating.send().await.unwrap(), 503, "overloaded", EN).await;
    assert_eq!(stage.offset(&path, &entry).await, MIB, "asking for the offset needs no place");
    drop(lingering);
    until("a place is free", async || {
        go_on(&stage)
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 204 && number(&answer, "upload-offset") == film.len())
    })
    .await;
    until("the film is whole", async || stage.status(&entry).await["state"] == "probe").await;
}

/// An object store that accepts connections and never answers.
async fn silence(stage: &mut Stage) -> tokio::task::JoinHandle<()> {
    let addr = stage.s3_addr();
    stage.stop_s3().await;
    let listener = TcpListener::bind(addr).await.unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    })
}

#[tokio::test]
async fn an_object_store_that_says_nothing_takes_no_more_than_the_places() {
    let mut stage = Stage::with(|settings| settings.uploads_at_once = 4).await;
    let entry = stage.enter().await;
    let mut paths = Vec::new();
    for _ in 0..8 {
        paths.push(stage.create(&entry, 1000).await);
    }
    let silent = silence(&mut stage).await;
    let mut stuck = Vec::new();
    for path in &paths[..4] {
        let request = stage.patch(path, &entry, 0, bytes(1000));
        stuck.push(tokio::spawn(request.send()));
    }
    let further = |n: usize| stage.patch(&paths[n], &entry, 0, bytes(1000)).header("accept-language", "en").send();
    until("every place is taken", async || {
        // Refused because of its type if there is a slot, and without waiting.
        stage.tus("PATCH", &paths[4], &entry).send().await.unwrap().status() == 503
    })
    .await;
    for n in 4..8 {
        turned_away(further(n).await.unwrap(), 503, "overloaded", EN).await;
    }
    // Nothing else waits for the object store.
    assert_eq!(entering(&stage).send().await.unwrap().status(), 201);
    assert_eq!(stage.offset(&paths[0], &entry).await, 0, "no byte is promised that is not durable");
    for request in stuck {
        request.abort();
    }
    silent.abort();
}
