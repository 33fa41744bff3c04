//! Measures the control plane with the media work stubbed, and alternatives to it; `make bench-control` runs it and
//! summarises. Needs DATABASE_URL (an empty database) and AMQP_URL; all stages run in this process. Prints its results
//! as lines of JSON.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use runtime::config::Config;
use runtime::service::Runtime;
use serde_json::json;

use crate::work::{Runs, Shape, Stub, Work};

mod flow;
mod peers;
mod proof;
mod work;

#[path = "../../tests/stories/stubs.rs"]
mod stubs;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    /// What each entry is made into.
    #[arg(long, value_enum, default_value_t = Shape::Line)]
    shape: Shape,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Enters N submissions, as long as fewer than `backlog` are under way, and waits until all are published.
    Parts {
        submissions: u64,
        #[arg(long, default_value_t = 2000)]
        backlog: u64,
    },
    /// Enters submissions at random moments that come to RATE parts a second, and tells how long parts waited to be claimed.
    Hops { rate: f64, seconds: u64 },
    /// Does nothing.
    Idle { seconds: u64 },
    /// Peer: messages through a quorum queue, published with confirms, consumed and acknowledged one by one.
    Broker {
        messages: u64,
        #[arg(long, default_value_t = 256)]
        in_flight: usize,
    },
    /// Peer: a table of jobs, each claimed with `skip locked` and ended in a statement of its own, by `workers` at once.
    Queue {
        jobs: u64,
        #[arg(long, default_value_t = 16)]
        workers: u32,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { config, shape, what } = Arguments::parse();
    let _telemetry = runtime::telemetry::init("control-plane", config.otlp_endpoint.as_deref())?;
    match what {
        What::Parts { submissions, backlog } => {
            let (runtime, runs, work) = started(config, shape).await?;
            let running = serve(&runtime, &runs, &work).await;
            flow::parts(&runtime, &runs, &work, submissions, backlog).await?;
            say(&json!({ "proof": proof::take(&runtime, &runs, &work, submissions).await? }));
            stop(runtime, running).await
        }
        What::Hops { rate, seconds } => {
            let (runtime, runs, work) = started(config, shape).await?;
            let running = serve(&runtime, &runs, &work).await;
            flow::hops(&runtime, &runs, &work, rate, seconds).await?;
            stop(runtime, running).await
        }
        What::Idle { seconds } => {
            let (runtime, runs, work) = started(config, shape).await?;
            let running = serve(&runtime, &runs, &work).await;
            flow::idle(seconds).await?;
            stop(runtime, running).await
        }
        What::Broker { messages, in_flight } => peers::broker(&config.broker, messages, in_flight).await,
        What::Queue { jobs, workers } => peers::queue(&config.database, jobs, workers).await,
    }
}

async fn started(config: Config, shape: Shape) -> anyhow::Result<(Arc<Runtime>, Arc<Runs>, Arc<Work>)> {
    Ok((Runtime::start(config).await?, Arc::default(), Arc::new(Work::new(shape))))
}

type Running = tokio::task::JoinHandle<anyhow::Result<()>>;

async fn serve(runtime: &Arc<Runtime>, runs: &Arc<Runs>, work: &Arc<Work>) -> Running {
    let running = tokio::spawn(runtime.clone().run(Stub::<0>::services(runs, work, &runtime.store)));
    while runtime.broker.check().await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running
}

async fn stop(runtime: Arc<Runtime>, running: Running) -> anyhow::Result<()> {
    runtime.shutdown.soft.cancel();
    running.await?
}

/// One line of JSON for the calling script.
fn say(line: &serde_json::Value) {
    println!("{line}");
}

/// Resident memory of this process in MiB.
fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no size")?.parse()?;
    Ok(kib / 1024.0)
}
