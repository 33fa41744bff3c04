//! Pictures that people send as evidence: JPEG or PNG, decoded completely before they are accepted. Bytes, pixels and
//! memory are limited. Pages and API together decode one picture at a time and receive a few at a time.
use std::time::Duration;

use runtime::problem::{Code, Detail, Problem};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use decode::decode;

mod decode;

pub(crate) use decode::{HEAD_BYTES, kind};

/// The largest picture in bytes: a telephone's photograph has 3 to 8 MB, a screenshot less.
pub const PICTURE_BYTES: usize = 10_000_000;
/// Requests with a picture at the same time. Each keeps it up to three times in memory (as sent, as the act takes it,
/// decoded), 150 MB at most.
const AT_ONCE: usize = 3;
/// How long a request waits for its turn, before any of its body is read.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// The requests that may send a picture to this process.
static RECEIVING: Semaphore = Semaphore::const_new(AT_ONCE);
/// The one decoder of this process.
static DECODING: Semaphore = Semaphore::const_new(1);

/// The turn of one request with a picture, from before its body is read until the act is done.
///
/// # Errors
/// `overloaded` if none is free within five seconds.
pub(crate) async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let turn = timeout(TURN_WITHIN, RECEIVING.acquire()).await.map_err(|_| Code::Overloaded)?;
    Ok(turn.map_err(anyhow::Error::from)?)
}

/// A picture that was decoded without error.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: [u8; 32],
}

/// Decodes a picture, off the async threads.
pub(crate) async fn read(bytes: Vec<u8>) -> Result<Picture, Problem> {
    if bytes.is_empty() || bytes.len() > PICTURE_BYTES {
        return Err(Code::FieldWrong.about(
            Detail::new(format!("须为 1 至 {PICTURE_BYTES} 字节"), format!("1 to {PICTURE_BYTES} bytes")).of("picture"),
        ));
    }
    let turn = DECODING.acquire().await.map_err(anyhow::Error::from)?;
    let read = tokio::task::spawn_blocking(move || {
        // Decoding runs to its end even if the request is aborted, and keeps the turn until then.
        let _turn = turn;
        decode(&bytes)?;
        Ok(Picture { sha256: Sha256::digest(&bytes).into(), bytes })
    });
    let read: Result<Picture, Detail> = read.await.map_err(anyhow::Error::from)?;
    read.map_err(|why| Code::PictureUnreadable.about(why))
}
