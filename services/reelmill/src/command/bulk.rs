//! `reelmill bulk list|pause|resume|cancel`: what `reprocess` asked for, as one. What a work has begun ends by itself.
use std::collections::BTreeMap;

use anyhow::Context;
use runtime::store::bulk::{BulkJobRow, Control};
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs, Table};
use crate::typed;

/// What to do with bulk jobs.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// List the jobs, newest first, or the works of one
    List(ListArgs),
    /// Start no more works until it is resumed; what has begun ends by itself
    Pause(OneArgs),
    /// Go on starting works
    Resume(OneArgs),
    /// Start no more works, ever; what has begun ends by itself
    Cancel(OneArgs),
}

/// Options of `bulk list`.
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// A job's id: lists its works
    job: Option<Uuid>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Options of the others.
#[derive(clap::Args)]
pub(crate) struct OneArgs {
    /// The job's id
    job: Uuid,
    /// Why, for the audit trail
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Does it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::List(args) => list(args).await,
        Args::Pause(args) => control(args, Control::Pause, "paused").await,
        Args::Resume(args) => control(args, Control::Resume, "resumed").await,
        Args::Cancel(args) => control(args, Control::Cancel, "cancelled").await,
    }
}

async fn control(args: OneArgs, control: Control, said: &str) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let changed = store.bulk_control(args.job, control, args.database.by(&store, args.reason.clone()).await?).await?;
    let job = store.bulk_jobs(Some(args.job)).await?.pop();
    let (Some(changed), Some(job)) = (changed, job) else {
        return Err(WrongUsage(format!("there is no bulk job {}", args.job)).into());
    };
    if !changed {
        return Err(WrongUsage(format!("{} is {}: that changes nothing", job.id, job.state)).into());
    }
    let begun = job.works.get("started").copied().unwrap_or(0);
    match control {
        Control::Resume => eprintln!("{}: {said}", job.id),
        Control::Pause | Control::Cancel => {
            eprintln!("{}: {said}; nothing more is begun, and {begun} works that have begun end by themselves", job.id);
        }
    }
    Ok(Exit::Done)
}

async fn list(args: ListArgs) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let jobs = store.bulk_jobs(args.job).await?;
    let Some(job) = args.job else {
        return shown(&jobs, args.output.output, &jobs_table(&jobs));
    };
    let row = jobs.first().ok_or_else(|| WrongUsage(format!("there is no bulk job {job}")))?;
    let mut items = Vec::new();
    loop {
        let page =
            store.bulk_items(job, items.last().map(|item: &runtime::store::bulk::BulkItemRow| item.submission)).await?;
        if page.is_empty() {
            break;
        }
        items.extend(page);
    }
    if args.output.output == Format::Json {
        let mut whole = serde_json::to_value(row).context("write the job")?;
        whole["items"] = serde_json::to_value(&items).context("write its works")?;
        output::print_json(&whole)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::with_headings(&["work", "state", "run", "why"]);
    for item in &items {
        let run = item.run.map(|run| run.to_string()).unwrap_or_default();
        let why = [item.why.as_deref(), item.detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        table.row([item.submission.to_string().as_str(), &item.state, &run, &why]);
    }
    output::print(&format!("{}\n{table}", jobs_table(&jobs)))?;
    Ok(Exit::Done)
}

fn shown(jobs: &[BulkJobRow], format: Format, table: &Table) -> anyhow::Result<Exit> {
    match format {
        Format::Json => output::print_json(&jobs)?,
        Format::Table => output::print(&table.to_string())?,
    }
    Ok(Exit::Done)
}

fn jobs_table(jobs: &[BulkJobRow]) -> Table {
    let mut table = Table::with_headings(&["job", "state", "from", "works", "selection"]);
    for job in jobs {
        let id = job.id.to_string();
        table.row([id.as_str(), &job.state, &job.from_stage, &counted(&job.works), &job.selection]);
    }
    table
}

/// `3 done, 2 waiting`.
fn counted(works: &BTreeMap<String, i64>) -> String {
    works.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
