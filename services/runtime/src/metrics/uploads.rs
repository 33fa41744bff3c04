//! Uploads, counted by the replica that served them.
use prometheus::{IntCounter, IntCounterVec};

use super::make::{Maker, begin};

/// What happens to an upload. `resumed`: a client came back and asked where to continue. `interrupted`: a request whose
/// client went silent or disconnected; `slow`: one that was ended because its client sent too little. `over_budget` and
/// `held_off`: refused requests, because the submission had its share of unfinished uploads, or the installation had
/// its limit of those or of films. The last four are uploads that were aborted; `unjoinable`: a concatenation with a
/// missing piece.
pub const EVENTS: [&str; 11] = [
    "created",
    "resumed",
    "interrupted",
    "slow",
    "over_budget",
    "held_off",
    "finished",
    "expired",
    "terminated",
    "unjoinable",
    "failed",
];

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
