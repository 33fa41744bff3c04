//! A connection that is closed when its client reads nothing for too long, or almost nothing on average: otherwise it
//! would keep a slot, and the memory of an answer, for ever.
use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::pace::Pace;

/// The minimum rate of a client in bytes a second, on average: a fifth of a modem's rate. A partner on a bad connection
/// is still served.
const LEAST_TAKEN: u64 = 1024;

pub(super) struct Stalling<T> {
    inner: T,
    pace: Pace,
    /// Runs while a write waits, since the given time.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<T> Stalling<T> {
    pub(super) fn new(inner: T, within: Duration) -> Self {
        Self { inner, pace: Pace::new(LEAST_TAKEN, within), waiting: None }
    }

    /// The result of a write of `bytes_of` bytes; an error once writes have waited too long.
    fn timed<R>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<Result<R>>,
        bytes_of: impl Fn(&R) -> usize,
    ) -> Poll<Result<R>> {
        if let Poll::Ready(result) = &written {
            let waited = self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            self.pace.came(waited, result.as_ref().map_or(0, |it| bytes_of(it) as u64));
            return written;
        }
        let left = self.pace.left();
        let (_, waiting) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes too little of its answer")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stalling<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stalling<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.timed(cx, written, |bytes| *bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.timed(cx, written, |bytes| *bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn who_takes_a_byte_now_and_then_is_let_go() {
        let within = Duration::from_millis(400);
        let (ours, mut theirs) = duplex(1024);
        let trickle = tokio::spawn(async move {
            // It reads one byte four times as often as needed, if single bytes were enough.
            while theirs.read_u8().await.is_ok() {
                sleep(within / 4).await;
            }
        });
        let broken = Stalling::new(ours, within).write_all(&[7; 64 * 1024]).await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::TimedOut);
        trickle.abort();
    }

    #[tokio::test]
    async fn who_takes_nothing_is_let_go_and_who_takes_slowly_is_not() {
        let within = Duration::from_millis(400);
        let (ours, mut theirs) = duplex(1024);
        let slow = tokio::spawn(async move {
            let mut taken = [0; 1024];
            for _ in 0..6 {
                sleep(within / 4).await;
                theirs.read_exact(&mut taken).await.unwrap();
            }
            theirs
        });
        let mut ours = Stalling::new(ours, within);
        // It waits longer than the limit in total, but never longer than the limit without a byte.
        ours.write_all(&[7; 7 * 1024]).await.unwrap();
        let _theirs = slow.await.unwrap();
        let begun = Instant::now();
        let broken = ours.write_all(&[7; 1024]).await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= within, "{:?}", begun.elapsed());
    }
}
