//! Sets the gauges of the whole installation from what the database counted.
use crate::metrics::{Metrics, WholeMetrics};
use crate::store::outgoing::messages::Backlog;
use crate::store::watching::watch::{AT_WORK, Sample};
use crate::store::work::stuck::KINDS;

/// Starts the series whose names the store knows at 0.
pub(crate) fn begin(metrics: &Metrics) {
    for kind in KINDS {
        metrics.unstuck.with_label_values(&[kind]);
    }
    clear_backlog(&metrics.whole);
}

fn clear_backlog(whole: &WholeMetrics) {
    for state in AT_WORK {
        whole.backlog_work_seconds.with_label_values(&[state]).set(0.0);
    }
}

/// The messages that are unconfirmed at this moment.
pub(super) fn set_messages(whole: &WholeMetrics, backlog: &Backlog) {
    whole.outbox_messages.set(backlog.messages);
    whole.outbox_lag_seconds.set(backlog.lag_seconds);
}

/// The last sample of any process, which is `age_s` seconds old.
pub(crate) fn set_sample(whole: &WholeMetrics, sample: &Sample, age_s: f64) {
    whole.sample_age_seconds.set(age_s);
    whole.clear_sample();
    clear_backlog(whole);
    for row in &sample.queues {
        whole.queue_parts.with_label_values(&[row.stage.as_str(), row.status.as_str()]).set(row.parts);
        if row.status == "pending" {
            whole.queue_age_seconds.with_label_values(&[row.stage.as_str()]).set(row.age_s + age_s);
        }
    }
    for entry in &sample.entries {
        whole.entries.with_label_values(&[&entry.state]).set(entry.count);
        if !entry.settled {
            whole.entries_oldest_seconds.with_label_values(&[&entry.state]).set(entry.oldest_s + age_s);
        }
    }
    for rejected in &sample.rejected {
        whole.entries_rejected.with_label_values(&[&rejected.rule]).set(rejected.count);
    }
    for delivery in &sample.deliveries {
        let labels = [delivery.partner.as_str(), delivery.state.as_str()];
        whole.deliveries.with_label_values(&labels).set(delivery.count);
        if !delivery.settled {
            whole.deliveries_oldest_seconds.with_label_values(&labels).set(delivery.oldest_s + age_s);
        }
    }
    for upload in &sample.uploads {
        whole.uploads_in_progress.with_label_values(&[&upload.state]).set(upload.count);
    }
    for backlog in &sample.backlog {
        whole.backlog_work_seconds.with_label_values(&[&backlog.state]).set(backlog.work_s);
    }
    for contest in &sample.contests {
        whole.contest_entries_under_way.with_label_values(&[&contest.contest]).set(contest.count);
    }
    whole.recalls_overdue.set(sample.recalls_overdue);
    whole.database_bytes.set(sample.database_bytes);
}
