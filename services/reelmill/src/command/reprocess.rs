//! `reelmill reprocess [ID…|--where SELECTION] --from STAGE`: new runs. The old renditions stay in force until the new ones
//! passed quality control, and partners keep what they hold unless `--replace` says otherwise.
use std::collections::BTreeSet;

use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::partner::Replacement;
use pipeline::selection::{Selection, SelectionError};
use pipeline::stage::{Stage, UnknownStage};
use pipeline::submission::Redo;
use runtime::store::Store;
use runtime::store::bulk::{Ask, Created, Which};

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::OutputArgs;
use crate::typed;

mod dry_run;

/// Options of `reprocess`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids; one is begun at once, several a few at a time
    #[arg(value_name = "ID", required_unless_present = "selection", conflicts_with = "selection")]
    ids: Vec<SubmissionId>,
    /// Instead of ids: conditions with blanks between them, such as 'theme=green partner=bilibili engine<0.3 entered>=2024-07-01'
    #[arg(long = "where", value_name = "SELECTION", value_parser = selection)]
    selection: Option<Selection>,
    /// Where the new run begins: probe, screen, transcode or publish; never later than the old one had come to
    #[arg(long, value_name = "STAGE", value_parser = beginning)]
    from: Stage,
    /// Publish the new run to this partner only; may be given several times
    #[arg(long = "partner", value_name = "PARTNER")]
    partners: Vec<String>,
    /// Take back what these partners hold and send the new files, where the partner allows it; else they keep what they hold
    #[arg(long)]
    replace: bool,
    /// Only say what would be done: works, renditions, hours, and what partners hold
    #[arg(long)]
    dry_run: bool,
    /// Why, for the audit trail
    #[arg(long, value_name = "WORDS", value_parser = typed::reason)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// A stage that finds what it needs: what transcode left is swept once a run is assembled.
fn beginning(name: &str) -> Result<Stage, String> {
    match name.parse().map_err(|unknown: UnknownStage| unknown.to_string())? {
        Stage::Assemble => Err("encoded segments are swept once they are assembled; begin at transcode".into()),
        stage @ (Stage::Probe | Stage::Screen | Stage::Transcode | Stage::Publish) => Ok(stage),
    }
}

/// What is wrong is said in both languages, as everywhere.
fn selection(text: &str) -> Result<Selection, String> {
    text.parse().map_err(|error: SelectionError| format!("{}\n{}", error.text(Lang::En), error.text(Lang::Zh)))
}

/// Starts the runs, asks for a job, or says what either would come to.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let catalogue = args.database.catalogue()?;
    let ask = Ask { from: args.from, redo: redo(&args, &catalogue)? };
    let store = args.database.connect().await?;
    let which = match &args.selection {
        Some(selection) => Which::Selected(Box::new(selection.clone())),
        None => Which::Named(known(&store, &args.ids).await?),
    };
    if args.dry_run {
        let estimate = store.bulk_estimate(&which, &ask, Some(transcode::artefact::addresses)).await?;
        return dry_run::tell(&estimate, &ask, &catalogue, args.output.output);
    }
    let created = store.bulk_create(&which, &ask, args.database.by(&store, args.reason.clone()).await?).await?;
    match (created, &which) {
        (Created::Job { .. }, Which::Named(ids)) if ids.len() == 1 => {
            let state = store.submission(ids[0]).await?.map_or("gone", |row| row.machine.state.name());
            eprintln!("{}: a new run begins, now {state}", ids[0]);
        }
        (Created::Job { id, works, skipped }, _) => {
            if skipped > 0 {
                eprintln!("{skipped} works are left out: other jobs have them (reelmill bulk list {id} says which)");
            }
            eprintln!("{works} works will be started a few at a time, after new entries; reelmill bulk list {id}");
            println!("{id}");
        }
        (Created::Nothing, _) => return Err(WrongUsage("no work is selected".into()).into()),
        (Created::CannotBegin { state }, _) => {
            let wanted = format!("no run can begin at {} for a work in state {state}", ask.from);
            return Err(WrongUsage(wanted).into());
        }
        (Created::InAnotherJob(job), _) => {
            return Err(WrongUsage(format!("bulk job {job} has this work and will start it; cancel that first")).into());
        }
        (Created::TooMany, _) => {
            let most = runtime::store::bulk::MAX_WORKS;
            return Err(WrongUsage(format!("more than {most} works are selected; narrow the selection")).into());
        }
    }
    Ok(Exit::Done)
}

/// What each run does with partners. Names of partners are checked, since a run that publishes to nobody would be a quiet mistake.
fn redo(args: &Args, catalogue: &Catalogue) -> anyhow::Result<Redo> {
    let named: BTreeSet<PartnerId> = args.partners.iter().map(PartnerId::new).collect();
    if let Some(unknown) = named.iter().find(|id| catalogue.partner(id).is_none()) {
        let known = catalogue.partners.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(WrongUsage(format!("there is no partner {unknown}; partners are {known}")).into());
    }
    let partners = (!named.is_empty()).then_some(named);
    let replaceable = |id: &&PartnerId| {
        let partner = catalogue.partner(id);
        args.replace && partner.is_some_and(|partner| partner.replacement() != Replacement::Never)
    };
    let candidates: Vec<&PartnerId> = match &partners {
        Some(named) => named.iter().collect(),
        None => catalogue.partners.keys().collect(),
    };
    let replace = candidates.into_iter().filter(replaceable).cloned().collect();
    Ok(Redo { partners, replace })
}

/// Every named work exists, or the first that does not is named.
async fn known(store: &Store, ids: &[SubmissionId]) -> anyhow::Result<Vec<SubmissionId>> {
    let ids: BTreeSet<SubmissionId> = ids.iter().copied().collect();
    for id in &ids {
        if store.submission(*id).await?.is_none() {
            return Err(WrongUsage(format!("there is no entry {id}")).into());
        }
    }
    Ok(ids.into_iter().collect())
}
