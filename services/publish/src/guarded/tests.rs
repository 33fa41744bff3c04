//! Addresses in all spellings, names that change their addresses, and servers with bad answers.
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that gives every client the same answer, and counts them.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn at(address: &str, answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, answer) = (Arc::<Mutex<Vec<String>>>::default(), answer.into());
        let said = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let bytes = stream.read(&mut request).await.unwrap_or(0);
                said.lock().unwrap().push(String::from_utf8_lossy(&request[..bytes]).into_owned());
                let _ = stream.write_all(&answer).await;
            }
        });
        Self { port, heard }
    }

    fn calls(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn call(url: &str) -> Call<'_> {
    Call {
        method: Method::GET,
        url,
        headers: Vec::new(),
        body: Vec::new(),
        deadline: Duration::from_secs(5),
        answer_bytes: 1024,
        plain_http: false,
    }
}

fn networks(blocks: &[&str]) -> Vec<Network> {
    blocks.iter().map(|block| block.parse().unwrap()).collect()
}

/// A resolver that gives one answer after the other, and the number of its lookups.
fn changing(answers: &[&[&str]]) -> (Lookup, Arc<AtomicUsize>) {
    let parse = |answer: &&[&str]| answer.iter().map(|it| it.parse().unwrap()).collect::<Vec<IpAddr>>();
    let answers: Mutex<VecDeque<Vec<IpAddr>>> = Mutex::new(answers.iter().map(parse).collect());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let lookup: Lookup = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let answer = answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("the resolver was asked too often")) })
    });
    (lookup, asked)
}

async fn refused(guarded: &Guarded, url: &str) -> String {
    match guarded.call(call(url)).await {
        Err(NoAnswer::Forbidden(why)) => why,
        other => panic!("{url} was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn our_own_addresses_are_refused_in_every_spelling() {
    let guarded = Guarded::new(&[]).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST",
    ] {
        for (scheme, plain_http) in [("https", false), ("http", true)] {
            let url = format!("{scheme}://{host}:9/");
            let answer = guarded.call(Call { plain_http, ..call(&url) }).await;
            let Err(NoAnswer::Forbidden(why)) = answer else { panic!("{url}: {answer:?}") };
            assert_eq!(why, "the address is not called: loopback", "{url}");
        }
    }
    for (host, kind) in [
        ("0", "unspecified"),
        ("0.0.0.0", "unspecified"),
        ("[::]", "unspecified"),
        ("10.0.0.1", "private"),
        ("0xa.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("169.254.169.254", "cloud metadata"),
        ("2852039166", "cloud metadata"),
        ("[fd00:ec2::254]", "cloud metadata"),
        ("[fe80::1]", "link-local"),
        ("255.255.255.255", "broadcast"),
        ("192.0.2.1", "documentation"),
        ("[::127.0.0.1]", "not global unicast"),
    ] {
        assert_eq!(refused(&guarded, &format!("https://{host}/")).await, format!("the address is not called: {kind}"));
    }
}

#[tokio::test]
async fn what_is_no_address_of_a_web_server_is_refused() {
    let guarded = Guarded::new(&networks(&["127.0.0.0/8"])).unwrap();
    let long = format!("https://example.com/{}", "x".repeat(callable::MAX_ADDRESS_BYTES));
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://",
        "https://u@example.com/",
        "https://u:p@example.com/",
        "https://:p@example.com/",
        "https://example.com:0/",
        "https://[::1%25lo]/",
        &long,
    ] {
        refused(&guarded, url).await;
        assert!(callable::check(url, &[]).is_err(), "{url}");
    }
    assert!(callable::check("https://example.com/hooks?a=b", &[]).is_ok());
}

#[tokio::test]
async fn a_name_that_changes_its_answer_between_check_and_call_wins_nothing() {
    let ours = Server::at("127.0.0.1:0", "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
    let theirs =
        Server::at(&format!("127.0.0.2:{}", ours.port), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    // The allowed address represents the Internet, the other one our own servers.
    let (lookup, asked) =
        changing(&[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.2", "127.0.0.1"], &["::ffff:127.0.0.1"]]);
    let guarded = Guarded::with_lookup(&networks(&["127.0.0.2"]), lookup).unwrap();
    let url = format!("http://rebound.example:{}/", ours.port);
    let answer = guarded.call(call(&url)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hi".as_slice()));
    // One lookup per call: nothing between the check and the connection could get another answer.
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for questions in 2..=4 {
        refused(&guarded, &url).await;
        assert_eq!(asked.load(Ordering::SeqCst), questions, "every call looks up again, and once");
    }
    assert_eq!((theirs.calls(), ours.calls()), (1, 0));
}

#[tokio::test]
async fn plain_http_goes_to_our_own_networks_only_unless_it_is_asked_for() {
    let server = Server::at("127.0.0.1:0", "HTTP/1.1 204 No Content\r\n\r\n").await;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let guarded = Guarded::new(&networks(&["127.0.0.0/8"])).unwrap();
    assert_eq!(guarded.call(call(&url)).await.unwrap().status, 204);
    assert_eq!(refused(&guarded, "http://1.1.1.1/").await, "the address is not called: plain http");
    let (lookup, _) = changing(&[&["1.1.1.1"]]);
    let guarded = Guarded::with_lookup(&networks(&["127.0.0.0/8"]), lookup).unwrap();
    assert_eq!(refused(&guarded, "http://public.example/").await, "the address is not called: plain http");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::at("127.0.0.1:0", "x").await;
    let target = format!("http://127.0.0.1:{}/", server.port);
    let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let redirecting = Server::at("127.0.0.1:0", answer).await;
    let guarded = Guarded::new(&networks(&["127.0.0.1"])).unwrap();
    let answer = guarded.call(call(&format!("http://127.0.0.1:{}/", redirecting.port))).await.unwrap();
    assert_eq!((answer.status, redirecting.calls(), server.calls()), (307, 1, 0));
}

#[tokio::test]
async fn no_more_of_an_answer_is_read_than_was_asked_for() {
    // Claims to be endless, and is longer than the limit.
    let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 300_000]);
    let server = Server::at("127.0.0.1:0", answer).await;
    let guarded = Guarded::new(&networks(&["127.0.0.1"])).unwrap();
    let url = format!("http://127.0.0.1:{}/", server.port);
    let answer = guarded.call(call(&url)).await.unwrap();
    assert_eq!((answer.body.len(), answer.clipped), (1024, true));
    let answer = guarded.call(Call { answer_bytes: 300_000, ..call(&url) }).await.unwrap();
    assert_eq!((answer.body.len(), answer.clipped), (300_000, false));
}

#[tokio::test]
async fn a_silent_server_times_out_and_an_absent_one_counts_as_not_sent() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/?token=canary", silent.local_addr().unwrap().port());
    let guarded = Guarded::new(&networks(&["127.0.0.1"])).unwrap();
    let short = Duration::from_millis(100);
    let error = guarded.call(Call { deadline: short, ..call(&url) }).await.unwrap_err();
    assert!(matches!(error, NoAnswer::Lost(_)), "{error:?}");
    assert!(!error.to_string().contains("canary"), "{error}");
    drop(silent);
    let error = guarded.call(call(&url)).await.unwrap_err();
    assert!(matches!(error, NoAnswer::NotSent(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
