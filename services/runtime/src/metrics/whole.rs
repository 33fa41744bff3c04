//! Figures of the whole installation, from the database, which `health::figures` sets. Every process reports the same
//! values: use `max`, not `sum`.
use std::path::Path;
use std::sync::{Arc, OnceLock};

use pipeline::catalogue::Catalogue;
use pipeline::stage::Stage;
use pipeline::submission::State;
use prometheus::{Gauge, GaugeVec, IntGauge, IntGaugeVec};

use super::make::Maker;

/// Statuses of parts that are not final.
const OPEN: [&str; 4] = ["pending", "waiting", "claimed", "parked"];

/// States of an upload that has not ended.
const UPLOADING: [&str; 2] = ["open", "assembling"];

/// Gauges of the installation.
#[derive(Clone)]
pub struct WholeMetrics {
    pub(crate) queue_parts: IntGaugeVec,
    pub(crate) queue_age_seconds: GaugeVec,
    pub(crate) outbox_messages: IntGauge,
    pub(crate) outbox_lag_seconds: Gauge,
    pub(crate) entries: IntGaugeVec,
    pub(crate) entries_oldest_seconds: GaugeVec,
    pub(crate) entries_rejected: IntGaugeVec,
    pub(crate) deliveries: IntGaugeVec,
    pub(crate) deliveries_oldest_seconds: GaugeVec,
    pub(crate) recalls_overdue: IntGauge,
    pub(crate) uploads_in_progress: IntGaugeVec,
    pub(crate) backlog_work_seconds: GaugeVec,
    contest_due_timestamp_seconds: GaugeVec,
    pub(crate) contest_entries_under_way: IntGaugeVec,
    /// The contests of the catalogue.
    contests: Arc<OnceLock<Vec<String>>>,
    pub(crate) database_bytes: IntGauge,
    pub(crate) sample_age_seconds: Gauge,
    scratch_bytes: IntGaugeVec,
}

impl WholeMetrics {
    pub(super) fn new(make: &Maker) -> anyhow::Result<Self> {
        let made = Self {
            queue_parts: make.gauges("queue_parts", "Parts in the database by status.", &["stage", "status"])?,
            queue_age_seconds: make.float_gauges("queue_age_seconds", "Age of the oldest pending part.", &["stage"])?,
            outbox_messages: make.gauge("outbox_messages", "Messages not confirmed yet.")?,
            outbox_lag_seconds: make
                .float_gauge("outbox_lag_seconds", "Age of the oldest message not confirmed yet.")?,
            entries: make.gauges("entries", "Entries by state.", &["state"])?,
            entries_oldest_seconds: make.float_gauges(
                "entries_oldest_seconds",
                "Time since the entry in this state changed that has not changed for longest.",
                &["state"],
            )?,
            entries_rejected: make.gauges("entries_rejected", "Entries that stand refused, by rule.", &["rule"])?,
            deliveries: make.gauges("deliveries", "Deliveries by partner and state.", &["partner", "state"])?,
            deliveries_oldest_seconds: make.float_gauges(
                "deliveries_oldest_seconds",
                "How long the oldest delivery that is under way has been in its state.",
                &["partner", "state"],
            )?,
            recalls_overdue: make.gauge("recalls_overdue", "Recalls that are not proven and past their time.")?,
            uploads_in_progress: make.gauges("uploads_in_progress", "Uploads that are not over.", &["state"])?,
            backlog_work_seconds: make.float_gauges(
                "backlog_work_seconds",
                "What entries in this state still take, seconds of one core.",
                &["state"],
            )?,
            contest_due_timestamp_seconds: make.float_gauges(
                "contest_due_timestamp_seconds",
                "When a contest's entries end, and when its works have to be live.",
                &["contest", "what"],
            )?,
            contest_entries_under_way: make.gauges(
                "contest_entries_under_way",
                "Entries of a contest that are with a machine or on their way to partners.",
                &["contest"],
            )?,
            contests: Arc::default(),
            database_bytes: make.gauge("database_bytes", "Size of the database.")?,
            sample_age_seconds: make.float_gauge("sample_age_seconds", "Age of the figures of the installation.")?,
            scratch_bytes: make.gauges("scratch_bytes", "The file system of SCRATCH_DIR.", &["space"])?,
        };
        made.clear_sample();
        Ok(made)
    }

    /// Every stage and state at 0, so that a query finds absent ones; partners and rules are removed, because they may
    /// differ from before.
    pub(crate) fn clear_sample(&self) {
        for stage in Stage::ALL {
            self.queue_age_seconds.with_label_values(&[stage.name()]).set(0.0);
            for status in OPEN {
                self.queue_parts.with_label_values(&[stage.name(), status]).set(0);
            }
        }
        self.entries_rejected.reset();
        self.deliveries.reset();
        self.deliveries_oldest_seconds.reset();
        for state in State::NAMES {
            self.entries.with_label_values(&[state]).set(0);
            self.entries_oldest_seconds.with_label_values(&[state]).set(0.0);
        }
        self.contest_entries_under_way.reset();
        for contest in self.contests.get().into_iter().flatten() {
            self.contest_entries_under_way.with_label_values(&[contest.as_str()]).set(0);
        }
        for state in UPLOADING {
            self.uploads_in_progress.with_label_values(&[state]).set(0);
        }
    }

    /// Values of the catalogue, which stay the same for the lifetime of the process.
    pub(crate) fn set_catalogue(&self, catalogue: &Catalogue) {
        let contests = self.contests.get_or_init(|| catalogue.contests.keys().map(ToString::to_string).collect());
        for contest in contests {
            self.contest_entries_under_way.with_label_values(&[contest.as_str()]).set(0);
        }
        for (id, contest) in &catalogue.contests {
            for (what, due) in [("entries", contest.deadline), ("publication", contest.publish_by)] {
                if let Some(due) = due {
                    let labels = [id.as_str(), what];
                    self.contest_due_timestamp_seconds.with_label_values(&labels).set(due.timestamp() as f64);
                }
            }
        }
    }

    /// Space for running parts and incoming uploads.
    pub(crate) fn set_scratch(&self, dir: &Path) {
        let Ok(space) = rustix::fs::statvfs(dir) else { return };
        for (name, blocks) in [("free", space.f_bavail), ("total", space.f_blocks)] {
            let bytes = i64::try_from(blocks.saturating_mul(space.f_frsize)).unwrap_or(i64::MAX);
            self.scratch_bytes.with_label_values(&[name]).set(bytes);
        }
    }
}
