//! Connections are bounded, silent ones end, and memory does not grow with their number.
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::load::{EN, SOON, ZH, entering, heard};
use crate::stage::{Stage, until};

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
