//! `reelmill revoke ID`: the organiser takes an accepted work back; what is live is recalled.
use pipeline::id::SubmissionId;
use pipeline::submission::Event;

use crate::database::DatabaseArgs;
use crate::exit::Exit;

/// Options of `revoke`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Takes it back for the organiser.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    args.database.apply(args.id, Event::Revoked, "revoked").await
}
