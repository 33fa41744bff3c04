//! A connection that breaks when its client takes nothing for too long. How fast it takes is its own affair, but who takes nothing
//! would hold a place, and what an answer is made of, for ever.
use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

pub(super) struct Stalling<T> {
    inner: T,
    within: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T> Stalling<T> {
    pub(super) fn new(inner: T, within: Duration) -> Self {
        Self { inner, within, waiting: None }
    }

    /// What became of a write, which is an error once writes have waited too long.
    fn timed<R>(&mut self, cx: &mut Context<'_>, written: Poll<Result<R>>) -> Poll<Result<R>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.within)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes nothing any more")))
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
        self.timed(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.timed(cx, written)
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
    use std::time::Instant;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

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
        // Longer than the bound altogether, never longer than it without a byte.
        ours.write_all(&[7; 7 * 1024]).await.unwrap();
        let _theirs = slow.await.unwrap();
        let begun = Instant::now();
        let broken = ours.write_all(&[7; 1024]).await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= within, "{:?}", begun.elapsed());
    }
}
