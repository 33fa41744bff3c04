//! `reelmill recall ID… --reason WHY`: takes works back from every partner that has or may have them, or from some.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use runtime::store::Store;
use runtime::store::recalls::RecallTerms;

use crate::database::DatabaseArgs;
use crate::exit::{Exit, WrongUsage};
use crate::output::{self, Table};
use crate::settings::{self, NO_SERVERS};
use crate::typed;

/// Options of `recall`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The entries' ids
    #[arg(required = true)]
    ids: Vec<SubmissionId>,
    /// Why, for the record; no personal data
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    reason: String,
    /// Only from these partners; without, the work as a whole is revoked
    #[arg(long, value_delimiter = ',', value_name = "PARTNER,…")]
    partners: Vec<String>,
    /// Only say who would be asked, by whom, and until when
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Starts the recalls. How they go, `reelmill status ID` shows.
pub(crate) async fn run(args: Args) -> anyhow::Result<Exit> {
    let store = args.database.connect().await?;
    let catalogue = settings::read(&NO_SERVERS)?.catalogue()?;
    let partners: Option<BTreeSet<PartnerId>> =
        (!args.partners.is_empty()).then(|| args.partners.iter().cloned().map(PartnerId::new).collect());
    if let Some(wrong) = partners.iter().flatten().find(|partner| catalogue.partner(partner).is_none()) {
        return Err(WrongUsage(format!("the catalogue has no partner {wrong}")).into());
    }
    for id in &args.ids {
        if store.submission(*id).await?.is_none() {
            return Err(WrongUsage(format!("there is no entry {id}")).into());
        }
    }
    if args.dry_run {
        output::print(&dry_run(&store, &catalogue, &args.ids, partners.as_ref()).await?)?;
        return Ok(Exit::Done);
    }
    let terms = RecallTerms { reason: Some(args.reason.clone()), within: deadlines(&catalogue) };
    let mut exit = Exit::Done;
    for id in &args.ids {
        let by = args.database.by(&store, Some(args.reason.clone())).await?;
        let applied = store.recall(*id, partners.as_ref(), &terms, by).await?;
        let state = applied.machine.state.name();
        if applied.changed {
            eprintln!("{id}: recalled, now {state}; what is still at a partner: reelmill status {id}");
        } else {
            eprintln!("{id} is in state {state}, where this changes nothing");
            exit = Exit::Usage;
        }
    }
    Ok(exit)
}

/// How long each partner has.
fn deadlines(catalogue: &Catalogue) -> BTreeMap<PartnerId, Duration> {
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
    catalogue.partners.values().map(|partner| (partner.id.clone(), hours(partner.recall_within_h))).collect()
}

async fn dry_run(
    store: &Store,
    catalogue: &Catalogue,
    ids: &[SubmissionId],
    partners: Option<&BTreeSet<PartnerId>>,
) -> anyhow::Result<String> {
    let mut table = Table::with_headings(&["ENTRY", "PARTNER", "DELIVERY", "BY", "WITHIN"]);
    for id in ids {
        let concerned = store.deliveries(*id).await?.into_iter();
        for delivery in concerned.filter(|it| partners.is_none_or(|some| some.contains(&it.partner))) {
            let partner = catalogue.partner(&delivery.partner);
            let method = partner.map_or("unknown", |partner| partner.method.name());
            let within = format!("{} h", partner.map_or(24, |partner| partner.recall_within_h));
            let state = delivery.machine.observed.name();
            table.row([id.to_string().as_str(), delivery.partner.as_str(), state, method, &within]);
        }
    }
    Ok(table.to_string())
}
