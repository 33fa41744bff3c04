//! `reelmill hold ID`: keeps a mezzanine from being deleted, whatever becomes of its entry. A recall does so by itself.
use pipeline::id::SubmissionId;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
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
    database: DatabaseArgs,
}

/// Holds it, or lets it go.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    if store.submission(args.id).await?.is_none() {
        return Err(WrongUsage(format!("there is no entry {}", args.id)).into());
    }
    let by = args.database.by(&store, args.reason.clone()).await?;
    store.hold_mezzanine(args.id, args.reason.as_deref(), by).await?;
    eprintln!("{}: the mezzanine {}", args.id, if args.lift { "is held no longer" } else { "is held" });
    Ok(Exit::Done)
}
