//! Calls to other servers and partners, and calls to us: how many, how they ended, how long they took.
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec};

use super::make::Maker;
use crate::serving::full::Full;

/// How a call to the object store ended.
pub const S3_ENDS: [&str; 4] = ["ok", "not_found", "refused", "unavailable"];

/// Ports that people, partners and monitoring call.
pub const PORTS: [&str; 4] = ["public", "desk", "partners", "admin"];

/// Metrics of calls.
#[derive(Clone)]
pub struct CallMetrics {
    /// `reelmill_s3_requests_total{operation,outcome}`: ok, not_found, refused, unavailable; tries of one call are one request.
    pub s3_requests: IntCounterVec,
    /// `reelmill_s3_request_seconds{operation}`: until the answer's head, tries included.
    pub s3_request_seconds: HistogramVec,
    /// `reelmill_broker_send_seconds`: from a batch of messages to the broker's last confirm of it.
    pub broker_send_seconds: Histogram,
    /// `reelmill_database_connections{state}`: of this process' pool, idle or used.
    pub database_connections: IntGaugeVec,
    /// `reelmill_partner_calls_total{partner,outcome}`: ok, refused (4xx), failed (5xx and 429), not_sent, lost.
    pub partner_calls: IntCounterVec,
    /// `reelmill_partner_call_seconds{partner}`: from the first byte sent to the last one read.
    pub partner_call_seconds: HistogramVec,
    /// `reelmill_http_requests_total{port,route,code}`: requests to the public API and to the desk by the class of the
    /// answer, 2xx to 5xx. The port is one of [`PORTS`]; both services have routes with the same pattern.
    pub http_requests: IntCounterVec,
    /// `reelmill_http_request_seconds{port,route}`: until the answer's head; of an upload, that is as long as the client takes.
    pub http_request_seconds: HistogramVec,
    /// `reelmill_turned_away_total{port,code}`: connections and requests at one of [`PORTS`] that found no free slot,
    /// see [`Full`].
    turned_away: IntCounterVec,
}

/// Counts the requests that one port turned away. Clones count together.
#[derive(Clone, Debug)]
pub struct TurnedAway {
    everywhere: IntCounter,
    address: IntCounter,
}

impl TurnedAway {
    /// For a port whose process has no such metric.
    pub(crate) fn uncounted() -> Self {
        let counter = |name: &str| IntCounter::new(name, "Turned away.");
        #[allow(clippy::unwrap_used, reason = "both names are valid")]
        let (everywhere, address) = (counter("everywhere").unwrap(), counter("address").unwrap());
        Self { everywhere, address }
    }

    pub(crate) fn one(&self, full: Full) {
        match full {
            Full::Everywhere => self.everywhere.inc(),
            Full::Address => self.address.inc(),
        }
    }
}

impl CallMetrics {
    /// The counters of one of [`PORTS`].
    pub fn turned_away(&self, port: &str) -> TurnedAway {
        let of = |full: Full| self.turned_away.with_label_values(&[port, full.code()]);
        TurnedAway { everywhere: of(Full::Everywhere), address: of(Full::Address) }
    }

    pub(super) fn new(make: &Maker) -> anyhow::Result<Self> {
        let calls = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];
        let made = Self {
            s3_requests: make.counters("s3_requests_total", "Calls to the object store.", &["operation", "outcome"])?,
            s3_request_seconds: make.histograms(
                "s3_request_seconds",
                "Calls to the object store, tries included.",
                &["operation"],
                &calls,
            )?,
            broker_send_seconds: make.histogram(
                "broker_send_seconds",
                "From a batch of messages to its last confirm.",
                &calls,
            )?,
            database_connections: make.gauges("database_connections", "Connections of the pool.", &["state"])?,
            partner_calls: make.counters("partner_calls_total", "Calls to partners.", &["partner", "outcome"])?,
            partner_call_seconds: make.histograms(
                "partner_call_seconds",
                "Calls to partners.",
                &["partner"],
                &calls,
            )?,
            http_requests: make.counters(
                "http_requests_total",
                "Requests to the public API and the desk.",
                &["port", "route", "code"],
            )?,
            http_request_seconds: make.histograms(
                "http_request_seconds",
                "Requests to the public API and the desk.",
                &["port", "route"],
                &calls,
            )?,
            turned_away: make.counters(
                "turned_away_total",
                "Connections and requests that found no place.",
                &["port", "code"],
            )?,
        };
        for port in PORTS {
            made.turned_away(port);
        }
        Ok(made)
    }
}
