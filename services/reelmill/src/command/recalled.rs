//! `reelmill recalled ID --partner P --screenshot FILE`: reports, with proof, that a person removed a work at a
//! partner.
use desk::act::recalled::{ProveRemoval, recalled};
use pipeline::id::{PartnerId, SubmissionId};

use crate::database::DatabaseArgs;
use crate::evidence::EvidenceArgs;
use crate::exit::Exit;
use crate::output::{self, Format, OutputArgs, plain};

/// Options of `recalled`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// The partner
    #[arg(long, value_name = "PARTNER")]
    partner: String,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// What was done, in a few words
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    /// The work is gone although its address still answers: some platforms answer 200 for what they have deleted
    #[arg(long)]
    insist: bool,
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

/// Stores the proof. The publish stage checks the public address before it accepts it.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let wish = ProveRemoval {
        picture: args.evidence.picture().await?,
        url: args.evidence.url,
        seen_at: args.evidence.seen_at,
        insists: args.insist,
        dry_run: args.dry_run,
        reason: args.reason,
        digest: args.digest,
    };
    let desk = args.database.desk().await?;
    let partner = PartnerId::new(args.partner);
    let done = recalled(&desk, &args.database.caller(&desk).await?, args.id, &partner, wish).await?.value;
    match (args.output.output, &done.looks_at) {
        (Format::Json, _) => output::print_json(&done)?,
        (Format::Table, _) if done.dry_run => {
            eprintln!("{}: would be noted for {partner}", args.id);
            output::print_digest(args.id, &done.digest);
        }
        (Format::Table, None) => eprintln!("{}: noted for {partner}", args.id),
        (Format::Table, Some(url)) => {
            eprintln!("{}: noted for {partner}; it counts once {} was looked at", args.id, plain(url));
            eprintln!("reelmill status {}", args.id);
        }
    }
    Ok(Exit::Done)
}
