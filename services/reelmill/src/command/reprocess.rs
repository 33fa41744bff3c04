//! `reelmill reprocess ID --from STAGE`: a new run. The old renditions stay in force until the new ones passed quality control.
use pipeline::id::SubmissionId;
use pipeline::stage::Stage;
use pipeline::submission::Event;

use crate::database::DatabaseArgs;
use crate::exit::Exit;

/// Options of `reprocess`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Where the new run begins: probe, screen, transcode, assemble or publish; never later than the old one had come to
    #[arg(long, value_name = "STAGE")]
    from: Stage,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Starts the run.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    args.database.apply(args.id, Event::Reprocess { from: args.from }, "a new run begins").await
}
