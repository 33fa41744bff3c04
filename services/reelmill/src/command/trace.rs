//! `reelmill trace ID`: where an entry's time went, by its history and its parts. Reads only, and needs no collector.
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Format, OutputArgs};

mod shown;
mod timeline;

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
    let store = args.database.connect().await?;
    let Some(entry) = store.submission(args.id).await? else {
        return Err(WrongUsage(format!("there is no entry {}", args.id)).into());
    };
    // The time first: what is written down meanwhile must not lie in its future.
    let now = store.time().await?;
    let (moves, parts, attempts, deliveries) = tokio::try_join!(
        store.moves(args.id),
        store.parts(args.id),
        store.attempts(args.id),
        store.delivery_moves(args.id)
    )?;
    let timeline = timeline::Timeline { deliveries, ..timeline::Timeline::of(&entry, &moves, &parts, &attempts, now) };
    match args.output.output {
        Format::Json => output::print_json(&timeline)?,
        Format::Table => output::print(&shown::text(&timeline))?,
    }
    Ok(Exit::Done)
}
