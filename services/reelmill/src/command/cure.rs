//! `reelmill cure ID --until TIME --reason WHY`: a window in which a work's entrant may replace the film and correct the form.
use chrono::{DateTime, Utc};
use desk::act::cure::{Cure, cure};
use pipeline::id::SubmissionId;

use super::release::instant;
use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_digest, print_json};
use crate::typed;

/// Options of `cure`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Its end, at most 90 days ahead, such as 2024-08-15T20:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = instant, required_unless_present = "close")]
    until: Option<DateTime<Utc>>,
    /// What the entrant has to correct, in words that the entrant reads
    #[arg(long, value_name = "WHY", value_parser = typed::reason, required_unless_present = "close")]
    reason: Option<String>,
    /// Close the window now
    #[arg(long, conflicts_with = "until")]
    close: bool,
    /// Only report what the entrant could do
    #[arg(long)]
    dry_run: bool,
    /// The digest of a dry run; refused if what the act concerns has changed since
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Opens the window, moves its end, or closes it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let Args { id, until, reason, close: _, dry_run, digest, output, database } = args;
    let wish = Cure { until, reason, dry_run, digest };
    let desk = database.desk().await?;
    let cured = cure(&desk, &database.caller(&desk).await?, id, wish).await?.value;
    if output.output == Format::Json {
        print_json(&cured)?;
        return Ok(Exit::Done);
    }
    let yes = |may: bool| if may { "yes" } else { "no" };
    let mut table = Table::of_facts();
    table.fact("open until", cured.until.map_or_else(|| "closed".to_owned(), |at| at.to_rfc3339()));
    table.fact("another film", yes(cured.film));
    table.fact("other texts", yes(cured.form));
    if let Some(at) = cured.finish_before {
        table.fact("film complete before", at.to_rfc3339());
    }
    print(&table.to_string())?;
    if dry_run {
        print_digest(id, &cured.digest);
    }
    Ok(Exit::Done)
}
