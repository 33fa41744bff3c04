//! Connections that find no free slot: they get the refusal, and nothing of them is read.
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::full::{Full, RETRY_AFTER_S};
use super::headers;

/// How long a refused connection may take to receive the refusal.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(1);

/// Answers within a deadline, and then frees `way_out`.
pub(super) async fn leave(stream: TcpStream, full: Full, way_out: Option<OwnedSemaphorePermit>) {
    let _ = tokio::time::timeout(TURNED_AWAY_WITHIN, turn_away(stream, full)).await;
    drop(way_out);
}

/// Answers that there is no free slot, without reading the request: it costs only the connection.
async fn turn_away(mut stream: TcpStream, full: Full) {
    let status = full.status();
    let body = full.body();
    let secure = headers::as_lines();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nretry-after: {RETRY_AFTER_S}\r\n\
         cache-control: no-store\r\n{secure}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    if stream.write_all(answer.as_bytes()).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    // Closing with unread bytes would discard the answer before the client reads it.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
}
