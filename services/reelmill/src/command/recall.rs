//! `reelmill recall ID… --reason WHY`: recalls works from every partner that has or may have them, or from some.
use desk::act::bulk::NewJob;
use desk::act::recall::{Recall, Recalled, recall};
use pipeline::id::SubmissionId;
use runtime::store::bulk::Kind;

use super::many;
use crate::database::DatabaseArgs;
use crate::exit::{self, Exit};
use crate::output::{self, Format, OutputArgs, Table};
use crate::typed;

/// Options of `recall`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required_unless_present = "selection", conflicts_with = "selection")]
    ids: Vec<SubmissionId>,
    /// Instead of ids: conditions with blanks between them, such as 'theme=green state=published'; a job does it, a few at a time
    #[arg(long = "where", value_name = "SELECTION")]
    selection: Option<String>,
    /// Why, for the record; no personal data
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: String,
    /// Only from these partners; without, the work as a whole is revoked
    #[arg(long, value_delimiter = ',', value_name = "PARTNER,…")]
    partners: Vec<String>,
    /// Only report which partners would be asked, by whom, and until when
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

/// Starts the recalls, or lists the partners concerned. As JSON one document per work. `reelmill status ID` shows their
/// progress.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let desk = args.database.desk().await?;
    let caller = args.database.caller(&desk).await?;
    let partners = (!args.partners.is_empty()).then(|| args.partners.iter().cloned().collect());
    if let Some(selection) = args.selection {
        let Args { dry_run, digest, reason, .. } = args;
        let kind = Kind::Recall;
        let selection = Some(selection);
        let reason = Some(reason);
        let wish = NewJob { kind, selection, partners, dry_run, digest, reason, ..NewJob::default() };
        return many::run(&desk, &caller, wish, args.output).await;
    }
    let wish = Recall { reason: args.reason.clone(), partners, dry_run: args.dry_run, digest: args.digest.clone() };
    let json = args.output.output == Format::Json;
    let headings = ["WORK", "STATE AFTER", "PARTNER", "DELIVERY", "BY", "WITHIN"];
    let (mut exit, mut table) = (Exit::Done, Table::with_headings(&headings));
    for id in &args.ids {
        match recall(&desk, &caller, *id, wish.clone()).await {
            Ok(done) if json => output::print_json(&done.value)?,
            Ok(done) if args.dry_run => {
                row(&mut table, &done.value);
                output::print_digest(id, &done.value.digest);
            }
            Ok(done) => {
                let state = &done.value.state;
                eprintln!("{id}: recalled, now {state}; what is still at a partner: reelmill status {id}");
            }
            Err(problem) => exit = exit::refused_for(*id, &problem),
        }
    }
    if args.dry_run && !json && !table.is_bare() {
        output::print(&table.to_string())?;
    }
    Ok(exit)
}

/// One line per partner; a work at no partner gets one too.
fn row(table: &mut Table, recalled: &Recalled) {
    let (id, state) = (recalled.id.to_string(), &recalled.state);
    if recalled.partners.is_empty() {
        table.row([&id, state, "–", "–", "–", "–"]);
    }
    for it in &recalled.partners {
        table.row([&id, state, &it.partner, &it.was, &it.method, &format!("{} h", it.within_hours)]);
    }
}
