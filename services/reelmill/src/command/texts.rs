//! `reelmill texts ID --partner P`: another title, description or tags for one partner, also before the first release.
use desk::act::texts::{Wording, texts};
use pipeline::id::{PartnerId, SubmissionId};

use crate::database::DatabaseArgs;
use crate::exit::Exit;
use crate::output::{Format, OutputArgs, Table, print, print_digest, print_json};
use crate::typed;

/// Options of `texts`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entry's id
    id: SubmissionId,
    /// For which partner
    #[arg(long, value_name = "PARTNER")]
    partner: PartnerId,
    /// Title; the entry's own if absent
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Description; the entry's own if absent
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Tags; the theme if absent
    #[arg(long, value_delimiter = ',', value_name = "TAG,…")]
    tags: Option<Vec<String>>,
    /// Only report what the partner would not accept
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

/// Stores the texts and shows them as they will be sent.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let Args { id, partner, title, text, tags, dry_run, digest, reason, output, database } = args;
    let wish = Wording { title, text, tags, dry_run, digest, reason };
    let desk = database.desk().await?;
    let worded = texts(&desk, &database.caller(&desk).await?, id, &partner, wish).await?.value;
    if output.output == Format::Json {
        print_json(&worded)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::of_facts();
    table.fact("title", &worded.title);
    table.fact("text", &worded.text);
    table.fact("tags", worded.tags.join(", "));
    for warning in &worded.warnings {
        table.fact("warning", format!("{}: {} / {}", warning.code, warning.zh, warning.en));
    }
    print(&table.to_string())?;
    if dry_run {
        print_digest(id, &worded.digest);
    }
    Ok(Exit::Done)
}
