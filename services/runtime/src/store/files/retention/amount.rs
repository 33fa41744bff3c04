//! How much is past its time, and how much is processed at a time.

/// Works, or rows, that are processed at a time.
pub(super) const AT_ONCE: i64 = 200;

/// A number of things with their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Works, files or records.
    pub count: u64,
    /// Bytes of the object store that they take.
    pub bytes: u64,
}

impl Amount {
    pub(super) fn of(count: i64, bytes: i64) -> Self {
        Self { count: count.max(0) as u64, bytes: bytes.max(0) as u64 }
    }
}
