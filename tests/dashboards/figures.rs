//! The figures on the panels are those of what happened, and no label is unlimited.
use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::support::TestPipeline;
use crate::support::catalogue::BAG;
use crate::support::prometheus::Prometheus;
use crate::support::wait::wait_until_true;

/// Whatever was entered and delivered, no label contains an id, and no metric has more series than a table of routes
/// makes.
pub(super) async fn labels_are_bounded(prometheus: &Prometheus) {
    let mut series: BTreeMap<String, usize> = BTreeMap::new();
    for sample in prometheus.query(r#"{job="reelmill"}"#).await.expect("all series") {
        let labels = sample["metric"].as_object().expect("labels");
        *series.entry(labels["__name__"].to_string()).or_default() += 1;
        for (name, value) in labels.iter().filter(|(name, _)| !["instance", "__name__", "le"].contains(&name.as_str()))
        {
            let value = value.as_str().expect("a label is text");
            let id = value
                .split(['/', '-', ':', '.'])
                .any(|word| word.len() >= 8 && word.bytes().all(|it| it.is_ascii_hexdigit()));
            assert!(!id && value.len() <= 64 && value.is_ascii(), "{name}={value:?} in {sample}");
        }
    }
    let (name, most) = series.iter().max_by_key(|(_, count)| **count).expect("series");
    assert!(*most < 800, "{name} has {most} series");
    assert!(series.values().sum::<usize>() < 4000, "{series:?}");
}

/// The panels' figures are what happened, not just any number.
pub(super) async fn the_figures_are_true(pipeline: &TestPipeline, prometheus: &Prometheus, id: Uuid) {
    for (query, expected) in [
        (r#"max(reelmill_deliveries{partner="drop",state="live"})"#, 1.0),
        (r#"max(reelmill_deliveries{partner="bag",state="awaiting_operator"})"#, 1.0),
        (r#"max(reelmill_entries_rejected{rule="unknown_format"})"#, 1.0),
        (r#"sum(reelmill_parts_total{stage="probe",outcome="rejected",reason="unknown_format"})"#, 1.0),
        (r#"sum(reelmill_delivered_media_seconds_total{partner="drop"})"#, 2.0),
        (r#"sum(reelmill_time_to_live_seconds_count{partner="bilibili"})"#, 1.0),
        (r#"sum(reelmill_uploads_total{event="finished"})"#, 2.0),
        (r#"sum(reelmill_wishes_total{met="shared"})"#, 2.0),
        (r#"sum(reelmill_wishes_total{met="made"})"#, 2.0),
        // Two rungs of two seconds each.
        (r#"sum(reelmill_encoded_media_seconds_total{track="picture"})"#, 4.0),
        (r#"max(reelmill_queue_parts{status="parked"})"#, 0.0),
        ("sum(reelmill:backlog_work_seconds)", 0.0),
        ("sum(reelmill:backlog_clears_seconds)", 0.0),
    ] {
        let what = format!("{query} is {expected}");
        // Films are a frame longer or shorter than asked for.
        let near = |number: f64| (number - expected).abs() <= 0.05 * expected;
        wait_until_true(&what, Duration::from_secs(20), async || prometheus.number(query).await.is_some_and(near))
            .await;
    }
    let cpu = prometheus.number("sum(reelmill_children_cpu_seconds_total)").await.expect("processor time");
    assert!((0.05..300.0).contains(&cpu), "{cpu}");
    let firing = prometheus.query(r#"ALERTS{alertstate="firing"}"#).await.expect("alerts");
    assert!(firing.is_empty(), "nothing is wrong, yet there fires {firing:?}");
    let trouble = pipeline.command(&["trouble", "--output", "json"]).await.exits(0).json();
    let waiting = trouble.as_array().expect("a list");
    assert_eq!(waiting.len(), 1, "{trouble}");
    assert_eq!((&waiting[0]["code"], &waiting[0]["place"]), (&"waits_for_person".into(), &BAG.into()));
    assert_eq!(waiting[0]["submission"], id.to_string());
    assert_eq!(waiting[0]["command"], format!("reelmill delivered {id} --partner {BAG} --url URL"));
}
