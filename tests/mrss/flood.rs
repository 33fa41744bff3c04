//! Floods at the port that partners pull from: a client that takes too much is refused, a partner at another address
//! fetches its films meanwhile and afterwards, and memory does not grow with the number of clients.
use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::*;

/// Larger than the sockets' buffers when the client does not read.
const FILM_BYTES: u64 = 24_000_000;
/// One address's share of the 64 simultaneous films, and of the 512 connections.
const FILMS_OF_ONE: usize = 16;
const CONNECTIONS_OF_ONE: usize = 128;
/// Time limit for one of the clients that send without end.
const SHOUTS_FOR: Duration = Duration::from_secs(10);

/// A connection from 127.0.0.`n`: this machine has sixteen million addresses.
async fn connect_from(n: u8, host: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(Ipv4Addr::new(127, 0, 0, n).into(), 0)).expect("an address of this machine");
    socket.connect(host.parse().expect("an address")).await.expect("a connection")
}

/// A client at 127.0.0.`n`.
fn client(n: u8) -> Client {
    Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, n])).build().expect("a client")
}

/// The server's first answer to a request for the feed without a token.
async fn heard(n: u8, host: &str) -> String {
    let mut stream = connect_from(n, host).await;
    let asked = format!("GET /partners/net/feed.xml HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.expect("ask");
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(SOON, stream.read(&mut answer)).await.expect("an answer, not silence");
    String::from_utf8_lossy(&answer[..read.expect("an answer")]).into_owned()
}

fn peak_mib(stage: &Stage) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.service.pid().as_raw_nonzero()));
    let status = status.expect("the service's status");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("its peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number") / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_pulls_everything_at_once_keeps_no_partner_from_its_film() {
    let stage = Stage::new().await;
    let id = stage.offered(FILM_BYTES).await;
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    let greedy = client(2);
    let pull = || greedy.get(&link).send();
    // Answered, and never read.
    let mut unread = Vec::new();
    for _ in 0..FILMS_OF_ONE {
        let answer = pull().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        unread.push(answer);
    }
    let answer = pull().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header_of(answer.headers(), header::RETRY_AFTER), "5");
    assert_eq!(header_of(answer.headers(), header::CONTENT_TYPE), "application/problem+json");
    let problem: Value = answer.json().await.expect("a problem");
    assert_eq!(problem["code"], "too_many_at_once");
    assert_eq!(
        problem["title"].as_str().expect("a title").split_once(' ').expect("both languages").0,
        "来自该网络地址的并发请求过多，请稍后再试。"
    );
    // The feed has slots of its own.
    assert_eq!(
        greedy.get(format!("{}/partners/net/feed.xml", stage.address())).send().await.expect("an answer").status(),
        StatusCode::UNAUTHORIZED
    );
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    assert!(stage.get(&link, None).await.bytes().await.expect("the film") == film, "the partner has its film");
    stage.get(&stage.link(&format!("{RENDITION}.jpg")).await, None).await.bytes().await.expect("its cover");
    stage.is(id, "live").await;
    drop(unread);
    let again = async || pull().await.expect("an answer").status() == StatusCode::OK;
    wait_until_true("a released slot is free again", SOON, again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_takes_little_memory_and_partners_still_pull() {
    let stage = Stage::new().await;
    let id = stage.offered(FILM_BYTES).await;
    let link = stage.link(&format!("{RENDITION}.mp4")).await;
    let film = std::fs::read(planted::film_path(&stage.pipeline, id)).expect("our film");
    let address = stage.address();
    let host = address.strip_prefix("http://").expect("an address");
    let path = link.strip_prefix(&address).expect("a link to here").to_owned();
    let before = peak_mib(&stage);
    // From one address: endless headers, endless notices, films that are not read, and silent connections.
    let flood: Vec<_> =
        (0..2 * CONNECTIONS_OF_ONE).map(|n| tokio::spawn(shout(n, host.to_owned(), path.clone()))).collect();
    assert!(stage.get(&link, None).await.bytes().await.expect("the film") == film, "while it lasts");
    let mut kept = Vec::new();
    for one in flood {
        kept.push(one.await.expect("a shout"));
    }
    drop(kept);
    // Silent connections: one address's share of them, and then, from enough addresses, all there are.
    let taken = async |addresses: std::ops::Range<u8>, asking: u8, status: &str| {
        let mut silent = Vec::new();
        for n in addresses {
            for _ in 0..CONNECTIONS_OF_ONE {
                silent.push(connect_from(n, host).await);
            }
        }
        let answer = heard(asking, host).await;
        answer.starts_with(status).then_some(answer)
    };
    wait_until("it has its share", SOON, async || taken(2..3, 2, "HTTP/1.1 429 ").await).await;
    let answer = wait_until("every connection is taken", SOON, async || taken(2..7, 1, "HTTP/1.1 503 ").await).await;
    assert!(answer.contains("\r\nretry-after: 5\r\n") && answer.contains("\"code\":\"overloaded\""), "{answer}");
    let served = async || stage.http.get(&link).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK);
    wait_until_true("partners are served again", SOON, served).await;
    assert!(stage.get(&link, None).await.bytes().await.expect("the film") == film, "afterwards");
    stage.get(&stage.link(&format!("{RENDITION}.jpg")).await, None).await.bytes().await.expect("its cover");
    stage.is(id, "live").await;
    let grown = peak_mib(&stage) - before;
    // 512 connections with a buffer of 128 KiB each at most, 64 films with a piece each, and the allocator's reserve.
    assert!(grown < 120, "{grown} MiB more than {before} MiB");
}

/// What one of many clients does at 127.0.0.2, and its connection, kept open.
async fn shout(n: usize, host: String, path: String) -> Option<TcpStream> {
    static STUFF: [u8; 64 * 1024] = [b'a'; 64 * 1024];
    let mut stream = connect_from(2, &host).await;
    let head = match n % 4 {
        0 => format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: "),
        1 => format!("POST /partners/bilibili/webhook HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000000\r\n\r\n"),
        2 => format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        _ => return Some(stream),
    };
    let shouting = async {
        stream.write_all(head.as_bytes()).await?;
        // 4 MiB each: half a gigabyte if the server kept it. A client that requested a film sends nothing more.
        for _ in 0..if n % 4 == 2 { 0 } else { 64 } {
            stream.write_all(&STUFF).await?;
        }
        std::io::Result::Ok(())
    };
    let shouted = tokio::time::timeout(SHOUTS_FOR, shouting).await;
    shouted.ok()?.ok().map(|()| stream)
}
