//! `reelmill review accept|reject ID`: the gate between screening and transcoding.
use pipeline::id::SubmissionId;
use pipeline::submission::Event;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::typed;

/// A reviewer's decision.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Let an entry pass: its renditions are made
    Accept {
        /// The entry's id
        id: SubmissionId,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Refuse an entry for good
    Reject {
        /// The entry's id
        id: SubmissionId,
        /// Why; told to the entrant in these words
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Applies the decision.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args {
        Args::Accept { id, database } => database.apply(id, Event::ReviewAccepted, "accepted").await,
        Args::Reject { id, reason, database } => {
            database.apply(id, Event::ReviewRefused { words: reason }, "refused").await
        }
    }
}
