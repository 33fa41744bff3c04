//! `reelmill bulk list|show|works|pause|resume|cancel`: jobs, each over many works.
use std::collections::BTreeMap;

use desk::act::job::{JobOrder, Order, order};
use desk::view::Paging;
use desk::view::jobs::{self, Job, JobWork, JobWorksFilter};
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, Table};
use crate::paging::{self, PagingArgs};
use crate::typed;
use pipeline::person::Sees;

/// What to do with bulk jobs.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// List the jobs, newest first
    List {
        #[command(flatten)]
        page: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show one job
    Show {
        /// The job's id
        job: Uuid,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List the works of a job, by time of entry
    Works {
        /// The job's id
        job: Uuid,
        /// Only works in this state, such as skipped
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        #[command(flatten)]
        page: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Start no more works until it is resumed; works that have started continue
    Pause(OneArgs),
    /// Start works again
    Resume(OneArgs),
    /// Start no more works, ever; works that have started continue
    Cancel(OneArgs),
}

/// Options of an order.
#[derive(clap::Args)]
pub(crate) struct OneArgs {
    /// The job's id
    job: Uuid,
    /// Only report what would follow
    #[arg(long)]
    dry_run: bool,
    /// Why, for the audit trail
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::List { page, output, database } => {
            let jobs = jobs::jobs(&database.desk().await?, &Sees::All, &page.into()).await?;
            paging::show(&jobs, output, jobs_table(&jobs.items))
        }
        Args::Show { job, output, database } => {
            let job = jobs::job(&database.desk().await?, &Sees::All, job).await?;
            output::show(&job, output, jobs_table(std::slice::from_ref(&job)))
        }
        Args::Works { job, state, page, output, database } => {
            let Paging { cursor, limit } = page.into();
            let filter = JobWorksFilter { state, cursor, limit };
            let works = jobs::works(&database.desk().await?, &Sees::All, job, &filter).await?;
            paging::show(&works, output, works_table(&works.items))
        }
        Args::Pause(args) => give(args, Order::Pause).await,
        Args::Resume(args) => give(args, Order::Resume).await,
        Args::Cancel(args) => give(args, Order::Cancel).await,
    }
}

async fn give(args: OneArgs, it: Order) -> anyhow::Result<Exit> {
    let wish = JobOrder { order: it, dry_run: args.dry_run, reason: args.reason };
    let (desk, caller) = args.database.acting().await?;
    let ordered = order(&desk, &caller, args.job, wish).await?.value;
    if args.output.output == Format::Json {
        output::print_json(&ordered)?;
        return Ok(Exit::Done);
    }
    let would = if ordered.dry_run { "would be " } else { "" };
    match it {
        Order::Resume => eprintln!("{}: {would}{}", ordered.id, ordered.state),
        Order::Pause | Order::Cancel => {
            let begun = ordered.works.get("started").copied().unwrap_or(0);
            let (id, state) = (ordered.id, ordered.state);
            eprintln!(
                "{id}: {would}{state}; nothing more is begun, and {begun} works that have begun end by themselves"
            );
        }
    }
    Ok(Exit::Done)
}

fn jobs_table(jobs: &[Job]) -> Table {
    let mut table = Table::with_headings(&["job", "kind", "state", "from", "works", "selection"]);
    for job in jobs {
        let id = job.id.to_string();
        let from = job.from.as_deref().unwrap_or_default();
        table.row([id.as_str(), &job.kind, &job.state, from, &counted(&job.works), &job.selection]);
    }
    table
}

fn works_table(works: &[JobWork]) -> Table {
    let mut table = Table::with_headings(&["work", "state", "run", "why"]);
    for work in works {
        let run = work.run.map(|run| run.to_string()).unwrap_or_default();
        let why = [work.why.as_deref(), work.detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        table.row([work.submission.to_string().as_str(), &work.state, &run, &why]);
    }
    table
}

/// `3 done, 2 waiting`.
fn counted(works: &BTreeMap<String, i64>) -> String {
    works.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")
}
