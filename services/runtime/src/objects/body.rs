//! What is sent to the object store.
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_s3::primitives::{ByteStream, Length};
use bytes::Bytes;

use super::error::ObjectError;
use super::stretch::Stretch;

/// What is stored: bytes in memory, or a section of a file. Both can be sent again when an attempt fails.
#[derive(Clone, Debug)]
pub enum Body {
    /// In memory.
    Bytes(Bytes),
    /// `length` bytes of the file, from `offset`.
    File {
        /// The file.
        path: PathBuf,
        /// First byte.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// The same from an open file, whatever its name refers to by now.
    Open {
        /// The file.
        file: Arc<File>,
        /// First byte.
        offset: u64,
        /// How many.
        length: u64,
    },
}

/// Read-ahead when a file is sent; with hyper's own 4 KiB, each read costs a switch between threads.
const READ_BYTES: usize = 128 * 1024;

impl Body {
    /// Size in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File { length, .. } | Body::Open { length, .. } => *length,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) async fn into_stream(self) -> Result<ByteStream, ObjectError> {
        match self {
            Body::Bytes(bytes) => Ok(ByteStream::from(bytes)),
            Body::File { length: 0, .. } | Body::Open { length: 0, .. } => Ok(ByteStream::from_static(b"")),
            Body::File { path, offset, length } => {
                let read = ByteStream::read_from().path(path).offset(offset).length(Length::Exact(length));
                read.buffer_size(READ_BYTES).build().await.map_err(|err| ObjectError::File(std::io::Error::other(err)))
            }
            Body::Open { file, offset, length } => Ok(Stretch::stream(file, offset, length)),
        }
    }
}
