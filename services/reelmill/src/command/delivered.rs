//! `reelmill delivered ID --partner P --url URL`: reports that a person uploaded the bag at the partner, with the
//! work's address.
use desk::act::deliver::{Deliver, deliver};
use pipeline::id::{PartnerId, SubmissionId};

use crate::database::DatabaseArgs;
use crate::evidence::EvidenceArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs};

/// Options of `delivered`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// The partner's own name for the work, such as its video id; the address if absent
    #[arg(long, value_name = "ID")]
    receipt: Option<String>,
    /// What was done, in a few words
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

/// Records it, if the delivery waits for it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let wish = Deliver {
        picture: args.evidence.picture().await?,
        url: args.evidence.url,
        seen_at: args.evidence.seen_at,
        receipt: args.receipt,
        dry_run: args.dry_run,
        reason: args.reason,
        digest: args.digest,
    };
    let desk = args.database.desk().await?;
    let partner = PartnerId::new(args.partner);
    let done = deliver(&desk, &args.database.caller(&desk).await?, args.id, &partner, wish).await?.value;
    match args.output.output {
        Format::Json => output::print_json(&done)?,
        Format::Table if done.dry_run => {
            eprintln!("{}: {partner} would be {}", args.id, done.state);
            output::print_digest(args.id, &done.digest);
        }
        Format::Table => eprintln!("{}: {partner} is {}", args.id, done.state),
    }
    Ok(Exit::Done)
}
