//! Uploads, as the replica sees them that served them.
use prometheus::{IntCounter, IntCounterVec};

use super::make::{Maker, begin};

/// What becomes of an upload. `resumed`: a client came back and asked where to go on. `interrupted`: a request whose client
/// went silent or away. The last three are uploads that were given up.
pub const EVENTS: [&str; 7] = ["created", "resumed", "interrupted", "finished", "expired", "terminated", "failed"];

/// Metrics of the upload role.
#[derive(Clone)]
pub struct UploadMetrics {
    /// `reelmill_uploads_total{event}`: see [`EVENTS`].
    pub uploads: IntCounterVec,
    /// `reelmill_upload_bytes_total`: bytes that became durable.
    pub bytes: IntCounter,
}

impl UploadMetrics {
    pub(super) fn new(make: &Maker) -> anyhow::Result<Self> {
        let uploads = make.counters("uploads_total", "What becomes of uploads.", &["event"])?;
        begin(&uploads, &EVENTS);
        Ok(Self { uploads, bytes: make.counter("upload_bytes_total", "Bytes of uploads that became durable.")? })
    }

    /// Counts one of [`EVENTS`].
    pub fn count(&self, event: &'static str) {
        self.uploads.with_label_values(&[event]).inc();
    }
}
