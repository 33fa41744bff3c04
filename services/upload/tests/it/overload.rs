//! Floods: requests beyond the limits are answered 429 or 503 with Retry-After and a sentence, at once; accepted
//! requests succeed; and memory does not grow with the number of clients.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, Method, RequestBuilder, Response};
use runtime::store::tokens::Role;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::stage::{Entry, MIB, Stage, bytes, form, number, until};

/// The deadline of every wait, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// No request of a test ends by its own deadline: a refused request is refused for want of a slot.
const NEVER: Duration = Duration::from_secs(3600);

/// A table that is locked until this is dropped: a database that does not answer about it.
struct Held(PgConnection);

impl Held {
    async fn table(stage: &Stage, table: &str) -> Self {
        let mut connection = PgConnection::connect(&stage.database_url).await.unwrap();
        for statement in ["begin".to_owned(), format!("lock table {table} in access exclusive mode")] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    async fn release(mut self) {
        sqlx::query("rollback").execute(&mut self.0).await.unwrap();
    }
}

fn entering(stage: &Stage) -> RequestBuilder {
    stage.client.post(format!("{}/api/v1/submissions", stage.url)).body(form().to_string())
}

/// The expected refusal: the status and code, the time to retry, a sentence in the requested language.
async fn turned_away(answer: Response, status: u16, code: &str, sentence: &str) {
    assert_eq!(answer.status(), status);
    let again: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&again), "{again}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!((body["code"].as_str().unwrap(), body["title"].as_str().unwrap()), (code, sentence));
}

const ZH: &str = "当前请求过多，请稍后再试。";
const EN: &str = "There is more to do at the moment than can be done; please try again in a few seconds.";

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

/// The address 127.0.0.`n`: this machine has sixteen million addresses.
fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, n).into()
}

/// A client at 127.0.0.`n`.
fn client(n: u8) -> Client {
    Client::builder().local_address(address(n)).build().unwrap()
}

async fn connect_from(n: u8, host: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address(n), 0)).unwrap();
    socket.connect(host.parse().unwrap()).await.unwrap()
}

/// A PATCH that announces more than it sends, and stays open.
async fn linger(stage: &Stage, path: &str, entry: &Entry) -> TcpStream {
    linger_from(1, stage, path, entry).await
}

async fn linger_from(n: u8, stage: &Stage, path: &str, entry: &Entry) -> TcpStream {
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut stream = connect_from(n, host).await;
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\nfilm",
        entry.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

const ZH_ADDRESS: &str = "来自该网络地址的并发请求过多，请稍后再试。";
const EN_ADDRESS: &str = "Too much is asked for at once from this address; please try again in a few seconds.";

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
        kept.push(linger_from(2, &stage, &path, &greedy).await);
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
        kept.push(linger(&stage, &path, entry).await);
    }
    let entry = stage.enter().await;
    let path = stage.create(&entry, MIB).await;
    stage.send(&path, &entry, 0, &bytes(MIB)).await;
    until("one more is whole", async || stage.status(&entry).await["state"] == "probe").await;
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
    let lingering = [linger(&stage, &one, &entry).await, linger(&stage, &other, &entry).await];
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

#[tokio::test]
async fn connections_beyond_the_bound_hear_that_there_is_no_place() {
    let stage = Stage::with(|settings| settings.connections = 3).await;
    let host = stage.url.strip_prefix("http://").unwrap();
    // Silent clients.
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(host).await.unwrap());
    }
    let ask = async || heard(TcpStream::connect(host).await.unwrap(), host).await;
    until("every place is taken", async || ask().await.starts_with("HTTP/1.1 503")).await;
    for _ in 0..20 {
        let answer = ask().await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
        assert!(answer.contains("overloaded") && answer.contains(ZH) && answer.contains(EN), "{answer}");
    }
    drop(silent);
    until("there are places again", async || ask().await.starts_with("HTTP/1.1 200")).await;
}

/// The beginning of the server's answer on this connection.
async fn heard(mut stream: TcpStream, host: &str) -> String {
    stream.write_all(format!("GET /api/v1/docs HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(SOON, stream.read(&mut answer)).await.expect("an answer, not silence").unwrap();
    // A read may end within a character.
    String::from_utf8_lossy(&answer[..read]).into_owned()
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

#[tokio::test]
async fn who_connects_and_says_nothing_is_let_go() {
    let stage =
        Stage::with(|settings| (settings.connections, settings.heads_within) = (3, Duration::from_millis(500))).await;
    let host = stage.url.strip_prefix("http://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(host).await.unwrap());
    }
    for stream in &mut silent {
        let mut said = [0; 16];
        // Whatever it receives, the connection ends.
        let end =
            tokio::time::timeout(SOON, async { while stream.read(&mut said).await.is_ok_and(|read| read > 0) {} });
        end.await.expect("a connection without a word ends");
    }
    assert!(heard(TcpStream::connect(host).await.unwrap(), host).await.starts_with("HTTP/1.1 200"));
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

/// Resident memory of this process, MiB: the service, its clients of other servers, and the flood itself.
fn resident_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[tokio::test]
async fn memory_does_not_grow_with_a_flood() {
    let stage = Stage::with(|settings| (settings.connections, settings.uploads_at_once) = (300, 32)).await;
    let entry = stage.enter().await;
    let host = stage.url.strip_prefix("http://").unwrap().to_owned();
    // Endless headers, an endless form and an endless film, from 600 connections, for as long as the server reads.
    static STUFF: [u8; 64 * 1024] = [b'a'; 64 * 1024];
    let path = stage.create(&entry, 1 << 30).await;
    let before = resident_mib();
    let flood = (0..600).map(|n| {
        let (host, path, token) = (host.clone(), path.clone(), entry.token.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = TcpStream::connect(&host).await else { return };
            let head = match n % 3 {
                0 => format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: "),
                1 => format!("POST /api/v1/submissions HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000000\r\n\r\n"),
                _ => format!(
                    "PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {token}\r\n\
                     Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000000000\r\n\r\n"
                ),
            };
            let shout = async {
                stream.write_all(head.as_bytes()).await?;
                // 4 MiB each: 2.4 GiB if the server kept it.
                for _ in 0..64 {
                    stream.write_all(&STUFF).await?;
                }
                std::io::Result::Ok(())
            };
            let _ = tokio::time::timeout(Duration::from_secs(10), shout).await;
        })
    });
    for one in flood.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let grown = resident_mib() - before;
    // 300 connections with buffers of 128 KiB, 32 uploads, and the allocator's reserve.
    assert!(grown < 160, "{grown} MiB more than {before} MiB");
    until("it serves again", async || entering(&stage).send().await.is_ok_and(|answer| answer.status() == 201)).await;
}
