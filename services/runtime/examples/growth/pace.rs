//! How fast parts are claimed, and what is past its time is removed.
use std::time::{Duration, Instant};

use pipeline::catalogue::Retention;
use pipeline::stage::Stage;
use runtime::clock::Clock;
use runtime::retention;
use runtime::store::Store;
use serde_json::{Value, json};

/// How long each pace is measured.
const LASTS: Duration = Duration::from_secs(10);
/// Workers that claim at once.
const WORKERS: usize = 4;
const DAY_S: f64 = 86_400.0;

/// Parts a second that are claimed and handed back.
pub(crate) async fn claims(store: &Store) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let store = store.clone();
        working.spawn(async move {
            let mut claimed = 0_u64;
            while begun.elapsed() < LASTS {
                let Some(claim) = store.claim(Stage::Screen, "bench").await? else { continue };
                let _ = store.hand_back(&claim).await?;
                claimed += 1;
            }
            anyhow::Ok(claimed)
        });
    }
    let mut claimed = 0;
    while let Some(ended) = working.join_next().await {
        claimed += ended??;
    }
    Ok(claimed as f64 / begun.elapsed().as_secs_f64())
}

/// Runs each line of the policy by itself, with everything past its time, and says what it removes in a day at that pace. Objects are only
/// noted as garbage.
pub(crate) async fn removal(store: &Store) -> anyhow::Result<Vec<Value>> {
    let all: Retention = pipeline::catalogue::Catalogue::builtin().retention;
    let mut lines = Vec::new();
    for (key, _) in all.set().filter(|(key, _)| key.ends_with("_days")) {
        let policy: Retention = serde_json::from_value(json!({ key: 0 }))?;
        let begun = Instant::now();
        let by = retention::by_policy();
        let removed = retention::run(store, &policy, Clock::default().now(), &by, LASTS).await?;
        let elapsed_s = begun.elapsed().as_secs_f64();
        let count: u64 = removed.lines.iter().map(|it| it.count).sum();
        let a_day = if removed.more { json!((count as f64 / elapsed_s * DAY_S) as u64) } else { Value::Null };
        lines.push(json!({ "policy": key, "removed": count, "elapsed_s": elapsed_s, "a_day": a_day }));
    }
    Ok(lines)
}
