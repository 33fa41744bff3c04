//! Messages are only hints: duplicating, losing or delaying them changes nothing.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipeline::stage::Stage;
use runtime::outcome::Outcome;
use runtime::store::outgoing::messages;

use crate::support::{World, eventually, output, probing, whole_line};

#[tokio::test]
async fn a_message_delivered_three_times_does_the_work_once() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(world.uploaded().await);
    }
    let extra = [Stage::Probe; 20];
    world.store.transaction("repeat", |tx, _| Box::pin(messages::add_hints(tx, extra))).await.unwrap();
    let runs = Arc::new(Mutex::new(HashMap::new()));
    let counted = runs.clone();
    let process = world
        .process(probing(move |job| {
            *counted.lock().unwrap().entry(job.submission.id).or_insert(0) += 1;
            async move { Ok(Outcome::Done(output(&job))) }
        }))
        .await;
    for id in &ids {
        world.reaches(*id, "screen").await;
    }
    eventually("every message was heard", async || {
        let sent = process.runtime.metrics.messages_sent.with_label_values(&["confirmed"]).get();
        let waiting = world.broker.survey().await.unwrap();
        sent >= 30 && waiting.iter().all(|(stage, waiting)| *stage != Stage::Probe || *waiting == 0)
    })
    .await;
    assert!(ids.iter().all(|id| runs.lock().unwrap()[id] == 1), "{runs:?}");
    process.stop().await;
}

#[tokio::test]
async fn pending_parts_without_messages_get_new_ones() {
    let world = World::new().await;
    let id = world.uploaded().await;
    // As if the broker had lost it: it was confirmed and no longer exists.
    sqlx::query("delete from outbox").execute(world.store.pool()).await.unwrap();
    let process = world.process(probing(async |job| Ok(Outcome::Done(output(&job))))).await;
    world.reaches(id, "screen").await;
    process.stop().await;
}

/// The latency is printed for people (`--nocapture`); a busy machine may be slow, so only the arrival is tested.
#[tokio::test]
async fn a_hop_between_two_stages_needs_no_tick() {
    let world = World::new().await;
    let mut config = world.config.clone();
    // Ticks that are too late for this test: what arrives was announced by a message and not found by a tick.
    config.work.reconcile_s = 3600.0;
    let process = world.process_with(config, whole_line(&world.store)).await;
    eventually("all consumers are active", async || process.runtime.broker.check().await.is_ok()).await;
    let mut waits = Vec::new();
    for _ in 0..20 {
        let id = world.uploaded().await;
        world.reaches(id, "published").await;
        let rows: Vec<f64> = sqlx::query_scalar(
            "select extract(epoch from started_at - not_before)::float8 * 1000 from parts where submission = $1",
        )
        .bind(id.0)
        .fetch_all(world.store.pool())
        .await
        .unwrap();
        waits.extend(rows);
    }
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!("{} hops: median {:.1} ms, p99 {:.1} ms, most {:.1} ms", waits.len(), at(0.5), at(0.99), at(1.0));
    assert!(Duration::from_secs_f64(at(1.0) / 1000.0) < crate::support::SOON);
    process.stop().await;
}
