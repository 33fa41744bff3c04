//! What Prometheus reads at /metrics. Labels are few and bounded: stages, outcomes, names of the catalogue; never an
//! id.
//!
//! Each metric is on a panel of `deploy/grafana/generate.py`; a test fails if one is not.
use pipeline::stage::Stage;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Encoder, GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Registry, TextEncoder};

mod calls;
mod children;
mod doors;
mod make;
mod media;
mod uploads;
mod whole;

pub use calls::{CallMetrics, PORTS, S3_ENDS, TurnedAway};
pub use doors::DoorMetrics;
pub use media::{CAUSES, MET, MediaMetrics, TRACKS};
pub use uploads::{EVENTS, UploadMetrics};
pub use whole::WholeMetrics;

use make::{Maker, begin};

/// Outcomes of a part. `overtaken` is screened again, `unrecorded` could not be stored, `fenced` belongs to another
/// worker.
pub const OUTCOMES: [&str; 9] =
    ["done", "rejected", "failed", "parked", "later", "handed_back", "overtaken", "fenced", "unrecorded"];
/// The reason of a part that ended well, or without a reason.
pub const NO_REASON: &str = "none";

/// Every metric of a process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// `reelmill_parts_total{stage,outcome,reason}`: parts that ended here, see [`OUTCOMES`]. The reason is a rejection's code
    /// or what failed, see [`crate::failure`].
    pub parts: IntCounterVec,
    /// `reelmill_part_seconds{stage}`: from claim to commit.
    pub part_seconds: HistogramVec,
    /// `reelmill_hop_seconds{stage}`: from the moment a part became claimable until its claim.
    pub hop_seconds: HistogramVec,
    /// `reelmill_parts_running{stage}`: parts that run here now.
    pub parts_running: IntGaugeVec,
    /// `reelmill_messages_sent_total{outcome}`: confirmed, nacked, returned, closed, timed_out.
    pub messages_sent: IntCounterVec,
    /// `reelmill_leases_expired_total{stage}`: claims whose holder stopped renewing them.
    pub leases_expired: IntCounterVec,
    /// `reelmill_unstuck_total{what}`: stuck work that the reconciler restarted, by the kinds in
    /// `store::work::stuck`.
    pub unstuck: IntCounterVec,
    /// `reelmill_transactions_total{name,outcome}`: committed, retried, refused (because of the request), failed
    /// (because of the database).
    pub transactions: IntCounterVec,
    /// `reelmill_transaction_seconds{name}`: with retries.
    pub transaction_seconds: HistogramVec,
    /// `reelmill_child_seconds{job}`: how long sandboxed children ran, by what they were asked for.
    pub child_seconds: HistogramVec,
    /// `reelmill_children_total{end}`: sandboxed children by how they ended.
    pub children: IntCounterVec,
    /// `reelmill_broker_reconnects_total`: sessions with the broker that ended and were started again.
    pub broker_reconnects: IntCounter,
    /// `reelmill_garbage_objects_total`: objects deleted by the sweep.
    pub garbage_objects: IntCounter,
    /// `reelmill_credentials_seconds_left{partner}`: until the credentials of our account end; negative once they have
    /// ended.
    pub credentials_seconds_left: GaugeVec,
    /// `reelmill_credentials_refused{partner}`: 1 if a person must look after our account, 0 if the partner accepts it.
    pub credentials_refused: IntGaugeVec,
    /// `reelmill_time_to_live_seconds{partner}`: from the complete upload, or the start of a later run, until the work
    /// is public.
    pub time_to_live_seconds: HistogramVec,
    /// `reelmill_delivered_media_seconds_total{partner}`: length of the works that went live.
    pub delivered_media_seconds: prometheus::CounterVec,
    /// `reelmill_webhook_attempts_total{outcome}`: attempts to send a webhook, by result.
    pub webhook_attempts: IntCounterVec,
    /// `reelmill_mails_total{outcome}`: attempts to send a mail: sent, failed (tried again later), refused for good.
    pub mails: IntCounterVec,
    /// `reelmill_auth_failures_total{door,reason}`: requests that were refused at a door, see [`crate::doors`].
    pub auth_failures: IntCounterVec,
    /// Produced media and their cost.
    pub media: MediaMetrics,
    /// Calls to other servers, to partners, and to us.
    pub calls: CallMetrics,
    /// Uploads.
    pub uploads: UploadMetrics,
    /// The installation as a whole.
    pub whole: WholeMetrics,
}

