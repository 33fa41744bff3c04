//! Slow senders, and methods named in a header: neither blocks others.
use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::Method;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::stage::{Entry, Stage, bytes, number, until};

/// A PATCH that announces all of a film and sends the beginning of it.
async fn begin(stage: &Stage, path: &str, entry: &Entry, announced: usize, sent: &[u8]) -> TcpStream {
    begin_from(1, stage, path, entry, announced, sent).await
}

/// The same from 127.0.0.`n`.
async fn begin_from(n: u8, stage: &Stage, path: &str, entry: &Entry, announced: usize, sent: &[u8]) -> TcpStream {
    let host = stage.url.strip_prefix("http://").unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, n), 0).into()).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n",
        entry.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

async fn is_being_written(stage: &Stage, path: &str) -> bool {
    let id = path.strip_prefix("/files/").unwrap();
    stage.ask(format!("select coalesce(lock_fence, 0)::text from uploads where id = '{id}'")).await != "0"
}

fn counted(stage: &Stage, event: &str) -> String {
    let text = String::from_utf8(stage.app.store.metrics().text().unwrap()).unwrap();
    let line = text.lines().find_map(|it| it.strip_prefix(&format!("reelmill_uploads_total{{event=\"{event}\"}} ")));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn a_client_that_sends_a_byte_now_and_then_is_ended_and_keeps_what_it_sent() {
    let stage = Stage::with(|settings| {
        (settings.read_deadline, settings.rate_grace) = (Duration::from_secs(3600), Duration::from_millis(500));
    })
    .await;
    let entry = stage.enter().await;
    let film = bytes(1000);
    let path = stage.create(&entry, film.len()).await;
    let mut stream = begin(&stage, &path, &entry, film.len(), &film[..4]).await;
    until("it writes", async || is_being_written(&stage, &path).await).await;
    let (mut reader, mut writer) = stream.split();
    let mut answer = String::new();
    let trickle = async {
        for byte in &film[4..] {
            // Never silent for long.
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            // The pace is what is tested: the server measures it by its own clock.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let heard = async {
        let mut buffer = vec![0; 4096];
        let read = reader.read(&mut buffer).await.unwrap();
        answer = String::from_utf8_lossy(&buffer[..read]).into_owned();
    };
    tokio::select! {
        () = heard => {}
        () = trickle => panic!("all of it was taken, a byte at a time"),
    }
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("too_slow"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nretry-after: 5\r\n"), "{answer}");
    let kept = stage.offset(&path, &entry).await;
    assert!((4..film.len()).contains(&kept), "{kept}");
    assert_eq!(counted(&stage, "slow"), "1");
    stage.send(&path, &entry, kept, &film[kept..]).await;
    assert_eq!(stage.film(&entry).await, film);
}

#[tokio::test]
async fn when_every_place_is_taken_the_slowest_makes_room_and_keeps_its_bytes() {
    let stage = Stage::with(|settings| {
        (settings.uploads_at_once, settings.read_deadline) = (2, Duration::from_secs(3600));
        settings.slow_after = Duration::from_millis(200);
    })
    .await;
    let entry = stage.enter().await;
    let other = stage.enter().await;
    let (slowest, slow) = (stage.create(&entry, 1_000_000).await, stage.create(&entry, 1_000_000).await);
    let film = bytes(100_000);
    let path = stage.create(&other, film.len()).await;
    let _slow = begin(&stage, &slow, &entry, 1_000_000, &film).await;
    let _slowest = begin(&stage, &slowest, &entry, 1_000_000, &film[..4]).await;
    until("both write", async || is_being_written(&stage, &slow).await && is_being_written(&stage, &slowest).await)
        .await;
    until("the next one finds a place", async || {
        let answer = stage.patch(&path, &other, 0, film.clone()).send().await;
        answer.is_ok_and(|answer| answer.status() == 204 && number(&answer, "upload-offset") == film.len())
    })
    .await;
    until("its film is whole", async || stage.status(&other).await["state"] == "probe").await;
    assert!(!is_being_written(&stage, &slowest).await && is_being_written(&stage, &slow).await);
    assert_eq!(stage.offset(&slowest, &entry).await, 4);
    assert_eq!(counted(&stage, "slow"), "1");
}

#[tokio::test]
async fn four_addresses_that_hardly_send_keep_no_fifth_out() {
    let stage = Stage::with(|settings| {
        (settings.uploads_at_once, settings.address_share_percent) = (16, 25);
        (settings.read_deadline, settings.slow_after) = (Duration::from_secs(3600), Duration::from_millis(200));
    })
    .await;
    let mut held = Vec::new();
    let mut paths = Vec::new();
    for n in 2..6 {
        let entry = stage.enter().await;
        for _ in 0..4 {
            let path = stage.create(&entry, 1000).await;
            held.push(begin_from(n, &stage, &path, &entry, 1000, b"f").await);
            paths.push(path);
        }
    }
    for path in &paths {
        until("it holds a place", async || is_being_written(&stage, path).await).await;
    }
    let entry = stage.enter().await;
    // Each of its requests needs a slot, and gets one.
    let created = |answer: &reqwest::Response| answer.status() == 201;
    until("it may begin", async || {
        let post = stage.tus("POST", "/files", &entry).header("upload-length", 10);
        post.send().await.is_ok_and(|answer| created(&answer))
    })
    .await;
    let id = stage.ask("select id::text from uploads order by created_at desc limit 1".into()).await;
    until("it may send", async || {
        let answer = stage.patch(&format!("/files/{id}"), &entry, 0, bytes(10)).send().await;
        answer.is_ok_and(|answer| answer.status() == 204)
    })
    .await;
    until("its film is whole", async || stage.status(&entry).await["state"] == "probe").await;
    until("each that made room kept its byte", async || {
        let kept = "select count(*)::text from uploads where \"offset\" = 1";
        stage.ask(kept.into()).await == counted(&stage, "slow")
    })
    .await;
}

#[tokio::test]
async fn whatever_method_a_request_is_written_with_it_is_limited_by_what_it_does() {
    let stage = Stage::with(|settings| {
        (settings.uploads_at_once, settings.slow_after) = (2, Duration::from_secs(3600));
    })
    .await;
    let entry = stage.enter().await;
    let (one, other, third) =
        (stage.create(&entry, 1000).await, stage.create(&entry, 1000).await, stage.create(&entry, 1000).await);
    let _lingering =
        [begin(&stage, &one, &entry, 1000, b"film").await, begin(&stage, &other, &entry, 1000, b"film").await];
    until("both write", async || is_being_written(&stage, &one).await && is_being_written(&stage, &other).await).await;
    for wire in ["DELETE", "HEAD", "OPTIONS", "POST", "PATCH"] {
        let patch = stage.tus(wire, &third, &entry).header("x-http-method-override", "PATCH");
        let patch = patch.header("upload-offset", 0).header("content-type", "application/offset+octet-stream");
        assert_eq!(patch.body(bytes(4)).send().await.unwrap().status(), 503, "{wire}");
    }
    assert_eq!(stage.offset(&third, &entry).await, 0, "nothing of it was taken, and it was not given up");
    let head = stage.tus("POST", &third, &entry).header("x-http-method-override", "head").send().await.unwrap();
    assert_eq!((head.status().as_u16(), number(&head, "upload-offset")), (200, 0));
    let unknown = stage.tus("POST", &third, &entry).header("x-http-method-override", "B REW").send().await.unwrap();
    assert_eq!(unknown.status(), 405);
    // Of several methods none is chosen.
    let two = stage.tus("POST", &third, &entry).header("x-http-method-override", "HEAD");
    let two = two.header("x-http-method-override", "PATCH").header("upload-offset", 0);
    assert_eq!(two.send().await.unwrap().status(), 405);
    let list = stage.tus("POST", &third, &entry).header("x-http-method-override", "HEAD, PATCH");
    assert_eq!(list.send().await.unwrap().status(), 405);
    // Short requests have other slots: under their methods, no request that sends bytes can begin.
    for said in ["HEAD", "head", "GET", "OPTIONS", "DELETE", "PUT"] {
        let post = stage.tus("POST", "/files", &entry).header("x-http-method-override", said);
        let post = post.header("upload-length", 4).header("content-type", "application/offset+octet-stream");
        assert_eq!(post.body(bytes(4)).send().await.unwrap().status(), 405, "{said}");
    }
    assert_eq!(stage.ask("select count(*)::text from uploads".into()).await, "3");
}

/// Otherwise clients that send and leave could have more stored at once than there are slots.
#[tokio::test]
async fn a_slot_is_held_until_the_bytes_are_stored_even_without_the_client() {
    let stage = Stage::with(|settings| {
        (settings.uploads_at_once, settings.slow_after) = (1, Duration::from_secs(3600));
    })
    .await;
    let entry = stage.enter().await;
    let (one, other) = (stage.create(&entry, 1000).await, stage.create(&entry, 1000).await);
    let sending = begin(&stage, &one, &entry, 1000, b"film").await;
    until("it writes", async || is_being_written(&stage, &one).await).await;
    let mut held = PgConnection::connect(&stage.database_url).await.unwrap();
    for statement in ["begin", "select 1 from uploads for update"] {
        sqlx::query(statement).execute(&mut held).await.unwrap();
    }
    drop(sending);
    until("what came waits for its row", async || {
        let waiting = "select count(*)::text from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and query like '%advance_upload%'";
        stage.ask(waiting.into()).await == "1"
    })
    .await;
    let patch = || stage.patch(&other, &entry, 0, bytes(4));
    assert_eq!(patch().send().await.unwrap().status(), 503);
    sqlx::query("rollback").execute(&mut held).await.unwrap();
    until("its place is free", async || patch().send().await.unwrap().status() == 204).await;
    assert_eq!(stage.offset(&one, &entry).await, 4, "what came was kept");
}

#[tokio::test]
async fn questions_about_uploads_have_places_too() {
    let stage = Stage::with(|settings| settings.requests_at_once = 4).await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    let mut held = PgConnection::connect(&stage.database_url).await.unwrap();
    for statement in ["begin", "lock table submissions in access exclusive mode"] {
        sqlx::query(statement).execute(&mut held).await.unwrap();
    }
    let ask = |method: &str| stage.tus(method, &path, &entry).send();
    let kept: Vec<_> = (0..4).map(|_| tokio::spawn(ask("HEAD"))).collect();
    until("every place is taken", async || ask("HEAD").await.unwrap().status() == 503).await;
    for method in ["HEAD", "DELETE"] {
        let answer = ask(method).await.unwrap();
        assert_eq!(answer.status(), 503, "{method}");
        assert_eq!(answer.headers()["retry-after"], "5");
    }
    // The form has slots of its own.
    let docs = stage.client.request(Method::GET, format!("{}/api/v1/docs", stage.url)).send().await.unwrap();
    assert_eq!(docs.status(), 200);
    sqlx::query("rollback").execute(&mut held).await.unwrap();
    for answer in kept {
        answer.await.unwrap().unwrap();
    }
    until("there are places again", async || ask("HEAD").await.unwrap().status() == 200).await;
}
