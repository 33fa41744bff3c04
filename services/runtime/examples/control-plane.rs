//! Measures the control plane with the media work stubbed: `control-plane parts N`, `control-plane hops RATE SECONDS`,
//! `control-plane idle SECONDS`. Wants DATABASE_URL (an empty database) and AMQP_URL; all roles run in this process.
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, Subcommand};
use futures::future::BoxFuture;
use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Gate, Gates, Submission};
use runtime::config::Config;
use runtime::outcome::Outcome;
use runtime::service::{Runtime, Services};
use runtime::store::history::Actor;
use runtime::store::submissions::{self, NewSubmission};
use runtime::worker::{Handler, Job};
use serde_json::json;
use uuid::Uuid;

#[path = "../tests/stories/stubs.rs"]
mod stubs;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Enters N submissions at once and waits until all are published.
    Parts { submissions: u32 },
    /// Enters RATE submissions a second, each of which makes one hop between two stages that wait for nothing else.
    Hops { rate: f64, seconds: u64 },
    /// Does nothing.
    Idle { seconds: u64 },
}

struct Stub<const STAGE: usize>;

impl<const STAGE: usize> Handler for Stub<STAGE> {
    const STAGE: Stage = Stage::ALL[STAGE];

    fn handle(&self, job: Job) -> impl Future<Output = anyhow::Result<Outcome>> + Send {
        let handled: BoxFuture<'static, _> = Box::pin(async move { Ok(Outcome::Done(stubs::output(&job))) });
        handled
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _telemetry = runtime::telemetry::init("control-plane", arguments.config.otlp_endpoint.as_deref())?;
    let runtime = Runtime::start(arguments.config).await?;
    let services =
        Services::new().worker(Stub::<0>).worker(Stub::<1>).worker(Stub::<2>).worker(Stub::<3>).worker(Stub::<4>);
    let running = tokio::spawn(runtime.clone().run(services));
    while runtime.broker.check().await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    match arguments.what {
        What::Parts { submissions } => parts(&runtime, submissions).await?,
        What::Hops { rate, seconds } => hops(&runtime, rate, seconds).await?,
        What::Idle { seconds } => idle(seconds).await?,
    }
    runtime.shutdown.soft.cancel();
    running.await?
}

async fn enter(runtime: &Runtime) -> anyhow::Result<SubmissionId> {
    let id = SubmissionId(Uuid::now_v7());
    let new = &NewSubmission {
        id,
        contest: "demo".into(),
        machine: Submission::new(Gates { review: Gate::Automatic, release: Gate::Automatic }),
        title: "a".into(),
        theme: "b".into(),
        synopsis: "c".into(),
        recommending_unit: "d".into(),
        declarations: json!({}),
        token_sha256: vec![0; 32],
    };
    runtime.store.transaction("enter", |tx, _| Box::pin(submissions::create(tx, new))).await?;
    runtime.store.apply(id, &Event::Uploaded, Actor::Entrant).await?;
    Ok(id)
}

async fn count(runtime: &Runtime, question: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(question).fetch_one(runtime.store.pool()).await?)
}

async fn parts(runtime: &Runtime, submissions: u32) -> anyhow::Result<()> {
    let begun = Instant::now();
    for _ in 0..submissions {
        enter(runtime).await?;
    }
    println!("{submissions} submissions entered in {:.1} s", begun.elapsed().as_secs_f64());
    loop {
        // A database that restarts meanwhile is part of some experiments.
        if let Ok(0) = count(runtime, "select count(*) from submissions where state <> 'published'").await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let parts = count(runtime, "select count(*) from parts where status = 'done'").await?;
    let elapsed = begun.elapsed().as_secs_f64();
    println!("{parts} parts in {elapsed:.1} s: {:.0} parts/s; peak memory {}", parts as f64 / elapsed, peak_memory()?);
    let wrong = count(runtime, "select count(*) from parts where status <> 'done' or attempt <> 0").await?;
    println!("{wrong} parts not done, or done more than once");
    Ok(())
}

async fn hops(runtime: &Runtime, rate: f64, seconds: u64) -> anyhow::Result<()> {
    let mut clock = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    for _ in 0..(rate * seconds as f64) as u64 {
        clock.tick().await;
        enter(runtime).await?;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut waits: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from started_at - not_before)::float8 * 1000 from parts
         where stage in ('probe', 'screen') and started_at is not null",
    )
    .fetch_all(runtime.store.pool())
    .await?;
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let done = count(runtime, "select count(*) from parts where status = 'done'").await?;
    println!(
        "{} hops ({:.0} parts/s in all): median {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        waits.len(),
        done as f64 / seconds as f64,
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

async fn idle(seconds: u64) -> anyhow::Result<()> {
    let before = cpu_ticks()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    // A tick is 10 ms on every Linux that this runs on.
    let used = (cpu_ticks()? - before) as f64 / 100.0;
    println!("{used:.2} s of CPU in {seconds} s: {:.2} % of a core", used / seconds as f64 * 100.0);
    Ok(())
}

fn cpu_ticks() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

fn peak_memory() -> anyhow::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("no VmHWM")?;
    Ok(line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
}