/// Hops and transactions take milliseconds.
const HOPS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// Transactions have many names, so their buckets are few.
const TRANSACTIONS: [f64; 7] = [0.0025, 0.01, 0.05, 0.25, 1.0, 5.0, 30.0];
/// A part takes up to an hour.
const WORKS: [f64; 14] = [0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// A work waits for people, too: from a minute to a month.
const DAYS: [f64; 10] = [
    60.0,
    300.0,
    900.0,
    3600.0,
    4.0 * 3600.0,
    12.0 * 3600.0,
    86_400.0,
    3.0 * 86_400.0,
    7.0 * 86_400.0,
    30.0 * 86_400.0,
];

impl Metrics {
    /// A new set in a registry of its own.
    pub fn new() -> anyhow::Result<Self> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let make = Maker { registry: &registry };
        let made = Self {
            parts: make.counters("parts_total", "Parts that ended here.", &["stage", "outcome", "reason"])?,
            part_seconds: make.histograms("part_seconds", "From claim to commit.", &["stage"], &WORKS)?,
            hop_seconds: make.histograms("hop_seconds", "From claimable to claimed.", &["stage"], &HOPS)?,
            parts_running: make.gauges("parts_running", "Parts that run here now.", &["stage"])?,
            messages_sent: make.counters("messages_sent_total", "Messages by what the broker said.", &["outcome"])?,
            leases_expired: make.counters("leases_expired_total", "Claims whose holder fell silent.", &["stage"])?,
            unstuck: make.counters("unstuck_total", "What was stuck and was set going again.", &["what"])?,
            transactions: make.counters("transactions_total", "Transactions.", &["name", "outcome"])?,
            transaction_seconds: make.histograms(
                "transaction_seconds",
                "Transactions, retries included.",
                &["name"],
                &TRANSACTIONS,
            )?,
            children: make.counters("children_total", "Sandboxed children by how they ended.", &["end"])?,
            child_seconds: make.histograms("child_seconds", "How long sandboxed children ran.", &["job"], &WORKS)?,
            broker_reconnects: make.counter("broker_reconnects_total", "Sessions with the broker begun again.")?,
            garbage_objects: make.counter("garbage_objects_total", "Objects deleted by the sweep.")?,
            credentials_seconds_left: make.float_gauges(
                "credentials_seconds_left",
                "Until the credentials of our account with a partner end.",
                &["partner"],
            )?,
            credentials_refused: make.gauges(
                "credentials_refused",
                "Whether a partner refuses our credentials.",
                &["partner"],
            )?,
            time_to_live_seconds: make.histograms(
                "time_to_live_seconds",
                "From a whole upload until people can see the work.",
                &["partner"],
                &DAYS,
            )?,
            delivered_media_seconds: make.float_counters(
                "delivered_media_seconds_total",
                "Length of the works that went live.",
                &["partner"],
            )?,
            webhook_attempts: make.counters(
                "webhook_attempts_total",
                "Attempts to send a webhook by what followed.",
                &["outcome"],
            )?,
            mails: make.counters("mails_total", "Attempts to send a mail by what followed.", &["outcome"])?,
            auth_failures: doors::auth_failures(&make)?,
            media: MediaMetrics::new(&make)?,
            calls: CallMetrics::new(&make)?,
            uploads: UploadMetrics::new(&make)?,
            whole: WholeMetrics::new(&make)?,
            registry,
        };
        made.begin();
        Ok(made)
    }

    /// Starts every series that is known in advance at 0.
    fn begin(&self) {
        for stage in Stage::ALL {
            let stage = stage.name();
            for outcome in OUTCOMES {
                self.parts.with_label_values(&[stage, outcome, NO_REASON]);
            }
            self.leases_expired.with_label_values(&[stage]);
            self.parts_running.with_label_values(&[stage]).set(0);
            self.part_seconds.with_label_values(&[stage]);
            self.hop_seconds.with_label_values(&[stage]);
        }
        begin(&self.messages_sent, &["confirmed", "nacked", "returned", "closed", "timed_out"]);
        begin(&self.webhook_attempts, &["delivered", "failed", "given_up", "gone"]);
        begin(&self.mails, &["sent", "failed", "refused"]);
        begin(&self.children, &["done", "rejected", "crashed", "timed_out", "cancelled", "failed"]);
    }

    /// Where a service registers its own metrics, named `reelmill_<noun>_<unit>`.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Everything in the text format of Prometheus.
    pub fn text(&self) -> anyhow::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
