//! `reelmill review accept|reject ID`: the gate between screening and transcoding.
use desk::act::review::{Decision, Review, review};
use pipeline::id::SubmissionId;

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
    let (id, decision, words, database) = match args {
        Args::Accept { id, database } => (id, Decision::Accept, None, database),
        Args::Reject { id, reason, database } => (id, Decision::Refuse, Some(reason), database),
    };
    let wish = Review { decision, words, dry_run: false, reason: None };
    let desk = database.desk().await?;
    let done = review(&desk, &database.caller(&desk).await?, id, wish).await?;
    eprintln!(
        "{id}: {} by review, now {}",
        if decision == Decision::Accept { "accepted" } else { "refused" },
        done.value.state
    );
    Ok(Exit::Done)
}
