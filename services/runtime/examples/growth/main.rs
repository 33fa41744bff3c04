//! `make bench-growth`: how long the hot queries take as works are added, against a database that is nearly empty; the sample of the whole
//! installation; how many parts are claimed in a second; how much of what is past its time the removal deals with in a day.
//!
//! Fills the database of DATABASE_URL, which must be empty, with 100, 10,000, 100,000 … works up to ENTRIES (1,000,000), in the ratios that
//! the head of `plans/fill.sql` names. Needs neither a broker nor an object store. Writes OUT (target/bench/growth.json).
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::store::{Policy, Store};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

mod pace;
mod queries;

#[path = "../../tests/stories/stubs.rs"]
#[allow(dead_code, reason = "of what stages make only the probe's figures are wanted")]
mod stubs;

/// Works of the database that counts as empty.
const FEW: u64 = 100;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    #[arg(long, env = "ENTRIES", default_value_t = 1_000_000)]
    entries: u64,
    #[arg(long, env = "OUT", default_value = "target/bench/growth.json")]
    out: PathBuf,
}

/// What was measured with this number of works.
struct Step {
    works: u64,
    filled_s: f64,
    bytes: i64,
    queries: Vec<queries::Timing>,
    parts_per_s: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (config, policy) = (&arguments.config, Policy::from(&arguments.config.work));
    let store = Store::new(&config.database, &config.allow_plaintext, policy, Metrics::new()?)?;
    store.migrate().await?;
    let mut filled = 0;
    let mut steps = Vec::new();
    for works in steps_to(arguments.entries) {
        let begun = Instant::now();
        fill(&config.database.database_url, filled + 1, works).await?;
        filled = works;
        let filled_s = begun.elapsed().as_secs_f64();
        let bytes = sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(store.pool()).await?;
        let queries = queries::time_all(&store).await?;
        let parts_per_s = pace::claims(&store).await?;
        println!("{works} works, {} MB, filled in {filled_s:.0} s: {parts_per_s:.0} parts/s", bytes / 1_000_000);
        steps.push(Step { works, filled_s, bytes, queries, parts_per_s });
    }
    table(&steps);
    let removed = pace::removal(&store).await?;
    for line in &removed {
        println!("{line}");
    }
    let steps: Vec<Value> = steps.iter().map(Step::json).collect();
    std::fs::create_dir_all(arguments.out.parent().unwrap_or(&PathBuf::from(".")))?;
    std::fs::write(&arguments.out, serde_json::to_vec_pretty(&json!({ "steps": steps, "removal": removed }))?)?;
    println!("written to {}", arguments.out.display());
    Ok(())
}

fn steps_to(entries: u64) -> Vec<u64> {
    let mut steps: Vec<u64> = [FEW, 10_000, 100_000, 1_000_000].into_iter().filter(|it| *it < entries).collect();
    steps.push(entries);
    steps
}

/// Adds works `first` to `last`, and statistics.
async fn fill(database_url: &str, first: u64, last: u64) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(database_url).await?;
    let media_info = serde_json::to_string(&stubs::media_info())?;
    let settings =
        format!("set growth.first = {first}; set growth.last = {last}; set growth.media_info = '{media_info}';");
    connection.execute(AssertSqlSafe(settings + include_str!("../../tests/stories/plans/fill.sql"))).await?;
    connection.execute("vacuum analyze").await?;
    connection.execute("checkpoint").await?;
    Ok(())
}

/// A row for each query: its time with each number of works, warm and at first.
fn table(steps: &[Step]) {
    print!("\n{:40}", "ms, warm (first)");
    for step in steps {
        print!("{:>20}", step.works);
    }
    println!();
    for (n, timing) in steps[0].queries.iter().enumerate() {
        print!("{:40}", timing.name);
        for step in steps {
            let ms = |it: Duration| it.as_secs_f64() * 1000.0;
            print!("{:>20}", format!("{:.1} ({:.1})", ms(step.queries[n].warm), ms(step.queries[n].first)));
        }
        println!();
    }
    print!("{:40}", "parts/s");
    for step in steps {
        print!("{:>20.0}", step.parts_per_s);
    }
    println!("\n");
}

impl Step {
    fn json(&self) -> Value {
        let queries = self.queries.iter().map(|it| {
            json!({ "query": it.name, "first_ms": it.first.as_secs_f64() * 1e3, "warm_ms": it.warm.as_secs_f64() * 1e3 })
        });
        json!({
            "works": self.works, "filled_s": self.filled_s, "bytes": self.bytes, "parts_per_s": self.parts_per_s,
            "queries": queries.collect::<Vec<_>>(),
        })
    }
}
