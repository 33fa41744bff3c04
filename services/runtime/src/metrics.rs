//! What Prometheus reads at /metrics. Labels are few and bounded: stages, outcomes, names; never an id.
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Every metric of a process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// `reelmill_parts_total{stage,outcome}`: parts that ended here; outcomes are done, rejected, failed, parked, later,
    /// handed_back, overtaken and fenced.
    pub parts: IntCounterVec,
    /// `reelmill_part_seconds{stage}`: from claim to commit.
    pub part_seconds: HistogramVec,
    /// `reelmill_hop_seconds{stage}`: from the moment a part became claimable until its claim.
    pub hop_seconds: HistogramVec,
    /// `reelmill_parts_running{stage}`: parts that run here now.
    pub parts_running: IntGaugeVec,
    /// `reelmill_queue_parts{stage,status}`: parts in the database that are pending, waiting, claimed or parked.
    pub queue_parts: IntGaugeVec,
    /// `reelmill_queue_age_seconds{stage}`: how long the oldest pending part has been claimable.
    pub queue_age_seconds: GaugeVec,
    /// `reelmill_outbox_messages`: messages that were not confirmed yet.
    pub outbox_messages: IntGauge,
    /// `reelmill_outbox_lag_seconds`: age of the oldest of them.
    pub outbox_lag_seconds: Gauge,
    /// `reelmill_messages_sent_total{outcome}`: confirmed, nacked, returned, closed, timed_out.
    pub messages_sent: IntCounterVec,
    /// `reelmill_leases_expired_total{stage}`: claims whose holder fell silent.
    pub leases_expired: IntCounterVec,
    /// `reelmill_transactions_total{name,outcome}`: committed, rolled_back, retried, failed.
    pub transactions: IntCounterVec,
    /// `reelmill_transaction_seconds{name}`: with retries.
    pub transaction_seconds: HistogramVec,
    /// `reelmill_child_seconds{job}`: how long sandboxed children ran, by what they were asked for.
    pub child_seconds: HistogramVec,
    /// `reelmill_children_total{end}`: sandboxed children by how they ended.
    pub children: IntCounterVec,
    /// `reelmill_broker_reconnects_total`: sessions with the broker that ended and were begun again.
    pub broker_reconnects: IntCounter,
    /// `reelmill_garbage_objects_total`: objects deleted by the sweep.
    pub garbage_objects: IntCounter,
    /// `reelmill_credentials_seconds_left{partner}`: until the credentials of our account end; below 0 they have ended.
    pub credentials_seconds_left: GaugeVec,
    /// `reelmill_credentials_refused{partner}`: 1 where a person has to look after our account, 0 where the partner accepts us.
    pub credentials_refused: IntGaugeVec,
}

impl Metrics {
    /// A fresh set in a registry of its own.
    pub fn new() -> anyhow::Result<Self> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let make = Maker { registry: &registry };
        // A hop is milliseconds, a part up to an hour.
        let hops = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
        let works = vec![0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
        Ok(Self {
            parts: make.counters("parts_total", "Parts that ended here.", &["stage", "outcome"])?,
            part_seconds: make.histograms("part_seconds", "From claim to commit.", &["stage"], works.clone())?,
            hop_seconds: make.histograms("hop_seconds", "From claimable to claimed.", &["stage"], hops.clone())?,
            parts_running: make.gauges("parts_running", "Parts that run here now.", &["stage"])?,
            queue_parts: make.gauges("queue_parts", "Parts in the database by status.", &["stage", "status"])?,
            queue_age_seconds: make.float_gauges("queue_age_seconds", "Age of the oldest pending part.", &["stage"])?,
            outbox_messages: make.gauge("outbox_messages", "Messages not confirmed yet.")?,
            outbox_lag_seconds: make
                .float_gauge("outbox_lag_seconds", "Age of the oldest message not confirmed yet.")?,
            messages_sent: make.counters("messages_sent_total", "Messages by what the broker said.", &["outcome"])?,
            leases_expired: make.counters("leases_expired_total", "Claims whose holder fell silent.", &["stage"])?,
            transactions: make.counters("transactions_total", "Transactions.", &["name", "outcome"])?,
            transaction_seconds: make.histograms(
                "transaction_seconds",
                "Transactions, retries included.",
                &["name"],
                hops,
            )?,
            children: make.counters("children_total", "Sandboxed children by how they ended.", &["end"])?,
            child_seconds: make.histograms("child_seconds", "How long sandboxed children ran.", &["job"], works)?,
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
            registry,
        })
    }

    /// Where a service registers metrics of its own, named `reelmill_<noun>_<unit>`.
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

/// Builds and registers with the common prefix.
struct Maker<'a> {
    registry: &'a Registry,
}

impl Maker<'_> {
    fn opts(name: &str, help: &str) -> Opts {
        Opts::new(format!("reelmill_{name}"), help)
    }

    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, metric: C) -> anyhow::Result<C> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> anyhow::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Self::opts(name, help), labels)?)
    }

    fn counter(&self, name: &str, help: &str) -> anyhow::Result<IntCounter> {
        self.add(IntCounter::with_opts(Self::opts(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> anyhow::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Self::opts(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> anyhow::Result<IntGauge> {
        self.add(IntGauge::with_opts(Self::opts(name, help))?)
    }

    fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> anyhow::Result<GaugeVec> {
        self.add(GaugeVec::new(Self::opts(name, help), labels)?)
    }

    fn float_gauge(&self, name: &str, help: &str) -> anyhow::Result<Gauge> {
        self.add(Gauge::with_opts(Self::opts(name, help))?)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> anyhow::Result<HistogramVec> {
        let opts = HistogramOpts::new(format!("reelmill_{name}"), help).buckets(buckets);
        self.add(HistogramVec::new(opts, labels)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sets_in_one_process_do_not_share() {
        let (one, other) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.broker_reconnects.inc();
        assert!(String::from_utf8(one.text().unwrap()).unwrap().contains("reelmill_broker_reconnects_total 1"));
        assert!(String::from_utf8(other.text().unwrap()).unwrap().contains("reelmill_broker_reconnects_total 0"));
    }
}
