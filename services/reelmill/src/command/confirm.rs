//! `reelmill confirm ID… --partner P`: a person confirms a publishing that the partner's rules do not leave to a
//! machine.
use desk::act::confirm::{Confirm, confirm};
use pipeline::id::{PartnerId, SubmissionId};

use crate::database::DatabaseArgs;
use crate::exit::{self, Exit};
use crate::output::{self, Format, OutputArgs};

/// Options of `confirm`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required = true)]
    ids: Vec<SubmissionId>,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    /// Why, in a few words
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
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

/// Confirms each waiting delivery; as JSON one document per work. A refusal does not stop the others.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let desk = args.database.desk().await?;
    let (partner, caller) = (PartnerId::new(args.partner), args.database.caller(&desk).await?);
    let said = if args.dry_run { "would be confirmed" } else { "confirmed" };
    let mut exit = Exit::Done;
    for id in args.ids {
        let wish = Confirm { dry_run: args.dry_run, reason: args.reason.clone(), digest: args.digest.clone() };
        match confirm(&desk, &caller, id, &partner, wish).await {
            Ok(done) if args.output.output == Format::Json => output::print_json(&done.value)?,
            Ok(done) => {
                eprintln!("{id}: {said} for {partner}");
                if args.dry_run {
                    output::print_digest(id, &done.value.digest);
                }
            }
            Err(problem) => exit = exit::refused_for(id, &problem),
        }
    }
    Ok(exit)
}
