//! `reelmill hold ID`: keeps a mezzanine from being deleted, whatever happens to its entry. A recall does so
//! automatically.
use desk::act::hold::{Hold, hold};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, print_digest, print_json};
use crate::typed;

/// Options of `hold`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Why, for the record
    #[arg(long, value_name = "WHY", value_parser = typed::reason, required_unless_present = "lift")]
    reason: Option<String>,
    /// Lift the hold
    #[arg(long, conflicts_with = "reason")]
    lift: bool,
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

/// Holds it, or lifts the hold.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let wish = Hold { held: !args.lift, reason: args.reason, dry_run: args.dry_run, digest: args.digest };
    let desk = args.database.desk().await?;
    let done = hold(&desk, &args.database.caller(&desk).await?, args.id, wish).await?;
    if args.output.output == Format::Json {
        print_json(&done.value)?;
        return Ok(Exit::Done);
    }
    let said = match (args.dry_run, done.value.held) {
        (false, true) => "is held",
        (false, false) => "is no longer held",
        (true, true) => "would be held",
        (true, false) => "would no longer be held",
    };
    let after = if done.value.may_be_deleted { ", and may be deleted: the work was withdrawn" } else { "" };
    eprintln!("{}: the film {said}{after}", args.id);
    if args.dry_run {
        print_digest(args.id, &done.value.digest);
    }
    Ok(Exit::Done)
}
