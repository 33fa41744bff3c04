//! Two sets of metrics share nothing, and every label has a bound.
use super::*;

#[test]
fn two_sets_in_one_process_do_not_share() {
    let (one, other) = (Metrics::new().unwrap(), Metrics::new().unwrap());
    one.broker_reconnects.inc();
    assert!(String::from_utf8(one.text().unwrap()).unwrap().contains("reelmill_broker_reconnects_total 1"));
    assert!(String::from_utf8(other.text().unwrap()).unwrap().contains("reelmill_broker_reconnects_total 0"));
}

/// Names of labels, each with what limits its values. Ids, titles and addresses are unlimited.
const LABELS: [(&str, &str); 23] = [
    ("stage", "Stage::ALL"),
    ("outcome", "a list beside the metric"),
    ("reason", "failure::REASONS and the codes of Rejection; of a door, Reason::ALL"),
    ("door", "Door::ALL"),
    ("rule", "the codes of Rejection"),
    ("status", "statuses of parts that are not final"),
    ("state", "states of entries, deliveries, uploads, connections"),
    ("name", "transactions, in the source"),
    ("job", "kinds of the child's requests, in the source"),
    ("end", "ends of children, in the source"),
    ("cause", "CAUSES"),
    ("track", "TRACKS"),
    ("met", "MET"),
    ("mode", "user and system"),
    ("event", "EVENTS"),
    ("operation", "the SDK's operations that we call"),
    ("partner", "the catalogue's partners"),
    ("contest", "the catalogue's contests"),
    ("what", "entries and publication, and store::stuck::KINDS"),
    ("route", "patterns of the table of routes"),
    ("code", "classes of answers, and the codes of Full"),
    ("port", "PORTS"),
    ("space", "free and total"),
];

#[test]
fn every_label_has_a_bound_and_a_fresh_process_has_few_series() {
    let metrics = Metrics::new().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut touched = metrics.clone();
    touched.touch();
    for family in metrics.registry.gather() {
        let series = family.get_metric().len();
        assert!(series <= 60, "{} begins with {series} series", family.name());
        for metric in family.get_metric() {
            for label in metric.get_label() {
                assert!(
                    LABELS.iter().any(|(name, _)| *name == label.name()),
                    "{} has the label {}",
                    family.name(),
                    label.name()
                );
                seen.insert(label.name().to_owned());
            }
        }
        assert!(!family.help().is_empty());
        assert!(family.name().starts_with("reelmill_") || family.name().starts_with("process_"), "{}", family.name());
    }
    assert_eq!(seen.len(), LABELS.len(), "labels that no metric has any more: {seen:?}");
}

impl Metrics {
    /// One series of each metric that has none before the first event.
    fn touch(&mut self) {
        let none = crate::metrics::NO_REASON;
        self.transactions.with_label_values(&["ping", "committed"]);
        self.transaction_seconds.with_label_values(&["ping"]);
        self.child_seconds.with_label_values(&["probe"]);
        self.credentials_seconds_left.with_label_values(&["douyin"]);
        self.credentials_refused.with_label_values(&["douyin"]);
        self.time_to_live_seconds.with_label_values(&["douyin"]);
        self.delivered_media_seconds.with_label_values(&["douyin"]);
        self.calls.s3_requests.with_label_values(&["HeadObject", "ok"]);
        self.calls.s3_request_seconds.with_label_values(&["HeadObject"]);
        self.calls.database_connections.with_label_values(&["idle"]);
        self.calls.partner_calls.with_label_values(&["douyin", "ok"]);
        self.calls.partner_call_seconds.with_label_values(&["douyin"]);
        self.calls.http_requests.with_label_values(&["public", "/", "2xx"]);
        self.calls.http_request_seconds.with_label_values(&["public", "/"]);
        self.parts.with_label_values(&["probe", "failed", none]);
        let sample = crate::store::watching::watch::Sample {
            rejected: vec![crate::store::watching::watch::Rejected { rule: "too_short".into(), count: 1 }],
            deliveries: vec![crate::store::watching::watch::Deliveries {
                partner: "douyin".into(),
                state: "in_review".into(),
                count: 1,
                oldest_s: 1.0,
                settled: false,
            }],
            ..Default::default()
        };
        crate::health::figures::set_sample(&self.whole, &sample, 1.0);
        self.whole.set_scratch(std::path::Path::new("/"));
        let mut catalogue = pipeline::catalogue::Catalogue::builtin();
        for contest in catalogue.contests.values_mut() {
            contest.publish_by = contest.deadline;
        }
        self.whole.set_catalogue(&catalogue);
    }
}
