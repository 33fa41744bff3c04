//! `reelmill release ID`: the gate between assembly and publishing.
use pipeline::id::SubmissionId;
use pipeline::submission::Event;

use crate::database::DatabaseArgs;
use crate::exit::Exit;

/// Options of `release`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Opens the gate.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    args.database.apply(args.id, Event::Released { partners: None }, "released").await
}
