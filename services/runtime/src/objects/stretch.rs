//! A section of an open file as the body of a request. The SDK reads files by their path, but a child's file is read
//! only by its descriptor.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is read at a time, outside the async threads.
const READ_BYTES: u64 = 128 * 1024;

/// What remains to be sent.
pub(super) struct Stretch {
    file: Arc<File>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Stretch {
    /// `length` bytes of the file from `offset`, which can be sent again when an attempt fails.
    pub(super) fn stream(file: Arc<File>, offset: u64, length: u64) -> ByteStream {
        let stretch =
            move || Self { file: file.clone(), at: offset, end: offset.saturating_add(length), reading: None };
        ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(stretch())))
    }
}

/// The next bytes; the file must have them.
fn read(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}

impl Body for Stretch {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.at >= this.end {
            return Poll::Ready(None);
        }
        let (at, length) = (this.at, READ_BYTES.min(this.end - this.at));
        let file = &this.file;
        let reading = this.reading.get_or_insert_with(|| {
            let file = file.clone();
            spawn_blocking(move || read(&file, at, length))
        });
        let bytes = ready!(Pin::new(reading).poll(cx));
        this.reading = None;
        let bytes = bytes.map_err(io::Error::other).flatten();
        if let Ok(bytes) = &bytes {
            this.at += bytes.len() as u64;
        }
        Poll::Ready(Some(bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
