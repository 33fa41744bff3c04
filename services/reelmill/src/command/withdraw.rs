//! `reelmill withdraw ID`: withdraws the work for its entrant; live deliveries are recalled.
use desk::act::withdraw::{Withdraw, withdraw};
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, print_digest, print_json};
use crate::typed;

/// Options of `withdraw`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// Only report what would follow
    #[arg(long)]
    dry_run: bool,
    /// The digest of a dry run; refused if what the act concerns has changed since
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Withdraws it for the entrant.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let wish = Withdraw { dry_run: args.dry_run, digest: args.digest, reason: args.reason };
    let desk = args.database.desk().await?;
    let done = withdraw(&desk, &args.database.caller(&desk).await?, args.id, wish).await?;
    if args.output.output == Format::Json {
        print_json(&done.value)?;
        return Ok(Exit::Done);
    }
    let said = if args.dry_run { "would be withdrawn, then" } else { "withdrawn, now" };
    eprintln!("{}: {said} {}", args.id, done.value.state);
    if args.dry_run {
        print_digest(args.id, &done.value.digest);
    }
    Ok(Exit::Done)
}
