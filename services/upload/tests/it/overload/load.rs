//! Clients and databases as floods need them, and the answer to a refused request.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::stage::{Entry, Stage, form};

/// The deadline of every wait, on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// No request of a test ends by its own deadline: a refused request is refused for want of a slot.
pub(super) const NEVER: Duration = Duration::from_secs(3600);

pub(super) const ZH: &str = "当前请求过多，请稍后再试。";
pub(super) const EN: &str = "There is more to do at the moment than can be done; please try again in a few seconds.";

pub(super) const ZH_ADDRESS: &str = "来自该网络地址的并发请求过多，请稍后再试。";
pub(super) const EN_ADDRESS: &str =
    "Too much is asked for at once from this address; please try again in a few seconds.";

/// A table that is locked until this is dropped: a database that does not answer about it.
pub(super) struct Held(PgConnection);

impl Held {
    pub(super) async fn table(stage: &Stage, table: &str) -> Self {
        let mut connection = PgConnection::connect(&stage.database_url).await.unwrap();
        for statement in ["begin".to_owned(), format!("lock table {table} in access exclusive mode")] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        Self(connection)
    }

    pub(super) async fn release(mut self) {
        sqlx::query("rollback").execute(&mut self.0).await.unwrap();
    }
}

pub(super) fn entering(stage: &Stage) -> RequestBuilder {
    stage.client.post(format!("{}/api/v1/submissions", stage.url)).body(form().to_string())
}

/// The expected refusal: the status and code, the time to retry, a sentence in the requested language.
pub(super) async fn turned_away(answer: Response, status: u16, code: &str, sentence: &str) {
    assert_eq!(answer.status(), status);
    let again: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&again), "{again}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!((body["code"].as_str().unwrap(), body["title"].as_str().unwrap()), (code, sentence));
}

/// The address 127.0.0.`n`: this machine has sixteen million addresses.
fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, n).into()
}

/// A client at 127.0.0.`n`.
pub(super) fn client(n: u8) -> Client {
    Client::builder().local_address(address(n)).build().unwrap()
}

pub(super) async fn connect_from(n: u8, host: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address(n), 0)).unwrap();
    socket.connect(host.parse().unwrap()).await.unwrap()
}

/// A PATCH from 127.0.0.`n` that announces more than it sends, and stays open.
pub(super) async fn linger(n: u8, stage: &Stage, path: &str, entry: &Entry) -> TcpStream {
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

/// The beginning of the server's answer on this connection.
pub(super) async fn heard(mut stream: TcpStream, host: &str) -> String {
    stream.write_all(format!("GET /api/v1/docs HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(SOON, stream.read(&mut answer)).await.expect("an answer, not silence").unwrap();
    // A read may end within a character.
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
