//! `reelmill review accept|reject ID`: the gate between screening and transcoding.
use desk::act::review::{Decision, Review, review};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, print_digest, print_json};
use crate::typed;

/// A reviewer's decision.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Accept an entry: its renditions are made
    Accept {
        /// The entry's id
        id: SubmissionId,
        /// Why, for the audit trail
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Refuse an entry permanently
    Reject {
        /// The entry's id
        id: SubmissionId,
        /// Why; the entrant reads these words
        #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// What both share.
#[derive(clap::Args)]
pub(crate) struct ActArgs {
    /// Only report what would follow
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

/// Applies the decision.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (id, decision, words, reason, act) = match args {
        Args::Accept { id, reason, act } => (id, Decision::Accept, None, reason, act),
        Args::Reject { id, reason, act } => (id, Decision::Refuse, Some(reason), None, act),
    };
    let wish = Review { decision, words, dry_run: act.dry_run, digest: act.digest, reason };
    let desk = act.database.desk().await?;
    let done = review(&desk, &act.database.caller(&desk).await?, id, wish).await?;
    if act.output.output == Format::Json {
        print_json(&done.value)?;
        return Ok(Exit::Done);
    }
    let decided = if decision == Decision::Accept { "accepted" } else { "refused" };
    let said = if act.dry_run { "would be" } else { "now" };
    eprintln!("{id}: {decided} by review, {said} {}", done.value.state);
    if act.dry_run {
        print_digest(id, &done.value.digest);
    }
    Ok(Exit::Done)
}
