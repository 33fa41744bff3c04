//! `reelmill hold ID`: keeps a mezzanine from being deleted, whatever becomes of its entry. A recall does so by itself.
use desk::act::hold::{Hold, hold};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, print_json};
use crate::typed;

/// Options of `hold`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Why, for the record
    #[arg(long, value_name = "WHY", value_parser = typed::reason, required_unless_present = "lift")]
    reason: Option<String>,
    /// Let it go again
    #[arg(long, conflicts_with = "reason")]
    lift: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Holds it, or lets it go.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let wish = Hold { held: !args.lift, reason: args.reason };
    let desk = args.database.desk().await?;
    let done = hold(&desk, &args.database.caller(&desk).await?, args.id, wish).await?;
    if args.output.output == Format::Json {
        print_json(&done.value)?;
        return Ok(Exit::Done);
    }
    eprintln!("{}: the film {}", args.id, if done.value.held { "is held" } else { "is no longer held" });
    Ok(Exit::Done)
}
