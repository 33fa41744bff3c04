//! `reelmill trace ID`: where an entry's time went, by its history and its parts. Reads only, and needs no collector.
use desk::view;
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs};

mod shown;

/// Options of `trace`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Prints the entry's timeline.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let desk = args.database.desk().await?;
    let work = view::work::find(&desk, &args.database.caller(&desk).await?, args.id).await?;
    let timeline = view::trace::trace(&desk, &work).await?;
    match args.output.output {
        Format::Json => output::print_json(&timeline)?,
        Format::Table => output::print(&shown::text(&timeline))?,
    }
    Ok(Exit::Done)
}
