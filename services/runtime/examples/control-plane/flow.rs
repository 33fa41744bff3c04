//! Many entries under way at the same time, and their throughput.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use pipeline::stage::Stage;
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use runtime::metrics::NO_REASON;
use runtime::service::Runtime;
use serde_json::json;

use crate::work::{Runs, Work, enter};
use crate::{resident_mib, say};

/// How many clients enter works at the same time.
const ENTRANTS: u64 = 8;
/// The longest wait for the next finished part. After it, something is stuck.
const STUCK: Duration = Duration::from_secs(120);

/// Parts whose end is committed, counted where the metrics are.
fn done(runtime: &Runtime, stage: Stage) -> u64 {
    runtime.metrics.parts.with_label_values(&[stage.name(), "done", NO_REASON]).get()
}

fn all_done(runtime: &Runtime) -> u64 {
    Stage::ALL.into_iter().map(|stage| done(runtime, stage)).sum()
}

/// Enters `submissions` and waits until all are published; prints the progress once a second.
pub(crate) async fn parts(
    runtime: &Arc<Runtime>,
    runs: &Arc<Runs>,
    work: &Arc<Work>,
    submissions: u64,
    backlog: u64,
) -> anyhow::Result<()> {
    let (begun, entered, over) = (Instant::now(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let partners = work.parts[Stage::ALL.len() - 1];
    let mut entrants = tokio::task::JoinSet::new();
    for _ in 0..ENTRANTS {
        let (runtime, entered) = (runtime.clone(), entered.clone());
        entrants.spawn(async move {
            loop {
                let number = entered.fetch_add(1, Ordering::Relaxed);
                if number >= submissions {
                    return anyhow::Ok(());
                }
                while number > backlog + done(&runtime, Stage::Publish) / partners {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                enter(&runtime).await?;
            }
        });
    }
    let telling = tokio::spawn(tell(runtime.clone(), runs.clone(), over.clone(), begun));
    while let Some(ended) = entrants.join_next().await {
        ended??;
    }
    let (mut last, mut moved) = (0, Instant::now());
    while all_done(runtime) < submissions * work.parts_each() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if all_done(runtime) > last {
            (last, moved) = (all_done(runtime), Instant::now());
        }
        anyhow::ensure!(moved.elapsed() < STUCK, "nothing moves after {last} parts");
    }
    let elapsed = begun.elapsed();
    over.store(true, Ordering::Relaxed);
    telling.await??;
    say(&json!({
        "parts": all_done(runtime), "elapsed_s": elapsed.as_secs_f64(), "submissions": submissions,
        "parts_each": work.parts_each(), "resident_mib": resident_mib()?,
    }));
    Ok(())
}

async fn tell(runtime: Arc<Runtime>, runs: Arc<Runs>, over: Arc<AtomicBool>, begun: Instant) -> anyhow::Result<()> {
    while !over.load(Ordering::Relaxed) {
        let by_stage: Vec<u64> = Stage::ALL.into_iter().map(|stage| runs.of(stage)).collect();
        say(&json!({
            "at_s": begun.elapsed().as_secs_f64(), "parts": all_done(&runtime), "runs": by_stage,
            "resident_mib": resident_mib()?,
        }));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Enters works at random, independent moments, as people do, and reads from the table how long each part waited.
pub(crate) async fn hops(
    runtime: &Arc<Runtime>,
    runs: &Runs,
    work: &Work,
    rate: f64,
    seconds: u64,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(50);
    let (begun, mut next, mut entries) = (Instant::now(), 0.0, tokio::task::JoinSet::new());
    loop {
        let between: f64 = random.random_range(f64::MIN_POSITIVE..1.0);
        next -= between.ln() * work.parts_each() as f64 / rate;
        if next >= seconds as f64 {
            break;
        }
        tokio::time::sleep_until((begun + Duration::from_secs_f64(next)).into()).await;
        let runtime = runtime.clone();
        entries.spawn(async move { enter(&runtime).await });
    }
    let wanted = entries.len() as u64 * work.parts_each();
    while let Some(entered) = entries.join_next().await {
        entered??;
    }
    let deadline = Instant::now() + STUCK;
    while all_done(runtime) < wanted {
        anyhow::ensure!(Instant::now() < deadline, "{} of {wanted} parts are done", all_done(runtime));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let elapsed = begun.elapsed();
    let mut waits: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from started_at - not_before)::float8 * 1000 from parts where started_at is not null",
    )
    .fetch_all(runtime.store.pool())
    .await?;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let ran: u64 = Stage::ALL.into_iter().map(|stage| runs.of(stage)).sum();
    say(&json!({
        "hops": waits.len(), "runs": ran, "parts_per_s": wanted as f64 / elapsed.as_secs_f64(),
        "p50_ms": at(0.5), "p90_ms": at(0.9), "p99_ms": at(0.99), "most_ms": at(1.0),
    }));
    Ok(())
}

/// The cost of being idle.
pub(crate) async fn idle(seconds: u64) -> anyhow::Result<()> {
    let before = cpu_ticks()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    // A tick is 10 ms on every Linux that this runs on.
    let used = (cpu_ticks()? - before) as f64 / 100.0;
    say(&json!({ "idle_s": seconds, "cpu_s": used, "share_of_a_core": used / seconds as f64 }));
    Ok(())
}

fn cpu_ticks() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}
