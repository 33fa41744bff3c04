//! `reelmill reprocess [ID…|--where SELECTION] --from STAGE`: new runs of one work, or of many as a job.
use desk::act::bulk::{JobMade, NewJob, many};
use desk::act::reprocess::{Beginning, Reprocess, one};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs};
use crate::typed;

mod table;

/// Options of `reprocess`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids; one starts at once, several in a job, a few at a time
    #[arg(value_name = "ID", required_unless_present = "selection", conflicts_with = "selection")]
    ids: Vec<SubmissionId>,
    /// Instead of ids: conditions with blanks between them, such as 'theme=green partner=bilibili engine<0.3 entered>=2024-07-01'
    #[arg(long = "where", value_name = "SELECTION")]
    selection: Option<String>,
    /// Where the new run begins: probe, screen, transcode or publish; not later than the stage that the last run has
    /// reached
    #[arg(long, value_name = "STAGE")]
    from: Beginning,
    /// Publish the new run to this partner only; may be given several times
    #[arg(long = "partner", value_name = "PARTNER")]
    partners: Vec<String>,
    /// Replace the files that these partners have, if the partner allows it; otherwise they keep them
    #[arg(long)]
    replace: bool,
    /// Only report what would be done: works, renditions, hours, and what partners have
    #[arg(long)]
    dry_run: bool,
    /// The digest that a dry run printed: refuse if the works, their states or what is desired at partners have changed since
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Starts the runs, makes a job, or reports what either would do.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (desk, caller) = args.database.acting().await?;
    let Args { ids, selection, from, partners, replace, dry_run, digest, reason, output, .. } = args;
    let partners = (!partners.is_empty()).then(|| partners.into_iter().collect());
    let single = if let [id] = ids[..] { Some(id) } else { None };
    let done = match single {
        Some(id) => one(&desk, &caller, id, Reprocess { from, partners, replace, dry_run, digest, reason }).await?,
        None => {
            let works = selection.is_none().then(|| ids.iter().map(|id| id.0).collect());
            let from = Some(from);
            let wish =
                NewJob { selection, works, from, partners, replace, dry_run, digest, reason, ..NewJob::default() };
            many(&desk, &caller, wish).await?
        }
    };
    match (output.output, &done.value) {
        (Format::Json, result) => output::print_json(result)?,
        (Format::Table, result) if dry_run => output::print(&table::of(result, from))?,
        (Format::Table, result) => said(result, from, single)?,
    }
    Ok(Exit::Done)
}

/// Prints the job's id on stdout.
fn said(result: &JobMade, from: Beginning, single: Option<SubmissionId>) -> anyhow::Result<()> {
    let job = result.job.map(|job| job.to_string()).unwrap_or_default();
    match single {
        Some(id) => eprintln!("{id}: a new run begins at {from}; reelmill status {id}"),
        None => {
            for (works, why) in table::left_out(result, from) {
                eprintln!("{works} works {why}");
            }
            eprintln!(
                "{} works will be started a few at a time, after new entries: reelmill bulk show {job}",
                result.works
            );
        }
    }
    output::print(&format!("{job}\n"))
}
